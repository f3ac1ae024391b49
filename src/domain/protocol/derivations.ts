// Every value the protocol derives: keys, seeds, links, blindings (PROTOCOL 2 to 6). Fixed-width fields only
// are joined, so every hash input is injective.

import type { ProofCore } from '../core/proof-core.js';
import { concatBytes } from '../model/bytes.js';
import { contexts } from '../model/constants.js';
import type { Signer } from '../ports/signer.js';

/** Validator's secret from which all its replica keys come. */
export const replicaSecret = (signer: Signer): Uint8Array => signer.deriveSecret(contexts.replicaSecret);

/** Miner's secret from which all its blindings come. */
export const minerSecret = (signer: Signer): Uint8Array => signer.deriveSecret(contexts.minerSecret);

/** AES key of one piece on one miner: it never meets two plaintexts. */
export const replicaKey = (
  core: ProofCore,
  secret: Uint8Array,
  pieceId: Uint8Array,
  minerKey: Uint8Array,
): Uint8Array => core.derive(contexts.replica, concatBytes(secret, pieceId, minerKey));

export const openingCommit = (core: ProofCore, nu: Uint8Array): Uint8Array =>
  core.derive(contexts.opening, nu);

/** s_n: unpredictable, bound to this pair, this replica and the previous answer. */
export const roundSeed = (core: ProofCore, challengeBody: Uint8Array): Uint8Array =>
  core.derive(contexts.seed, challengeBody);

/** b, from which the round's blindings r_j are drawn: no two challenges share one. */
export const roundBlinding = (core: ProofCore, secret: Uint8Array, challengeId: Uint8Array): Uint8Array =>
  core.derive(contexts.blinding, concatBytes(secret, challengeId));

/** r of the store commitment. */
export const storeBlinding = (core: ProofCore, secret: Uint8Array, storeDigest: Uint8Array): Uint8Array =>
  core.reduceWide(
    core.xof({ kind: 'derive', context: contexts.storeBlinding }, concatBytes(secret, storeDigest), 64),
  );

export const genesisLink = (
  core: ProofCore,
  seed: Uint8Array,
  keyedRoot: Uint8Array,
  root: Uint8Array,
  validatorKey: Uint8Array,
  minerKey: Uint8Array,
): Uint8Array =>
  core.derive(contexts.linkGenesis, concatBytes(seed, keyedRoot, root, validatorKey, minerKey));

/** C_n of the mission, with this round's own values in it. */
export const nextLink = (
  core: ProofCore,
  prevLink: Uint8Array,
  seed: Uint8Array,
  keyedRoot: Uint8Array,
  commitmentRoot: Uint8Array,
): Uint8Array => core.derive(contexts.link, concatBytes(prevLink, seed, keyedRoot, commitmentRoot));

export const retrieveSeed = (core: ProofCore, requestBody: Uint8Array): Uint8Array =>
  core.derive(contexts.retrieveSeed, requestBody);

export const retrieveProof = (
  core: ProofCore,
  prevLink: Uint8Array,
  seed: Uint8Array,
  keyedRoot: Uint8Array,
): Uint8Array => core.derive(contexts.retrieve, concatBytes(prevLink, seed, keyedRoot));
