// The records of an index of millions of replicas, each known again from its number.
import type { PieceId, Root } from '../../src/domain/model/bytes.js';
import type { PieceRecord, ReplicaRecord } from '../../src/domain/model/records.js';
import { bytes32, miner, validator } from '../adapters/index/records.js';

export const miners = 200;
export const copies = 3;
/** Bytes of a receipt as miners sign it. */
const receipt = new Uint8Array(420).fill(7);

const number = (n: number): string => n.toString(16).padStart(12, '0');
/** Spread like digests, so that neighbours in time are none in the index. */
const spread = (n: number): string => number((n * 0x9e3779b1) % 2 ** 40).padStart(16, '0');
const idOf = (n: number): string => `${spread(n).slice(-10)}${'5'.repeat(42)}${number(n)}`;

export const rootOf = (n: number): Root => idOf(n) as Root;
/** Piece of the replica of this number. */
export const pieceOf = (n: number): PieceId => idOf(Math.floor(n / copies)) as PieceId;

export const pieceRecord = (n: number): PieceRecord => ({
  pieceId: pieceOf(n),
  size: 16 * 1024 * 1024,
  copies,
  expiry: 1_900_000_000,
  storedAt: 1_790_000_000,
});

export const replicaRecord = (n: number): ReplicaRecord => ({
  validatorKey: validator(1),
  minerKey: miner(n % miners),
  root: rootOf(n),
  pieceId: pieceOf(n),
  size: 16 * 1024 * 1024,
  expiry: 1_800_000_000 + (n % 1_000_000),
  storedAt: 1_790_000_000,
  state: 'active',
  n: 0,
  link: bytes32(n % 256),
  receipt,
  kept: [],
  openRound: null,
  passed: 0,
  failedRounds: 0,
  lastPassAt: null,
  lastFailure: null,
  version: 1,
});
