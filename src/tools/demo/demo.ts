// The demo: a real file is encrypted, stored on several miners, proven by challenge rounds, a damaging miner is
// caught, a miner that is killed is replaced, and the file comes back byte for byte although one more replica has a
// wrong byte.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { type IndexLocation, placeOf } from '../../adapters/index/location.js';
import { openPlacementIndex } from '../../adapters/index/open-index.js';
import { loadCore } from '../../adapters/proving/load-core.js';
import { systemRandom } from '../../adapters/system/random.js';
import { ApiConnection } from '../../client/api-connection.js';
import { openSource } from '../../client/file-source.js';
import { nodeRuntime } from '../../client/node-runtime.js';
import { retrieveToFile } from '../../client/retrieve-to-file.js';
import { store } from '../../client/store.js';
import { retrievalOrder } from '../../domain/economy/placement.js';
import { windowCounts } from '../../domain/economy/tiers.js';
import type { Cid } from '../../domain/model/bytes.js';
import { defaults, limits, mebibyte } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import { defaultChunkSize, openingsFor } from '../../domain/protocol/parameters.js';
import type { RoundLine } from '../../nodes/validator/operating.js';
import { askRepair, askRounds } from '../operator/ask-validator.js';
import { replayRewards } from '../rewards/replay.js';
import { damageChunks, flipByte, replicaFile } from './damage.js';
import { type LocalNetwork, startLocalNetwork } from './local-network.js';
import type { Narrator } from './narrator.js';

export interface DemoOptions {
  /** The file to store; a generated one if not given. */
  readonly file?: string;
  /** Bytes of the generated file. */
  readonly size: number;
  readonly miners: number;
  readonly replicas: number;
  readonly rounds: number;
  /** redis://… for the indexes of all nodes; their keys stay there. */
  readonly databaseUrl?: string;
  /** Where the validator's dashboard is; the network then stays until the signal, to be looked at. */
  readonly dashboardPort?: number;
  readonly narrator: Narrator;
  readonly signal?: AbortSignal;
}

/** The demo's one line of JSON; `challenges` counts the rounds before the damage. */
export interface DemoResult {
  readonly ok: boolean;
  readonly cid: string;
  readonly bytes: number;
  readonly pieces: number;
  readonly replicas: number;
  readonly challenges: { readonly passed: number; readonly failed: number };
  readonly damaged: { readonly caught: boolean; readonly reason: string; readonly rounds: number };
  readonly flipped: { readonly caught: boolean };
  readonly retrieved: boolean;
  readonly seconds: { readonly store: number; readonly challenge: number; readonly retrieve: number };
  readonly prove: { readonly chunks: number; readonly mibPerSecond: number };
  readonly node: string;
  readonly core: 'fma' | 'simd';
  /** Replicas stored anew after a miner was killed, and how long noticing and repairing took. */
  readonly repaired: { readonly replicas: number; readonly seconds: number };
}

/** One is damaged, one has a wrong byte, one is left to bring the file back. */
const replicasMin = 3;
const damagedShare = 0.1;
const catchingRoundsMax = 10;

export function checkDemoOptions({ miners, replicas, rounds }: DemoOptions): void {
  const refuse = (message: string): never => {
    throw new FileTaoError('bad-input', message);
  };
  if (replicas < replicasMin || replicas > limits.replicasMax) {
    refuse(
      `--replicas: ${replicasMin} to ${limits.replicasMax} (one is damaged, one has a wrong byte, one is left)`,
    );
  }
  if (miners < replicas || miners > 64)
    refuse(`--miners: at least as many as replicas (${replicas}), at most 64`);
  if (rounds < 1 || rounds > 1000) refuse('--rounds: 1 to 1000');
}

export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  checkDemoOptions(options);
  const { narrator, signal } = options;
  const core = loadCore().build;
  // A file that cannot be read is not worth starting a network for.
  if (options.file !== undefined) await (await openSource(options.file)).close();
  narrator.title(`FileTAO demo: ${options.miners} miners, a validator and an API node on this machine`);
  narrator.begin('starting the network');
  let started = 0;
  const network = await startLocalNetwork({
    miners: options.miners,
    replicas: options.replicas,
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
    ...(options.dashboardPort === undefined ? {} : { dashboardPort: options.dashboardPort }),
    onStarted: () => narrator.progress(++started, options.miners + 2),
    ...(signal === undefined ? {} : { signal }),
  });
  let index: PlacementIndex | null = null;
  try {
    narrator.done(`${options.miners + 2} processes in ${network.folder}`);
    const { dashboard } = network.validator;
    if (dashboard !== null) narrator.title(`Look at it: http://${dashboard.host}:${dashboard.port}/`);
    index = await openPlacementIndex(network.placement);
    const result = await new Demo(options, network, index, core).run();
    if (dashboard !== null) {
      narrator.title('The network stays, with its dashboard, until Ctrl-C');
      await fired(signal);
    }
    return result;
  } finally {
    narrator.begin('cleaning up');
    await index?.close();
    await network.close();
    narrator.done('all processes ended, the folder is removed');
    if (network.keysBegin !== null) tellOfKeys(narrator, network.placement, network.keysBegin);
  }
}

