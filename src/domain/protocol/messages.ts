// The messages between validator and miner (PROTOCOL 4 to 6). Each is signed by its sender; bulk bodies are
// signed by digest. Ids are raw bytes here.

import { bytes, oneOf, text, uint } from '../identity/codec.js';
import { defineMessage, type MessageKind, type Opened } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import { limits, nodeSize, protocolVersion } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { NodeRoute } from '../ports/network.js';

const bytes32 = bytes(nodeSize);

/** What every body between nodes begins with. */
const header = {
  version: uint(protocolVersion, protocolVersion),
  genesis: bytes32,
  netuid: uint(0, 65535),
  sender: bytes32,
  receiver: bytes32,
} as const;

export interface Header {
  readonly version: number;
  readonly genesis: Uint8Array;
  readonly netuid: number;
  readonly sender: Uint8Array;
  readonly receiver: Uint8Array;
}

const sender = (body: Header): Uint8Array => body.sender;
const replicaSize = uint(1, limits.replicaSizeMax);
/** The finalised block a message names. */
const block = { blockNumber: uint(), blockHash: bytes32 } as const;

export const storeKind = defineMessage(
  'store',
  { ...header, root: bytes32, size: replicaSize, seed: bytes32, expiry: uint(), ...block },
  sender,
);
export const receiptKind = defineMessage(
  'receipt',
  {
    ...header,
    storeDigest: bytes32,
    root: bytes32,
    size: replicaSize,
    keyedRoot: bytes32,
    commitment: bytes32,
    blinding: bytes32,
    link: bytes32,
    expiry: uint(),
  },
  sender,
);

export const challengeKind = defineMessage(
  'challenge',
  {
    ...header,
    root: bytes32,
    size: replicaSize,
    n: uint(1),
    prevLink: bytes32,
    ...block,
    nonce: bytes32,
    chunkSize: uint(limits.chunkSizeMin, limits.chunkSizeMax),
    openings: uint(1, limits.openingsMax),
    openingCommit: bytes32,
  },
  sender,
);
export const commitmentKind = defineMessage(
  'commitment',
  {
    ...header,
    challengeId: bytes32,
    count: uint(1, limits.chunkCountMax),
    keyedRoot: bytes32,
    commitmentRoot: bytes32,
    link: bytes32,
  },
  sender,
);
export const openingRequestKind = defineMessage(
  'opening-request',
  { ...header, challengeId: bytes32, nu: bytes32 },
  sender,
);
/** Signs the opening's bulk: chunks, blindings and the three multiproof arrays. */
export const openingKind = defineMessage(
  'opening',
  { ...header, challengeId: bytes32, bulkDigest: bytes32, bulkLength: uint(0, limits.openingBytesMax) },
  sender,
);

export const retrieveKind = defineMessage(
  'retrieve',
  { ...header, root: bytes32, size: replicaSize, prevLink: bytes32, nonce: bytes32 },
  sender,
);
/** Follows the replica's bytes. */
export const retrieveProofKind = defineMessage(
  'retrieve-proof',
  { ...header, requestDigest: bytes32, keyedRoot: bytes32, proof: bytes32 },
  sender,
);
export const rangeKind = defineMessage(
  'range',
  {
    ...header,
    root: bytes32,
    size: replicaSize,
    chunkSize: uint(limits.chunkSizeMin, limits.chunkSizeMax),
    firstChunk: uint(0, limits.chunkCountMax - 1),
    chunks: uint(1, limits.chunkCountMax),
    nonce: bytes32,
  },
  sender,
);
/** Signs a range's bulk: whole chunks, then the content multiproof. */
export const rangeAnswerKind = defineMessage(
  'range-answer',
  { ...header, requestDigest: bytes32, bulkDigest: bytes32, bulkLength: uint(0, 2 * limits.replicaSizeMax) },
  sender,
);

export const renewKind = defineMessage(
  'renew',
  { ...header, root: bytes32, expiry: uint(), ...block },
  sender,
);
export const deleteKind = defineMessage('delete', { ...header, root: bytes32, ...block }, sender);
/** Answers renew (the expiry now in force) and delete (0). */
export const acknowledgementKind = defineMessage(
  'acknowledgement',
  { ...header, requestDigest: bytes32, root: bytes32, expiry: uint() },
  sender,
);

