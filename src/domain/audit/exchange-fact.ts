// What a transcript says of its exchange, as far as counts and rewards depend on it.

import type { Opened } from '../identity/sealed.js';
import { readSealed } from '../identity/sealed.js';
import { type PublicKey, publicKeyOf, toHex } from '../model/bytes.js';
import { challengeKind } from '../protocol/messages.js';
import type { Outcome, TranscriptHead } from './transcript.js';

export interface ExchangeFact {
  readonly kind: TranscriptHead['kind'];
  readonly minerKey: PublicKey;
  readonly outcome: Outcome;
  readonly elapsedMs: number;
  readonly size: number;
  /** The block that a challenge named, which its miner had seen itself; null for the other kinds. */
  readonly named: { readonly block: number; readonly hash: string } | null;
}

export function exchangeFactOf({ value }: Opened<TranscriptHead>): ExchangeFact {
  const { kind, outcome, elapsedMs, size } = value;
  return { kind, minerKey: publicKeyOf(value.minerKey), outcome, elapsedMs, size, named: namedBlock(value) };
}

/** Only where the miner answered, and so accepted the block. */
function namedBlock({ kind, messages, outcome }: TranscriptHead): ExchangeFact['named'] {
  if (kind !== 'challenge' || outcome !== 'pass') return null;
  const challenge = messages.find(({ type }) => type === challengeKind.type);
  if (challenge === undefined) return null;
  try {
    const { blockNumber, blockHash } = readSealed(challengeKind, challenge.bytes).value;
    return { block: blockNumber, hash: toHex(blockHash) };
  } catch {
    // The audit of transcripts tells what is wrong with it.
    return null;
  }
}