/** Resolves when the signal fires; at once without one. */
const fired = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal === undefined || signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** What the demo leaves in the Redis it was given, and how to take it away. */
function tellOfKeys(narrator: Narrator, location: IndexLocation, keysBegin: string): void {
  if (location.backend !== 'redis') return;
  const { host, port, database, user, password, tls } = location.place;
  const cli = [
    `redis-cli -h ${host} -p ${port} -n ${database}`,
    ...(user === undefined ? [] : [`--user ${user}`]),
    ...(tls === null ? [] : ['--tls']),
  ].join(' ');
  narrator.title(`The indexes stay in Redis at ${placeOf(location.place)}: keys ${keysBegin}*, removed by`);
  if (password !== undefined) narrator.title('  export REDISCLI_AUTH="$REDIS_PASSWORD"');
  narrator.title(`  ${cli} --scan --pattern '${keysBegin}*' | xargs -r -n 100 ${cli} unlink`);
}

class Demo {
  constructor(
    readonly options: DemoOptions,
    readonly network: LocalNetwork,
    readonly index: PlacementIndex,
    readonly core: 'fma' | 'simd',
  ) {}

  async run(): Promise<DemoResult> {
    const { options, network, index } = this;
    const { narrator, signal } = options;
    const file = options.file ?? (await this.#generate());
    const { host, port } = network.api.address;
    const connection = new ApiConnection(`http://${host}:${port}`, {
      signer: network.user.hotkey,
      random: systemRandom,
      nowMs: Date.now,
    });
    const common = {
      connection,
      wallet: network.user,
      runtime: nodeRuntime(),
      ...(signal === undefined ? {} : { signal }),
    };
    try {
      narrator.begin('encrypting and storing the file');
      const storeTime = stopwatch();
      const stored = await store(file, {
        ...common,
        journalFolder: join(network.folder, 'journal'),
        copies: options.replicas,
        onProgress: ({ phase, bytes, bytesTotal }) => {
          if (phase === 'send') narrator.progress(bytes, bytesTotal ?? bytes);
        },
      });
      const storeSeconds = storeTime();
      const replicas = await this.#replicasOf(stored.cid);
      narrator.done(
        `${count(stored.pieces, 'piece')}, ${count(replicas.length, 'replica')} on ${count(stored.miners.length, 'miner')}, ` +
          `${rate(stored.size, storeSeconds)}, CID ${stored.cid}`,
      );

      narrator.begin(`challenging every replica, ${count(options.rounds, 'round')}`);
      const challengeTime = stopwatch();
      const counts = { passed: 0, failed: 0, chunks: 0, bytes: 0 };
      for (let round = 0; round < options.rounds; round++) {
        for await (const line of this.#rounds(stored.cid)) {
          counts[line.outcome === 'pass' ? 'passed' : 'failed']++;
          counts.chunks += line.chunks;
          counts.bytes += line.bytes;
          narrator.progress(counts.passed + counts.failed, options.rounds * replicas.length);
        }
      }
      const challengeSeconds = challengeTime();
      const mibPerSecond = counts.bytes / mebibyte / challengeSeconds;
      narrator.done(
        `${counts.passed} passed, ${counts.failed} failed; ${count(counts.chunks, 'chunk')} committed to, ` +
          `${rate(counts.bytes, challengeSeconds)} proven over the network`,
      );

      const damaged = await this.#damageAndCatch(stored.cid, replicas);
      const repaired = await this.#killAndRepair(stored.cid, damaged.replica);
      const flipped = await this.#flip(stored.cid, damaged.replica);

      narrator.begin('retrieving the file');
      const retrieveTime = stopwatch();
      const target = join(network.folder, 'retrieved');
      await retrieveToFile(stored.cid, target, {
        ...common,
        manifest: stored.manifest,
        onProgress: ({ bytes, bytesTotal }) => narrator.progress(bytes, bytesTotal),
      });
      const retrieveSeconds = retrieveTime();
      const after = await index.getReplica(flipped);
      const flipCaught = after?.state === 'failed' && after.lastFailure?.reason === 'root';
      narrator.done(
        `${rate(stored.size, retrieveSeconds)}; the replica with the wrong byte ` +
          (flipCaught ? 'was caught by its root, and another one used' : 'WAS NOT CAUGHT'),
      );
      narrator.begin('comparing');
      const retrieved = (await digestOf(file)) === (await digestOf(target));
      narrator.done(retrieved ? 'the file is the same, byte for byte' : 'THE FILE DIFFERS');
      await this.#standings();

      return {
        ok:
          counts.failed === 0 &&
          counts.passed > 0 &&
          damaged.caught &&
          repaired.whole &&
          flipCaught &&
          retrieved,
        cid: stored.cid,
        bytes: stored.size,
        pieces: stored.pieces,
        replicas: replicas.length,
        challenges: { passed: counts.passed, failed: counts.failed },
        damaged: { caught: damaged.caught, reason: damaged.reason, rounds: damaged.rounds },
        flipped: { caught: flipCaught },
        retrieved,
        seconds: {
          store: round3(storeSeconds),
          challenge: round3(challengeSeconds),
          retrieve: round3(retrieveSeconds),
        },
        prove: { chunks: counts.chunks, mibPerSecond: Math.round(mibPerSecond * 10) / 10 },
        node: process.version,
        core: this.core,
        repaired: { replicas: repaired.replicas, seconds: round3(repaired.seconds) },
      };
    } finally {
      connection.close();
    }
  }

  async #damageAndCatch(cid: Cid, replicas: readonly ReplicaRecord[]) {
    const { narrator } = this.options;
    const replica = replicas[0]!;
    const miner = this.#minerOf(replica);
    const openings = openingsFor(limits.openingsMax, {
      loss: defaults.auditLoss,
      confidence: defaults.auditConfidence,
    });
    const chunkSize = defaultChunkSize(replica.size, openings);
    narrator.begin(`damaging one replica on the disk of ${miner.name}`);
    const { damaged, chunks } = await damageChunks(
      replicaFile(miner.directory, replica),
      replica.size,
      chunkSize,
      damagedShare,
    );
    narrator.done(`one byte in each of ${damaged} of ${count(chunks, 'chunk')}`);
    narrator.begin('challenging until it is caught');
    for (let rounds = 1; rounds <= catchingRoundsMax; rounds++) {
      let caught: RoundLine | null = null;
      // To the end even when it is caught: a round of another replica that is still under way would otherwise
      // read what is flipped next, and catch it before the retrieval does.
      for await (const line of this.#rounds(cid)) {
        const isDamaged = line.root === replica.root && line.minerKey === replica.minerKey;
        if (isDamaged && line.outcome !== 'pass') caught = line;
      }
      if (caught === null) continue;
      const blame = caught.attributable ? 'by bytes the miner signed' : 'by the validator’s word';
      narrator.done(`caught in round ${rounds}: ${caught.reason}, ${blame}`);
      return { replica, caught: caught.outcome === 'fail', reason: caught.reason, rounds };
    }
    narrator.done(`NOT CAUGHT in ${catchingRoundsMax} rounds`);
    return { replica, caught: false, reason: '', rounds: catchingRoundsMax };
  }

