// The miners a step asks: drawn by the hash of the round's first block (economy/selection.ts), so that anybody can
// repeat the draw; and of a drawn miner's replicas one that it could not foresee.

import { roundBlock, type SelectionTask, selectMiners } from '../../../domain/economy/selection.js';
import type { PublicKey } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { ReplicaId, ReplicaRecord } from '../../../domain/model/records.js';
import type { BlockRef } from '../../../domain/ports/chain.js';
import type { ReachableNeuron } from '../asking.js';
import type { ValidatorContext } from '../context.js';
import { reachableMiners } from '../miners.js';
import type { RecordedSelection } from '../rewarding.js';

export interface Drawn {
  readonly miners: readonly ReachableNeuron[];
  /** How they were drawn, for auditors; absent where all are asked. */
  readonly selection?: RecordedSelection;
}

/** @param k miners at most; 0 is all of them */
export async function drawMiners(
  context: ValidatorContext,
  task: SelectionTask,
  { number }: BlockRef,
  k: number,
): Promise<Drawn> {
  const miners = await reachableMiners(context);
  if (k === 0 || miners.length === 0) return { miners };
  const block = roundBlock(number);
  const blockHash = await context.chain.blockHash(block);
  if (blockHash === null) throw new FileTaoError('block', `block ${block} is not there, so nobody is drawn`);
  const byUid = new Map(miners.map((miner) => [miner.uid, miner]));
  const candidates = [...byUid.keys()];
  const chosen = selectMiners(blockHash, task, candidates, k);
  const drawn = chosen.map((uid) => byUid.get(uid)!);
  return {
    miners: drawn,
    selection: {
      ...{ task, block, blockHash, k, candidates },
      chosen: drawn.map(({ uid, hotkey }) => ({ uid, hotkey })),
    },
  };
}

/** Ids of one miner's replicas kept at most: of more, a random part in each cycle. */
const idsMax = 20_000;
/** Miners whose order is kept at most. */
const minersMax = 4096;
const pageSize = 1000;

/** Draws each miner's replicas in cycles: in random order, each once, then anew. */
export class ReplicaDraws {
  readonly #context: ValidatorContext;
  readonly #orders = new Map<PublicKey, ReplicaId[]>();

  constructor(context: ValidatorContext) {
    this.#context = context;
  }

  /** Active replicas of the miner, as the index has them now; fewer than `count` where it has no more. */
  async next(minerKey: PublicKey, count: number): Promise<readonly ReplicaRecord[]> {
    const drawn: ReplicaRecord[] = [];
    let refilled = false;
    while (drawn.length < count) {
      const order = this.#orders.get(minerKey) ?? [];
      const id = order.pop();
      if (id === undefined) {
        if (refilled) break;
        refilled = true;
        await this.#fill(minerKey);
        continue;
      }
      const replica = await this.#context.index.getReplica(id);
      if (replica?.state !== 'active') continue;
      if (drawn.some(({ root }) => root === replica.root)) break;
      drawn.push(replica);
    }
    return drawn;
  }

  /** A sample without replacement (Vitter's algorithm R), then shuffled by the same draws. */
  async #fill(minerKey: PublicKey): Promise<void> {
    const ids: ReplicaId[] = [];
    let seen = 0;
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof this.index.replicasOfMiner>> = await this.index.replicasOfMiner(
        minerKey,
        cursor,
        pageSize,
      );
      for (const { validatorKey, root, state } of page.items) {
        if (state !== 'active') continue;
        const at = this.#below(++seen);
        const id = { validatorKey, minerKey, root };
        if (ids.length < idsMax) {
          // Inside out: the new one takes a random place, whoever was there goes to the end.
          ids.push(ids[at] ?? id);
          ids[at] = id;
        } else if (at < idsMax) ids[at] = id;
      }
      cursor = page.next;
    } while (cursor !== null);
    this.#orders.delete(minerKey);
    this.#orders.set(minerKey, ids);
    if (this.#orders.size > minersMax) this.#orders.delete(this.#orders.keys().next().value!);
  }

  get index(): ValidatorContext['index'] {
    return this.#context.index;
  }

  #below(limit: number): number {
    const bytes = this.#context.random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) % limit;
  }
}
