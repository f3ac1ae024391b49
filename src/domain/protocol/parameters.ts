// The numbers of a round: chunks, openings, and what a round is worth (PROTOCOL 5, "Strength", "Chunk size").

import { defaults, leafSize, limits, mebibyte } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';

export const chunkCount = (size: number, chunkSize: number): number => Math.ceil(size / chunkSize);

export const chunkLength = (size: number, chunkSize: number, index: number): number =>
  Math.min(chunkSize, size - index * chunkSize);

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

export interface AuditWish {
  /** Share f of chunks whose loss is to be detected, 0 < f < 1. */
  readonly loss: number;
  /** With this probability p, 0 < p < 1. */
  readonly confidence: number;
}

/** t = ceil(ln(1 − p) / ln(1 − f)), at most count and at most the protocol's limit. */
export function openingsFor(count: number, wish: AuditWish): number {
  if (!(wish.loss > 0 && wish.loss < 1 && wish.confidence > 0 && wish.confidence < 1)) {
    throw new FileTaoError('bad-input', 'audit.loss and audit.confidence must lie between 0 and 1');
  }
  const wished = Math.ceil(Math.log1p(-wish.confidence) / Math.log1p(-wish.loss));
  return Math.max(1, Math.min(wished, count, limits.openingsMax));
}

/**
 * The smallest chunk with at most 16384 chunks; where size ≥ 64 KiB · t, also t · chunk ≤ size / 64, so that
 * transcripts do not publish the replica. Where both cannot hold the second wins, up to 65536 chunks.
 */
export function defaultChunkSize(size: number, openings: number): number {
  let chunkSize: number = limits.chunkSizeMin;
  while (chunkCount(size, chunkSize) > defaults.chunkCountTarget && chunkSize < limits.chunkSizeMax)
    chunkSize *= 2;
  if (size >= 64 * leafSize * openings) {
    while (
      openings * chunkSize > size / 64 &&
      chunkSize > limits.chunkSizeMin &&
      chunkCount(size, chunkSize / 2) <= limits.chunkCountMax
    ) {
      chunkSize /= 2;
    }
  }
  return chunkSize;
}

export interface RoundShape {
  readonly size: number;
  readonly chunkSize: number;
  readonly openings: number;
}

/** Chunks of the round; throws `too-large` or `bad-message` for a shape outside the limits. */
export function checkRoundShape({ size, chunkSize, openings }: RoundShape): number {
  if (!isPowerOfTwo(chunkSize)) throw new FileTaoError('bad-message', 'chunkSize is not a power of two');
  const count = chunkCount(size, chunkSize);
  if (count > limits.chunkCountMax)
    throw new FileTaoError('too-large', `${count} chunks, at most ${limits.chunkCountMax}`);
  if (openings > count) throw new FileTaoError('bad-message', `${openings} openings of ${count} chunks`);
  const bulkMax = openings * (chunkSize + 32 + 3 * 32 * 17);
  if (bulkMax > limits.openingBytesMax) {
    throw new FileTaoError('too-large', 'the opening would exceed its limit');
  }
  return count;
}

/** Probability that a round with `openings` of `count` chunks catches a loss of `lost` chunks: hypergeometric. */
export function detectionProbability(count: number, lost: number, openings: number): number {
  if (lost <= 0) return 0;
  if (lost + openings > count) return 1;
  let missed = 1;
  for (let i = 0; i < openings; i++) missed *= (count - lost - i) / (count - i);
  return 1 - missed;
}

/** Chunks that make up a share of at least `loss`; 7 % of 100 are 7, though 0.07 · 100 is a little more than 7. */
export const chunksOfShare = (count: number, loss: number): number =>
  Math.min(count, Math.ceil(count * loss * (1 - 1e-12)));

export interface Deadlines {
  /** Milliseconds allowed from request flushed to answer received, whatever the size. */
  readonly baseMs: number;
  /** Bytes per second the miner must manage on top. */
  readonly bytesPerSecond: number;
}

export const defaultDeadlines: Deadlines = { baseMs: 10_000, bytesPerSecond: 4 * mebibyte };

export const deadlineMs = ({ baseMs, bytesPerSecond }: Deadlines, bytes: number): number =>
  baseMs + (bytes / bytesPerSecond) * 1000;
