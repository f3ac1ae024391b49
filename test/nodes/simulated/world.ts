// One validator (and the API node beside it) and one honest miner, real state machines on both sides, with
// simulated time, disks and network between them. The network delays, loses, repeats and reorders; either side may
// crash at any moment and come back from a backup.
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { createLog } from '../../../src/adapters/observe/log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { frameHead } from '../../../src/adapters/rpc/wire.js';
import { FrameReader, openFrame, type TranscriptEntry } from '../../../src/domain/audit/transcript.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes, pieceIdOf, publicKeyOf, toHex, utf8 } from '../../../src/domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../../src/domain/model/errors.js';
import type { HeldReplica, ReplicaId, ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Chain } from '../../../src/domain/ports/chain.js';
import type { Network, NodeReply, NodeRoute } from '../../../src/domain/ports/network.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import type { Signer, VerifySignature } from '../../../src/domain/ports/signer.js';
import { minerSecret, replicaKey, replicaSecret } from '../../../src/domain/protocol/derivations.js';
import {
  challengeKind,
  headerTo,
  type Party,
  type RefusalCode,
  refusalCodes,
  refusalKind,
  routeKinds,
  storeKind,
} from '../../../src/domain/protocol/messages.js';
import { defaultDeadlines } from '../../../src/domain/protocol/parameters.js';
import { ChainView } from '../../../src/nodes/chain-view.js';
import { CallRates, openAccess } from '../../../src/nodes/miner/access.js';
import { WorkBudget } from '../../../src/nodes/miner/budget.js';
import { answerChallenge, answerOpening } from '../../../src/nodes/miner/challenging.js';
import type { MinerContext } from '../../../src/nodes/miner/context.js';
import { Leaving } from '../../../src/nodes/miner/leaving.js';
import { CarriedOut } from '../../../src/nodes/miner/replays.js';
import { retrieveReplica } from '../../../src/nodes/miner/retrieving.js';
import { RoundTable } from '../../../src/nodes/miner/rounds.js';
import { ScrubReports } from '../../../src/nodes/miner/scrub-reports.js';
import { storeReplica } from '../../../src/nodes/miner/storing.js';
import { StakeTurns } from '../../../src/nodes/miner/turns.js';
import { deleteReplica, renewReplica } from '../../../src/nodes/miner/upkeep.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { Presence } from '../../../src/nodes/validator/presence.js';
import { MinerRates } from '../../../src/nodes/validator/rates.js';
import { SettlingMemory } from '../../../src/nodes/validator/settling-memory.js';
import { Exchange, passed, recordTranscript } from '../../../src/nodes/validator/transcripts.js';
import { systemWorkFiles } from '../../../src/nodes/validator/work-files.js';
import { fastSigners } from './fast-signers.js';
import { Dice, Schedule } from './schedule.js';
import { type Backup, MemoryHoldings, MemoryPlacements, MemoryReplicas, memoryProver } from './stores.js';
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
const log = createLog({ level: 'silent', json: true, name: 'simulated' });
const blockMs = 12_000;

/** The same in every process. */
export function fastKeys(): NonNullable<WorldOptions['keys']> {
  const { make, verify } = fastSigners(core);
  return { validator: make('validator'), miner: make('miner'), verify };
}

interface Sent {
  readonly route: NodeRoute;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

export class World {
  readonly schedule = new Schedule();
  readonly dice: Dice;
  readonly keys: NonNullable<WorldOptions['keys']>;
  readonly core = core;
  readonly placements = new MemoryPlacements();
  readonly holdings = new MemoryHoldings();
  readonly replicas = new MemoryReplicas();
  /** Entries as they were made durable. */
  readonly transcripts: Uint8Array[] = [];
  readonly piece: Uint8Array;
  readonly mutations: Mutations;
  weather: Weather = calm;
  /** Things that happened which excuse a timeout: losses, crashes. */
  disturbances = 0;
  id!: ReplicaId;

  readonly #chain: Chain;
  /** Challenges that left, by n: no two may share one. */
  readonly #challenged = new Map<number, string>();
  numbersUsedAgain = 0;
  readonly #sent: Sent[] = [];
  #minerEpoch = 0;
  #validatorEpoch = 0;
  #miner!: MinerContext;
  #undo: Backup<ReplicaRecord> | null = null;

