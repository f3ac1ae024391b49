// Plays the scenarios of examples/scenarios/ and writes what docs/simulation.md shows of them: charts into docs/simulation/,
// figures between the marks <!-- NAME --> and <!-- /NAME -->. `npm run build && node scripts/simulation-charts.mjs [NAME…]`
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'simulation.md');
const pictures = join(root, 'docs', 'simulation');
/** The charts a section shows. */
const shown = {
  healthy: ['tiers', 'time-to-tier', 'reward-by-speed', 'sigmoid', 'tier-table'],
  'mass-exit': ['repair-traffic'],
  'cheap-cheats': ['reward-by-group', 'reward-by-speed'],
  'slow-disks': ['reward-by-group', 'reward-by-speed'],
  'one-bad-validator': ['reward-by-group'],
  growth: ['tiers', 'moving-averages'],
};
const run = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const parts = [];
    child.stdout.on('data', (part) => parts.push(part));
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve(Buffer.concat(parts).toString())
        : reject(new Error(`simulate ended with code ${code}`)),
    );
  });

const given = process.argv.slice(2);
const names = readdirSync(join(root, 'examples', 'scenarios'))
  .map((file) => file.replace(/\.json$/, ''))
  .filter((name) => given.length === 0 || given.includes(name));
mkdirSync(pictures, { recursive: true });
for (const name of names) {
  const folder = mkdtempSync(join(tmpdir(), 'filetao-charts-'));
  try {
    const scenario = join(root, 'examples', 'scenarios', `${name}.json`);
    const report = await run(['simulate', '--scenario', scenario, '--plot', folder]);
    for (const chart of shown[name] ?? [])
      copyFileSync(join(folder, `${chart}.svg`), join(pictures, `${name}-${chart}.svg`));
    const marks = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`, 'u');
    // Read only now: playing takes a while.
    const text = readFileSync(page, 'utf8');
    if (!marks.test(text)) throw new Error(`${page} has no marks for ${name}`);
    writeFileSync(
      page,
      text.replace(marks, (_, begin, end) => `${begin}\`\`\`text\n${report}\`\`\`\n${end}`),
    );
    console.error(`played ${name}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
