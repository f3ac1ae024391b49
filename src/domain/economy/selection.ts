// Which miners a round asks: a choice that follows from a block's hash, so that nobody picks it and everybody can
// repeat it. Rounds are three blocks long, and a round's choices come from the hash of its first block.
//
// Algorithm (docs/rewards.md): candidates in ascending order of uid; a stream of little-endian u32 from BLAKE3 in
// derive-key mode, context "filetao v1 selection", over block hash ‖ name of the task, extended output; then Fisher and Yates'
// shuffle from the front, Durstenfeld's form: for i = 0 … k−1, j = i + draw(n − i), swap i and j. draw(m) takes the next
// u32 that is below the largest multiple of m up to 2^32, modulo m: others are thrown away, so no candidate is favoured.

import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, utf8 } from '../model/bytes.js';
import { contexts } from '../model/constants.js';
import type { Neuron } from '../ports/chain.js';

export const selectionTasks = ['store', 'challenge', 'retrieve', 'distribute', 'monitor'] as const;
export type SelectionTask = (typeof selectionTasks)[number];

export const blocksPerRound = 3;

/**
 * Whether a neuron is a miner that can be asked: it has announced where it listens, and is no validator. A permit alone
 * makes none, since the chain gives one to whoever has the most stake, however little that is.
 * @param vpermitTaoLimit TAO of stake up to which a neuron with a permit is a miner
 */
export const isAskable = (
  { address, validatorPermit, stake }: Pick<Neuron, 'address' | 'validatorPermit' | 'stake'>,
  vpermitTaoLimit: number,
): boolean => address !== null && !(validatorPermit && stake > vpermitTaoLimit);

/** The block whose hash decides for the round that `block` lies in. */
export const roundBlock = (block: number): number => block - (block % blocksPerRound);

/**
 * The uids a task of the round asks, in the order of the draw; all candidates when there are no more than k.
 * @param blockHash 32 bytes, of `roundBlock`
 * @param candidates uids in any order, each once
 */
export function selectMiners(
  blockHash: Uint8Array,
  task: SelectionTask,
  candidates: readonly number[],
  k: number,
): readonly number[] {
  const uids = [...new Set(candidates)].sort((a, b) => a - b);
  const draw = drawsFrom(concatBytes(blockHash, utf8(task)));
  const chosen = Math.min(k, uids.length);
  for (let i = 0; i < chosen; i++) {
    const j = i + draw(uids.length - i);
    [uids[i], uids[j]] = [uids[j]!, uids[i]!];
  }
  return uids.slice(0, chosen);
}

/** Whether these uids, in whatever order, are what the task had to ask. */
export function verifySelection(
  blockHash: Uint8Array,
  task: SelectionTask,
  candidates: readonly number[],
  k: number,
  asked: readonly number[],
): boolean {
  const chosen = new Set(selectMiners(blockHash, task, candidates, k));
  return (
    asked.length === chosen.size &&
    new Set(asked).size === chosen.size &&
    asked.every((uid) => chosen.has(uid))
  );
}

/** Whole numbers in [0, below), each equally likely. */
function drawsFrom(material: Uint8Array): (below: number) => number {
  const stream = blake3.create({ context: utf8(contexts.selection) }).update(material);
  const word = new DataView(new ArrayBuffer(4));
  const bytes = new Uint8Array(word.buffer);
  return (below) => {
    const fair = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      stream.xofInto(bytes);
      const value = word.getUint32(0, true);
      if (value < fair) return value % below;
    }
  };
}
