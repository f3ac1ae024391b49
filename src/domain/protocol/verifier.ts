// The validator's side of a challenge round (PROTOCOL 5.1, 5.3, 5.5), without any input or output. Everything
// is checked against values held before the round or received before ν.

import type { ProofCore } from '../core/proof-core.js';
import type { Opened } from '../identity/sealed.js';
import { concatBytes, equalBytes } from '../model/bytes.js';
import { limits, nodeSize } from '../model/constants.js';
import type { BlockRef } from '../ports/chain.js';
import { nextLink, openingCommit, roundSeed } from './derivations.js';
import { openedIndices } from './indices.js';
import {
  type ChallengeBody,
  type CommitmentBody,
  headerTo,
  type OpeningBody,
  type Party,
} from './messages.js';
import { decodeOpening } from './opening.js';
import { chunkCount } from './parameters.js';

/** Why a round failed by the miner's own signed bytes. */
export const proofFaults = [
  'wrong-round',
  'count',
  'link',
  'bulk-digest',
  'opening-length',
  'blinding-range',
  'content-path',
  'keyed-path',
  'commitment-path',
] as const;
export type ProofFault = (typeof proofFaults)[number];

export interface ChallengeTerms {
  readonly root: Uint8Array;
  readonly size: number;
  readonly n: number;
  readonly prevLink: Uint8Array;
  readonly block: BlockRef;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  readonly chunkSize: number;
  readonly openings: number;
  /** 32 random bytes, secret until the commitment is in. */
  readonly nu: Uint8Array;
}

export const challengeBody = (
  core: ProofCore,
  validator: Party,
  minerKey: Uint8Array,
  terms: ChallengeTerms,
): ChallengeBody => ({
  ...headerTo(validator, minerKey),
  root: terms.root,
  size: terms.size,
  n: terms.n,
  prevLink: terms.prevLink,
  blockNumber: terms.block.number,
  blockHash: terms.block.hash,
  nonce: terms.nonce,
  chunkSize: terms.chunkSize,
  openings: terms.openings,
  openingCommit: openingCommit(core, terms.nu),
});

/** Checked before ν is released. */
export function commitmentFault(
  core: ProofCore,
  challenge: Opened<ChallengeBody>,
  commitment: CommitmentBody,
): ProofFault | null {
  const { size, chunkSize, prevLink } = challenge.value;
  if (!equalBytes(commitment.challengeId, challenge.digest)) return 'wrong-round';
  if (commitment.count !== chunkCount(size, chunkSize)) return 'count';
  const seed = roundSeed(core, challenge.body);
  const link = nextLink(core, prevLink, seed, commitment.keyedRoot, commitment.commitmentRoot);
  return equalBytes(commitment.link, link) ? null : 'link';
}

/** A round that awaits the verdict on its opening. */
export interface AnsweredRound {
  readonly challenge: Opened<ChallengeBody>;
  readonly commitment: Opened<CommitmentBody>;
  readonly nu: Uint8Array;
  readonly opening: OpeningBody;
  readonly bulk: Uint8Array;
}

/** Paths checked, commitments not yet: m_j and r_j of the opened chunks, and what they must reach. */
interface PendingRound {
  readonly count: number;
  readonly indices: readonly number[];
  readonly m: Uint8Array;
  readonly r: Uint8Array;
  readonly commitmentProof: Uint8Array;
  readonly commitmentRoot: Uint8Array;
}

function checkPaths(core: ProofCore, round: AnsweredRound): ProofFault | PendingRound {
  const { root, size, chunkSize, openings } = round.challenge.value;
  const { keyedRoot, commitmentRoot, count } = round.commitment.value;
  if (!equalBytes(round.opening.challengeId, round.challenge.digest)) return 'wrong-round';
  if (round.opening.bulkLength !== round.bulk.length) return 'bulk-digest';
  if (!equalBytes(core.hash(round.bulk), round.opening.bulkDigest)) return 'bulk-digest';
  const indices = openedIndices(core, round.nu, round.commitment.digest, count, openings);
  const bulk = decodeOpening(core, { size, chunkSize, openings }, indices, round.bulk);
  if (bulk === null) return 'opening-length';
  if (bulk.chunks.some((chunk) => !core.isCanonicalScalar(chunk.blinding))) return 'blinding-range';
  const seed = roundSeed(core, round.challenge.body);
  const chunks = bulk.chunks.map((chunk) => chunk.data);
  const r = concatBytes(...bulk.chunks.map((chunk) => chunk.blinding));
  const [content, m] = core.openedChunkNodes([null, seed], chunks, indices, chunkSize) as [
    Uint8Array,
    Uint8Array,
  ];
  if (count === 1) {
    // The only chunk is the whole replica: there are no siblings, the digests themselves are compared.
    if (!equalBytes(core.hash(chunks[0]!), root)) return 'content-path';
    if (!equalBytes(core.keyed(seed, chunks[0]!), keyedRoot)) return 'keyed-path';
  } else {
    const reachedRoot = core.multiproofRoot({ kind: 'content' }, count, indices, content, bulk.contentProof);
    if (reachedRoot === null || !equalBytes(reachedRoot, root)) return 'content-path';
    const reachedKeyed = core.multiproofRoot(
      { kind: 'keyed', key: seed },
      count,
      indices,
      m,
      bulk.keyedProof,
    );
    if (reachedKeyed === null || !equalBytes(reachedKeyed, keyedRoot)) return 'keyed-path';
  }
  return { count, indices, m, r, commitmentProof: bulk.commitmentProof, commitmentRoot };
}

/** Commitments of any number of pairs; the core makes at most as many at once as a round can have. */
function commitAll(core: ProofCore, m: Uint8Array, r: Uint8Array): Uint8Array {
  const commitments = new Uint8Array(m.length);
  const step = limits.chunkCountMax * nodeSize;
  for (let at = 0; at < m.length; at += step) {
    commitments.set(core.commit(m.subarray(at, at + step), r.subarray(at, at + step)), at);
  }
  return commitments;
}

/**
 * Verdicts of many rounds, in order; null is a pass. All commitments are recomputed in one batch: as cheap
 * as a random linear combination, deterministic, and no group element is ever decoded.
 */
export function openingFaults(core: ProofCore, rounds: readonly AnsweredRound[]): (ProofFault | null)[] {
  const checked = rounds.map((round) => checkPaths(core, round));
  const pending = checked.filter((result) => typeof result !== 'string');
  const commitments = commitAll(
    core,
    concatBytes(...pending.map((round) => round.m)),
    concatBytes(...pending.map((round) => round.r)),
  );
  let at = 0;
  return checked.map((result) => {
    if (typeof result === 'string') return result;
    const opened = commitments.subarray(at, at + nodeSize * result.indices.length);
    at += opened.length;
    const reached = core.multiproofRoot(
      { kind: 'commitment' },
      result.count,
      result.indices,
      opened,
      result.commitmentProof,
    );
    return reached !== null && equalBytes(reached, result.commitmentRoot) ? null : 'commitment-path';
  });
}
