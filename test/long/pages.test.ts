// Types every block marked `sh run` of every page, in order, into one terminal per page, as its reader would; and runs the SDK's example
// against the network that docs/operating.md sets up.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { openTerminal, terminalEnvironment } from '../docs/terminal.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const blocksOf = (text: string): string[] =>
  [...text.matchAll(/^```sh run\n(.*?)^```$/gms)].map((match) => match[1]!);

const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, blocks: blocksOf(readFileSync(join(root, 'docs', name), 'utf8')) }))
  .filter(({ blocks }) => blocks.length > 0);

test('there are pages to run', () => {
  const names = pages.map(({ name }) => name);
  for (const name of ['operating.md', 'how-storage-proofs-work.md', 'from-the-python-node.md'])
    assert.ok(names.includes(name), name);
});

for (const { name, blocks } of pages) {
  test(`the commands of docs/${name} do what the page says`, { timeout: 900_000 }, async (t) => {
    const home = await temporaryFolder(t);
    const env = await terminalEnvironment(home);
    const example =
      name === 'operating.md'
        ? [
            `node ${join(root, 'examples/put-and-get.mjs')} "http://127.0.0.1:$FILETAO_API_PORT"`,
            'cat hello.txt',
          ]
        : [];
    const script = [...blocks, ...example, 'echo "end of the page"'].join('\n');
    const terminal = openTerminal(t, script, home, env);
    // nodes of the page go on after its last command: the terminal is closed then
    await terminal.says('end of the page', 1);
    const said = terminal.output();
    assert.doesNotMatch(said, /\n\s+at |command not found|No such file/, said);
    if (name !== 'operating.md') return;
    assert.match(said, /2 passed, 0 failed, 0 void/);
    assert.match(said, /filetao_rounds_total\{kind="challenge",outcome="pass",reason=""\} [1-9]/);
    assert.match(said, /bafkrei\w+ is back in .*hello\.txt\nhello/);
  });
}
