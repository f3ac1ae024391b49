// All pages at once: what is made from the code is current, every command that they name exists with the flags it is given, links lead
// somewhere. `npm run test:long -- pages` runs the blocks marked `sh run`; first-steps.test.ts runs that page.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = [
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
].filter((path) => path.endsWith('.md'));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('what is made from the code is current', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/make-docs.mjs'), '--check'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

/** Words of a command as far as a flag's name or a subcommand can stand there; quotes and substitutions are one word. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)].map(([word]) => word);

/**
 * Every `filetao …` in the code of a page: fenced blocks, and inline code that begins with it. Derivation contexts (`filetao v1 …`) and
 * the names of the core's builds in tables are none.
 */
function commandsIn(text: string): string[][] {
  const fenced = [...text.matchAll(/^```(?:sh|bash|sh run)?\n(.*?)^```$/gms)].flatMap((match) =>
    match[1]!.split('\n'),
  );
  const inline = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`(filetao [^`]+)`/g)].map(
    (match) => match[1]!,
  );
  return [...fenced, ...inline]
    .flatMap((line) => line.split(/\s(?:\|\|?|&&|;|&)\s|\s#\s|\$\(|(?<=^|\s)(?:do|if)\s/))
    .map((part) => part.replace(/\)+$/, '').replace(/[.,]$/, '').trim())
    .filter((part) => /^filetao\s(?!v1 |simd$|fma$)/.test(part))
    .map((part) => wordsOf(part).slice(1));
}

/** What is wrong with a command, or null. Values are not looked at. */
function faultOf(program: Command, words: readonly string[]): string | null {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-') && word !== '-') {
      if (word === '--help' || word === '-h') continue;
      const flag = word.split('=')[0]!;
      const known = command.options.some(({ long, short }) => long === flag || short === flag);
      if (!known && flag !== '…') return `${command.name()} has no ${flag}`;
      continue;
    }
    const sub = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (sub !== undefined) command = sub;
    else if (command.commands.length > 0 && /^[a-z-]+$/.test(word)) return `${command.name()} has no ${word}`;
  }
  return null;
}

test('every command that a page names exists, with its flags', async () => {
  const program = await buildProgram();
  const found = pages.flatMap((path) => commandsIn(read(path)).map((words) => ({ path, words })));
  assert.ok(found.length > 80, String(found.length));
  const faults = found.flatMap(({ path, words }) => {
    const fault = faultOf(program, words);
    return fault === null ? [] : [`${path}: filetao ${words.join(' ')}: ${fault}`];
  });
  assert.deepEqual(faults, []);
  assert.ok(faultOf(program, ['run', 'minder']) !== null && faultOf(program, ['demo', '--sise']) !== null);
});

test('links between pages, and files that they name, are there', () => {
  const missing = pages.flatMap((path) => {
    const text = read(path);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) =>
      join(dirname(path), match[1]!),
    );
    const named = [...text.matchAll(/`((?:src|ops|scripts|test|examples|docs)\/[\w./-]*[\w])`/g)].map(
      (match) => match[1]!,
    );
    return [...links, ...named]
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${path}: ${target}`);
  });
  assert.deepEqual(missing, []);
});
