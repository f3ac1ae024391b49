// Completion scripts for shells, made from the tree of commands itself. The scripts hold all words: completing starts no
// process. Functions for bash (https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html) serve
// zsh too, by its bashcompinit.

import type { Command, Option } from 'commander';

interface Level {
  /** `store put`; the program itself is ''. */
  readonly path: string;
  /** Names and aliases that lead one level down, with the path they lead to. */
  readonly next: readonly { readonly word: string; readonly path: string; readonly help: string }[];
  readonly options: readonly CompletedOption[];
  /** Words of an argument with choices. */
  readonly choices: readonly string[];
  /** Whether an argument names a file. */
  readonly takesFile: boolean;
}

interface CompletedOption {
  readonly flags: readonly string[];
  readonly help: string;
  readonly value: 'none' | 'file' | 'other';
}

export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const levels = levelsOf(program, '');
  if (shell === 'fish') return fishScript(levels);
  const script = bashScript(levels);
  return shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

function levelsOf(command: Command, path: string): readonly Level[] {
  const commands = command.commands.filter((one) => !isHidden(one));
  const own: Level = {
    path,
    next: commands.flatMap((one) =>
      [one.name(), ...one.aliases()].map((word) => ({
        word,
        path: join(path, one.name()),
        help: one.description(),
      })),
    ),
    options: command.options.filter(({ hidden }) => !hidden).map(completed),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => /file|path/u.test(argument.name())),
  };
  return [own, ...commands.flatMap((one) => levelsOf(one, join(path, one.name())))];
}

const isHidden = (command: Command): boolean => (command as { _hidden?: boolean })._hidden === true;
const join = (path: string, name: string): string => (path === '' ? name : `${path} ${name}`);

function completed(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined && flag !== null);
  const takesValue = option.required || option.optional;
  const isFile = /<(file|path|folder|directory)/u.test(option.flags);
  return { flags, help: option.description, value: !takesValue ? 'none' : isFile ? 'file' : 'other' };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bashScript(levels: readonly Level[]): string {
  const steps = levels.flatMap(({ path, next }) =>
    next.map((to) => `      ${quoted(`${path}>${to.word}`)}) path=${quoted(to.path)} ;;`),
  );
  const flagsWith = (value: CompletedOption['value']): string =>
    [...new Set(levels.flatMap(({ options }) => options.filter((option) => option.value === value)))]
      .flatMap(({ flags }) => flags)
      .filter((flag, i, all) => all.indexOf(flag) === i)
      .map(quoted)
      .join('|');
  const words = levels.map(({ path, next, options, choices }) => {
    const plain = [...next.map(({ word }) => word), ...choices].join(' ');
    const flags = options.flatMap((option) => option.flags).join(' ');
    return `    ${quoted(path)}) words=${quoted(plain)}; flags=${quoted(flags)} ;;`;
  });
  const files = levels.filter(({ takesFile }) => takesFile).map(({ path }) => quoted(path));
  return `# Completion of filetao for bash, made by: filetao completion bash
_filetao() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' flags='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path>\${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  case "$prev" in
    ${flagsWith('file')})
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      return ;;
    ${flagsWith('other')}) return ;;
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  case "$path" in
    ${files.join('|')})
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -f -- "$cur")) ;;
  esac
}
complete -F _filetao filetao ftcli
`;
}

function fishScript(levels: readonly Level[]): string {
  const steps = levels.flatMap(({ path, next }) =>
    next.map((to) => `      case ${quoted(`${path}>${to.word}`)}\n        set path ${quoted(to.path)}`),
  );
  const lines = levels.flatMap(({ path, next, options, choices, takesFile }) => {
    const when = `-n ${quoted(`test (__filetao_path) = "${path}"`)}`;
    return [
      ...next.map(({ word, help }) => `complete -c filetao ${when} -a ${quoted(word)} -d ${quoted(help)}`),
      ...choices.map((choice) => `complete -c filetao ${when} -a ${quoted(choice)}`),
      ...(takesFile ? [`complete -c filetao ${when} -F`] : []),
      ...options.map(({ flags, help, value }) => {
        const names = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${quoted(flag.slice(2))}` : `-s ${quoted(flag.slice(1))}`,
        );
        const takes = value === 'none' ? '' : value === 'file' ? ' -r -F' : ' -x';
        return `complete -c filetao ${when} ${names.join(' ')}${takes} -d ${quoted(help)}`;
      }),
    ];
  });
  return `# Completion of filetao for fish, made by: filetao completion fish
function __filetao_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch "$path>$word"
${steps.join('\n')}
    end
  end
  echo "$path"
end
complete -c filetao -f
${lines.join('\n')}
`;
}
