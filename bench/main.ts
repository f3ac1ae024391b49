// `npm run bench`: measures, prints a table per suite, and at the end which gates were met.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseBuild } from '../src/adapters/proving/load-core.js';
import { type BenchArguments, readArguments, UsageError, usage } from './frame/arguments.js';
import { evaluateGates } from './frame/gates.js';
import { type Measured, type MeasureOptions, measure } from './frame/measure.js';
import { suiteChart } from './frame/plot.js';
import { cpuLines, machine, type ResultLine, type RunResults, wallLines } from './frame/results.js';
import type { OpenSuite, Suite } from './frame/suite.js';
import { gateTable, suiteTable } from './frame/table.js';
import { loadSuite, suiteNames } from './suites/index.js';

const full: MeasureOptions = { passes: 7, passMs: 300 };
const quick: MeasureOptions = { passes: 5, passMs: 25 };

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2), suiteNames);
  if (options.help) process.stdout.write(usage(suiteNames));
  else if (options.profile === null) await bench(await Promise.all(options.suites.map(loadSuite)), options);
  else {
    const { profileSuite } = await import('./frame/profile.js');
    await profileSuite(await loadSuite(options.profile), options);
  }
}

async function bench(chosen: readonly Suite[], options: BenchArguments): Promise<void> {
  const about = machine(chooseBuild());
  const { node, cpu, cores, core, date, load } = about;
  const print = (text: string): void => void process.stdout.write(text);
  print(`FileTAO bench: node ${node}, core ${core}, ${cores} × ${cpu}, ${date}, load ${load}\n`);
  if (options.quick) print('quick: short passes, not to be quoted\n');
  const results: ResultLine[] = [];
  const cpuTime: ResultLine[] = [];
  for (const suite of chosen) {
    print(`\n${suite.name}: ${suite.title}\n`);
    const { measured, notes } = await runSuite(suite, options);
    print(suiteTable(measured));
    for (const note of notes) print(`  (${note})\n`);
    results.push(...wallLines(suite.name, measured));
    cpuTime.push(...cpuLines(suite.name, measured));
    const disturbance = disturbanceOf(measured);
    if (disturbance !== null) print(`  ${disturbance}\n`);
  }
  const run = { ...about, quick: options.quick, results, cpuTime };
  const gates = evaluateGates(run);
  // A run of some suites shows the gates it measured, a full one all of them.
  const shown = chosen.length === suiteNames.length ? gates : gates.filter(({ met }) => met !== null);
  if (shown.length > 0) print(`\n${gateTable(shown)}`);
  if (options.json !== null) {
    await writeFile(options.json, `${JSON.stringify({ ...run, gates } satisfies RunResults, null, 1)}\n`);
    print(`\nresults: ${options.json}\n`);
  }
  if (options.plot !== null) await plot(options.plot, chosen, results, `${cpu}, node ${node}, core ${core}`);
}

async function runSuite(
  suite: Suite,
  options: BenchArguments,
): Promise<{ measured: Measured[]; notes: readonly string[] }> {
  const live = process.stderr.isTTY === true;
  const progress = (text: string): void => void (live && process.stderr.write(`\r${text}\u001b[K`));
  progress(`  ${suite.name}: preparing`);
  const interrupted = new AbortController();
  const open = await closedOnInterrupt(interrupted, () =>
    suite.open({ ...options, signal: interrupted.signal }),
  );
  try {
    const measured = await measure(open.cases, {
      ...(options.quick ? quick : full),
      onPass: (done, total) => progress(`  ${suite.name}: ${Math.round((100 * done) / total)} %`),
    });
    return { measured, notes: open.notes ?? [] };
  } finally {
    await open.close?.();
    progress('');
  }
}

/** Nodes that a suite starts are processes of their own: Ctrl-C has to end them as well. */
async function closedOnInterrupt(
  interrupted: AbortController,
  opening: () => Promise<OpenSuite>,
): Promise<OpenSuite> {
  let open: OpenSuite | undefined;
  const stop = async (): Promise<void> => {
    interrupted.abort();
    // What is not open yet closes itself when it sees the signal.
    if (open === undefined) return;
    await open.close?.();
    process.exit(130);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  open = await opening();
  return {
    ...open,
    close: async () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
      await open.close?.();
    },
  };
}

/** Work on one thread whose CPU time is well below its wall time was waiting for a core that others had. */
function disturbanceOf(measured: readonly Measured[]): string | null {
  const shares = measured
    .filter(({ cpu }) => cpu !== null)
    .map(({ wall, cpu }) => wall.median / cpu!.median)
    .sort((a, b) => a - b);
  const share = shares[shares.length >> 1];
  if (share === undefined || share > 0.9) return null;
  return `(this machine was busy: the passes had a core for ${Math.round(100 * share)} % of their time; compare by CPU)`;
}

async function plot(
  folder: string,
  chosen: readonly Suite[],
  results: readonly ResultLine[],
  about: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, title } of chosen) {
    const lines = results.filter(({ suite }) => suite === name);
    await writeFile(join(folder, `${name}.svg`), suiteChart(title, lines, about));
  }
  process.stdout.write(`\ncharts: ${chosen.map(({ name }) => join(folder, `${name}.svg`)).join(' ')}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
