// Users' objects: put, watched and repaired as a validator does it. What is asked of whom is decided by the economy's
// placement and repair; what comes back is the simulated miners'.

import { blake3 } from '@noble/hashes/blake3.js';
import { type PlacementCandidate, retrievalOrder } from '../../domain/economy/placement.js';
import { countsTowards, type MinerStanding, repairOrder } from '../../domain/economy/repair.js';
import { type PieceId, type PublicKey, pieceIdOf, utf8 } from '../../domain/model/bytes.js';
import { defaults } from '../../domain/model/constants.js';
import { failureOnTheWay, type OnTheWay } from './exchange.js';
import type { SimulatedMiner } from './miners.js';
import type { SimulatedNetwork } from './network.js';
import { replicaStates } from './replica-table.js';
import { blockSeconds } from './scenario.js';
import type { SimulatedValidator } from './validators.js';

interface UserPiece {
  readonly validator: number;
  readonly object: number;
  readonly pieceId: PieceId;
  readonly size: number;
  readonly expiry: number;
  /** Places in the replica table. */
  replicas: number[];
  /** Blocks after which a repair that failed is tried again, and how long it waited last. */
  retryAt: number;
  backoff: number;
  lost: boolean;
}

export interface ObjectCounts {
  stored: number;
  /** Not all copies could be stored: never acknowledged. */
  refused: number;
  lost: number;
  bytes: number;
}

export interface RepairCounts {
  repairs: number;
  replicas: number;
  readBytes: number;
  writtenBytes: number;
  /** Pieces that needed a repair when there was nobody to ask for a copy, or to take one. */
  short: number;
}

/** As the validator's (nodes/validator/repairs.ts): ten seconds, doubling up to an hour. */
const firstBackoffBlocks = 1;
const backoffBlocksMax = 3600 / blockSeconds;

export class UserPieces {
  readonly objects: ObjectCounts = { stored: 0, refused: 0, lost: 0, bytes: 0 };
  readonly repairs: RepairCounts = { repairs: 0, replicas: 0, readBytes: 0, writtenBytes: 0, short: 0 };
  readonly #pieces: UserPiece[] = [];
  /** Pieces of each validator that may have too few good replicas. */
  readonly #needy: readonly Set<number>[];
  readonly #lostObjects = new Set<number>();
  /** Miners that say so before they leave. */
  readonly #giveNotice: readonly SimulatedMiner[];
  #objects = 0;
  #due = 0;

