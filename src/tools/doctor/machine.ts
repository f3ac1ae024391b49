// What this machine is to FileTAO: program and engine, the proof core and its speed, memory, and the figures that operators of the subnet
// are asked for (min_compute.yml of the Python node, version 1.0).

import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { chooseBuild, loadCore } from '../../adapters/proving/load-core.js';
import { hasFusedMultiplyAdd, hasRelaxedSimd } from '../../domain/core/probe.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { toHex } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import { nearestFolder } from './disk.js';
import type { DoctorOptions, Finding } from './finding.js';

const nodeMin = [20, 19] as const;
/** A tenth of what the slower build reaches on a machine of 2020: below, something is wrong with the machine. */
const commitsPerSecondMin = 10_000;

export function checkSystem({ version }: DoctorOptions): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const isOld = major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1]);
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = availableParallelism();
  const finding = {
    check: 'system',
    text: `filetao ${version}, node ${process.version}, ${process.platform}-${process.arch}, ${cores} cores (${cpu})`,
    values: {
      version,
      node: process.version,
      platform: process.platform,
      architecture: process.arch,
      cpu,
      cores,
    },
  } as const;
  if (!isOld) return { ...finding, level: 'ok' };
  return { ...finding, level: 'problem', remedy: `install Node ${nodeMin.join('.')} or later` };
}

export function checkCore(): Finding {
  const forced = process.env.FILETAO_CORE || null;
  let build: 'fma' | 'simd';
  try {
    build = chooseBuild();
  } catch (error) {
    return {
      check: 'core',
      level: 'problem',
      text: (error as Error).message,
      remedy: 'unset FILETAO_CORE',
      values: { build: null, forced },
    };
  }
  // Choosing without the variable sets the engine's flag where one is needed, so the probes tell what could run.
  const best = chooseBuild('');
  const values = {
    build,
    forced,
    relaxedSimd: hasRelaxedSimd(),
    fusedMultiplyAdd: hasFusedMultiplyAdd(),
  };
  const fault = selfTest(loadCore(build));
  if (fault !== null) {
    return {
      check: 'core',
      level: 'problem',
      text: `the ${build} build gives wrong bytes here: ${fault}`,
      remedy: `run with FILETAO_CORE=${build === 'fma' ? 'simd' : 'fma'} and report this with your CPU and Node version`,
      values,
    };
  }
  if (build === 'fma') {
    const why = 'this engine’s relaxed SIMD has a fused multiply-add';
    return { check: 'core', level: 'ok', text: `build fma: ${why}; known answers are right`, values };
  }
  const why = forced
    ? 'FILETAO_CORE forces it'
    : values.relaxedSimd
      ? 'multiply-add is not fused here'
      : 'there is no relaxed SIMD here';
  return {
    check: 'core',
    level: 'note',
    text: `build simd: ${why}; same bytes, less than half the speed; known answers are right`,
    remedy:
      best === 'fma'
        ? 'unset FILETAO_CORE: the fma build runs here'
        : 'a CPU with FMA3 or NEON and a current Node run the fma build',
    values,
  };
}

export function checkSpeed(): Finding {
  const core = loadCore();
  const scalars = core.blindings(new Uint8Array(32), 0, 4096);
  const data = new Uint8Array(mebibyte);
  const commitsPerSecond = Math.round(ratePerSecond(4096, () => core.commit(scalars, scalars)));
  const hashMBPerSecond = Math.round(ratePerSecond(data.length / 1e6, () => core.hash(data)));
  const finding = {
    check: 'speed',
    text: `${commitsPerSecond.toLocaleString('en-US')} commitments/s, ${hashMBPerSecond} MB/s hashed, on one core`,
    values: { commitsPerSecond, hashMBPerSecond },
  } as const;
  if (commitsPerSecond >= commitsPerSecondMin) return { ...finding, level: 'ok' };
  return {
    ...finding,
    level: 'note',
    remedy: 'other programs may be taking the processor, or it is throttled; npm run bench tells more',
  };
}

export function checkMemory({ config }: DoctorOptions): Finding {
  const workers = config.values['proving.workers'];
  const perWorker = loadCore().memoryBytes;
  const values = { perWorker, workers, total: totalmem(), free: freemem() };
  const text = `${formatBytes(perWorker)} per proving worker, ${workers} of them; ${formatBytes(values.free)} of ${formatBytes(values.total)} free`;
  if (perWorker * workers <= values.free / 2) return { check: 'memory', level: 'ok', text, values };
  return {
    check: 'memory',
    level: 'note',
    text,
    remedy: 'lower --proving.workers or free memory: proofs may be swapped or killed',
    values,
  };
}

