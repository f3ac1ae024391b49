// Sample index records. Ids are derived from small numbers, so that tests can name them.
import type { Cid, PieceId, PublicKey, Root } from '../../../src/domain/model/bytes.js';
import type {
  HeldReplica,
  ObjectId,
  ObjectRecord,
  PieceRecord,
  ReplicaRecord,
} from '../../../src/domain/model/records.js';

const hex = (kind: number, n: number): string =>
  kind.toString(16).padStart(2, '0') + n.toString(16).padStart(60, '0') + kind.toString(16).padStart(2, '0');

export const validator = (n: number): PublicKey => hex(0xaa, n) as PublicKey;
export const miner = (n: number): PublicKey => hex(0xff, n) as PublicKey;
export const root = (n: number): Root => hex(0x00, n) as Root;
export const piece = (n: number): PieceId => hex(0xff, n) as PieceId;
export const cid = (n: number): Cid =>
  `bafkrei${n
    .toString(10)
    .padStart(9, '0')
    .replace(/[0-9]/g, (digit) => 'abcdefghij'[Number(digit)]!)}` as Cid;
export const claim = (n: number, owner = 7): ObjectId => ({ cid: cid(n), owner: validator(owner) });
export const bytes32 = (n: number): Uint8Array => new Uint8Array(32).fill(n);

export const object = (n: number, change: Partial<ObjectRecord> = {}): ObjectRecord => ({
  cid: cid(n),
  size: 100 + n,
  pieceSize: 64,
  pieceIds: [piece(2 * n), piece(2 * n + 1)],
  redundancy: { scheme: 'replicate', copies: 3 },
  owner: validator(7),
  expiry: 2000 + n,
  storedAt: 1000,
  manifest: new Uint8Array(80).fill(n),
  ...change,
});

export const placedPiece = (n: number, change: Partial<PieceRecord> = {}): PieceRecord => ({
  pieceId: piece(n),
  size: 64,
  copies: 2,
  expiry: 2000 + n,
  storedAt: 1000,
  ...change,
});

export const replica = (n: number, change: Partial<ReplicaRecord> = {}): ReplicaRecord => ({
  validatorKey: validator(1),
  minerKey: miner(n % 5),
  root: root(n),
  pieceId: piece(n % 7),
  size: 1000 + n,
  expiry: 5000 - n,
  storedAt: 1000,
  state: 'active',
  n: 0,
  link: bytes32(n % 256),
  receipt: new Uint8Array(),
  kept: [],
  openRound: null,
  passed: 0,
  failedRounds: 0,
  lastPassAt: null,
  lastFailure: null,
  version: 1,
  ...change,
});

export const held = (n: number, change: Partial<HeldReplica> = {}): HeldReplica => ({
  validatorKey: validator(n % 3),
  minerKey: miner(0),
  root: root(n),
  size: 1000 + n,
  expiry: 5000 - n,
  storedAt: 1000,
  link: bytes32(n % 256),
  lastN: 0,
  receipt: new Uint8Array(200).fill(n),
  ...change,
});