  /** Kills a miner that holds replicas; the validator notices and repairs, and the damaged replica with them. */
  async #killAndRepair(cid: Cid, damaged: ReplicaRecord) {
    const { narrator, miners, replicas: copies, signal } = this.options;
    const { validator, validatorWallet, genesis, netuid } = this.network;
    narrator.begin('killing a miner');
    if (miners <= copies) {
      narrator.done(
        `left out: with ${count(miners, 'miner')} and ${copies} replicas of each piece nobody could take a dead ` +
          `miner's place; start one more (--miners ${copies + 1})`,
      );
      return { whole: true, replicas: 0, seconds: 0 };
    }
    const held = new Map<string, number>();
    for (const { minerKey, state } of await this.#replicasOf(cid))
      if (state === 'active') held.set(minerKey, (held.get(minerKey) ?? 0) + 1);
    const [victim] = [...this.network.miners]
      .filter(({ hotkey }) => held.has(hotkey))
      .sort(
        (a, b) =>
          Number(a.hotkey === damaged.minerKey) - Number(b.hotkey === damaged.minerKey) ||
          held.get(b.hotkey)! - held.get(a.hotkey)!,
      );
    const ended = new Promise<void>((resolve) => victim!.child.once('exit', () => resolve()));
    victim!.child.kill('SIGKILL');
    await ended;
    narrator.done(
      `${victim!.name} ended by SIGKILL, and ${count(held.get(victim!.hotkey)!, 'replica')} with it`,
    );

    narrator.begin('noticing and repairing');
    const time = stopwatch();
    const validatorNode = { address: validator.address, hotkey: validatorWallet.hotkey, genesis, netuid };
    let stored = 0;
    let noticed = false;
    for await (const line of askRepair(validatorNode, signal)) {
      if (line.kind === 'miner' && line.minerKey === victim!.hotkey) noticed = line.state === 'down';
      if (line.kind === 'piece') stored += line.stored.length;
    }
    const seconds = time();
    const byPiece = [...groupByPiece(await this.#replicasOf(cid)).values()];
    const pieces = byPiece.length;
    const whole =
      noticed &&
      byPiece.every(
        (replicas) =>
          replicas.filter(({ state, minerKey }) => state === 'active' && minerKey !== victim!.hotkey)
            .length >= copies,
      );
    narrator.done(
      whole
        ? `the miner is down, ${count(stored, 'replica')} stored anew from those that verify; each of ${count(pieces, 'piece')} has ${copies} replicas again`
        : noticed
          ? `${count(stored, 'replica')} stored anew, BUT A PIECE HAS FEWER THAN ${copies} REPLICAS`
          : 'THE DEAD MINER WAS NOT NOTICED',
    );
    return { whole, replicas: stored, seconds };
  }

  /** What the run earned its miners, recomputed from the validator's reward ledger and the transcripts. */
  async #standings(): Promise<void> {
    const { narrator } = this.options;
    narrator.begin('tiers and rewards, recomputed from the transcripts');
    const { replay, findingsCount } = await replayRewards([
      join(this.network.validator.directory, 'transcripts'),
    ]);
    const miners = await Promise.all(
      this.network.miners.map(async ({ name, hotkey }) => {
        const { score, tier } = replay.standings.of(hotkey);
        const { attempts, successes } = windowCounts(await this.index.statistics(hotkey));
        return `${name} ${tier}, ${successes} of ${attempts}, score ${score.toFixed(4)}`;
      }),
    );
    narrator.done(`${miners.join('; ')}${findingsCount === 0 ? '' : ' — THE LEDGER DOES NOT ADD UP'}`);
  }

  /** Flips one byte in a replica that the retrieval will ask first. */
  async #flip(cid: Cid, damaged: ReplicaRecord): Promise<ReplicaRecord> {
    const { narrator } = this.options;
    const byPiece = groupByPiece(await this.#replicasOf(cid));
    // Another piece than the damaged one where there is another.
    const pieces = [...byPiece.keys()].sort(
      (a, b) => Number(a === damaged.pieceId) - Number(b === damaged.pieceId),
    );
    const [replica] = retrievalOrder(byPiece.get(pieces[0]!)!);
    const miner = this.#minerOf(replica!);
    narrator.begin(`flipping a single byte in another replica, on ${miner.name}`);
    const position = await flipByte(replicaFile(miner.directory, replica!), replica!.size);
    narrator.done(`byte ${position} of ${replica!.size}`);
    return replica!;
  }

  #minerOf({ minerKey }: ReplicaRecord) {
    return this.network.miners.find(({ hotkey }) => hotkey === minerKey)!;
  }

