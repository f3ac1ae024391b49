// The verdict an entry records against the one its bytes prove. A validator that fails a round whose bytes pass,
// passes one that fails, or blames the miner for what the miner never signed, is found here.

import { errorTable } from '../model/errors.js';
import { isAttributable } from './blame.js';
import type { Checks } from './checks.js';
import type { TranscriptHead } from './transcript.js';

/** What the bytes of an entry prove. */
export type Proven =
  /** `needsData`: fails that only someone who holds the replica can tell from a pass. */
  | { readonly says: 'pass'; readonly needsData?: readonly string[] }
  | { readonly says: 'fail'; readonly reason: string }
  /** The miner signed that it does not answer. */
  | { readonly says: 'refused'; readonly code: string; readonly detail: string; readonly times: number }
  /** There is no answer: why, only the validator knows. */
  | { readonly says: 'nothing' }
  /** The bytes that decided were pruned. `reasons`: fails they may have decided. */
  | { readonly says: 'pruned'; readonly reasons: readonly string[] };

/** Who a recorded failure rests on: the miner's signature, or the validator's word. */
export type Blame = 'miner' | 'word';

/**
 * Voids are the validator's own fault, an agreed `block`, a replica that it had given up, or one that decodes to another
 * piece.
 */
const voidReasons: ReadonlySet<string> = new Set([
  'cancelled',
  'validator-fault',
  'own-lag',
  'block',
  'interrupted',
  'piece-id',
  'given-up',
]);

/** A busy miner is asked once more before it fails. */
const busyCodes: ReadonlySet<string> = new Set(['busy', 'budget']);

/** Adds what is to be said of the recorded verdict; returns who a fail rests on. */
export function judgeVerdict(head: TranscriptHead, proven: Proven, checks: Checks): Blame | null {
  const { outcome, reason, attributable } = head;
  const broken = (says: string): null => {
    checks.breaks('verdict', says);
    return null;
  };
  if (outcome === 'pass' && (reason !== '' || attributable)) return broken('a pass that gives a reason');
  if (outcome === 'void' && attributable) return broken('a void that blames the miner');
  if (outcome === 'void' && !voidReasons.has(reason)) return broken(`"${reason}" is no reason for a void`);

  switch (proven.says) {
    case 'pass':
      return judgeProvenPass(head, proven.needsData ?? [], checks);
    case 'fail':
      if (outcome !== 'fail') return broken(`recorded as ${outcome}, but the bytes fail: ${proven.reason}`);
      if (reason !== proven.reason) {
        return broken(`recorded as fail (${reason}), but what fails is ${proven.reason}`);
      }
      return judgeLabel(head, isAttributable(reason), checks);
    case 'refused':
      return judgeRefusal(head, proven, checks);
    case 'nothing':
      if (outcome === 'pass') return broken('recorded as pass, but there is no answer that passes');
      if (outcome === 'void') {
        if (reason === 'block') return broken('void for a block that the miner did not refuse');
        if (reason === 'given-up')
          return broken('void for a replica given up, which the miner did not refuse to know');
        checks.add('verdict', 'word', `void: ${reason}`);
        return null;
      }
      if (!Object.hasOwn(errorTable, reason)) {
        return broken(`recorded as fail (${reason}), but nothing in the entry shows it`);
      }
      return judgeLabel(head, false, checks);
    case 'pruned':
      if (outcome === 'void') {
        if (reason !== 'validator-fault') return broken(`void (${reason}) after the miner had answered`);
        checks.add('verdict', 'pruned', 'void by a fault of the validator; what would tell more was pruned');
        return null;
      }
      if (outcome === 'fail' && !proven.reasons.includes(reason)) {
        return broken(`recorded as fail (${reason}), which does not fit what was signed`);
      }
      if (outcome === 'fail' && attributable !== isAttributable(reason))
        return judgeLabel(head, !attributable, checks);
      checks.add('verdict', 'pruned', `${outcome} as recorded; the bytes that decided were pruned`);
      return outcome === 'fail' ? 'word' : null;
  }
}

function judgeProvenPass(head: TranscriptHead, needsData: readonly string[], checks: Checks): Blame | null {
  const { outcome, reason } = head;
  if (outcome === 'pass') {
    checks.ok('verdict', 'pass, and the bytes pass');
    return null;
  }
  if (outcome === 'void') {
    if (reason === 'validator-fault' || reason === 'piece-id') {
      checks.add(
        'verdict',
        'word',
        `void (${reason}) although the bytes pass: the miner lost a pass to the validator`,
      );
    } else checks.breaks('verdict', `void (${reason}), but the bytes pass`);
    return null;
  }
  if (needsData.includes(reason)) {
    checks.add('data', 'word', 'the miner signed K; whoever holds the replica can compare it');
    // With a wrong root the label says whether K was signed of the bytes that came: only the validator saw them.
    return judgeLabel(head, reason === 'root' ? head.attributable : true, checks);
  }
  checks.breaks('verdict', `the miner is framed: recorded as fail (${reason}), but the bytes pass`);
  return null;
}

function judgeRefusal(
  head: TranscriptHead,
  { code, detail, times }: Extract<Proven, { says: 'refused' }>,
  checks: Checks,
): Blame | null {
  const { outcome, reason } = head;
  const words = `the miner signed that it refuses: ${code}${detail === '' || detail === code ? '' : ` (${detail})`}`;
  if (outcome === 'pass') {
    checks.breaks('verdict', `recorded as pass, but ${words}`);
    return null;
  }
  if (outcome === 'void') {
    if (reason === 'block' && code !== 'block') checks.breaks('verdict', `void for a block, but ${words}`);
    else if (reason === 'given-up' && code !== 'unknown-replica')
      checks.breaks('verdict', `void for a replica given up, but ${words}`);
    else checks.add('verdict', 'word', `void (${reason}); ${words}`);
    return null;
  }
  if (reason !== code) {
    checks.breaks('verdict', `recorded as fail (${reason}), but ${words}`);
    return null;
  }
  if (head.kind === 'challenge' && busyCodes.has(code) && times < 2) {
    checks.breaks('verdict', `failed at the first "${code}": a busy miner must be asked once more`);
    return null;
  }
  const blame = judgeLabel(head, true, checks);
  if (blame !== null) checks.add('refusal', 'fault', words);
  return blame;
}

/** Compares the label of a fail with whether the miner's signature covers it. */
function judgeLabel(head: TranscriptHead, covered: boolean, checks: Checks): Blame | null {
  if (head.attributable !== covered) {
    checks.breaks(
      'verdict',
      covered
        ? `fail (${head.reason}) is labelled the validator's word, but the miner's signature covers it`
        : `fail (${head.reason}) is labelled attributable, but the miner signed nothing that fails`,
    );
    return null;
  }
  if (covered) checks.add('verdict', 'fault', `fail (${head.reason}), by the miner's own signed bytes`);
  else checks.add('verdict', 'word', `fail (${head.reason}), on the validator's word`);
  return covered ? 'miner' : 'word';
}
