// A page of a miner's inventory, both sides. Entries one after another:
//
//   n u64 ‖ length u32 ‖ terms       little-endian; n: the last round the miner answered; terms: terms.ts
//
// The terms hold the validator's own signed store message, so an entry proves that the validator stored this replica
// here, and the miner's receipt, so it proves what the miner signed for.

import { concatBytes } from '../model/bytes.js';
import { FileTaoError } from '../model/errors.js';
import { decodeTerms, encodeTerms, type Terms } from './terms.js';

export interface InventoryEntry {
  readonly lastN: number;
  readonly terms: Terms;
}

const headBytes = 12;

export function encodeEntry({ lastN, terms }: InventoryEntry): Uint8Array {
  const encoded = encodeTerms(terms);
  const head = new Uint8Array(headBytes);
  const view = new DataView(head.buffer);
  view.setBigUint64(0, BigInt(lastN), true);
  view.setUint32(8, encoded.length, true);
  return concatBytes(head, encoded);
}

/** Throws `bad-message` unless the bulk is entries and nothing else. */
export function decodeEntries(bulk: Uint8Array): readonly InventoryEntry[] {
  const view = new DataView(bulk.buffer, bulk.byteOffset, bulk.byteLength);
  const entries: InventoryEntry[] = [];
  for (let at = 0; at < bulk.length; ) {
    if (at + headBytes > bulk.length) throw new FileTaoError('bad-message', 'the inventory is cut short');
    const lastN = view.getBigUint64(at, true);
    const end = at + headBytes + view.getUint32(at + 8, true);
    if (end > bulk.length || lastN > BigInt(Number.MAX_SAFE_INTEGER))
      throw new FileTaoError('bad-message', 'the inventory is not a list of entries');
    entries.push({ lastN: Number(lastN), terms: decodeTerms(bulk.subarray(at + headBytes, end)) });
    at = end;
  }
  return entries;
}
