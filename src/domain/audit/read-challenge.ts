// What the messages of a challenge round prove (PROTOCOL 5): everything up to the opening's bytes at once; the
// opening itself is left to a batch of many rounds (verifier.ts), because their commitments are recomputed together.

import type { ProofCore } from '../core/proof-core.js';
import type { Opened } from '../identity/sealed.js';
import { equalBytes, toHex } from '../model/bytes.js';
import { toFileTaoError } from '../model/errors.js';
import { openingCommit } from '../protocol/derivations.js';
import { openedIndices } from '../protocol/indices.js';
import {
  type ChallengeBody,
  type CommitmentBody,
  challengeKind,
  commitmentKind,
  type OpeningBody,
  openingKind,
  openingRequestKind,
  refusalKind,
} from '../protocol/messages.js';
import { openingLength } from '../protocol/opening.js';
import { checkRoundShape } from '../protocol/parameters.js';
import { type AnsweredRound, commitmentFault, type ProofFault } from '../protocol/verifier.js';
import type { Checks } from './checks.js';
import type { Conversation } from './conversation.js';
import type { TranscriptHead } from './transcript.js';
import type { Proven } from './verdict.js';

/** A round as far as its signed heads tell. */
export interface ChallengeReading {
  readonly challenge: Opened<ChallengeBody> | null;
  readonly commitment: Opened<CommitmentBody> | null;
  /** Chunks the round opens; empty before ν was released. */
  readonly indices: readonly number[];
  /** null when the entry is broken already. */
  readonly proven: Proven | AnsweredRound | null;
}

/** In the order in which openings are checked; what comes before a fault holds. */
const openingChecks: readonly (readonly [ProofFault, string])[] = [
  ['bulk-digest', 'the bytes have the digest the miner signed'],
  ['opening-length', 'chunks, blindings and proofs have exactly the predetermined length'],
  ['blinding-range', 'every blinding is a canonical scalar'],
  ['content-path', 'the opened chunks lead to the root'],
  ['keyed-path', 'the opened chunks lead to K_n'],
  ['commitment-path', 'the recomputed commitments lead to R_n'],
];

/** What only the opening's bytes can show. */
const shownByBytes: readonly string[] = openingChecks.map(([fault]) => fault);

export function readChallenge(
  core: ProofCore,
  head: TranscriptHead,
  said: Conversation,
  bulks: readonly (Uint8Array | null)[],
  checks: Checks,
): ChallengeReading {
  const challenge = said.first(challengeKind);
  const commitments = said.all(commitmentKind);
  const commitment = commitments[0] ?? null;
  const reading = (
    proven: ChallengeReading['proven'],
    indices: readonly number[] = [],
  ): ChallengeReading => ({
    challenge,
    commitment,
    indices,
    proven,
  });
  if (!orderHolds(head, said, challenge, commitment, checks)) return reading(null);
  if (challenge === null) return reading({ says: 'nothing' });
  if (!challengeHolds(head, challenge, checks)) return reading(null);
  const request = said.first(openingRequestKind);
  const { nu } = head;
  if (request !== null) {
    const { challengeId, nu: released } = request.value;
    const holds =
      equalBytes(challengeId, challenge.digest) &&
      equalBytes(released, nu) &&
      equalBytes(openingCommit(core, nu), challenge.value.openingCommit);
    const otherwise = 'the ν released is not the one the challenge committed to: chunks were picked';
    if (!checks.demand('nu', holds, 'ν is the one the challenge committed to', otherwise))
      return reading(null);
  }

  for (const [i, answer] of commitments.entries()) {
    if (i > 0 && !equalBytes(answer.body, commitment!.body)) {
      checks.add('commitment', 'fault', 'the miner signed two different commitments to one challenge');
      return reading({ says: 'fail', reason: 'commitment-changed' });
    }
    const fault = commitmentFault(core, challenge, answer.value);
    if (fault !== null) {
      checks.add(fault, 'fault', commitmentFaultWords[fault] ?? fault);
      if (request !== null && i === 0) {
        checks.breaks('order', 'ν was released although the commitment was wrong');
        return reading(null);
      }
      return reading({ says: 'fail', reason: fault });
    }
  }
  if (commitment !== null) {
    const { count, keyedRoot, commitmentRoot } = commitment.value;
    checks.ok(
      'commitment',
      `bound to ${count} chunks by K ${short(keyedRoot)} and R ${short(commitmentRoot)}`,
    );
    checks.ok('link', 'recomputed from prevLink, seed, K and R');
  }
  const opening = said.first(openingKind);
  if (opening === null || commitment === null || request === null) {
    return reading(refusalOr(said, [challenge, request]));
  }
  const { openings } = challenge.value;
  const indices = openedIndices(core, nu, commitment.digest, commitment.value.count, openings);
  checks.ok(
    'indices',
    `${indices.length} of ${commitment.value.count} chunks, drawn from ν and the commitment`,
  );
  return reading(
    provenByOpening(core, head, challenge, commitment, opening, indices, bulks, checks),
    indices,
  );
}