/** The least and the recommended of min_compute.yml, in its own units. */
const gb = 1e9;
const compute = {
  miner: {
    cores: [4, 8],
    ghz: [2.5, 3],
    ram: [64 * gb, 128 * gb],
    swap: [4 * gb, 8 * gb],
    disk: [1e12, 1e13],
  },
  validator: {
    cores: [8, 16],
    ghz: [3, 4],
    ram: [64 * gb, 128 * gb],
    swap: [4 * gb, 8 * gb],
    disk: [5e11, 1e12],
  },
} as const;

/**
 * The figures were made for the Python node, and nothing here depends on them: less than they ask for is a note, never a problem.
 * The network (200 Mbit/s down) is not measured.
 */
export async function checkCompute({ config }: DoctorOptions): Promise<Finding> {
  const { role, values } = config;
  const wanted = compute[role === 'miner' ? 'miner' : 'validator'];
  const { blocks, bsize } = await statfs(await nearestFolder(values['database.directory']));
  const mhz = Math.max(0, ...cpus().map(({ speed }) => speed));
  const have: Readonly<Record<keyof typeof wanted, number | null>> = {
    cores: availableParallelism(),
    ghz: mhz === 0 ? null : mhz / 1000,
    ram: totalmem(),
    swap: swapBytes(),
    disk: blocks * bsize,
  };
  const show = (name: keyof typeof wanted, value: number): string =>
    name === 'cores' ? String(value) : name === 'ghz' ? `${value.toFixed(1)} GHz` : formatBytes(value);
  const names = Object.keys(wanted) as (keyof typeof wanted)[];
  const parts = names.map((name) => {
    const value = have[name];
    const [least, better] = wanted[name];
    const is = value === null ? 'unknown' : show(name, value);
    return `${name} ${is} (least ${show(name, least)}, better ${show(name, better)})`;
  });
  if (process.arch !== 'x64') parts.push(`architecture ${process.arch} (asked for x86_64)`);
  if (process.platform !== 'linux') parts.push(`system ${process.platform} (asked for Ubuntu 20.04)`);
  const low = names.filter((name) => have[name] !== null && have[name]! < wanted[name][0]);
  const values_ = {
    role,
    low: low.join(','),
    ...Object.fromEntries(
      names.flatMap((name) => [
        [name, have[name]],
        [`${name}Least`, wanted[name][0]],
        [`${name}Better`, wanted[name][1]],
      ]),
    ),
  };
  const finding = { check: 'compute', text: parts.join(', '), values: values_ } as const;
  if (low.length === 0) return { ...finding, level: 'ok' };
  return {
    ...finding,
    level: 'note',
    remedy: `below what operators of a ${role === 'miner' ? 'miner' : 'validator'} are asked for: ${low.join(', ')}; it runs with less, as far as speed and room go`,
  };
}

/** null where the system does not tell. */
function swapBytes(): number | null {
  try {
    const line = /^SwapTotal:\s+(\d+) kB$/mu.exec(readFileSync('/proc/meminfo', 'utf8'));
    return line === null ? null : Number(line[1]) * 1024;
  } catch {
    return null;
  }
}

/** Published answers: BLAKE3 of nothing, and H = 0*G + 1*H of docs/protocol.md. */
const emptyHash = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262';
const generatorH = '9efec94515fc68cbc70d6153d5aa6c8543cf4506d17dd4d818eeb50ef144d07e';

function selfTest(core: ProofCore): string | null {
  if (toHex(core.hash(new Uint8Array(0))) !== emptyHash) return 'the hash of nothing';
  const one = Uint8Array.of(1, ...new Uint8Array(31));
  if (toHex(core.commit(new Uint8Array(32), one)) !== generatorH) return 'the second generator';
  return null;
}

/** Long enough for the engine to have compiled the core in its final tier, which it does beside the work. */
const measureMs = 400;

/** The best of some short measurements: what the machine can do, not what else it is doing. */
function ratePerSecond(units: number, run: () => unknown): number {
  let best = 0;
  for (const end = performance.now() + measureMs; performance.now() < end; ) {
    const start = performance.now();
    run();
    best = Math.max(best, (units * 1000) / (performance.now() - start));
  }
  return best;
}
