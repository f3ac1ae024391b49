// The miner's side of a challenge round (PROTOCOL 5.2 to 5.4), without any input or output: what to compute,
// what to answer. The work proportional to size is done elsewhere (ports/prover.ts) and handed in.

import type { ProofCore } from '../core/proof-core.js';
import type { Opened } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import { leafSize } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { ProveResult } from '../ports/prover.js';
import { nextLink, openingCommit, roundBlinding, roundSeed } from './derivations.js';
import { openedIndices } from './indices.js';
import {
  type ChallengeBody,
  type CommitmentBody,
  headerTo,
  type OpeningBody,
  type OpeningRequestBody,
  type Party,
} from './messages.js';
import { encodeOpening } from './opening.js';
import { chunkLength } from './parameters.js';

/** What the prove pass needs beside the data. */
export interface RoundKeys {
  /** s_n */
  readonly seed: Uint8Array;
  /** b */
  readonly blinding: Uint8Array;
}

export const roundKeys = (
  core: ProofCore,
  secret: Uint8Array,
  challenge: Opened<ChallengeBody>,
): RoundKeys => ({
  seed: roundSeed(core, challenge.body),
  blinding: roundBlinding(core, secret, challenge.digest),
});

/** The answer to a challenge: a function of the challenge and E alone, so it is the same whenever asked. */
export function commitmentBody(
  core: ProofCore,
  miner: Party,
  challenge: Opened<ChallengeBody>,
  pass: Pick<ProveResult, 'count' | 'keyedRoot' | 'commitmentRoot'>,
): CommitmentBody {
  const { sender, prevLink } = challenge.value;
  return {
    ...headerTo(miner, sender),
    challengeId: challenge.digest,
    count: pass.count,
    keyedRoot: pass.keyedRoot,
    commitmentRoot: pass.commitmentRoot,
    link: nextLink(core, prevLink, roundSeed(core, challenge.body), pass.keyedRoot, pass.commitmentRoot),
  };
}

/** What the miner keeps between commitment and opening; recomputed from the challenge when evicted. */
export interface CommittedRound {
  readonly challenge: Opened<ChallengeBody>;
  /** hash of the commitment's body. */
  readonly commitmentDigest: Uint8Array;
  readonly keys: RoundKeys;
  readonly pass: ProveResult;
}

/** Indices to open; throws `forbidden` for a ν that is not the one committed to in the challenge. */
export function requestedIndices(
  core: ProofCore,
  round: CommittedRound,
  request: OpeningRequestBody,
): number[] {
  const { sender, openingCommit: promised, openings } = round.challenge.value;
  if (!equalBytes(request.challengeId, round.challenge.digest) || !equalBytes(request.sender, sender)) {
    throw new FileTaoError('unknown-round', 'no such round of this validator');
  }
  if (!equalBytes(openingCommit(core, request.nu), promised)) {
    throw new FileTaoError('forbidden', 'this is not the ν that the challenge committed to');
  }
  return openedIndices(core, request.nu, round.commitmentDigest, round.pass.count, openings);
}

/**
 * The opening's bulk.
 * @param outboard content values of all 1 KiB leaves
 * @param chunks bytes of the opened chunks, in the order of `indices`
 */
export function openingBulk(
  core: ProofCore,
  round: CommittedRound,
  indices: readonly number[],
  outboard: Uint8Array,
  chunks: readonly Uint8Array[],
): Uint8Array {
  const { chunkSize, size } = round.challenge.value;
  const { pass, keys } = round;
  const contentNodes = core.foldNodes(null, outboard, chunkSize / leafSize);
  return encodeOpening({
    chunks: indices.map((index, i) => {
      const data = chunks[i]!;
      if (data.length !== chunkLength(size, chunkSize, index))
        throw new FileTaoError('damaged', 'a chunk is short');
      return { index, data, blinding: core.blindings(keys.blinding, index, 1) };
    }),
    contentProof: core.multiproof({ kind: 'content' }, contentNodes, indices),
    keyedProof: core.multiproof({ kind: 'keyed', key: keys.seed }, pass.nodes, indices),
    commitmentProof: core.multiproof({ kind: 'commitment' }, pass.commitments, indices),
  });
}

export const openingBody = (
  core: ProofCore,
  miner: Party,
  challenge: Opened<ChallengeBody>,
  bulk: Uint8Array,
): OpeningBody => ({
  ...headerTo(miner, challenge.value.sender),
  challengeId: challenge.digest,
  bulkDigest: core.hash(bulk),
  bulkLength: bulk.length,
});

/** Whether the outboard reaches the root: a cache is checked before it is believed. */
export function outboardReaches(core: ProofCore, outboard: Uint8Array, root: Uint8Array): boolean {
  return outboard.length > 32 && equalBytes(core.treeRoot({ kind: 'content' }, outboard), root);
}
