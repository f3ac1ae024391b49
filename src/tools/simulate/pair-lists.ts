// Which active replicas each validator has on each miner, and whose turn it is: a miner's replicas are asked about in
// cycles, each once in random order, then anew (nodes/validator/duty/selecting.ts).

import type { ReplicaTable } from './replica-table.js';
import type { Draws } from './seeded-draws.js';

interface PairList {
  readonly ids: number[];
  /** How many at the front were drawn in this cycle. */
  drawn: number;
}

export class PairLists {
  readonly #lists: (PairList | undefined)[];

  constructor(
    validators: number,
    private readonly miners: number,
  ) {
    this.#lists = new Array<PairList | undefined>(validators * miners);
  }

  of(validator: number, miner: number): readonly number[] {
    return this.#lists[validator * this.miners + miner]?.ids ?? [];
  }

  /** The replica to ask about next; null when there is none. */
  next(table: ReplicaTable, validator: number, miner: number, draws: Draws): number | null {
    const list = this.#lists[validator * this.miners + miner];
    if (list === undefined || list.ids.length === 0) return null;
    if (list.drawn >= list.ids.length) list.drawn = 0;
    this.#swap(table, list, list.drawn, list.drawn + draws.below(list.ids.length - list.drawn));
    return list.ids[list.drawn++]!;
  }

  add(table: ReplicaTable, id: number): void {
    const pair = table.validator[id]! * this.miners + table.miner[id]!;
    const list = this.#lists[pair] ?? { ids: [], drawn: 0 };
    this.#lists[pair] = list;
    table.slot[id] = list.ids.length;
    list.ids.push(id);
  }

  /** In constant time: it changes places with the last drawn one, and that with the last. */
  remove(table: ReplicaTable, id: number): void {
    const list = this.#lists[table.validator[id]! * this.miners + table.miner[id]!]!;
    if (table.slot[id]! < list.drawn) this.#swap(table, list, table.slot[id]!, --list.drawn);
    this.#swap(table, list, table.slot[id]!, list.ids.length - 1);
    list.ids.pop();
  }

  #swap(table: ReplicaTable, { ids }: PairList, a: number, b: number): void {
    const [one, other] = [ids[a]!, ids[b]!];
    ids[a] = other;
    ids[b] = one;
    table.slot[other] = a;
    table.slot[one] = b;
  }
}
