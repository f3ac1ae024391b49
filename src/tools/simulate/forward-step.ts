// A validator's forward step: challenge data stored on some miners, rounds and retrievals held with others, some
// pinged, user pieces repaired. Whom it asks follows from the block's hash, what it counts and pays from the economy.

import { type Ending, failureOnTheWay, noted, type OnTheWay, type Reason } from './exchange.js';
import type { SimulatedNetwork } from './network.js';
import type { ObservedValidator } from './observed-validator.js';
import type { RealRounds } from './real-rounds.js';
import { noPiece, replicaStates } from './replica-table.js';
import type { UserPieces } from './user-pieces.js';
import type { BatchAnswer, SimulatedValidator } from './validators.js';

type Task = 'store' | 'challenge' | 'retrieve';

/** Fewer silent miners than this say nothing about the validator's own connection (nodes/validator/monitoring.ts). */
const cutOffMinersMin = 3;

export class ForwardStep {
  constructor(
    private readonly network: SimulatedNetwork,
    private readonly pieces: UserPieces,
    private readonly real: RealRounds | null,
    private readonly observed: ObservedValidator | null,
  ) {}

  run(validator: SimulatedValidator): void {
    const { cadence } = this.network.scenario;
    const { step } = validator;
    this.#store(validator);
    this.#challenge(validator);
    if (step % cadence.retrieveEvery === 0) this.#retrieve(validator);
    this.pieces.repair(validator);
    this.#monitor(validator);
    validator.step++;
  }

