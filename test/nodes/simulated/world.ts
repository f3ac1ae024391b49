// One validator (and the API node beside it) and one honest miner, real state machines on both sides, with
// simulated time, disks and network between them. The network delays, loses, repeats and reorders; either side may
// crash at any moment and come back from a backup.
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { FrameReader, openFrame, type TranscriptEntry } from '../../../src/domain/audit/transcript.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes, pieceIdOf, publicKeyOf, toHex } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { HeldReplica, ReplicaId, ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Chain } from '../../../src/domain/ports/chain.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import type { Signer, VerifySignature } from '../../../src/domain/ports/signer.js';
import { minerSecret, replicaKey, replicaSecret } from '../../../src/domain/protocol/derivations.js';
import { challengeKind, headerTo, storeKind } from '../../../src/domain/protocol/messages.js';
import { composeMiner } from '../../../src/nodes/miner/compose.js';
import type { MinerContext } from '../../../src/nodes/miner/context.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { Exchange, passed, recordTranscript } from '../../../src/nodes/validator/transcripts.js';
import { simulatedChain } from './chain.js';
import { fastSigners } from './fast-signers.js';
import { Happenings } from './happenings.js';
import { MemoryIndex } from './memory-index.js';
import { answerTo, carryOut, type MinerMessage } from './miner-routes.js';
import { StormyNetwork } from './network.js';
import { Dice, Schedule } from './schedule.js';
import { type Backup, MemoryHoldings, MemoryReplicas, memoryProver } from './stores.js';
import { simulatedValidator } from './validator.js';
import { calm, type Weather } from './weather.js';

/** Changes to the state machines, planted to see that they are found. */
export interface Mutations {
  /** The validator's index moves the link on although the round failed. */
  readonly linkAdvancesOnFail?: boolean;
  /** The miner refuses a prevLink that is not its own last link. */
  readonly ownLinkGoverns?: boolean;
  /** A crash of the validator takes the last change of its index with it. */
  readonly indexNotDurable?: boolean;
  /** The miner draws new blindings after a restart. */
  readonly blindingsNotDerived?: boolean;
}

export interface WorldOptions {
  readonly seed: number;
  readonly size?: number;
  readonly mutations?: Mutations;
  /** Real sr25519 keys; without them signatures are keyed hashes, which are a hundred times as fast. */
  readonly keys?: { readonly validator: Signer; readonly miner: Signer; readonly verify: VerifySignature };
}

const core: ProofCore = loadCore();
const minerAddress = { host: '127.0.0.1', port: 2 };

/** The same in every process. */
export function fastKeys(): NonNullable<WorldOptions['keys']> {
  const { make, verify } = fastSigners(core);
  return { validator: make('validator'), miner: make('miner'), verify };
}

export class World {
  readonly schedule = new Schedule();
  readonly dice: Dice;
  readonly keys: NonNullable<WorldOptions['keys']>;
  readonly core = core;
  readonly placements = new MemoryIndex();
  readonly holdings = new MemoryHoldings();
  readonly replicas = new MemoryReplicas();
  /** Entries as they were made durable. */
  readonly transcripts: Uint8Array[] = [];
  readonly piece: Uint8Array;
  readonly mutations: Mutations;
  weather: Weather = calm;
  readonly happenings = new Happenings();
  id!: ReplicaId;

  readonly #chain: Chain;
  /** Challenges that left, by n: no two may share one. */
  readonly #challenged = new Map<number, string>();
  numbersUsedAgain = 0;
  readonly #network: StormyNetwork;
  #minerEnds: (() => void)[] = [];
  #validatorEpoch = 0;
  #miner!: MinerContext;
  #undo: Backup<ReplicaRecord> | null = null;