  constructor(private readonly network: SimulatedNetwork) {
    this.#needy = network.validators.map(() => new Set<number>());
    this.#giveNotice = network.miners.filter(
      ({ group }) => group.behaviour === 'leaving' && group.noticeHours > 0,
    );
  }

  /** Puts what users put in this many blocks. */
  put(blocks: number): void {
    const { objects, tempo } = this.network.scenario;
    if (this.network.block >= objects.until * tempo) return;
    this.#due += (objects.perEpoch * blocks) / tempo;
    for (; this.#due >= 1; this.#due--) this.#putOne();
  }

  noteTrouble(piece: number): void {
    this.#needy[this.#pieces[piece]!.validator]!.add(piece);
  }

  /** A miner went down, came back, or left: its pieces are looked at. */
  noteMiner(validator: SimulatedValidator, uid: number): void {
    const { replicas } = this.network;
    for (const id of this.network.lists.of(validator.number, uid)) {
      if (replicas.piece[id]! >= 0) this.noteTrouble(replicas.piece[id]!);
    }
  }

  /** A miner is off the subnet: what it held is gone. */
  noteLeft(uid: number): void {
    const { network } = this;
    for (const validator of network.validators) {
      this.noteMiner(validator, uid);
      for (const id of [...network.lists.of(validator.number, uid)]) network.retire(id, replicaStates.failed);
      validator.forget(uid);
    }
  }

  /** Repairs what is short, as far as the bytes go that a step's time allows for. */
  repair(validator: SimulatedValidator): void {
    const { network, repairs } = this;
    const { repairBytesPerSecond, stepBlocks } = network.scenario.cadence;
    const moved = (): number => repairs.readBytes + repairs.writtenBytes;
    const most = moved() + repairBytesPerSecond * stepBlocks * blockSeconds;
    for (const miner of this.#giveNotice) {
      if (miner.isRegistered(network.block) && miner.isLeaving(network.block))
        this.noteMiner(validator, miner.uid);
    }
    const needy = this.#needy[validator.number]!;
    for (const number of needy) {
      if (moved() >= most) return;
      const piece = this.#pieces[number]!;
      if (piece.lost || piece.expiry <= network.now) needy.delete(number);
      else if (piece.retryAt <= network.block) this.#repairOne(validator, number, piece);
    }
  }

  /** Finds the objects that nobody can give back any more. @returns how many there are by now */
  countLost(): number {
    const { network } = this;
    for (const piece of this.#pieces) {
      if (piece.lost || piece.expiry <= network.now) continue;
      piece.lost = !piece.replicas.some((id) => {
        const miner = network.miners[network.replicas.miner[id]!]!;
        return !miner.isGone(network.block) && network.lostChunks(id) === 0;
      });
      if (piece.lost) this.#lostObjects.add(piece.object);
    }
    this.objects.lost = this.#lostObjects.size;
    return this.objects.lost;
  }

  #putOne(): void {
    const { network } = this;
    const { objects } = network.scenario;
    const validator = network.validators[network.draws.objects.below(network.validators.length)]!;
    let left = Math.max(1, Math.round(network.draws.objects.logNormal(objects.medianBytes, objects.sigma)));
    const whole = left;
    const object = this.#objects++;
    const begun: UserPiece[] = [];
    for (let number = 0; left > 0; number++) {
      const size = Math.min(left, defaults.pieceSize);
      left -= size;
      const piece: UserPiece = {
        validator: validator.number,
        object,
        pieceId: pieceIdOf(blake3(utf8(`object ${object} piece ${number} of ${network.seed}`))),
        size,
        expiry: network.now + defaults.userDataSeconds,
        replicas: [],
        retryAt: 0,
        backoff: 0,
        lost: false,
      };
      begun.push(piece);
      const place = this.#pieces.push(piece) - 1;
      this.#placeCopies(validator, place, piece);
      if (piece.replicas.length >= objects.copies) continue;
      // Not acknowledged: nobody counts on it, and nothing is repaired.
      for (const one of begun) one.lost = true;
      this.objects.refused++;
      return;
    }
    this.objects.stored++;
    this.objects.bytes += whole;
  }

  #repairOne(validator: SimulatedValidator, number: number, piece: UserPiece): void {
    const { network, repairs } = this;
    const copies = network.scenario.objects.copies;
    if (this.#good(validator, piece).length >= copies) {
      this.#needy[validator.number]!.delete(number);
      return;
    }
    repairs.repairs++;
    if (this.#fetch(validator, piece)) {
      const stored = this.#placeCopies(validator, number, piece);
      repairs.replicas += stored;
      repairs.writtenBytes += stored * piece.size;
    }
    if (this.#good(validator, piece).length >= copies) {
      piece.backoff = 0;
      this.#needy[validator.number]!.delete(number);
    } else {
      repairs.short++;
      piece.backoff = Math.min(backoffBlocksMax, Math.max(firstBackoffBlocks, 2 * piece.backoff));
      piece.retryAt = network.block + piece.backoff;
    }
  }

  #standing(validator: SimulatedValidator, uid: number): MinerStanding {
    const miner = this.network.miners[uid]!;
    if (!miner.isRegistered(this.network.block) || validator.isDown(uid)) return 'down';
    return miner.isLeaving(this.network.block) ? 'leaving' : 'there';
  }

  #good(validator: SimulatedValidator, piece: UserPiece): readonly number[] {
    const { replicas } = this.network;
    return piece.replicas.filter((id) => {
      const state = replicas.state[id] === replicaStates.active ? 'active' : 'failed';
      return countsTowards(
        { state, expiry: piece.expiry },
        this.#standing(validator, replicas.miner[id]!),
        piece.expiry,
      );
    });
  }

  /** One replica after the other until one is whole, in the order in which a validator asks. */
  #fetch(validator: SimulatedValidator, piece: UserPiece): boolean {
    const { network, repairs } = this;
    const { replicas } = network;
    const asked = piece.replicas.map((id) => ({
      id,
      pieceId: piece.pieceId,
      minerKey: network.miners[replicas.miner[id]!]!.hotkey,
      state: replicas.state[id] === replicaStates.active ? ('active' as const) : ('failed' as const),
      failedRounds: 0,
    }));
    for (const { id, state } of retrievalOrder(asked)) {
      const miner = network.miners[replicas.miner[id]!]!;
      const elapsedMs = miner.answerMs(piece.size, 1, network.draws.times);
      const failure = failureOnTheWay(validator, miner, network.block, piece.size, elapsedMs);
      if (failure === null) repairs.readBytes += piece.size;
      const damaged = failure === null && network.lostChunks(id) > 0;
      if (state === 'active') {
        if (damaged) network.retire(id, replicaStates.failed);
        this.#count(validator, miner.uid, 'retrieve', failure ?? (damaged ? 'damage' : null));
      }
      if (failure === null && !damaged) return true;
    }
    return false;
  }

  /** Brings the piece to its copies as far as miners take them. @returns how many were stored */
  #placeCopies(validator: SimulatedValidator, number: number, piece: UserPiece): number {
    const { network } = this;
    const { replicas, miners } = network;
    const { copies } = network.scenario.objects;
    const good = this.#good(validator, piece);
    const holders = new Set(good.map((id) => replicas.miner[id]!));
    const lostBefore = new Set<PublicKey>(
      piece.replicas
        .filter((id) => !holders.has(replicas.miner[id]!))
        .map((id) => miners[replicas.miner[id]!]!.hotkey),
    );
    const candidates = this.#candidates(validator, holders, piece.size);
    const networks = new Set(good.map((id) => miners[replicas.miner[id]!]!.network));
    let stored = 0;
    for (const { uid } of repairOrder(
      candidates,
      utf8(piece.pieceId),
      networks,
      lostBefore,
    ) as readonly Candidate[]) {
      if (good.length + stored >= copies) break;
      const miner = miners[uid]!;
      const elapsedMs = miner.answerMs(piece.size, 1, network.draws.times);
      const failure = failureOnTheWay(validator, miner, network.block, piece.size, elapsedMs);
      this.#count(validator, uid, 'store', failure);
      if (failure !== null) continue;
      piece.replicas = piece.replicas.filter((id) => replicas.miner[id] !== uid);
      piece.replicas.push(network.addReplica(validator, uid, piece.size, piece.expiry - network.now, number));
      stored++;
    }
    return stored;
  }

  #candidates(
    validator: SimulatedValidator,
    holders: ReadonlySet<number>,
    size: number,
  ): readonly Candidate[] {
    const { network } = this;
    const { tiers } = network.scenario.rules;
    return network.registered
      .filter(
        (uid) =>
          !holders.has(uid) &&
          this.#standing(validator, uid) === 'there' &&
          validator.usedBytes[uid]! + size <= tiers[validator.tiers[uid]!]!.storageLimit,
      )
      .map((uid) => ({
        uid,
        hotkey: network.miners[uid]!.hotkey,
        network: network.miners[uid]!.network,
        usedBytes: validator.usedBytes[uid]!,
        failures: validator.failures[uid]!,
      }));
  }

  /** What a store or a retrieval of user data adds to the miner's record; it is not paid for. */
  #count(
    validator: SimulatedValidator,
    uid: number,
    task: 'store' | 'retrieve',
    failure: OnTheWay | 'damage',
  ): void {
    const { measured, miners, block } = this.network;
    if (failure === 'void') {
      measured.voids++;
      return;
    }
    measured.tasks[task].asked++;
    if (failure === null) measured.tasks[task].passed++;
    else measured.noteFailure(miners[uid]!, failure, block);
    validator.count(uid, failure === null);
  }
}

interface Candidate extends PlacementCandidate {
  readonly uid: number;
}
