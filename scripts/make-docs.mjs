// Writes what the documentation takes from the code: the SDK reference from the compiled types, the table of options from the schema, the
// picture of the architecture from the imports. `npm run docs` writes, `node scripts/make-docs.mjs --check` only compares and ends
// with 1 when a page is not current. Works on what is built.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');

// --- SDK reference -----------------------------------------------------------------------------------------------

const exported = () => {
  const list = [];
  const statement = /^export (type )?\{([^}]*)\} from '([^']+)';/gmu;
  for (const [, allTypes, names, from] of read('dist/src/index.d.ts').matchAll(statement))
    for (const name of names
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''))
      list.push({
        name: name.replace(/^type /u, ''),
        isType: allTypes !== undefined || name.startsWith('type '),
        file: posix.normalize(posix.join('dist/src', from.replace(/\.js$/u, '.d.ts'))),
      });
  return list;
};

/** The declaration of a name in a d.ts file, and the comment above it. */
function declarationOf({ name, file }) {
  const text = read(file);
  const start = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) ${name}\\b`,
    'mu',
  ).exec(text);
  if (start === null) throw new Error(`${name} is not declared in ${file}`);
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/u.exec(text.slice(0, start.index));
  const rest = text.slice(start.index);
  const lines = rest.split('\n');
  // to what closes the first brace; without one, to the end of the statement, whose further lines are indented
  const bodyEnd = lines[0].endsWith('{') ? lines.findIndex((line) => line.startsWith('}')) : -1;
  const nextStart = lines.findIndex((line, i) => i > 0 && !/^\s/u.test(line));
  const ends = bodyEnd >= 0 ? bodyEnd : nextStart - 1;
  // several overloads of a function stand one below the other
  let code = lines.slice(0, ends + 1).join('\n');
  const overload = new RegExp(`^export declare function ${name}\\b.*$`, 'gmu');
  if (code.startsWith('export declare function'))
    code = [...text.matchAll(overload)].map(([line]) => line).join('\n') || code;
  return {
    comment: comment === null ? '' : comment[1].replaceAll(/^\s*\* ?/gmu, '').trim(),
    code: code
      .replaceAll(/^export (declare )?/gmu, '')
      .split('\n')
      .filter((line) => !/^\s+(#private;|private )/u.test(line))
      .join('\n'),
  };
}

function sdkPage() {
  const parts = [
    '# SDK reference',
    '',
    "What `import … from 'filetao'` gives, generated from the types by `npm run docs`. Errors are `FileTaoError` with a stable `code`; sizes are",
    'bytes; times are as each name says. A first program (`examples/put-and-get.mjs`):',
    '',
    '```js',
    ...read('examples/put-and-get.mjs').trimEnd().split('\n'),
    '```',
    '',
  ];
  const all = exported();
  for (const [title, list] of [
    ['Classes and functions', all.filter(({ isType }) => !isType)],
    ['Types', all.filter(({ isType }) => isType)],
  ]) {
    parts.push(`## ${title}`, '');
    for (const one of [...list].sort((a, b) => a.name.localeCompare(b.name, 'en'))) {
      const { comment, code } = declarationOf(one);
      parts.push(`### ${one.name}`, '');
      if (comment !== '') parts.push(comment, '');
      parts.push('```ts', code, '```', '');
    }
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

// --- Options -----------------------------------------------------------------------------------------------------

async function optionsPage() {
  const { defaultTextOf, optionKeys, optionOf, roles, variablesOf } = await import(
    new URL('../dist/src/adapters/config/schema.js', import.meta.url).href
  );
  const cell = (text) => String(text).replaceAll('|', '\\|');
  const rows = optionKeys.map((key) => {
    const { kind, help, roles: readers } = optionOf(key);
    const flag = `--${key}${kind.placeholder === null ? '' : ` <${kind.placeholder}>`}`;
    const variables = variablesOf(key).map((name) => `\`${name}\``);
    const preset = cell(defaultTextOf(key)).replace(/^(?=.)/u, '');
    return `| \`${flag}\` | ${readers.join(', ')} | ${cell(help)} | ${preset} | ${variables.join(', ')} |`;
  });
  return [
    '# Options',
    '',
    `Every option of every role (${roles.join(', ')}), generated from the program by \`npm run docs\`. A flag goes before the`,
    'variable, the variable before the configuration file (`~/.filetao/config.json`, or `--config FILE`), the file before the default.',
    '`filetao config ROLE` shows what counts and where it comes from.',
    '',
    '| option | roles | meaning | default | variable |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

// --- Architecture ------------------------------------------------------------------------------------------------

const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"](\.[^'"]+)['"]/gmu;

/** Which folder imports which, read from the sources. */
function edgesBetween(placeOf) {
  const edges = new Map();
  for (const path of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    const from = placeOf(path);
    if (from === null) continue;
    const code = read(join('src', path))
      .replaceAll(/\/\*[\s\S]*?\*\//gu, '')
      .replaceAll(/^\s*\/\/.*$/gmu, '');
    for (const [, to] of code.matchAll(importPattern)) {
      const target = placeOf(normalize(join(dirname(path), to)));
      if (target === null || target === from) continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(target));
    }
  }
  return edges;
}

/** From the top down: nobody imports what stands above it. */
function levelsOf(edges, names) {
  const height = new Map();
  const heightOf = (name) => {
    if (!height.has(name)) height.set(name, 1 + Math.max(-1, ...[...(edges.get(name) ?? [])].map(heightOf)));
    return height.get(name);
  };
  for (const name of names) heightOf(name);
  return [...names].sort((a, b) => height.get(b) - height.get(a) || a.localeCompare(b, 'en'));
}

/** Without those that follow from others: a → c where a → b → c. */
function reduced(edges) {
  const reaches = (from, to) => [...(edges.get(from) ?? [])].some((next) => next === to || reaches(next, to));
  const kept = [];
  for (const [from, targets] of edges)
    for (const to of targets)
      if (![...targets].some((other) => other !== to && reaches(other, to))) kept.push([from, to]);
  return kept.sort((a, b) => a.join().localeCompare(b.join(), 'en'));
}

const foldersIn = (path) =>
  readdirSync(join(root, 'src', path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

function picture() {
  const floors = foldersIn('');
  const edges = edgesBetween((path) => {
    const first = path.split('/')[0];
    return floors.includes(first) ? first : null;
  });
  const inside = (floor) => {
    const children = foldersIn(floor);
    const within = edgesBetween((path) => {
      const [first, second] = path.split('/');
      return first === floor && children.includes(second) ? second : null;
    });
    return levelsOf(within, children);
  };
  const lines = ['```mermaid', 'flowchart TB'];
  for (const floor of levelsOf(edges, floors)) {
    const children = inside(floor);
    const list = children.length === 0 || floor === 'cli' ? '' : `<br/>${children.join(' · ')}`;
    lines.push(`  ${floor}["<b>${floor}</b>${list}"]`);
  }
  lines.push('  assembly["<b>assembly</b><br/>the proof core: core-fma.wasm · core-simd.wasm"]');
  for (const [from, to] of reduced(edges)) lines.push(`  ${from} --> ${to}`);
  lines.push('  adapters -. loads .-> assembly', '```');
  return lines.join('\n');
}

/** The page with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
function filled(path, name, content) {
  const text = read(path);
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`${path} has no ${open} … ${close}`);
  return `${text.slice(0, from + open.length)}\n${content}\n${text.slice(to)}`;
}

const pages = {
  'docs/sdk.md': sdkPage(),
  'docs/options.md': await optionsPage(),
  'docs/architecture.md': filled('docs/architecture.md', 'picture: from the imports', picture()),
};

const isCheck = process.argv.includes('--check');
for (const [path, text] of Object.entries(pages)) {
  let before = '';
  try {
    before = read(path);
  } catch {
    // a new page
  }
  if (before === text) continue;
  if (isCheck) {
    console.error(`${path} is not current: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