  /** One piece of challenge data, a replica to each of the chosen miners. */
  #store(validator: SimulatedValidator): void {
    const { network } = this;
    const { cadence, challengeDataSeconds } = network.scenario;
    if (cadence.store === 0) return;
    const size = network.dataSize();
    const answers: BatchAnswer[] = [];
    for (const uid of network.select(validator, 'store', cadence.store)) {
      if (validator.isDown(uid) || network.miners[uid]!.isLeaving(network.block)) continue;
      const { tiers } = network.scenario.rules;
      if (validator.usedBytes[uid]! + size > tiers[validator.tiers[uid]!]!.storageLimit) continue;
      const miner = network.miners[uid]!;
      const elapsedMs = miner.answerMs(size, 1, network.draws.times);
      const failure = failureOnTheWay(validator, miner, network.block, size, elapsedMs);
      if (this.#isVoid(failure)) continue;
      const ending = this.#note(validator, uid, 'store', {
        passed: failure === null,
        reason: failure ?? '',
        elapsedMs,
      });
      if (failure === null && ending.passed) network.addReplica(validator, uid, size, challengeDataSeconds);
      answers.push({ uid, passed: ending.passed, elapsedMs, size });
    }
    this.#settle(validator, 'store', answers);
  }

  #challenge(validator: SimulatedValidator): void {
    const { cadence } = this.network.scenario;
    this.#askAboutReplicas(validator, 'challenge', cadence.challenge, (id) =>
      this.challengeReplica(validator, id),
    );
  }

  #retrieve(validator: SimulatedValidator): void {
    const { cadence } = this.network.scenario;
    this.#askAboutReplicas(validator, 'retrieve', cadence.retrieve, (id) => {
      const { network } = this;
      const size = network.replicas.size[id]!;
      const miner = network.miners[network.replicas.miner[id]!]!;
      const elapsedMs = miner.answerMs(size, 1, network.draws.times);
      const onTheWay = failureOnTheWay(validator, miner, network.block, size, elapsedMs);
      if (this.#isVoid(onTheWay)) return null;
      const failure = onTheWay ?? (network.lostChunks(id) > 0 ? 'damage' : null);
      return { passed: failure === null, reason: failure ?? '', elapsedMs };
    });
  }

  /** A round: two moves, and the chance that none of the opened chunks is a lost one; null when it is void. */
  challengeReplica(validator: SimulatedValidator, id: number): Ending | null {
    const { network } = this;
    const { replicas } = network;
    const size = replicas.size[id]!;
    const miner = network.miners[replicas.miner[id]!]!;
    const elapsedMs = miner.answerMs(size, 2, network.draws.times);
    const lost = network.lostChunks(id);
    const failure = failureOnTheWay(validator, miner, network.block, size, elapsedMs);
    if (this.#isVoid(failure)) return null;
    if (failure !== null) return { passed: false, reason: failure, elapsedMs };
    const shape = { count: replicas.count[id]!, openings: replicas.openings[id]! };
    const probability = network.passes.of(shape, lost);
    this.real?.offer(shape, lost);
    const passed = probability === 1 || (probability > 0 && network.draws.proofs.chance(probability));
    return { passed, reason: passed ? '' : 'damage', elapsedMs };
  }

  /** Counts exchanges that are held against nobody. */
  #isVoid(failure: OnTheWay): failure is 'void' {
    if (failure === 'void') this.network.measured.voids++;
    return failure === 'void';
  }

  #askAboutReplicas(
    validator: SimulatedValidator,
    task: Task,
    k: number,
    ask: (id: number) => Ending | null,
  ): void {
    const { network } = this;
    const answers: BatchAnswer[] = [];
    for (const uid of network.select(validator, task as 'challenge' | 'retrieve', k)) {
      const id = network.lists.next(network.replicas, validator.number, uid, network.draws.picks);
      // Nothing to ask about: the miner is left out of the batch.
      if (id === null) continue;
      const truth = ask(id);
      if (truth === null) continue;
      const ending = this.#note(validator, uid, task, truth);
      if (truth.reason === 'damage' && !ending.passed) this.#foundDamaged(id);
      answers.push({
        uid,
        passed: ending.passed,
        elapsedMs: ending.elapsedMs,
        size: network.replicas.size[id]!,
      });
    }
    this.#settle(validator, task, answers);
  }

  /** Data that is gone is not asked about again; of a user's piece it is repaired. */
  #foundDamaged(id: number): void {
    const { network } = this;
    const piece = network.replicas.piece[id]!;
    network.retire(id, replicaStates.failed);
    if (piece !== noPiece) this.pieces.noteTrouble(piece);
  }

  #monitor(validator: SimulatedValidator): void {
    const { network } = this;
    const { cadence } = network.scenario;
    const asked = network.select(validator, 'monitor', cadence.monitor);
    const answered = asked.map((uid) => {
      const miner = network.miners[uid]!;
      return !validator.isCutOff(uid, network.block) && miner.isReachable(network.block);
    });
    network.measured.tasks.monitor.asked += asked.length;
    network.measured.tasks.monitor.passed += answered.filter(Boolean).length;
    // When nobody answers it may be the validator that is cut off: nothing is held against anybody.
    if (asked.length >= cutOffMinersMin && !answered.includes(true)) return;
    for (const [i, uid] of asked.entries()) {
      const before = validator.isDown(uid);
      if (validator.notePing(uid, answered[i]!))
        network.measured.noteFailure(network.miners[uid]!, 'away', network.block);
      if (validator.isDown(uid) !== before) this.pieces.noteMiner(validator, uid);
    }
  }

  #settle(validator: SimulatedValidator, task: Task, answers: readonly BatchAnswer[]): void {
    const rewards = validator.settle(task, answers);
    if (this.observed?.validator === validator)
      this.observed.noteBatch(task, this.network.block, answers, rewards);
  }

  #note(validator: SimulatedValidator, uid: number, task: Task, truth: Ending): Ending {
    const { network } = this;
    const miner = network.miners[uid]!;
    const ending = noted(validator, miner, truth, network.draws.accusations);
    const counts = network.measured.tasks[task];
    counts.asked++;
    if (ending.passed) counts.passed++;
    else network.measured.noteFailure(miner, ending.reason as Exclude<Reason, ''>, network.block);
    return ending;
  }
}
