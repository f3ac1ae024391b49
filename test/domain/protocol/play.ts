// A challenge round played in memory: two real signers, the real core, any E. The prover is the one of
// src/domain/protocol/prover.ts; every step is plain data, so that a test can tamper between any two of them.
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { signerFromUri, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import {
  type MessageKind,
  type Opened,
  openSealed,
  readSealed,
  sealMessage,
} from '../../../src/domain/identity/sealed.js';
import { leafSize } from '../../../src/domain/model/constants.js';
import type { ProveResult } from '../../../src/domain/ports/prover.js';
import type { Signer } from '../../../src/domain/ports/signer.js';
import { minerSecret } from '../../../src/domain/protocol/derivations.js';
import {
  type ChallengeBody,
  type CommitmentBody,
  challengeKind,
  commitmentKind,
  headerTo,
  type OpeningBody,
  type OpeningRequestBody,
  openingKind,
  openingRequestKind,
  type Party,
} from '../../../src/domain/protocol/messages.js';
import { chunkLength } from '../../../src/domain/protocol/parameters.js';
import {
  type CommittedRound,
  commitmentBody,
  openingBody,
  openingBulk,
  type RoundKeys,
  requestedIndices,
  roundKeys,
} from '../../../src/domain/protocol/prover.js';
import { type AnsweredRound, challengeBody } from '../../../src/domain/protocol/verifier.js';

export const core: ProofCore = loadCore();
export const validator = signerFromUri('//Alice');
export const miner = signerFromUri('//Bob');
export const otherMiner = signerFromUri('//Charlie');

export const partyOf = (signer: Signer): Party => ({
  genesis: new Uint8Array(32).fill(7),
  netuid: 42,
  publicKey: signer.publicKey,
});

/** 32 bytes that differ for every number. */
export const bytes32 = (number: number): Uint8Array => {
  const value = new Uint8Array(32).fill(0xa5);
  new DataView(value.buffer).setBigUint64(0, BigInt(number), true);
  return value;
};

/** `size` reproducible bytes without a pattern: an XOF's. */
export const dataOf = (size: number, number = 0): Uint8Array =>
  core.xof({ kind: 'keyed', key: bytes32(number) }, new Uint8Array(), size);

/** A changed copy. */
export const flipped = (bytes: Uint8Array, at: number, mask = 1): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= mask;
  return copy;
};

/** Seals and opens, so that what is tested has passed the codec and a real signature. */
export const sign = <Value>(kind: MessageKind<Value>, value: Value, signer: Signer): Opened<Value> =>
  openSealed(kind, sealMessage(kind, value, signer), verifySr25519);

/** The same without a signature, for thousands of rounds. */
export const unsigned = <Value>(kind: MessageKind<Value>, value: Value): Opened<Value> =>
  readSealed(
    kind,
    sealMessage(kind, value, {
      publicKey: new Uint8Array(32),
      sign: () => new Uint8Array(64),
      deriveSecret: () => new Uint8Array(32),
    }),
  );

export interface Shape {
  readonly size: number;
  readonly chunkSize: number;
  readonly openings: number;
}

export interface Terms extends Shape {
  readonly n?: number;
  readonly prevLink?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly nu?: Uint8Array;
  readonly to?: Signer;
  readonly root: Uint8Array;
}

export const defaultNu = bytes32(99);

export const challengeOf = (terms: Terms): ChallengeBody =>
  challengeBody(core, partyOf(validator), (terms.to ?? miner).publicKey, {
    root: terms.root,
    size: terms.size,
    n: terms.n ?? 1,
    prevLink: terms.prevLink ?? bytes32(1),
    block: { number: 100, hash: bytes32(100) },
    nonce: terms.nonce ?? bytes32(terms.n ?? 1),
    chunkSize: terms.chunkSize,
    openings: terms.openings,
    nu: terms.nu ?? defaultNu,
  });

