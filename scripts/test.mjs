// Runs the compiled tests with node's own runner. `--long` runs the long suites (test/long/) instead;
// a path fragment as argument runs only the files whose path contains it.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'dist', 'test');
const args = process.argv.slice(2);
const long = args.includes('--long');
const fragments = args.filter((arg) => !arg.startsWith('--'));

const files = readdirSync(compiled, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => file.startsWith('long/') === long)
  .filter((file) => fragments.length === 0 || fragments.some((fragment) => file.includes(fragment)))
  .sort()
  .map((file) => relative(root, join(compiled, file)));
if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}
const child = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    // Node's own default leaves one core of two idle. One file more than there are cores, because much of what runs here
    // waits: with as many files as cores a fifth of the processor time was idle.
    `--test-concurrency=${long ? 1 : Math.max(2, availableParallelism()) + 1}`,
    '--test-reporter=spec',
    `--test-timeout=${long ? 7_200_000 : 600_000}`,
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
);
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
