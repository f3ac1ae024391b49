// `filetao doctor`: what this machine is to FileTAO, and what to do about what is not well. Every check stands alone: one that
// fails says so and the next goes on. Nothing is changed; the disk is measured with a file that is removed again.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rm, stat, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { openDevChain } from '../../adapters/chain/dev/dev-chain.js';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { chooseBuild, loadCore } from '../../adapters/proving/load-core.js';
import { systemClock } from '../../adapters/system/clock.js';
import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { hasFusedMultiplyAdd, hasRelaxedSimd } from '../../domain/core/probe.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { toHex } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import { toFileTaoError } from '../../domain/model/errors.js';

export interface DoctorOptions {
  readonly version: string;
  readonly walletPath: string;
  readonly walletName: string;
  readonly hotkey: string;
  readonly devChainDirectory: string;
  readonly dataDirectory: string;
  readonly workers: number;
}

export interface Finding {
  readonly check: 'system' | 'core' | 'speed' | 'memory' | 'disk' | 'wallet' | 'chain';
  /** `problem`: something will not work. `note`: it works, but could be better or is not set up yet. */
  readonly level: 'ok' | 'note' | 'problem';
  readonly text: string;
  /** What to do; given with every note and problem. */
  readonly remedy?: string;
  /** The figures behind the text. */
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
}

type Check = (options: DoctorOptions) => Promise<Finding> | Finding;

const nodeMin = [20, 19] as const;
const diskFreeMin = 1024 * mebibyte;
const diskSample = 16 * mebibyte;
/** A tenth of what the slower build reaches on a machine of 2020: below, something is wrong with the machine. */
const commitsPerSecondMin = 10_000;

/** All findings, in a fixed order. */
export async function diagnose(options: DoctorOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks) as [Finding['check'], Check][]) {
    try {
      findings.push(await check(options));
    } catch (error) {
      const { code, message } = toFileTaoError(error);
      findings.push({
        check: name,
        level: 'problem',
        text: `the check failed: ${message}`,
        remedy: 'see the message; FILETAO_DEBUG=1 with the command that fails says more',
        values: { code },
      });
    }
  }
  return findings;
}

const checks: Readonly<Record<Finding['check'], Check>> = {
  system({ version }) {
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
  },

  core() {
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
  },

  speed() {
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
  },

  memory({ workers }) {
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
  },

  async disk({ dataDirectory }) {
    const folder = await nearestFolder(dataDirectory);
    const exists = folder === dataDirectory;
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const base = { directory: dataDirectory, exists, free };
    try {
      await access(folder, constants.W_OK);
    } catch {
      return {
        check: 'disk',
        level: 'problem',
        text: `${folder} cannot be written to`,
        remedy: 'change its owner, or name another folder with --database.directory',
        values: { ...base, writeMBPerSecond: null, readMBPerSecond: null },
      };
    }
    if (free < diskFreeMin) {
      return {
        check: 'disk',
        level: 'problem',
        text: `${formatBytes(free)} free at ${folder}`,
        remedy: 'free some space, or name a folder on another disk with --database.directory',
        values: { ...base, writeMBPerSecond: null, readMBPerSecond: null },
      };
    }
    const { writeMBPerSecond, readMBPerSecond } = await diskSpeed(folder);
    const text = `${formatBytes(free)} free, ${writeMBPerSecond} MB/s written and synced, ${readMBPerSecond} MB/s read back (cached), at ${folder}`;
    const values = { ...base, writeMBPerSecond, readMBPerSecond };
    if (exists) return { check: 'disk', level: 'ok', text, values };
    return {
      check: 'disk',
      level: 'note',
      text: `${text}; ${dataDirectory} is not there yet`,
      remedy: 'nothing: the first run makes it',
      values,
    };
  },

  async wallet({ walletPath, walletName, hotkey }) {
    const values = { path: walletPath, name: walletName, hotkey };
    const create = `filetao wallet create --wallet.name ${walletName} --wallet.hotkey ${hotkey} --no-password`;
    try {
      const { hotkeys } = await describeWallet(walletPath, walletName);
      const found = hotkeys.find(({ name }) => name === hotkey);
      if (found !== undefined) {
        const address = found.ss58Address;
        return {
          check: 'wallet',
          level: 'ok',
          text: `wallet "${walletName}", hotkey "${hotkey}" (${address ?? 'address unknown: encrypted or damaged'})`,
          values: { ...values, address },
        };
      }
      return {
        check: 'wallet',
        level: 'note',
        text: `wallet "${walletName}" has no hotkey "${hotkey}"`,
        remedy: create,
        values: { ...values, address: null },
      };
    } catch (error) {
      if (!['wallet-not-found', 'not-found'].includes(toFileTaoError(error).code)) throw error;
      return {
        check: 'wallet',
        level: 'note',
        text: `there is no wallet "${walletName}" in ${walletPath}`,
        remedy: create,
        values: { ...values, address: null },
      };
    }
  },

  async chain({ devChainDirectory }) {
    const values = { directory: devChainDirectory };
    let chain: Awaited<ReturnType<typeof openDevChain>>;
    try {
      chain = await openDevChain({ directory: devChainDirectory, clock: systemClock, create: false });
    } catch (error) {
      if (toFileTaoError(error).code !== 'not-found') throw error;
      return {
        check: 'chain',
        level: 'note',
        text: `there is no dev chain in ${devChainDirectory}`,
        remedy: 'nothing: the first node on the dev network starts it (npm run demo shows all of it)',
        values: { ...values, exists: false },
      };
    }
    try {
      const [head, neurons] = [await chain.finalisedHead(), await chain.neurons()];
      const genesis = toHex(chain.genesis);
      return {
        check: 'chain',
        level: 'ok',
        text: `dev chain ${genesis.slice(0, 8)}… at block ${head.number}, ${neurons.length} neurons registered`,
        values: { ...values, exists: true, genesis, block: head.number, neurons: neurons.length },
      };
    } finally {
      await chain.close();
    }
  },
};

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

/** The folder itself, or the nearest above it that is there. */
async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory() || dirname(folder) === folder) return folder;
  }
}

async function diskSpeed(folder: string): Promise<{ writeMBPerSecond: number; readMBPerSecond: number }> {
  const path = join(folder, `.filetao-doctor-${process.pid}-${randomBytes(4).toString('hex')}`);
  const data = randomBytes(diskSample);
  const rate = (since: number): number => Math.round(diskSample / 1e3 / (performance.now() - since));
  try {
    const file = await open(path, 'wx+', 0o600);
    try {
      const writing = performance.now();
      await file.writeFile(data);
      await file.sync();
      const writeMBPerSecond = rate(writing);
      const reading = performance.now();
      for (let at = 0; at < diskSample; ) {
        const { bytesRead } = await file.read(data, at, diskSample - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return { writeMBPerSecond, readMBPerSecond: rate(reading) };
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
