// How a named block is judged against one's own view of the chain (PROTOCOL 4.4, 5.1).

import { equalBytes } from '../model/bytes.js';
import { limits } from '../model/constants.js';
import type { BlockRef } from '../ports/chain.js';

/** `contradicts`: own view holds another hash; `stale`: too old, or further ahead than any finality lag. */
export type BlockJudgement = 'ok' | 'contradicts' | 'stale';

/**
 * @param known hash of the named block in one's own view, null when that view has not reached it: a block
 * that is merely newer than one's own view contradicts nothing.
 */
export function judgeBlock(named: BlockRef, head: BlockRef, known: Uint8Array | null): BlockJudgement {
  if (head.number - named.number > limits.blockAgeMax) return 'stale';
  if (named.number - head.number > limits.blockAgeMax) return 'stale';
  if (known !== null && !equalBytes(known, named.hash)) return 'contradicts';
  return 'ok';
}
