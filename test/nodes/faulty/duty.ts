// One validator's life in a history: what it has under way, what it acknowledged, and how it comes back from a crash.
import { type PieceId, type PublicKey, toHex } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { unixSeconds } from '../../../src/domain/ports/clock.js';
import { collectAnswers } from '../../../src/nodes/validator/answers.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { monitorMiners, settleDeregistered } from '../../../src/nodes/validator/monitoring.js';
import { recoverRounds } from '../../../src/nodes/validator/recovery.js';
import { deleteReplicaOn, renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import type { Rewarding } from '../../../src/nodes/validator/rewarding.js';
import { placePiece } from '../../../src/nodes/validator/storing.js';
import { replicaKey } from '../simulated/stores.js';
import { lastState, PeerReader } from './peer-reader.js';
import { noMishaps } from './process.js';
import type { FaultyValidator, RunningValidator } from './validator.js';
import type { FaultyWorld } from './world.js';

export const copies = 2;

/** What a network, crashes and failing disks may do to an honest miner. Nothing it signed about its data. */
export const excusable: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'internal', 'busy']);

/** What all validators of a history write down. */
export interface Diary {
  readonly steps: string[];
  readonly violations: string[];
  rounds: number;
  repaired: number;
}

export class Duty {
  readonly acknowledged = new Map<PieceId, Uint8Array>();
  /** Pieces being stored now. */
  storing = 0;
  #running!: RunningValidator;
  #rewarding!: Rewarding;
  #under: Promise<unknown>[] = [];
  /** The other validators, as this process has read them so far. */
  #peers = new Map<PublicKey, PeerReader>();

  constructor(
    private readonly world: FaultyWorld,
    readonly validator: FaultyValidator,
    private readonly diary: Diary,
  ) {}

  get name(): string {
    return this.validator.process.name;
  }

  get context(): ValidatorContext {
    return this.#running.context;
  }

  get rewarding(): Rewarding {
    return this.#rewarding;
  }

  get peers(): ReadonlyMap<PublicKey, PeerReader> {
    return this.#peers;
  }