const commitmentFaultWords: Readonly<Partial<Record<ProofFault, string>>> = {
  'wrong-round': 'the answer is a commitment to another challenge',
  count: 'the miner committed to another number of chunks',
  link: 'link_n does not follow from prevLink, seed, K and R',
};

const short = (bytes: Uint8Array): string => `${toHex(bytes.subarray(0, 4))}…`;

function refusalOr(said: Conversation, questions: Parameters<Conversation['lastRefusal']>[0]): Proven {
  const refusal = said.lastRefusal(questions);
  if (refusal === null) return { says: 'nothing' };
  const times = said
    .all(refusalKind)
    .filter(({ value }) => value.code === 'busy' || value.code === 'budget').length;
  return { says: 'refused', code: refusal.code, detail: refusal.detail, times };
}

/** Question before answer, commitment before ν, one ν, one opening, and it ends the round. */
function orderHolds(
  head: TranscriptHead,
  said: Conversation,
  challenge: Opened<ChallengeBody> | null,
  commitment: Opened<CommitmentBody> | null,
  checks: Checks,
): boolean {
  const wrong = (says: string): boolean => {
    checks.breaks('order', says);
    return false;
  };
  if (challenge === null && head.messages.length > 0) return wrong('the entry has answers and no challenge');
  if (challenge !== null && said.placeOf(challengeKind) !== 0)
    return wrong('the challenge does not come first');
  const asked = said.placeOf(openingRequestKind);
  const released = asked < Number.POSITIVE_INFINITY;
  if (released && (commitment === null || asked < said.placeOf(commitmentKind))) {
    return wrong('ν was released before the miner had committed');
  }
  const openings = said.all(openingKind).length;
  if (openings > 1) return wrong('more than one opening');
  if (openings === 1 && (!said.isLast(openingKind) || !released))
    return wrong('the opening is not the last word');
  if (released !== head.nu.length > 0)
    return wrong('the entry names ν without having released it, or not at all');
  if (head.bulks.length !== openings) return wrong('bulks and openings do not match');
  checks.ok('order', 'challenge, commitment, ν, opening');
  return true;
}

function challengeHolds(head: TranscriptHead, { value }: Opened<ChallengeBody>, checks: Checks): boolean {
  const same =
    equalBytes(value.root, head.root) &&
    value.size === head.size &&
    value.n === head.n &&
    equalBytes(value.prevLink, head.prevLink);
  if (
    !checks.demand('challenge', same, `round ${value.n}`, 'the challenge is for another replica or round')
  ) {
    return false;
  }
  try {
    checkRoundShape(value);
    return true;
  } catch (error) {
    checks.breaks(
      'challenge',
      `the validator asked what no miner may answer: ${toFileTaoError(error).message}`,
    );
    return false;
  }
}

function provenByOpening(
  core: ProofCore,
  head: TranscriptHead,
  challenge: Opened<ChallengeBody>,
  commitment: Opened<CommitmentBody>,
  opening: Opened<OpeningBody>,
  indices: readonly number[],
  bulks: readonly (Uint8Array | null)[],
  checks: Checks,
): Proven | AnsweredRound {
  const { challengeId, bulkDigest, bulkLength } = opening.value;
  const fault = (reason: ProofFault, says: string): Proven => {
    checks.add(reason, 'fault', says);
    return { says: 'fail', reason };
  };
  const bulk = bulks[0] ?? null;
  if (!equalBytes(challengeId, challenge.digest))
    return fault('wrong-round', 'the opening is for another challenge');
  if (!equalBytes(bulkDigest, head.bulks[0]!) || (bulk !== null && bulkLength !== bulk.length)) {
    return fault('bulk-digest', 'the bytes received are not those the miner signed');
  }
  if (bulk !== null) return { challenge, commitment, nu: head.nu, opening: opening.value, bulk };
  if (bulkLength !== openingLength(core, challenge.value, indices)) {
    return fault(
      'opening-length',
      'the miner signed an opening of another length than the predetermined one',
    );
  }
  checks.add('opening', 'pruned', 'chunks, blindings and proofs were pruned');
  return { says: 'pruned', reasons: shownByBytes };
}

/** Says what each check of an opening found. */
export function explainOpening(fault: ProofFault | null, checks: Checks): void {
  for (const [check, says] of openingChecks) {
    if (check === fault) {
      checks.add(check, 'fault', `NOT so: ${says}`);
      return;
    }
    checks.ok(check, says);
  }
}
