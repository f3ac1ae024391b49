// One validator and several miners, real state machines on all sides, over simulated time, disks, network and chain.
// Every process may crash at every await; disks fail, clocks jump, messages are delayed, lost, repeated and reordered.
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import type { RewardLog } from '../../../src/adapters/observe/ledger-files.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { frameHead } from '../../../src/adapters/rpc/wire.js';
import { type LedgerEntry, readLedgerEntry } from '../../../src/domain/audit/ledger.js';
import {
  answerOf,
  FrameReader,
  openFrame,
  type TranscriptEntry,
} from '../../../src/domain/audit/transcript.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import {
  concatBytes,
  type PieceId,
  type PublicKey,
  pieceIdOf,
  publicKeyOf,
  toHex,
  utf8,
} from '../../../src/domain/model/bytes.js';
import { defaultRules, type EconomyRules } from '../../../src/domain/model/economy.js';
import { FileTaoError, toFileTaoError } from '../../../src/domain/model/errors.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Chain, NodeAddress } from '../../../src/domain/ports/chain.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import type { Network, NodeReply, NodeRoute } from '../../../src/domain/ports/network.js';
import type { ReplicaWriter } from '../../../src/domain/ports/replicas.js';
import type { Signer } from '../../../src/domain/ports/signer.js';
import { replicaSecret } from '../../../src/domain/protocol/derivations.js';
import { headerTo, refusalCodes, refusalKind, routeKinds } from '../../../src/domain/protocol/messages.js';
import { defaultDeadlines } from '../../../src/domain/protocol/parameters.js';
import { ChainView } from '../../../src/nodes/chain-view.js';
import { answerChallenge, answerOpening } from '../../../src/nodes/miner/challenging.js';
import { composeMiner } from '../../../src/nodes/miner/compose.js';
import type { MinerContext } from '../../../src/nodes/miner/context.js';
import { answerPing } from '../../../src/nodes/miner/presence.js';
import { retrieveReplica } from '../../../src/nodes/miner/retrieving.js';
import { storeReplica } from '../../../src/nodes/miner/storing.js';
import { deleteReplica, renewReplica } from '../../../src/nodes/miner/upkeep.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { Presence } from '../../../src/nodes/validator/presence.js';
import { MinerRates } from '../../../src/nodes/validator/rates.js';
import { Repairs } from '../../../src/nodes/validator/repairs.js';
import { openRewarding, type Rewarding } from '../../../src/nodes/validator/rewarding.js';
import { SettlingMemory } from '../../../src/nodes/validator/settling-memory.js';
import type { WorkFiles } from '../../../src/nodes/validator/work-files.js';
import { fastSigners } from '../simulated/fast-signers.js';
import { Dice, Schedule } from '../simulated/schedule.js';
import { MemoryHoldings, MemoryReplicas, memoryProver } from '../simulated/stores.js';
import { calm, type Weather } from '../simulated/weather.js';
import { MemoryIndex, replicaKey } from './memory-index.js';
import { SimulatedProcess } from './process.js';

const core: ProofCore = loadCore();
const blockMs = 12_000;
export const minerCount = 5;

/** Bugs planted to see that they are found. */
export interface Mutations {
  /** A miner's crash takes with it what it stored within the last seconds: receipts came before the data was safe. */
  readonly receiptBeforeSync?: boolean;
  /** A crash of the validator takes the last change of its index with it. */
  readonly indexNotDurable?: boolean;
}

