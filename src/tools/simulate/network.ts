// The simulated subnet as it stands at a block: who is there, what is stored where, what has been counted.

import { blake3 } from '@noble/hashes/blake3.js';
import { roundBlock, type SelectionTask, selectMiners } from '../../domain/economy/selection.js';
import { utf8 } from '../../domain/model/bytes.js';
import { defaults } from '../../domain/model/constants.js';
import { PassProbabilities, shapeOf } from './exchange.js';
import { Measurements } from './measurements.js';
import { createMiners, type SimulatedMiner } from './miners.js';
import { PairLists } from './pair-lists.js';
import { noPiece, ReplicaTable, replicaStates } from './replica-table.js';
import { blockSeconds, defaultValidatorGroup, type Scenario, type ValidatorGroup } from './scenario.js';
import { Draws } from './seeded-draws.js';
import { cutOffs, SimulatedValidator } from './validators.js';

/** Challenge data is as large as the reference's at least. */
const dataBytesMin = 128;
/** Expiries are looked at this often: a replica outlives its time by less. */
const expiryBlocks = 60;

export class SimulatedNetwork {
  readonly miners: readonly SimulatedMiner[];
  readonly validators: readonly SimulatedValidator[];
  readonly replicas = new ReplicaTable();
  readonly lists: PairLists;
  readonly measured: Measurements;
  readonly passes = new PassProbabilities();
  /** One stream for each subject. */
  readonly draws: Readonly<
    Record<'sizes' | 'times' | 'proofs' | 'picks' | 'objects' | 'accusations' | 'real', Draws>
  >;
  readonly #expiring = new Map<number, number[]>();
  readonly #hashes = new Map<number, Uint8Array>();
  readonly #selections = new Map<string, readonly number[]>();
  #selectionsOf = -1;
  #registered: readonly number[] = [];
  /** Blocks at which somebody joins or leaves. */
  readonly #turns: ReadonlySet<number>;
  block = 0;

  constructor(
    readonly scenario: Scenario,
    readonly seed: string,
  ) {
    const stream = (purpose: string): Draws => new Draws(seed, purpose);
    this.draws = {
      sizes: stream('sizes'),
      times: stream('times'),
      proofs: stream('proofs'),
      picks: stream('picks'),
      objects: stream('objects'),
      accusations: stream('accusations'),
      real: stream('real'),
    };
    this.miners = createMiners(scenario, seed, stream('miners'), (uid) => stream(`miner ${uid}`));
    this.#turns = new Set(this.miners.flatMap(({ joins, leaves }) => [joins, leaves]));
    const hotkeys = this.miners.map(({ hotkey }) => hotkey);
    const order = shuffled(hotkeys.length, stream('partitions'));
    this.validators = validatorGroups(scenario).map(
      (group, number, all) =>
        new SimulatedValidator(
          number,
          group,
          scenario.rules,
          hotkeys,
          cutOffs(scenario.partitions, scenario.tempo, number, all.length, order),
        ),
    );
    this.lists = new PairLists(this.validators.length, this.miners.length);
    this.measured = new Measurements(this.miners.length);
    this.#findRegistered();
  }

  get now(): number {
    return this.block * blockSeconds;
  }

  /** Uids on the subnet now, ascending. */
  get registered(): readonly number[] {
    return this.#registered;
  }

  /** Time goes on to the next block: miners join and leave, what has expired goes. @returns uids that left */
  advance(block: number): readonly number[] {
    const before = this.block;
    this.block = block;
    let left: readonly number[] = [];
    if (this.#turns.has(block)) {
      left = this.miners.filter(({ leaves }) => leaves > before && leaves <= block).map(({ uid }) => uid);
      this.#findRegistered();
    }
    for (const [at, ids] of this.#expiring) {
      if (at * expiryBlocks > block) break;
      this.#expiring.delete(at);
      for (const id of ids) {
        this.retire(id, replicaStates.gone);
        this.replicas.release(id);
      }
    }
    return left;
  }