  constructor(options: WorldOptions) {
    this.dice = new Dice(options.seed);
    this.keys = options.keys ?? fastKeys();
    this.mutations = options.mutations ?? {};
    this.piece = this.dice.bytes(options.size ?? 40_000);
    this.#chain = this.#simulatedChain();
    this.#startMiner();
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
    this.#sent.push({ route: 'store', head, body: encoded });
    const receipt = await storeReplica(this.#miner, head, encoded.length, once(encoded));
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
    return this.placements.records.values().next().value as ReplicaRecord;
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
    return {
      party: this.#party(signer),
      signer,
      verify,
      secret: replicaSecret(signer),
      core,
      chain: this.#chain,
      view: new ChainView(this.#chain, this.schedule.clock),
      index: new Proxy(index, {
        get: (target, name) => {
          const method = target[name as keyof PlacementIndex] as (...args: unknown[]) => Promise<unknown>;
          return (...args: unknown[]) => alive(() => method(...args));
        },
      }),
      prover: memoryProver(core, this.#read),
      network: this.#network(() => this.#validatorEpoch === epoch),
      cipher: nodeCipher,
      clock: this.schedule.clock,
      random: { bytes: (length) => this.dice.bytes(length) },
      log,
      lag: { since: () => 0, stop: () => {} } as unknown as ValidatorContext['lag'],
      transcripts: {
        append: (entry) => alive(async () => void this.transcripts.push(entry.slice())),
        entriesSince: async function* (this: World) {
          yield* this.entries();
        }.bind(this),
        ownAnswersSince: async function* () {},
        close: async () => {},
      },
      audit: { loss: 0.1, confidence: 0.99 },
      deadlines: defaultDeadlines,
      settlingMemory: new SettlingMemory(),
      workFiles: systemWorkFiles,
      retired: new Map(),
      rates: new MinerRates(),
      presence: new Presence(),
      vpermitTaoLimit: 500,
      storageLimit: async () => Number.MAX_SAFE_INTEGER,
      liveRounds: new Set(),
      processId,
    };
  }

  /** The miner's process ends and starts again: rounds are lost. */
  crashMiner(restore?: Backup<HeldReplica>): void {
    this.disturbances++;
    this.#minerEpoch++;
    if (restore !== undefined) this.holdings.restore(restore);
    this.#startMiner();
  }

  /** All validator processes end: what they had under way stops where it is. */
  crashValidator(restore?: Backup<ReplicaRecord>): void {
    this.disturbances++;
    this.#validatorEpoch++;
    if (restore !== undefined) this.placements.restore(restore);
    else if (this.mutations.indexNotDurable && this.#undo !== null) this.placements.restore(this.#undo);
  }

  /** Some message of any time arrives (again). */
  async replay(): Promise<void> {
    const sent = this.dice.pick(this.#sent);
    await this.#handle(sent).catch(() => {});
  }

  readonly #read = (path: string): Uint8Array => {
    const stored = this.replicas.files.get(path);
    if (stored === undefined) throw new FileTaoError('unknown-replica', 'no such file');
    return stored.data;
  };

  #party({ publicKey }: Signer): Party {
    return { genesis: this.#chain.genesis, netuid: this.#chain.netuid, publicKey };
  }

  #startMiner(): void {
    const { miner: signer, verify } = this.keys;
    const secret = minerSecret(signer);
    if (this.mutations.blindingsNotDerived) secret[0] = this.dice.below(256);
    this.#miner = {
      party: this.#party(signer),
      signer,
      verify,
      secret,
      core,
      chain: this.#chain,
      view: new ChainView(this.#chain, this.schedule.clock),
      replicas: this.replicas.port,
      index: this.holdings.port,
      prover: memoryProver(core, this.#read),
      rounds: new RoundTable(() => this.schedule.clock.monotonic()),
      budget: new WorkBudget(),
      rate: 4 * 1024 * 1024,
      carriedOut: new CarriedOut(),
      leaving: Leaving.staying(),
      scrubReports: new ScrubReports(log),
      access: openAccess,
      rates: new CallRates(openAccess, blockMs),
      turns: new StakeTurns(4, () => this.schedule.clock.monotonic()),
      clock: this.schedule.clock,
      log,
    };
  }

  #simulatedChain(): Chain {
    const { validator, miner } = this.keys;
    const hashOf = (number: number) => core.hash(utf8(`block ${number}`));
    const neurons = [validator, miner].map(({ publicKey }, uid) => ({
      uid,
      hotkey: publicKeyOf(publicKey),
      stake: uid === 0 ? 1000 : 0,
      validatorPermit: uid === 0,
      address: { host: '127.0.0.1', port: 1 + uid },
      lastUpdate: 0,
    }));
    const head = () => 100 + Math.floor(this.schedule.clock.monotonic() / blockMs);
    // Weights, balances and registration are no part of a replica's history.
    const simulated: Partial<Chain> = {
      network: 'simulated',
      netuid: 21,
      genesis: hashOf(0),
      blockIntervalMs: blockMs,
      finalisedHead: async () => ({ number: head(), hash: hashOf(head()) }),
      blockHash: async (number) => (number <= head() ? hashOf(number) : null),
      neurons: async () => neurons,
      neuron: async (hotkey) => neurons.find((neuron) => neuron.hotkey === hotkey) ?? null,
      serve: async () => {},
      close: async () => {},
    };
    return simulated as Chain;
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

  #network(isAlive: () => boolean): Network {
    return {
      close: async () => {},
      request: (request) =>
        new Promise((resolve, reject) => {
          const settle = (act: () => void) => () => {
            if (isAlive()) act();
          };
          const { weather, dice, schedule } = this;
          const sent: Sent = { route: request.route, head: request.head.slice(), body: new Uint8Array() };
          this.#sent.push(sent);
          if (sent.route === 'challenge') this.#noteNumber(sent.head);
          const delay = () => dice.below(weather.delayMsMax + 1);
          const fail = (code: 'unreachable' | 'timeout', afterMs: number) => {
            this.disturbances++;
            schedule.after(
              afterMs,
              settle(() => reject(new FileTaoError(code, `simulated: ${code}`))),
            );
          };
          if (dice.chance(weather.duplicate)) {
            schedule.after(dice.below(60_000), () => void this.#handle(sent).catch(() => {}));
          }
          if (dice.chance(weather.hang)) {
            schedule.after(delay(), () => void this.#handle(sent).catch(() => {}));
            fail('timeout', request.timeoutMs);
            return;
          }
          if (dice.chance(weather.loss)) {
            // The request is lost, or only its answer.
            if (dice.chance(0.5)) schedule.after(delay(), () => void this.#handle(sent).catch(() => {}));
            fail('unreachable', delay());
            return;
          }
          schedule.after(
            request.timeoutMs,
            settle(() => reject(new FileTaoError('timeout', 'simulated: late'))),
          );
          schedule.after(delay(), () => {
            const epoch = this.#minerEpoch;
            void this.#answer(sent).then((reply) => {
              if (this.#minerEpoch !== epoch) fail('unreachable', delay());
              else
                schedule.after(
                  delay(),
                  settle(() => resolve(reply)),
                );
            });
          });
        }),
    };
  }

  /** As the miner's routes do: failures of genuine requests are signed refusals. */
  async #answer(sent: Sent): Promise<NodeReply> {
    const context = this.#miner;
    let kind: NodeReply['kind'] = 'answer';
    let bytes: Uint8Array;
    try {
      bytes = await this.#handle(sent);
    } catch (error) {
      const failure = toFileTaoError(error);
      const { value, digest } = openSealed(routeKinds[sent.route], sent.head, context.verify);
      const code = refusalCodes.find((known) => known === failure.code) ?? ('internal' satisfies RefusalCode);
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

  async #handle({ route, head, body }: Sent): Promise<Uint8Array> {
    const context = this.#miner;
    switch (route) {
      case 'store':
        return storeReplica(context, head, body.length, once(body));
      case 'challenge': {
        if (this.mutations.ownLinkGoverns) this.#requireOwnLink(head);
        return (await answerChallenge(context, head)).sealed;
      }
      case 'open': {
        const { head: answer, bulk } = await answerOpening(context, head);
        return concatBytes(frameHead(answer), bulk);
      }
      case 'retrieve': {
        const parts: Uint8Array[] = [];
        const answer = await retrieveReplica(context, head);
        for await (const part of answer.parts) parts.push(part.slice());
        answer.end();
        return concatBytes(...parts);
      }
      case 'renew':
        return renewReplica(context, head);
      case 'delete':
        return deleteReplica(context, head);
      case 'range':
      case 'inventory':
      case 'ping':
        throw new Error(`${route} is not simulated`);
    }
  }

  #noteNumber(head: Uint8Array): void {
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.slice();
}