interface Sent {
  readonly to: number;
  readonly route: NodeRoute;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** A miner: what survives its crashes, and the process that may not. */
export interface FaultyMiner {
  readonly hotkey: PublicKey;
  readonly signer: Signer;
  readonly process: SimulatedProcess;
  readonly holdings: MemoryHoldings;
  readonly files: MemoryReplicas;
  readonly address: NodeAddress;
  registered: boolean;
  context: MinerContext;
}

/** What a validator process works with besides its context. */
export interface RunningValidator {
  readonly context: ValidatorContext;
  readonly repairs: Repairs;
  readonly failures: FailureCounts;
  /** Restores every miner's standing from the ledger. */
  openRewards(): Promise<Rewarding>;
}

/** The economy's own numbers, with windows short enough for a history to see several. */
export const rules: EconomyRules = {
  ...defaultRules,
  constants: { ...defaultRules.constants, 'tier.window': 20 },
};

export class FaultyWorld {
  readonly schedule = new Schedule();
  readonly dice: Dice;
  readonly core = core;
  readonly keys = fastSigners(core);
  readonly index = new MemoryIndex();
  readonly transcripts: Uint8Array[] = [];
  /** Entries of the reward ledger as they were made durable. */
  readonly ledger: Uint8Array[] = [];
  readonly crashedAt = new Map<string, number>();
  readonly miners: readonly FaultyMiner[];
  readonly process: SimulatedProcess;
  /** Replicas whose bytes were harmed, by their key. */
  readonly harmed = new Set<string>();
  weather: Weather = calm;
  /** Things that happened which excuse a timeout: losses, crashes, disk errors. */
  disturbances = 0;
  /** Milliseconds by which each process's clock is off. */
  readonly clockOffsets = new Map<string, number>();
  readonly #signer: Signer;
  readonly #chain: Chain;
  readonly #sent: Sent[] = [];
  readonly #workFiles = new Map<string, Uint8Array>();

  constructor(
    seed: number,
    readonly mutations: Mutations = {},
  ) {
    this.dice = new Dice(seed);
    this.#signer = this.keys.make('validator');
    this.process = new SimulatedProcess('validator', this.schedule, this.dice, this.crashedAt);
    const miners: FaultyMiner[] = [];
    this.miners = miners;
    this.#chain = this.#simulatedChain();
    for (let i = 0; i < minerCount; i++) {
      const signer = this.keys.make(`miner ${i}`);
      const miner = {
        hotkey: publicKeyOf(signer.publicKey),
        signer,
        process: new SimulatedProcess(`miner ${i}`, this.schedule, this.dice, this.crashedAt),
        holdings: new MemoryHoldings(),
        files: new MemoryReplicas(),
        address: { host: `10.0.${i}.1`, port: 1 + i },
        registered: true,
        context: null as unknown as MinerContext,
      };
      miners.push(miner);
      this.startMiner(miner);
    }
  }