  /** The uids a validator asks at this task, from the hash of its round's first block. */
  select(validator: SimulatedValidator, task: SelectionTask, k: number): readonly number[] {
    const at = roundBlock(validator.view(this.block));
    // Validators in the same round choose the same miners: a choice is made once.
    if (this.#selectionsOf !== this.block) {
      this.#selections.clear();
      this.#selectionsOf = this.block;
    }
    const key = `${at} ${task}`;
    let chosen = this.#selections.get(key);
    if (chosen === undefined) {
      chosen = selectMiners(this.blockHash(at), task, this.#registered, k);
      this.#selections.set(key, chosen);
    }
    return chosen;
  }

  blockHash(number: number): Uint8Array {
    let hash = this.#hashes.get(number);
    if (hash === undefined) {
      hash = blake3(utf8(`simulated block ${number} of ${this.seed}`));
      if (this.#hashes.size > 1000) this.#hashes.clear();
      this.#hashes.set(number, hash);
    }
    return hash;
  }

  /** Records a replica that was stored now. @returns its place in the table */
  addReplica(
    validator: SimulatedValidator,
    uid: number,
    size: number,
    seconds: number,
    piece = noPiece,
  ): number {
    const { replicas } = this;
    const { count, openings } = shapeOf(size, this.scenario.audit);
    const id = replicas.add();
    replicas.validator[id] = validator.number;
    replicas.miner[id] = uid;
    replicas.size[id] = size;
    replicas.count[id] = count;
    replicas.openings[id] = openings;
    replicas.lost[id] = this.miners[uid]!.lostAtStore(count);
    replicas.drawnUntil[id] = this.block;
    replicas.state[id] = replicaStates.active;
    replicas.piece[id] = piece;
    this.lists.add(replicas, id);
    validator.usedBytes[uid]! += size;
    const at = Math.ceil((this.block + seconds / blockSeconds) / expiryBlocks);
    const expiring = this.#expiring.get(at);
    if (expiring === undefined) this.#expiring.set(at, [id]);
    else expiring.push(id);
    return id;
  }

  retire(id: number, state: number): void {
    const { replicas } = this;
    if (replicas.state[id] !== replicaStates.gone && state === replicaStates.gone) {
      this.validators[replicas.validator[id]!]!.usedBytes[replicas.miner[id]!]! -= replicas.size[id]!;
    }
    replicas.retire(id, this.lists, state);
  }

  /** Chunks that are gone by now; losses since the last look are drawn. */
  lostChunks(id: number): number {
    const { replicas } = this;
    const miner = this.miners[replicas.miner[id]!]!;
    const left = replicas.count[id]! - replicas.lost[id]!;
    replicas.lost[id]! += miner.lostSince(left, replicas.drawnUntil[id]!, this.block, this.scenario.tempo);
    replicas.drawnUntil[id] = this.block;
    return replicas.lost[id]!;
  }

  dataSize(): number {
    const { dataMedianBytes, dataSigma } = this.scenario;
    const size = Math.round(this.draws.sizes.logNormal(dataMedianBytes, dataSigma));
    return Math.max(dataBytesMin, Math.min(defaults.pieceSize, size));
  }

  #findRegistered(): void {
    this.#registered = this.miners.filter((miner) => miner.isRegistered(this.block)).map(({ uid }) => uid);
    this.#selectionsOf = -1;
  }
}

/** One entry per validator: those of the scenario first, honest ones for the rest. */
export function validatorGroups({
  validators,
  validatorGroups: groups,
}: Scenario): readonly ValidatorGroup[] {
  const given = groups
    .flatMap((group) => Array.from({ length: group.count }, () => group))
    .slice(0, validators);
  return [...given, ...Array.from({ length: validators - given.length }, () => defaultValidatorGroup)];
}

function shuffled(count: number, draws: Draws): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = draws.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
