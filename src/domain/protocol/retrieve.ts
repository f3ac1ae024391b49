// Retrieving a replica (PROTOCOL 6), both sides. Reads the chain, never advances it. The proof binds the
// streamed bytes to this request and to the chain; the root is what says that they are the right ones.

import type { ProofCore } from '../core/proof-core.js';
import type { Opened } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import { nodeSize } from '../model/constants.js';
import { retrieveProof, retrieveSeed } from './derivations.js';
import {
  headerTo,
  type Party,
  type RangeBody,
  type RetrieveBody,
  type RetrieveProofBody,
} from './messages.js';
import { chunkCount, chunkLength } from './parameters.js';

/** What the miner signs after the bytes. @param keyedRoot keyed(s, E) */
export function retrieveProofBody(
  core: ProofCore,
  miner: Party,
  request: Opened<RetrieveBody>,
  keyedRoot: Uint8Array,
): RetrieveProofBody {
  const seed = retrieveSeed(core, request.body);
  return {
    ...headerTo(miner, request.value.sender),
    requestDigest: request.digest,
    keyedRoot,
    proof: retrieveProof(core, request.value.prevLink, seed, keyedRoot),
  };
}

/**
 * What is wrong with a retrieval, or null. That the proof answers this very request comes first: only then are
 * the other faults the miner's own signed word. @param root,keyedRoot as computed from the streamed bytes
 */
export function retrieveFault(
  core: ProofCore,
  request: Opened<RetrieveBody>,
  root: Uint8Array,
  keyedRoot: Uint8Array,
  proof: RetrieveProofBody,
): string | null {
  if (!equalBytes(proof.requestDigest, request.digest)) return 'wrong-request';
  if (!equalBytes(root, request.value.root)) return 'root';
  if (!equalBytes(proof.keyedRoot, keyedRoot)) return 'keyed-root';
  return retrieveProofFault(core, request, proof);
}

/** The part of it that can be checked without the bytes, on the K that was signed. */
export function retrieveProofFault(
  core: ProofCore,
  request: Opened<RetrieveBody>,
  proof: RetrieveProofBody,
): string | null {
  if (!equalBytes(proof.requestDigest, request.digest)) return 'wrong-request';
  const seed = retrieveSeed(core, request.body);
  const expected = retrieveProof(core, request.value.prevLink, seed, proof.keyedRoot);
  return equalBytes(proof.proof, expected) ? null : 'proof';
}

/** Which chunks of which tree: of a replica, or of a piece P for a client (PROTOCOL 6a). */
export type RangeShape = Pick<RangeBody, 'root' | 'size' | 'chunkSize' | 'firstChunk' | 'chunks'>;

const rangeIndices = (range: RangeShape): number[] =>
  Array.from({ length: range.chunks }, (_, i) => range.firstChunk + i);

/** Bytes [start, end) of E that the range names, or null when it reaches past the replica. */
export function rangeBytes(range: RangeShape): { readonly start: number; readonly end: number } | null {
  const count = chunkCount(range.size, range.chunkSize);
  if (range.firstChunk + range.chunks > count) return null;
  const start = range.firstChunk * range.chunkSize;
  return { start, end: Math.min(start + range.chunks * range.chunkSize, range.size) };
}

/** Bytes of the bulk that answers the range. */
export function rangeBulkLength(core: ProofCore, range: RangeShape): number {
  const indices = rangeIndices(range);
  const count = chunkCount(range.size, range.chunkSize);
  const data = indices.reduce((sum, index) => sum + chunkLength(range.size, range.chunkSize, index), 0);
  return data + nodeSize * core.multiproofLength(count, indices);
}

/** The content multiproof that goes after the chunks. @param nodes content values of all chunks */
export const rangeProof = (core: ProofCore, range: RangeShape, nodes: Uint8Array): Uint8Array =>
  core.multiproof({ kind: 'content' }, nodes, rangeIndices(range));

/** The verified chunk bytes, or null when the bulk does not prove them against the root asked for. */
export function openRange(core: ProofCore, range: RangeShape, bulk: Uint8Array): Uint8Array | null {
  if (rangeBytes(range) === null || bulk.length !== rangeBulkLength(core, range)) return null;
  const indices = rangeIndices(range);
  const count = chunkCount(range.size, range.chunkSize);
  const proofLength = nodeSize * core.multiproofLength(count, indices);
  const data = bulk.subarray(0, bulk.length - proofLength);
  if (count === 1) return equalBytes(core.hash(data), range.root) ? data : null;
  const opened = core.chunkNodes(null, data, range.firstChunk, range.chunkSize);
  const proof = bulk.subarray(bulk.length - proofLength);
  const root = core.multiproofRoot({ kind: 'content' }, count, indices, opened, proof);
  return root !== null && equalBytes(root, range.root) ? data : null;
}