  get validatorKey(): PublicKey {
    return publicKeyOf(this.#signer.publicKey);
  }

  entries(): TranscriptEntry[] {
    return [...new FrameReader().push(concatBytes(...this.transcripts))].map(openFrame);
  }

  ledgerEntries(): LedgerEntry[] {
    const frames = new FrameReader().push(concatBytes(...this.ledger));
    return [...frames].map(({ sealedHead }) => readLedgerEntry(Uint8Array.from(sealedHead)));
  }

  /** A piece of random bytes. */
  newPiece(): { readonly pieceId: PieceId; readonly data: Uint8Array } {
    const data = this.dice.bytes(1 + this.dice.below(6000));
    return { pieceId: pieceIdOf(core.hash(data)), data };
  }

  /** The piece in a file, as an API node's spool has it. */
  spool(data: Uint8Array): string {
    const path = `spool ${this.dice.next()}`;
    this.#workFiles.set(path, data);
    return path;
  }

  minerOf(hotkey: PublicKey): FaultyMiner {
    return this.miners.find((miner) => miner.hotkey === hotkey)!;
  }

  /** Whether the replica's miner is on the subnet and has its true bytes. */
  isIntact(replica: ReplicaRecord): boolean {
    const miner = this.minerOf(replica.minerKey);
    const file = miner.files.files.get(replicaKey(replica));
    return (
      miner.registered &&
      file !== undefined &&
      toHex(core.hash(file.data)) === replica.root &&
      miner.holdings.records.has(replicaKey(replica))
    );
  }

  intactReplicas(pieceId: PieceId): readonly ReplicaRecord[] {
    return [...this.index.replicas.values()].filter((one) => one.pieceId === pieceId && this.isIntact(one));
  }

  /** Harms a replica's bytes, or takes its file away. */
  harm(replica: ReplicaRecord): void {
    const { files } = this.minerOf(replica.minerKey).files;
    const file = files.get(replicaKey(replica))!;
    this.harmed.add(replicaKey(replica));
    if (this.dice.chance(0.3)) {
      files.delete(replicaKey(replica));
      return;
    }
    file.data = file.data.slice();
    file.data[this.dice.below(file.data.length)]! ^= 1 + this.dice.below(255);
  }

  startMiner(miner: FaultyMiner): void {
    const { process, signer } = miner;
    const { epoch } = process;
    process.up = true;
    if (this.mutations.receiptBeforeSync) this.#loseUnsynced(miner);
    const clock = this.#clockOf(process.name);
    const replicas = process.gated(epoch, 'replicas', miner.files.port, { free: ['stream', 'list'] });
    const gatedCreate: typeof replicas.create = async (id, size) => {
      const writer = await process.gate(epoch, 'replicas.create', () => miner.files.port.create(id, size));
      return process.gated<ReplicaWriter>(epoch, 'writer', writer);
    };
    miner.context = composeMiner({
      signer,
      verify: this.keys.verify,
      core,
      chain: this.#chain,
      replicas: new Proxy(replicas, {
        get: (target, name) => (name === 'create' ? gatedCreate : target[name as keyof typeof target]),
      }),
      index: process.gated(epoch, 'holdings', miner.holdings.port),
      prover: process.gated(
        epoch,
        'prover',
        memoryProver(core, (path) => this.#read(miner, path)),
      ),
      clock,
      log: silentLog(),
    });
  }

  startValidator(): RunningValidator {
    const { process } = this;
    const { epoch } = process;
    process.up = true;
    if (this.mutations.indexNotDurable) {
      const before = new Map(this.index.replicas);
      process.whenEnded(() => this.#undoLastChange(before));
    }
    const clock = this.#clockOf(process.name);
    const { genesis, netuid } = this.#chain;
    const context: ValidatorContext = {
      party: { genesis, netuid, publicKey: this.#signer.publicKey },
      signer: this.#signer,
      secret: replicaSecret(this.#signer),
      verify: this.keys.verify,
      core,
      chain: this.#chain,
      view: new ChainView(this.#chain, clock),
      index: process.gated(epoch, 'index', this.index.port),
      prover: process.gated(epoch, 'prover', this.#validatorProver()),
      network: this.#network(epoch),
      cipher: nodeCipher,
      clock,
      random: { bytes: (length) => this.dice.bytes(length) },
      log: silentLog(),
      lag: { since: () => 0, stop: () => {} } as unknown as ValidatorContext['lag'],
      transcripts: {
        append: this.#append(epoch, 'transcripts', this.transcripts),
        entriesSince: async function* (this: FaultyWorld) {
          yield* this.entries();
        }.bind(this),
        ownAnswersSince: async function* (this: FaultyWorld) {
          for (const { head } of this.entries()) {
            const answer = answerOf(head);
            if (answer !== null) yield answer;
          }
        }.bind(this),
        close: async () => {},
      },
      audit: { loss: 0.1, confidence: 0.99 },
      deadlines: defaultDeadlines,
      settlingMemory: new SettlingMemory(),
      retired: new Map(),
      rates: new MinerRates(),
      presence: new Presence(),
      vpermitTaoLimit: 500,
      storageLimit: async () => Number.MAX_SAFE_INTEGER,
      workFiles: process.gated(epoch, 'workFiles', this.#simulatedWorkFiles(), { free: ['read'] }),
      liveRounds: new Set(),
      processId: 'validator',
    };
    const failures = new FailureCounts();
    const repairs = new Repairs(context, { folder: 'work', failures, piecesAtOnce: 2, bytesPerSecond: 1e9 });
    const log: RewardLog = {
      append: this.#append(epoch, 'ledger', this.ledger),
      fromLastState: async () => {
        const entries = this.ledgerEntries();
        return entries.slice(entries.map(({ value }) => value.event).lastIndexOf('state'));
      },
      transcriptsNamedSince: async () =>
        new Set(
          this.ledgerEntries().flatMap(({ value }) =>
            value.answers.map(({ transcript }) => toHex(transcript)),
          ),
        ),
      close: async () => {},
    };
    const openRewards = async (): Promise<Rewarding> =>
      openRewarding(context, { log, rules, block: (await context.view.head()).number });
    return { context, repairs, failures, openRewards };
  }

  /** Some message of any time arrives (again). */
  async replay(): Promise<void> {
    if (this.#sent.length === 0) return;
    const sent = this.dice.pick(this.#sent);
    const miner = this.miners[sent.to]!;
    if (miner.process.up) void this.#handle(miner.context, sent).catch(() => {});
  }

  #read(miner: FaultyMiner, path: string): Uint8Array {
    const stored = miner.files.files.get(path);
    if (stored === undefined) throw new FileTaoError('unknown-replica', 'no such file');
    return stored.data;
  }

  #loseUnsynced({ files, process }: FaultyMiner): void {
    const newest = [...files.files.keys()].at(-1);
    process.whenEnded(() => {
      const last = [...files.files.keys()].at(-1);
      if (last !== undefined && last !== newest) files.files.delete(last);
    });
  }

  /** Records that changed since go back by a version. */
  #undoLastChange(before: ReadonlyMap<string, ReplicaRecord>): void {
    for (const [key, record] of this.index.replicas) {
      const older = before.get(key);
      if (older !== undefined && older.version < record.version) this.index.replicas.set(key, older);
    }
  }

  #clockOf(name: string): Clock {
    const { clock } = this.schedule;
    return { ...clock, now: () => clock.now() + (this.clockOffsets.get(name) ?? 0) };
  }

  /** What failed to be written is cut off again by the log, so it leaves nothing. */
  #append(epoch: number, name: string, entries: Uint8Array[]): (entry: Uint8Array) => Promise<void> {
    return (entry) =>
      this.process.gate(epoch, `${name}.append`, async () => void entries.push(entry.slice()), 'before');
  }

  /** Digests pieces as they are encoded, from the work files. */
  #validatorProver(): ValidatorContext['prover'] {
    const plain = memoryProver(core, (path) => this.#workFiles.get(path)!);
    return {
      ...plain,
      digest: async ({ path, keys, encodeKey }) => {
        const data = this.#workFiles.get(path);
        if (data === undefined) throw new FileTaoError('not-found', 'no such work file');
        const encoded = encodeKey === undefined ? data : nodeCipher.aes256Ctr(encodeKey).apply(data).slice();
        return {
          root: core.hash(encoded),
          keyed: keys.map((key) => core.keyed(key, encoded)),
          outboard: null,
        };
      },
    };
  }

  #simulatedWorkFiles(): WorkFiles {
    const files = this.#workFiles;
    return {
      write: async (_, pieceId, data) => {
        const path = `work ${pieceId} ${this.dice.next()}`;
        files.set(path, data.slice());
        return path;
      },
      read: async function* (path) {
        yield files.get(path)!.slice();
      },
      remove: async (path) => void files.delete(path),
    };
  }

  #simulatedChain(): Chain {
    const hashOf = (number: number) => core.hash(utf8(`block ${number}`));
    const head = () => 100 + Math.floor(this.schedule.clock.monotonic() / blockMs);
    const neurons = () => [
      {
        uid: 0,
        hotkey: this.validatorKey,
        stake: 1000,
        validatorPermit: true,
        address: null,
        lastUpdate: 0,
      },
      ...this.miners
        .filter(({ registered }) => registered)
        .map(({ hotkey, address }, i) => ({
          uid: 1 + i,
          hotkey,
          stake: 0,
          validatorPermit: false,
          address,
          lastUpdate: 0,
        })),
    ];
    const simulated: Partial<Chain> = {
      network: 'simulated',
      netuid: 21,
      genesis: hashOf(0),
      blockIntervalMs: blockMs,
      finalisedHead: async () => ({ number: head(), hash: hashOf(head()) }),
      blockHash: async (number) => (number <= head() ? hashOf(number) : null),
      neurons: async () => neurons(),
      neuron: async (hotkey) => neurons().find((neuron) => neuron.hotkey === hotkey) ?? null,
      serve: async () => {},
      close: async () => {},
    };
    return simulated as Chain;
  }

  #network(epoch: number): Network {
    return {
      close: async () => {},
      request: async (request) => {
        const { weather, dice, schedule, process } = this;
        const body = request.body === undefined ? [] : await gathered(request.body.parts);
        const to = this.miners.findIndex(({ address }) => address.port === request.address.port);
        const miner = this.miners[to]!;
        const sent: Sent = {
          to,
          route: request.route,
          head: request.head.slice(),
          body: concatBytes(...body),
        };
        this.#sent.push(sent);
        return new Promise<NodeReply>((resolve, reject) => {
          const settle = (act: () => void) => () => {
            if (process.epoch === epoch) act();
          };
          const delay = () => dice.below(weather.delayMsMax + 1);
          const fail = (code: 'unreachable' | 'timeout', afterMs: number) => {
            this.disturbances++;
            schedule.after(
              afterMs,
              settle(() => reject(new FileTaoError(code, `simulated: ${code}`))),
            );
          };
          const arrive = (): void => {
            if (miner.process.up) void this.#handle(miner.context, sent).catch(() => {});
          };
          if (dice.chance(weather.duplicate)) schedule.after(dice.below(60_000), arrive);
          if (dice.chance(weather.hang)) {
            schedule.after(delay(), arrive);
            return fail('timeout', request.timeoutMs);
          }
          if (dice.chance(weather.loss)) {
            // The request is lost, or only its answer.
            if (dice.chance(0.5)) schedule.after(delay(), arrive);
            return fail('unreachable', delay());
          }
          schedule.after(
            request.timeoutMs,
            settle(() => reject(new FileTaoError('timeout', 'simulated: late'))),
          );
          schedule.after(delay(), () => {
            if (!miner.process.up) return fail('unreachable', delay());
            // A process that ends closes its connections.
            miner.process.whenEnded(() => fail('unreachable', delay()));
            void this.#answer(miner, sent).then((reply) =>
              schedule.after(
                delay(),
                settle(() => resolve(reply)),
              ),
            );
          });
        });
      },
    };
  }

  /** As the miner's routes do: failures of genuine requests are signed refusals. */
  async #answer({ context }: FaultyMiner, sent: Sent): Promise<NodeReply> {
    let kind: NodeReply['kind'] = 'answer';
    let bytes: Uint8Array;
    try {
      bytes = await this.#handle(context, sent);
    } catch (error) {
      const failure = toFileTaoError(error);
      const { value, digest } = openSealed(routeKinds[sent.route], sent.head, context.verify);
      const code = refusalCodes.find((known) => known === failure.code) ?? 'internal';
      kind = 'refusal';
      bytes = sealMessage(
        refusalKind,
        {
          ...headerTo(context.party, value.sender),
          requestDigest: digest,
          code,
          detail: failure.message.slice(0, 300),
          retryAfter: code === 'busy' || code === 'budget' ? 1 : 0,
          blockNumber: (await this.#chain.finalisedHead()).number,
        },
        context.signer,
      );
    }
    const answered = bytes.slice();
    return {
      kind,
      resynced: false,
      readAll: async () => answered,
      parts: once(answered),
      elapsedMs: () => 0,
    };
  }

  async #handle(context: MinerContext, { route, head, body }: Sent): Promise<Uint8Array> {
    switch (route) {
      case 'store':
        return storeReplica(context, head, body.length, once(body));
      case 'challenge':
        return (await answerChallenge(context, head)).sealed;
      case 'open': {
        const { head: answer, bulk } = await answerOpening(context, head);
        return concatBytes(frameHead(answer), bulk);
      }
      case 'retrieve': {
        const answer = await retrieveReplica(context, head);
        const parts = await gathered(answer.parts);
        answer.end();
        return concatBytes(...parts);
      }
      case 'renew':
        return renewReplica(context, head);
      case 'delete':
        return deleteReplica(context, head);
      case 'ping':
        return answerPing(context, head);
      default:
        throw new Error(`${route} is not simulated`);
    }
  }
}

async function gathered(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return all;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.slice();
}
