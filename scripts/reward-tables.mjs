// Writes the tables of docs/rewards.md from the compiled code: npm run build && node scripts/reward-tables.mjs
import { readFile, writeFile } from 'node:fs/promises';
import { withTables } from '../dist/src/tools/rewards/doc-tables.js';

const page = new URL('../docs/rewards.md', import.meta.url);
const text = await readFile(page, 'utf8');
const made = withTables(text);
if (made === text) console.log('docs/rewards.md has the tables of the code');
else {
  await writeFile(page, made);
  console.log('wrote docs/rewards.md');
}
