// Writes the results of a run (`npm run bench -- --json RUN`) as tables between the marks <!-- bench-table --> of a document.
// `bench-table.mjs RUN FILE [SUITE…]`: all suites unless some are named; without FILE to standard output.
import { readFileSync, writeFileSync } from 'node:fs';

const [runFile, target, ...suites] = process.argv.slice(2);
if (runFile === undefined) {
  console.error('usage: node scripts/bench-table.mjs RUN.json [FILE.md [SUITE…]]');
  process.exit(2);
}
const run = JSON.parse(readFileSync(runFile, 'utf8'));

const rate = (value) => {
  const rounded = Number(value.toPrecision(3));
  return rounded >= 100 ? Math.round(rounded).toLocaleString('en-US') : rounded.toPrecision(3);
};
const ratio = (value) =>
  value === null ? '–' : `${value >= 100 ? Math.round(value) : value.toPrecision(3)}×`;
const row = (cells) => `| ${cells.join(' | ')} |`;

const lines = [
  `${run.date.slice(0, 10)}, ${run.cpu} (${run.cores} cores), ${run.platform}, Node ${run.node.slice(1)}, core build \`${run.core}\`` +
    `${run.quick ? '; a quick run, not to be quoted' : ''}.`,
  '',
];
for (const suite of new Set(run.results.map((result) => result.suite))) {
  if (suites.length > 0 && !suites.includes(suite)) continue;
  lines.push(
    row([`${suite}`, 'implementation', 'median', 'min – max', 'filetao is']),
    '|---|---|--:|--:|--:|',
  );
  const results = run.results.filter((result) => result.suite === suite);
  let shownCase = '';
  for (const { case: name, impl, unit, median, min, max } of results) {
    const ours = results.find((other) => other.case === name && other.impl === 'filetao')?.median;
    const label = name === shownCase ? '' : name;
    shownCase = name;
    lines.push(
      row([
        label,
        impl,
        `${rate(median)} ${unit}`,
        `${rate(min)} – ${rate(max)}`,
        ours === undefined || impl === 'filetao' ? '' : ratio(ours / median),
      ]),
    );
  }
  lines.push('');
}
const gates = run.gates.filter(({ met }) => met !== null);
if (gates.length > 0 && suites.length === 0) {
  lines.push(row(['goal', 'against', 'at least', 'measured', '']), '|---|---|--:|--:|---|');
  for (const { gate, against, atLeast, ratio: measured, met } of gates) {
    lines.push(row([gate, against, `${atLeast}×`, ratio(measured), met ? 'met' : 'not met']));
  }
  lines.push('');
}
const text = lines.join('\n');

if (target === undefined) process.stdout.write(text);
else {
  const marks = /(<!-- bench-table -->\n)[\s\S]*?(<!-- \/bench-table -->)/u;
  const page = readFileSync(target, 'utf8');
  if (!marks.test(page)) {
    console.error(`${target} has no lines <!-- bench-table --> and <!-- /bench-table -->`);
    process.exit(1);
  }
  writeFileSync(
    target,
    page.replace(marks, (_, begin, end) => `${begin}${text}\n${end}`),
  );
}
