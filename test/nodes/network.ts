// A network in one process for tests: real miners, validator and API node with real LMDB, files, proving pool and
// HTTP on loopback, each over a folder of its own, so that any of them can be stopped and started again.

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type DevChain, openDevChain } from '../../src/adapters/chain/dev/dev-chain.js';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { evidenceFiles } from '../../src/adapters/observe/evidence-files.js';
import { openRewardLog } from '../../src/adapters/observe/ledger-files.js';
import { createLog, type Log } from '../../src/adapters/observe/log.js';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { createProver } from '../../src/adapters/proving/prover.js';
import { placeOf } from '../../src/adapters/replicas/layout.js';
import { openReplicaFiles } from '../../src/adapters/replicas/replica-files.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import type { TranscriptHead } from '../../src/domain/audit/transcript.js';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import { type PieceId, pieceIdOf, publicKeyOf } from '../../src/domain/model/bytes.js';
import { dutyDefaults } from '../../src/domain/model/constants.js';
import { defaultRules } from '../../src/domain/model/economy.js';
import type { ReplicaId, ReplicaRecord } from '../../src/domain/model/records.js';
import { unixSeconds } from '../../src/domain/ports/clock.js';
import type { Prover } from '../../src/domain/ports/prover.js';
import type { Signer } from '../../src/domain/ports/signer.js';
import { type ApiParts, startApi } from '../../src/nodes/api/api.js';
import { type MinerParts, startMiner } from '../../src/nodes/miner/miner.js';
import type { RunningNode } from '../../src/nodes/running-node.js';
import {
  closeValidatorParts,
  composeValidator,
  type ValidatorParts,
} from '../../src/nodes/validator/compose.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import type { DutyOptions, DutyParts } from '../../src/nodes/validator/duty/compose.js';
import { FailureCounts } from '../../src/nodes/validator/miners.js';
import type { RewardingParts } from '../../src/nodes/validator/rewarding.js';
import { type PieceSource, placePiece } from '../../src/nodes/validator/storing.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { apiSettingsIn, validatorPartsIn } from './parts.js';

export const core: ProofCore = loadCore();
const stake = 1000;

export interface TestMiner {
  readonly signer: Signer;
  readonly directory: string;
  node: RunningNode;
  /** Ends the node and starts it again, on the same port unless told otherwise. */
  restart(changes?: Partial<MinerParts>): Promise<void>;
  stop(): Promise<void>;
}

export interface TestNetwork {
  readonly folder: string;
  readonly chain: DevChain;
  readonly prover: Prover;
  readonly miners: readonly TestMiner[];
  /** Another miner, on the chain from now on. */
  join(): Promise<TestMiner>;
  /** Records of all nodes at `warn` and above. */
  readonly logged: Record<string, unknown>[];
  readonly log: Log;
  readonly validatorSigner: Signer;
  /** Another validator on the same subnet, with an index of its own. */
  foreignValidator(): Promise<ValidatorContext>;
  /** Parts of this network's validator, with what a test changes. */
  validatorParts(changes?: Partial<ValidatorParts>): Promise<ValidatorParts>;
  /** What a validator node keeps of rewards, beside the transcripts. */
  rewardParts(): Promise<Omit<RewardingParts, 'block'>>;
  validator(changes?: Partial<ValidatorParts>): Promise<ValidatorContext>;
  api(changes?: Partial<ApiParts>): Promise<RunningNode>;
  minerOf(id: ReplicaId): TestMiner;
  /** File of the replica on its miner's disk. */
  fileOf(id: ReplicaId): { readonly file: string; readonly outboard: string };
  /** Stores a piece of random bytes through the validator. */
  storePiece(context: ValidatorContext, size: number, copies?: number): Promise<StoredPiece>;
}

export interface StoredPiece {
  readonly source: PieceSource;
  readonly pieceId: PieceId;
  readonly data: Buffer;
  readonly replicas: readonly ReplicaRecord[];
}

