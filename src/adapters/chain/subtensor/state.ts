// Reads of the chain's storage at one block, as plain values.

import type { ApiPromise } from '@polkadot/api';
import type { Codec } from '@polkadot/types/types';
import { raoPerTao } from '../../../domain/ports/chain.js';

/** The chain's state at one block. */
export type StateAt = Awaited<ReturnType<ApiPromise['at']>>;

type Entry = StateAt['query'][string][string];

const entryOf = (at: StateAt, item: string, pallet = 'subtensorModule'): Entry | undefined =>
  at.query[pallet]?.[item];

export const hasItem = (at: StateAt, item: string): boolean => entryOf(at, item) !== undefined;

/** The block's own time in unix milliseconds; null where the runtime keeps none, or has not set it. */
export async function readTimeMs(at: StateAt): Promise<number | null> {
  const now = entryOf(at, 'now', 'timestamp');
  const timeMs = now === undefined ? 0 : Number((await now()).toString());
  return timeMs > 0 ? timeMs : null;
}

/** Items that every runtime in use has; a runtime without one is too strange to go on with. */
function required(at: StateAt, item: string, pallet?: string): Entry {
  const entry = entryOf(at, item, pallet);
  if (entry === undefined)
    throw new Error(`the runtime has no storage ${pallet ?? 'subtensorModule'}.${item}`);
  return entry;
}

export const readCodec = (at: StateAt, item: string, ...args: readonly unknown[]): Promise<Codec> =>
  required(at, item)(...args);

export const readSystem = (at: StateAt, item: string, ...args: readonly unknown[]): Promise<Codec> =>
  required(at, item, 'system')(...args);

/** Many keys in one call. */
export const readMany = (at: StateAt, item: string, keys: readonly unknown[]): Promise<Codec[]> =>
  keys.length === 0 ? Promise.resolve([]) : required(at, item).multi([...keys]);

export const bigOf = (codec: Codec): bigint => BigInt(codec.toString());

/** Chain numbers up to 2^64 − 1 as a number of blocks or the like: exact as far as it matters. */
export const numberOf = (codec: Codec): number => Number(codec.toString());

export const isTrue = (codec: Codec): boolean => codec.toPrimitive() === true;

export const taoOf = (rao: bigint): number => Number(rao) / Number(raoPerTao);

export const readBig = async (at: StateAt, item: string, ...args: readonly unknown[]): Promise<bigint> =>
  bigOf(await readCodec(at, item, ...args));

export const readNumber = async (at: StateAt, item: string, ...args: readonly unknown[]): Promise<number> =>
  numberOf(await readCodec(at, item, ...args));

export const readFlag = async (at: StateAt, item: string, ...args: readonly unknown[]): Promise<boolean> =>
  isTrue(await readCodec(at, item, ...args));

/** The item's value, or `otherwise` in a runtime that does not have it. */
export const readNumberOr = async (
  at: StateAt,
  otherwise: number,
  item: string,
  ...args: readonly unknown[]
): Promise<number> => (hasItem(at, item) ? readNumber(at, item, ...args) : otherwise);
