// The blinding scalars of a round. Source: docs/protocol.md (challenge, commitment): r_j = output bytes [64 j, 64 j + 64)
// of keyed(b, "") mod L, so any of them is had without the others.
import { type Instance, OUTPUT_BYTES } from './instance.js';
import { KEYED_HASH, keyingOf } from './modes.js';

/** Blindings one call of `placeBlindings` gives at most. */
export const BLINDINGS_MAX = OUTPUT_BYTES / 64 - 4;

/** Writes r_first … r_(first + count - 1), 32 bytes each, to `out` in the core's memory; count <= BLINDINGS_MAX. */
export function placeBlindings(
  instance: Instance,
  b: Uint8Array,
  first: number,
  count: number,
  out: number,
): void {
  const { exports, regions } = instance;
  const { key, flags } = keyingOf(instance, b, KEYED_HASH);
  exports.rootOf(regions.message.at, 0, key, flags);
  // Output comes in groups of four blocks from a multiple of four.
  const skip = first % 4;
  exports.output(first - skip, 0, Math.ceil((skip + count) / 4), regions.output.at);
  exports.scalarReduceWideBatch(regions.output.at + 64 * skip, count, out);
}