/** Asks what the miner holds of this validator, page by page: for a validator that has lost its index. */
export const inventoryKind = defineMessage(
  'inventory',
  { ...header, cursor: text(limits.cursorCharactersMax), nonce: bytes32, ...block },
  sender,
);
/** Signs a page's bulk (inventory.ts); `next` is empty at the end. */
export const inventoryAnswerKind = defineMessage(
  'inventory-answer',
  {
    ...header,
    requestDigest: bytes32,
    next: text(limits.cursorCharactersMax),
    bulkDigest: bytes32,
    bulkLength: uint(0, limits.inventoryBytesMax),
  },
  sender,
);

/** Asks whether the miner is there, whether it means to stay, and how much it can still take. */
export const pingKind = defineMessage('ping', { ...header, nonce: bytes32 }, sender);
/** A miner that is leaving serves everything but new stores until its replicas have been moved. */
export const pingAnswerKind = defineMessage(
  'ping-answer',
  { ...header, requestDigest: bytes32, state: oneOf('serving', 'leaving'), freeBytes: uint() },
  sender,
);

/** What is asked by each of a node's routes. */
export const routeKinds: Readonly<Record<NodeRoute, MessageKind<Header>>> = {
  store: storeKind,
  challenge: challengeKind,
  open: openingRequestKind,
  retrieve: retrieveKind,
  range: rangeKind,
  renew: renewKind,
  delete: deleteKind,
  inventory: inventoryKind,
  ping: pingKind,
};

/** Why a miner does not answer as asked. Signed, so that it can be held against the miner. */
export const refusalCodes = [
  'bad-message',
  'bad-signature',
  'wrong-network',
  'forbidden',
  'too-large',
  'block',
  'root-mismatch',
  'unknown-replica',
  'unknown-round',
  'busy',
  'budget',
  'full',
  'leaving',
  'expired',
  'damaged',
  'internal',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

export const refusalKind = defineMessage(
  'refusal',
  {
    ...header,
    requestDigest: bytes32,
    code: oneOf(...refusalCodes),
    detail: text(300),
    retryAfter: uint(0, limits.retryAfterSecondsMax),
    blockNumber: uint(),
  },
  sender,
);

type BodyOf<Kind> = Kind extends MessageKind<infer Value> ? Value : never;
export type StoreBody = BodyOf<typeof storeKind>;
export type ReceiptBody = BodyOf<typeof receiptKind>;
export type ChallengeBody = BodyOf<typeof challengeKind>;
export type CommitmentBody = BodyOf<typeof commitmentKind>;
export type OpeningRequestBody = BodyOf<typeof openingRequestKind>;
export type OpeningBody = BodyOf<typeof openingKind>;
export type RetrieveBody = BodyOf<typeof retrieveKind>;
export type RetrieveProofBody = BodyOf<typeof retrieveProofKind>;
export type RangeBody = BodyOf<typeof rangeKind>;
export type RangeAnswerBody = BodyOf<typeof rangeAnswerKind>;
export type RenewBody = BodyOf<typeof renewKind>;
export type DeleteBody = BodyOf<typeof deleteKind>;
export type AcknowledgementBody = BodyOf<typeof acknowledgementKind>;
export type InventoryBody = BodyOf<typeof inventoryKind>;
export type InventoryAnswerBody = BodyOf<typeof inventoryAnswerKind>;
export type PingBody = BodyOf<typeof pingKind>;
export type PingAnswerBody = BodyOf<typeof pingAnswerKind>;
export type RefusalBody = BodyOf<typeof refusalKind>;

/** The network a node speaks for, and who it is. */
export interface Party {
  readonly genesis: Uint8Array;
  readonly netuid: number;
  readonly publicKey: Uint8Array;
}

export const headerTo = (party: Party, receiver: Uint8Array): Header => ({
  version: protocolVersion,
  genesis: party.genesis,
  netuid: party.netuid,
  sender: party.publicKey,
  receiver,
});

/** Throws `wrong-network` or `forbidden` when the body is not for this party on this network. */
export function checkHeader(party: Party, body: Header): void {
  if (!equalBytes(body.genesis, party.genesis) || body.netuid !== party.netuid) {
    throw new FileTaoError('wrong-network', 'the message is for another chain or subnet');
  }
  if (!equalBytes(body.receiver, party.publicKey)) {
    throw new FileTaoError('forbidden', 'the message is for another hotkey');
  }
}

/** Throws unless an answer comes from the node that was asked, for this party. */
export function checkAnswer(party: Party, answerer: Uint8Array, answer: Opened<Header>): void {
  checkHeader(party, answer.value);
  if (!equalBytes(answer.value.sender, answerer)) {
    throw new FileTaoError('bad-signature', 'the answer is signed by another hotkey than the one asked');
  }
}