/** One pass over the data, as a worker of the proving pool makes it. */
export function prove(data: Uint8Array, chunkSize: number, keys: RoundKeys): ProveResult {
  const pass = core.startProof({ key: keys.seed, size: data.length, chunkSize, blinding: keys.blinding });
  for (let at = 0, which = 0; at < data.length; which ^= 1) {
    const input = pass.inputs[which]!;
    const part = data.subarray(at, at + input.length);
    input.set(part);
    pass.absorb(which, part.length);
    at += part.length;
  }
  return { ...pass.finish(), milliseconds: 0 };
}

export const outboardOf = (data: Uint8Array): Uint8Array => core.chunkNodes(null, data, 0, leafSize);

export interface Committed {
  readonly challenge: Opened<ChallengeBody>;
  readonly commitment: Opened<CommitmentBody>;
  readonly round: CommittedRound;
}

type Sign = <Value>(kind: MessageKind<Value>, value: Value, signer: Signer) => Opened<Value>;

/** The miner's first answer. `tamper` changes the body before it is signed. */
export function commit(
  challenge: Opened<ChallengeBody>,
  data: Uint8Array,
  tamper: (body: CommitmentBody, pass: ProveResult) => CommitmentBody = (body) => body,
  signWith: Sign = sign,
  by: Signer = miner,
): Committed {
  const keys = roundKeys(core, minerSecret(by), challenge);
  const pass = prove(data, challenge.value.chunkSize, keys);
  const body = tamper(commitmentBody(core, partyOf(by), challenge, pass), pass);
  const commitment = signWith(commitmentKind, body, by);
  return { challenge, commitment, round: { challenge, commitmentDigest: commitment.digest, keys, pass } };
}

export const requestOf = (challenge: Opened<ChallengeBody>, nu = defaultNu): OpeningRequestBody => ({
  ...headerTo(partyOf(validator), miner.publicKey),
  challengeId: challenge.digest,
  nu,
});

export const chunksOf = (data: Uint8Array, chunkSize: number, indices: readonly number[]): Uint8Array[] =>
  indices.map((index) => {
    const start = index * chunkSize;
    return data.subarray(start, start + chunkLength(data.length, chunkSize, index));
  });

export interface Opening {
  readonly indices: readonly number[];
  readonly opening: Opened<OpeningBody>;
  readonly bulk: Uint8Array;
}

/** The miner's second answer. `tamper` changes the bulk before its digest is signed. */
export function open(
  committed: Committed,
  data: Uint8Array,
  nu = defaultNu,
  tamper: (bulk: Uint8Array, indices: readonly number[]) => Uint8Array = (bulk) => bulk,
  signWith: Sign = sign,
  by: Signer = miner,
): Opening {
  const { challenge, round } = committed;
  const request = signWith(openingRequestKind, requestOf(challenge, nu), validator);
  const indices = requestedIndices(core, round, request.value);
  const chunks = chunksOf(data, challenge.value.chunkSize, indices);
  const bulk = tamper(openingBulk(core, round, indices, outboardOf(data), chunks), indices);
  return {
    indices,
    bulk,
    opening: signWith(openingKind, openingBody(core, partyOf(by), challenge, bulk), by),
  };
}

/** What the verifier judges. */
export const answered = (committed: Committed, opening: Opening, nu = defaultNu): AnsweredRound => ({
  challenge: committed.challenge,
  commitment: committed.commitment,
  nu,
  opening: opening.opening.value,
  bulk: opening.bulk,
});

/** An honest round over `data`. */
export function play(data: Uint8Array, chunkSize: number, openings: number, n = 1) {
  const terms = { root: core.hash(data), size: data.length, chunkSize, openings, n };
  const challenge = sign(challengeKind, challengeOf(terms), validator);
  const committed = commit(challenge, data);
  const opening = open(committed, data);
  return { challenge, committed, opening, round: answered(committed, opening) };
}