const borrowed = <Part extends { close(): Promise<void> }>(part: Part): Part =>
  new Proxy(part, {
    get(target, name) {
      if (name === 'close') return async () => {};
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

export async function startNetwork(
  context: TestContext,
  options: {
    readonly miners?: number;
    readonly minerParts?: (i: number) => Partial<MinerParts>;
    /** Milliseconds between blocks; default 1000. */
    readonly blockMs?: number;
  } = {},
): Promise<TestNetwork> {
  const folder = await temporaryFolder(context);
  const prover = createProver({ threads: 1 });
  const logged: Record<string, unknown>[] = [];
  const log = createLog({ level: 'warn', json: true, write: (line) => logged.push(JSON.parse(line)) });
  const openChain = () =>
    openDevChain({
      directory: join(folder, 'chain'),
      clock: systemClock,
      intervalMs: options.blockMs ?? 1000,
    });
  const chain = await openChain();
  const closing: (() => Promise<void>)[] = [];
  context.after(async () => {
    for (const close of closing.reverse()) await close();
    await prover.close();
    await chain.close();
  });
  const register = (signer: Signer, validator: boolean) =>
    chain.register(publicKeyOf(signer.publicKey), validator ? { stake, validatorPermit: true } : {});

  const startTestMiner = async (i: number): Promise<TestMiner> => {
    const signer = signerFromSeed(randomBytes(32));
    const directory = join(folder, `miner-${i}`);
    await register(signer, false);
    const start = async (port: number, changes: Partial<MinerParts> = {}): Promise<RunningNode> =>
      startMiner({
        signer,
        verify: verifySr25519,
        chain: borrowed(chain),
        core,
        index: await openLmdbHoldingIndex(join(directory, 'index')),
        replicas: await openReplicaFiles({ directory: join(directory, 'replicas') }),
        prover: borrowed(prover),
        clock: systemClock,
        log,
        host: '127.0.0.1',
        port,
        leavingFile: join(directory, 'leaving'),
        ...options.minerParts?.(i),
        ...changes,
      });
    let running = true;
    const miner: TestMiner = {
      signer,
      directory,
      node: await start(0),
      async restart(changes = {}) {
        await miner.stop();
        miner.node = await start(miner.node.address.port, changes);
        running = true;
      },
      async stop() {
        if (running) await miner.node.close();
        running = false;
      },
    };
    closing.push(() => miner.stop());
    return miner;
  };
  const miners = await Promise.all(Array.from({ length: options.miners ?? 1 }, (_, i) => startTestMiner(i)));

  const validatorSigner = signerFromSeed(randomBytes(32));
  await register(validatorSigner, true);
  const partsIn = async (
    directory: string,
    signer: Signer,
    changes: Partial<ValidatorParts> = {},
  ): Promise<ValidatorParts> => ({
    ...(await validatorPartsIn(directory, {
      processId: changes.processId ?? 'validator',
      clock: systemClock,
    })),
    signer,
    chain: borrowed(chain),
    core,
    prover: borrowed(prover),
    log,
    evidence: evidenceFiles(join(directory, 'transcripts')),
    ...changes,
  });
  const own = join(folder, 'validator');
  const compose = (parts: ValidatorParts): ValidatorContext => {
    const composed = composeValidator(parts);
    closing.push(() => closeValidatorParts(composed));
    return composed;
  };
  const network: TestNetwork = {
    folder,
    chain,
    prover,
    miners,
    async join() {
      const miner = await startTestMiner(miners.length);
      miners.push(miner);
      return miner;
    },
    logged,
    log,
    validatorSigner,
    async foreignValidator() {
      const signer = signerFromSeed(randomBytes(32));
      await register(signer, true);
      return compose(await partsIn(join(folder, `foreign-${publicKeyOf(signer.publicKey)}`), signer));
    },
    validatorParts: (changes) => partsIn(own, validatorSigner, changes),
    rewardParts: async () => ({
      log: await openRewardLog({
        directory: join(own, 'transcripts'),
        processName: 'validator',
        clock: systemClock,
      }),
      rules: defaultRules,
    }),
    validator: async (changes) => compose(await partsIn(own, validatorSigner, changes)),
    async api(changes = {}) {
      const node = await startApi({
        ...(await partsIn(own, validatorSigner, { processId: 'api' })),
        ...apiSettingsIn(own),
        replicas: 3,
        ...changes,
      });
      let closed = false;
      const close = async (): Promise<void> => {
        if (closed) return;
        closed = true;
        await node.close();
      };
      closing.push(close);
      return { ...node, close };
    },
    minerOf: ({ minerKey }) => miners.find(({ signer }) => publicKeyOf(signer.publicKey) === minerKey)!,
    fileOf(id) {
      return placeOf(join(network.minerOf(id).directory, 'replicas'), id);
    },
    async storePiece(validator, size, copies = 1) {
      const data = randomBytes(size);
      const path = join(folder, `piece-${randomBytes(8).toString('hex')}`);
      await writeFile(path, data);
      const pieceId = pieceIdOf(core.hash(data));
      const expiry = unixSeconds(systemClock) + 3600;
      await validator.index.putPiece({ pieceId, size, copies, expiry, storedAt: expiry - 3600 });
      const source = { pieceId, size, path, expiry };
      const { replicas, failures } = await placePiece(validator, source, copies, new FailureCounts());
      if (replicas.length < copies) throw new Error(`not stored: ${JSON.stringify(failures)}`);
      return { source, pieceId, data, replicas };
    },
  };
  return network;
}

/** A validator's duty of which only the named steps run. */
export const dutyIn = (folder: string, options: Partial<DutyOptions> = {}): DutyParts => ({
  options: {
    ...dutyDefaults,
    storeEvery: 0,
    storeSizeMax: 20_000,
    challengeEvery: 0,
    challengeMiners: 0,
    challengeReplicas: 0,
    retrieveEvery: 0,
    distributeEvery: 0,
    monitorEvery: 0,
    pingTimeoutMs: 2000,
    repairEvery: 0,
    purgeEvery: 0,
    checkpointEvery: 0,
    ...options,
  },
  stateFile: join(folder, 'duty.json'),
  workFolder: join(folder, 'work'),
});

/** Heads of all transcripts that this validator's processes wrote, in order of time. */
export async function transcriptsOf(validator: ValidatorContext): Promise<TranscriptHead[]> {
  const heads: TranscriptHead[] = [];
  for await (const { head } of validator.transcripts.entriesSince(0)) heads.push(head.value);
  return heads.sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** Waits until `look` gives something; the test's own timeout bounds it. */
export async function eventually<Result>(
  look: () => Promise<Result | null | false> | Result | null | false,
): Promise<Result> {
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    await systemClock.sleep(20);
  }
}