  #rounds(cid: Cid): AsyncGenerator<RoundLine> {
    const { validator, validatorWallet, genesis, netuid } = this.network;
    return askRounds(
      { address: validator.address, hotkey: validatorWallet.hotkey, genesis, netuid },
      { cid },
      this.options.signal,
    );
  }

  async #replicasOf(cid: Cid): Promise<ReplicaRecord[]> {
    const [object] = await this.index.claimsOf(cid, 1);
    const lists = await Promise.all(
      [...new Set(object!.pieceIds)].map((id) => this.index.replicasOfPiece(id)),
    );
    return lists.flat();
  }

  async #generate(): Promise<string> {
    const { narrator, size } = this.options;
    const path = join(this.network.folder, 'original');
    narrator.begin(`generating a file of ${formatBytes(size)} of random bytes`);
    const file = await open(path, 'wx', 0o600);
    try {
      for (let left = size; left > 0; ) {
        const part = systemRandom.bytes(Math.min(left, mebibyte));
        await file.writeFile(part);
        left -= part.length;
      }
    } finally {
      await file.close();
    }
    narrator.done(path);
    return path;
  }
}

function groupByPiece(replicas: readonly ReplicaRecord[]): Map<string, ReplicaRecord[]> {
  const groups = new Map<string, ReplicaRecord[]>();
  for (const replica of replicas)
    groups.set(replica.pieceId, [...(groups.get(replica.pieceId) ?? []), replica]);
  return groups;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}

function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

const round3 = (value: number): number => Math.round(value * 1000) / 1000;
const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;
/** For a little file the speed says nothing. */
const rate = (bytes: number, time: number): string =>
  bytes < mebibyte
    ? formatBytes(bytes)
    : `${formatBytes(bytes)} at ${(bytes / mebibyte / time).toFixed(0)} MiB/s`;
