// All replicas of a simulation in typed arrays, 37 bytes each and 16 more in the lists they stand in: a million take
// some 55 MB, and nothing for the garbage collector to walk through.

export const noPiece = -1;

/** `gone`: expired, or replaced after its failure. */
export const replicaStates = { active: 0, failed: 1, gone: 2 } as const;

/** Lists of the replicas that are asked about (pair-lists.ts). */
interface AskedLists {
  remove(table: ReplicaTable, id: number): void;
}

export class ReplicaTable {
  validator = new Uint16Array(1024);
  miner = new Int32Array(1024);
  size = new Float64Array(1024);
  /** Chunks of a round, and how many it opens. */
  count = new Uint32Array(1024);
  openings = new Uint16Array(1024);
  lost = new Uint32Array(1024);
  /** Block up to which losses were drawn. */
  drawnUntil = new Int32Array(1024);
  state = new Uint8Array(1024);
  /** A user's piece, or `noPiece` for challenge data. */
  piece = new Int32Array(1024);
  /** Place in the list of its validator and miner. */
  slot = new Int32Array(1024);
  readonly #free: number[] = [];
  #used = 0;
  #live = 0;
  #liveMost = 0;

  get live(): number {
    return this.#live;
  }

  get liveMost(): number {
    return this.#liveMost;
  }

  /** A place for a replica; its columns are the caller's to fill. */
  add(): number {
    const id = this.#free.pop() ?? this.#used++;
    if (id >= this.validator.length) this.#grow();
    this.#live++;
    this.#liveMost = Math.max(this.#liveMost, this.#live);
    return id;
  }

  /** Nothing may refer to it any more. */
  release(id: number): void {
    this.#free.push(id);
    this.#live--;
  }

  /** Takes it out of what its validator asks its miner about. */
  retire(id: number, lists: AskedLists, state: number): void {
    if (this.state[id] === replicaStates.active) lists.remove(this, id);
    this.state[id] = state;
  }

  #grow(): void {
    const length = this.validator.length * 2;
    const longer = <Column extends Uint16Array | Int32Array | Float64Array | Uint32Array | Uint8Array>(
      column: Column,
    ): Column => {
      const next = new (column.constructor as new (size: number) => Column)(length);
      next.set(column as never);
      return next;
    };
    this.validator = longer(this.validator);
    this.miner = longer(this.miner);
    this.size = longer(this.size);
    this.count = longer(this.count);
    this.openings = longer(this.openings);
    this.lost = longer(this.lost);
    this.drawnUntil = longer(this.drawnUntil);
    this.state = longer(this.state);
    this.piece = longer(this.piece);
    this.slot = longer(this.slot);
  }
}