  constructor(options: WorldOptions) {
    this.dice = new Dice(options.seed);
    this.keys = options.keys ?? fastKeys();
    this.mutations = options.mutations ?? {};
    this.piece = this.dice.bytes(options.size ?? 40_000);
    const { validator, miner } = this.keys;
    this.#chain = simulatedChain({
      core,
      schedule: this.schedule,
      neurons: () => [
        {
          hotkey: publicKeyOf(validator.publicKey),
          isValidator: true,
          address: { host: '127.0.0.1', port: 1 },
        },
        { hotkey: publicKeyOf(miner.publicKey), isValidator: false, address: minerAddress },
      ],
    });
    this.#network = new StormyNetwork({
      schedule: this.schedule,
      dice: this.dice,
      happenings: this.happenings,
      weather: () => this.weather,
      nodeAt: () => ({
        up: true,
        answer: (message) => this.#answer(message),
        whenEnded: (tell) => this.#minerEnds.push(tell),
      }),
    });
    this.#startMiner();
  }

  /** Things that happened which excuse a timeout: losses, crashes. */
  get disturbances(): number {
    return this.happenings.disturbances;
  }

  /** Stores the piece on the miner through the miner's own code, and records it as the validator does. */
  async store(expirySeconds = 30 * 24 * 3600): Promise<ReplicaRecord> {
    const { validator, miner } = this.keys;
    const context = this.validator();
    const pieceId = core.hash(this.piece);
    const key = replicaKey(core, replicaSecret(validator), pieceId, miner.publicKey);
    const encoded = nodeCipher.aes256Ctr(key).apply(this.piece).slice();
    const root = core.hash(encoded);
    const block = await this.#chain.finalisedHead();
    const head = sealMessage(
      storeKind,
      {
        ...headerTo(context.party, miner.publicKey),
        root,
        size: encoded.length,
        seed: this.dice.bytes(32),
        expiry: Math.floor(this.schedule.clock.now() / 1000) + expirySeconds,
        blockNumber: block.number,
        blockHash: block.hash,
      },
      validator,
    );
    this.id = {
      validatorKey: publicKeyOf(validator.publicKey),
      minerKey: publicKeyOf(miner.publicKey),
      root: toHex(root) as ReplicaId['root'],
    };
    const exchange = new Exchange(this.schedule.clock);
    exchange.sent('store', head);
    const message: MinerMessage = { route: 'store', head, body: encoded };
    this.#network.remember(minerAddress, message);
    const receipt = await carryOut(this.#miner, message);
    exchange.received('receipt', receipt);
    const done = recordTranscript(
      context,
      { kind: 'store', id: this.id, size: encoded.length },
      exchange,
      passed,
    );
    await this.schedule.until(done);
    const held = this.holdings.records.values().next().value as HeldReplica;
    const record: ReplicaRecord = {
      ...this.id,
      pieceId: pieceIdOf(pieceId),
      size: encoded.length,
      expiry: held.expiry,
      storedAt: held.storedAt,
      state: 'active',
      n: 0,
      link: held.link,
      kept: [],
      receipt,
      openRound: null,
      passed: 0,
      failedRounds: 0,
      lastPassAt: null,
      lastFailure: null,
      version: 1,
    };
    await this.placements.port.addReplica(record);
    return record;
  }

  get record(): ReplicaRecord {
    return this.placements.replicas.values().next().value as ReplicaRecord;
  }

  entries(): TranscriptEntry[] {
    return [...new FrameReader().push(concatBytes(...this.transcripts))].map(openFrame);
  }

  /** A validator process as of now; a crash leaves the ones before it without a world. */
  validator(processId = 'validator'): ValidatorContext {
    const epoch = this.#validatorEpoch;
    const { validator: signer, verify } = this.keys;
    /** Each operation takes a moment, in which the process may end. */
    const alive = async <Result>(act: () => Promise<Result>): Promise<Result> => {
      await this.schedule.wait(this.dice.below(3));
      if (this.#validatorEpoch !== epoch) return new Promise<never>(() => {});
      const result = await act();
      await this.schedule.wait(this.dice.below(3));
      return this.#validatorEpoch === epoch ? result : new Promise<never>(() => {});
    };
    const index = this.#mutatedIndex(this.placements.port);
    return simulatedValidator({
      signer,
      verify,
      core,
      chain: this.#chain,
      index: new Proxy(index, {
        get: (target, name) => {
          const method = target[name as keyof PlacementIndex] as (...args: unknown[]) => Promise<unknown>;
          return (...args: unknown[]) => alive(() => method(...args));
        },
      }),
      prover: memoryProver(core, this.#read),
      network: this.#network.portOf(
        () => this.#validatorEpoch === epoch,
        (message) => this.#noteNumber(message),
      ),
      clock: this.schedule.clock,
      dice: this.dice,
      transcripts: {
        append: (entry) => alive(async () => void this.transcripts.push(entry.slice())),
        entries: () => this.entries(),
      },
      processId,
    });
  }

  /** The miner's process ends and starts again: rounds are lost. */
  crashMiner(restore?: Backup<HeldReplica>): void {
    this.happenings.disturb('crash', 'miner');
    for (const tell of this.#minerEnds.splice(0)) tell();
    if (restore !== undefined) this.holdings.restore(restore);
    this.#startMiner();
  }

  /** All validator processes end: what they had under way stops where it is. */
  crashValidator(restore?: Backup<ReplicaRecord>): void {
    this.happenings.disturb('crash', 'validator');
    this.#validatorEpoch++;
    if (restore !== undefined) this.placements.restore(restore);
    else if (this.mutations.indexNotDurable && this.#undo !== null) this.placements.restore(this.#undo);
  }

  /** Some message of any time arrives (again). */
  replay(): void {
    this.#network.replay();
  }

  readonly #read = (path: string): Uint8Array => {
    const stored = this.replicas.files.get(path);
    if (stored === undefined) throw new FileTaoError('unknown-replica', 'no such file');
    return stored.data;
  };

  #startMiner(): void {
    const { miner: signer, verify } = this.keys;
    const secret = minerSecret(signer);
    if (this.mutations.blindingsNotDerived) secret[0] = this.dice.below(256);
    const context = composeMiner({
      signer,
      verify,
      core,
      chain: this.#chain,
      replicas: this.replicas.port,
      index: this.holdings.port,
      prover: memoryProver(core, this.#read),
      clock: this.schedule.clock,
      log: silentLog(),
    });
    this.#miner = { ...context, secret };
  }

  #mutatedIndex(index: PlacementIndex): PlacementIndex {
    const updateReplica: PlacementIndex['updateReplica'] = async (next) => {
      const before = await index.getReplica(next);
      const backup = this.placements.backup();
      const failedNow = before !== null && next.failedRounds > before.failedRounds;
      const link = failedNow && this.mutations.linkAdvancesOnFail ? core.hash(before.link) : next.link;
      const updated = await index.updateReplica({ ...next, link });
      if (updated) this.#undo = backup;
      return updated;
    };
    return new Proxy(index, {
      get: (target, name) =>
        name === 'updateReplica' ? updateReplica : target[name as keyof PlacementIndex],
    });
  }

  #answer(message: MinerMessage): ReturnType<typeof answerTo> {
    return answerTo(this.#miner, message, (context, asked) => {
      if (asked.route === 'challenge' && this.mutations.ownLinkGoverns) this.#requireOwnLink(asked.head);
      return carryOut(context, asked);
    });
  }

  #noteNumber({ route, head }: MinerMessage): void {
    if (route !== 'challenge') return;
    const { value, digest } = openSealed(challengeKind, head, this.keys.verify);
    const before = this.#challenged.get(value.n);
    if (before !== undefined && before !== toHex(digest)) this.numbersUsedAgain++;
    this.#challenged.set(value.n, toHex(digest));
  }

  #requireOwnLink(head: Uint8Array): void {
    const { prevLink } = openSealed(challengeKind, head, this.keys.verify).value;
    const held = this.holdings.records.values().next().value as HeldReplica;
    if (toHex(held.link) !== toHex(prevLink)) throw new FileTaoError('forbidden', 'not my last link');
  }
}
