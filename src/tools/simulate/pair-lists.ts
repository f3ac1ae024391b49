// Which active replicas each validator has on each miner: what a round picks from.

import type { ReplicaTable } from './replica-table.js';

export class PairLists {
  readonly #lists: (number[] | undefined)[];

  constructor(
    validators: number,
    private readonly miners: number,
  ) {
    this.#lists = new Array<number[] | undefined>(validators * miners);
  }

  of(validator: number, miner: number): readonly number[] {
    return this.#lists[validator * this.miners + miner] ?? [];
  }

  add(table: ReplicaTable, id: number): void {
    const pair = table.validator[id]! * this.miners + table.miner[id]!;
    const list = this.#lists[pair] ?? [];
    this.#lists[pair] = list;
    table.slot[id] = list.length;
    list.push(id);
  }

  /** In constant time: the last one takes its place. */
  remove(table: ReplicaTable, id: number): void {
    const list = this.#lists[table.validator[id]! * this.miners + table.miner[id]!]!;
    const last = list.pop()!;
    if (last === id) return;
    list[table.slot[id]!] = last;
    table.slot[last] = table.slot[id]!;
  }
}