  begin(name: string, work: () => Promise<unknown>): void {
    const { steps } = this.diary;
    steps.push(`${this.name}: ${name}`);
    this.#under.push(
      this.#run(work()).catch((error: unknown) =>
        steps.push(`${this.name}: ${name} failed: ${String(error)}`),
      ),
    );
  }

  /** Resolves when everything that was begun has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#under);
    this.#under = [];
  }

  /** Starts the process until it stays up, as its supervisor would; whatever the last one had under way is gone. */
  async restart(): Promise<void> {
    const { process } = this.validator;
    const { schedule, happenings } = this.world;
    for (let tries = 0; tries === 0 || !process.up; tries++) {
      happenings.disturb('restart', process.kind);
      this.#under = [];
      this.storing = 0;
      this.#peers = new Map();
      // Nobody crashes for ever.
      if (tries > 5) process.mishaps = noMishaps;
      this.#running = this.validator.start();
      const opened = await schedule.until(
        this.#run(this.#running.openRewards()).catch((error: unknown) => {
          this.diary.steps.push(`${this.name}: the rewards could not be opened: ${String(error)}`);
          process.crash();
          return 'crashed' as const;
        }),
      );
      if (opened === 'crashed') continue;
      this.#rewarding = opened;
      await schedule.until(this.#run(this.recover()));
    }
  }

  recover(): Promise<void> {
    return recoverRounds(this.context).then(
      () => {},
      (error: unknown) => void this.diary.steps.push(`${this.name}: recovery failed: ${String(error)}`),
    );
  }

  async store(): Promise<void> {
    this.storing++;
    const running = this.#running;
    try {
      await this.#storeOne();
    } finally {
      if (running === this.#running) this.storing--;
    }
  }

  async challenge(replica: ReplicaRecord): Promise<void> {
    const { world, diary } = this;
    const { happenings } = world;
    const miner = world.minerOf(replica.minerKey);
    const before = happenings.disturbances + miner.process.diskErrors;
    const result = await this.#rewarded((context) => challengeReplica(context, replica));
    if (result === null) return;
    diary.rounds++;
    const { outcome, reason, attributable } = result;
    diary.steps.push(`${this.name}: round ${result.n} of ${replica.root.slice(0, 8)}: ${outcome} ${reason}`);
    if (outcome !== 'fail' || world.harmed.has(replicaKey(replica)) || !miner.registered) return;
    const excused = happenings.disturbances + miner.process.diskErrors !== before;
    if (!excusable.has(reason)) diary.violations.push(`a round failed an honest miner: ${reason}`);
    else if (!excused)
      diary.violations.push(
        `a round failed (${reason}, ${attributable ? 'signed' : 'unsigned'}) although nothing disturbed it`,
      );
  }

  async fetch(pieceId: PieceId): Promise<boolean> {
    const { data } = await this.#rewarded((context) => fetchPiece(context, pieceId));
    const same = toHex(data) === toHex(this.acknowledged.get(pieceId)!);
    if (!same) this.diary.violations.push('other bytes were fetched than stored');
    return same;
  }

  async renew(replica: ReplicaRecord): Promise<void> {
    await renewReplicaOn(this.context, replica, replica.expiry + 1 + this.world.dice.below(3600));
  }

  /** The owner gives a piece up: its replicas are deleted on their miners. */
  async forget(pieceId: PieceId): Promise<void> {
    this.acknowledged.delete(pieceId);
    for (const replica of await this.context.index.replicasOfPiece(pieceId))
      await deleteReplicaOn(this.context, replica);
  }

  repair(): Promise<void> {
    return this.#running.repairs.pass(
      ({ outcome }) => {
        if (outcome === 'repaired') this.diary.repaired++;
      },
      { patient: false },
    );
  }

  async monitor(): Promise<void> {
    const { context } = this;
    const mine = this.#rewarding;
    const hotkeys = this.world.miners.filter(({ registered }) => registered).map(({ hotkey }) => hotkey);
    const { lines } = await monitorMiners(context, hotkeys, 5_000);
    const { number: block } = await context.view.head();
    const pings = lines.map(({ hotkey, success }) => ({ minerKey: hotkey, answered: success }));
    await mine.monitor({ block, pings });
    await settleDeregistered(context);
    const gone = this.world.miners.filter(({ registered }) => !registered).map(({ hotkey }) => hotkey);
    await mine.drop(block, gone);
  }

  async weigh(): Promise<void> {
    const mine = this.#rewarding;
    const { number: block } = await this.context.view.head();
    const neurons = await this.context.view.neurons();
    await mine.weigh({ block, neurons, minAllowedWeights: 1, maxWeightsLimit: 65535 });
  }

  /** Reads on in what another validator publishes, and recomputes it; a new process begins at the last state. */
  async readPeer(peer: FaultyValidator): Promise<void> {
    const { world, validator } = this;
    const { process } = validator;
    const read = async (): Promise<void> => {
      const first = world.dice.chance(0.5) ? 0 : Math.max(0, lastState(peer.ledger));
      const reader = this.#peers.get(peer.hotkey) ?? new PeerReader(world.keys.verify, first);
      this.#peers.set(peer.hotkey, reader);
      reader.read(peer, 1 + world.dice.below(8), (bytes) => world.dice.below(bytes));
    };
    await process.gate(process.epoch, 'peer.read', read, 'never');
  }

  isWhole(pieceId: PieceId): boolean {
    const good = [...this.validator.index.replicas.values()].filter(
      (one) => one.pieceId === pieceId && one.state === 'active',
    );
    return good.length >= copies && good.every((one) => this.world.isIntact(one));
  }

  async #storeOne(): Promise<void> {
    const { context, validator } = this;
    const { failures } = this.#running;
    const { pieceId, data, path } = validator.newPiece();
    const expiry = unixSeconds(context.clock) + 20 * 24 * 3600;
    await context.index.putPiece({
      pieceId,
      size: data.length,
      copies,
      expiry,
      storedAt: unixSeconds(context.clock),
    });
    const piece = { pieceId, size: data.length, path, expiry };
    const { replicas } = await placePiece(context, piece, copies, failures);
    if (replicas.length < copies) return;
    this.acknowledged.set(pieceId, data);
    this.diary.steps.push(`${this.name}: stored ${pieceId.slice(0, 8)}`);
  }

  /** Ends with the work, or with the process that does it. */
  #run<Result>(work: Promise<Result>): Promise<Result | 'crashed'> {
    return Promise.race([work, this.validator.process.ended.then(() => 'crashed' as const)]);
  }

  /** A batch of the duty: whatever is asked in it is rewarded once it is done. */
  async #rewarded<Result>(work: (context: ValidatorContext) => Promise<Result>): Promise<Result> {
    const mine = this.#rewarding;
    const { context, answers } = collectAnswers(this.context);
    const result = await work(context);
    const { number } = await context.view.head();
    await mine.step({ block: number, answers });
    await mine.rollIfDue(number);
    return result;
  }
}
