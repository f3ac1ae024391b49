// `--profile SUITE`: our own contenders of a suite under V8's sampling profiler. The core is built once more with function
// names (the shipped one has none, its code is otherwise the same), so that the profile says which part of it is hot.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type Profiler, Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBuild } from '../../src/adapters/proving/load-core.js';
import type { CoreBuild } from '../../src/domain/core/probe.js';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { useModule } from './our-builds.js';
import type { BenchCase, Suite, SuiteOptions } from './suite.js';

/** 10,000 samples a second: finer ones cost more than they tell. */
const intervalUs = 100;
const caseMs = 3000;
const rows = 20;

export async function profileSuite(suite: Suite, options: SuiteOptions): Promise<void> {
  const build = chooseBuild();
  useModule(build, await namedBuild(build));
  const open = await suite.open(options);
  const file = `${suite.name}.cpuprofile`;
  try {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    const ours = open.cases.flatMap(ourContenders);
    for (const contender of ours) await runFor(contender, caseMs / 10);
    await session.post('Profiler.start');
    for (const contender of ours) await runFor(contender, caseMs);
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    await writeFile(file, JSON.stringify(profile));
    process.stdout.write(hottest(profile));
  } finally {
    await open.close?.();
  }
  process.stdout.write(`
${file}: ${open.cases.length} cases of ${suite.name}, ${caseMs / 1000} s each, build ${build}.
Open it in Chrome (chrome://inspect → "Open dedicated DevTools for Node" → Performance → Load profile), in VS Code
(just open the file), or drop it on https://www.speedscope.app; docs/bench.md says more.
`);
}

/** `filetao`; where no row is called so, as in a comparison of our own backends, all are ours. */
function ourContenders({ contenders }: BenchCase) {
  const repeated = contenders.filter((contender) => 'once' in contender);
  const named = repeated.filter(({ impl }) => impl === 'filetao');
  return named.length > 0 ? named : repeated;
}

/** The core with function names beside the shipped one, built again only when that is newer. */
async function namedBuild(build: CoreBuild): Promise<Uint8Array<ArrayBuffer>> {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const shipped = join(root, 'dist', 'assembly', `core-${build}.wasm`);
  const named = join(root, 'dist', 'assembly', `core-${build}.named.wasm`);
  if (!existsSync(named) || statSync(named).mtimeMs < statSync(shipped).mtimeMs) {
    const compiler = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
    // --debug adds the names and leaves the code as it is, byte for byte: checked below.
    const args = ['--config', 'asconfig.json', '--target', build, '--debug', '--outFile', named];
    execFileSync(process.execPath, [compiler, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  const bytes = new Uint8Array(readFileSync(named));
  if (!equalBytes(codeSection(bytes), codeSection(new Uint8Array(readFileSync(shipped))))) {
    throw new Error('the core with names is not the shipped one: run npm run build');
  }
  return bytes;
}

const sectionCode = 10;

/** WebAssembly binary format: after the header, sections of id, length (LEB128), content. */
function codeSection(module: Uint8Array): Uint8Array {
  for (let at = 8; at < module.length; ) {
    const id = module[at++]!;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++]!;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (id === sectionCode) return module.subarray(at, at + length);
    at += length;
  }
  throw new Error('a module without code');
}

async function runFor(
  { once, beforePass }: { once: () => unknown; beforePass?: () => void | Promise<void> },
  ms: number,
): Promise<void> {
  await beforePass?.();
  for (const end = performance.now() + ms; performance.now() < end; ) await once();
}

/** Where the samples fell, by function. */
function hottest(profile: Profiler.Profile): string {
  const own = new Map<string, number>();
  const names = new Map<number, string>();
  for (const { id, callFrame } of profile.nodes) {
    const place =
      callFrame.url === '' || callFrame.url.startsWith('wasm:')
        ? ''
        : `  ${callFrame.url.split('/').at(-1)}:${callFrame.lineNumber + 1}`;
    names.set(id, `${callFrame.functionName || '(anonymous)'}${place}`);
  }
  for (const id of profile.samples ?? []) {
    const name = names.get(id)!;
    own.set(name, (own.get(name) ?? 0) + 1);
  }
  const total = profile.samples?.length ?? 1;
  return [...own]
    .sort((a, b) => b[1] - a[1])
    .slice(0, rows)
    .map(([name, count]) => `${((100 * count) / total).toFixed(1).padStart(6)} %  ${name}\n`)
    .join('');
}
