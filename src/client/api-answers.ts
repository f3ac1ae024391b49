// The answers of an API node as values: every field is checked before it is believed, since whoever listens at
// an address may send anything.

import { fromHex, isHex32 } from '../domain/model/bytes.js';
import { defaults, limits } from '../domain/model/constants.js';
import { FileTaoError } from '../domain/model/errors.js';

export interface NodeInfo {
  readonly version: string;
  readonly network: string;
  readonly netuid: number;
  readonly genesis: Uint8Array;
  /** ss58, for people. */
  readonly hotkey: string;
  readonly hotkeyBytes: Uint8Array;
  readonly pieceSize: number;
  readonly replicas: number;
  /** Seconds that objects are kept whose owner names no time. */
  readonly dataTtl: number;
  readonly blockNumber: number;
}

export interface StoredPiece {
  readonly replicas: number;
  /** ss58 of the miners. */
  readonly hotkeys: readonly string[];
}

export interface StoredObject extends StoredPiece {
  readonly cid: string;
  /** Unix seconds until when it is kept: longer than asked for where it was put for longer before. */
  readonly expiry: number;
}

/** How an object is, as the validator knows it. */
export type Health = 'healthy' | 'degraded' | 'critical' | 'lost';

/** What a node says of an object: who keeps it, and what the proofs show. */
export interface ObjectStatus {
  readonly cid: string;
  /** Bytes of the object as stored. */
  readonly size: number;
  /** ss58 of the hotkey that put it. */
  readonly owner: string;
  /** Unix seconds. */
  readonly storedAt: number;
  readonly expiry: number;
  /** Replicas asked for. */
  readonly copies: number;
  readonly health: Health;
  /** Active replicas of the piece that has fewest. */
  readonly replicas: number;
  /** Probability with which the rounds so far would have caught a loss; null before the first. */
  readonly confidence: number | null;
  readonly lastProofAt: number | null;
  readonly miners: readonly MinerStatus[];
  readonly pieces: { readonly total: number; readonly healthy: number };
}

export interface MinerStatus {
  readonly hotkey: string;
  readonly replicas: number;
  readonly active: number;
  readonly lastProofAt: number | null;
  readonly confidence: number | null;
}

/** One object of the caller, as a node lists it. */
export interface ListedObject {
  readonly cid: string;
  readonly size: number;
  readonly storedAt: number;
  readonly expiry: number;
  readonly health: Health;
  readonly replicas: number;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

type Answer = Readonly<Record<string, unknown>>;

/** More miners or objects in one answer than any node has reason to list. */
const minersMax = 4096;
const pageObjectsMax = 10_000;

/** What a stranger wrote, safe for a terminal: one line without control characters. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();

export const unexpected = (url: string, what: string): FileTaoError =>
  new FileTaoError('bad-message', `the answer of ${url} ${what}: is it a FileTAO API node of this version?`);

export function readText(value: unknown, name: string, url: string): string {
  if (typeof value !== 'string' || value.length > 256) throw unexpected(url, `has no usable '${name}'`);
  return printable(value);
}

function readCount(value: unknown, name: string, url: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw unexpected(url, `has no usable '${name}'`);
  }
  return value;
}

export function readStored(answer: Answer, url: string): StoredPiece {
  const { replicas, hotkeys } = answer;
  if (!Array.isArray(hotkeys) || hotkeys.length > minersMax) throw unexpected(url, "has no usable 'hotkeys'");
  return {
    replicas: readCount(replicas, 'replicas', url),
    hotkeys: hotkeys.map((hotkey) => readText(hotkey, 'hotkeys', url)),
  };
}

export const readStoredObject = (answer: Answer, url: string): StoredObject => ({
  ...readStored(answer, url),
  cid: readText(answer.cid, 'cid', url),
  expiry: readCount(answer.expiry, 'expiry', url),
});

function readKey(value: unknown, name: string, url: string): Uint8Array {
  const text = readText(value, name, url).toLowerCase();
  if (!isHex32(text)) throw unexpected(url, `has no usable '${name}'`);
  return fromHex(text);
}

export function readInfo(answer: Answer, url: string): NodeInfo {
  if (answer.role !== 'api') throw unexpected(url, 'is not of an API node');
  const pieceSize = readCount(answer.pieceSize, 'pieceSize', url, limits.replicaSizeMax);
  const replicas = readCount(answer.replicas, 'replicas', url, limits.replicasMax);
  if (pieceSize === 0 || replicas === 0) throw unexpected(url, 'names no piece size or replicas');
  return {
    version: readText(answer.version, 'version', url),
    network: readText(answer.network, 'network', url),
    netuid: readCount(answer.netuid, 'netuid', url, 65535),
    genesis: readKey(answer.genesis, 'genesis', url),
    hotkey: readText(answer.hotkey, 'hotkey', url),
    hotkeyBytes: readKey(answer.hotkeyHex, 'hotkeyHex', url),
    pieceSize,
    replicas,
    // A node that is older does not say.
    dataTtl:
      answer.dataTtl === undefined
        ? defaults.userDataSeconds
        : readCount(answer.dataTtl, 'dataTtl', url, limits.expirySecondsMax),
    blockNumber: readCount(answer.blockNumber, 'blockNumber', url),
  };
}

const healths: readonly Health[] = ['healthy', 'degraded', 'critical', 'lost'];

function readHealth(value: unknown, url: string): Health {
  const health = healths.find((known) => known === value);
  if (health === undefined) throw unexpected(url, "has no usable 'health'");
  return health;
}

const readTime = (value: unknown, name: string, url: string): number | null =>
  value === null ? null : readCount(value, name, url);

function readShare(value: unknown, name: string, url: string): number | null {
  if (value === null) return null;
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw unexpected(url, `has no usable '${name}'`);
  return value;
}

function readList(value: unknown, name: string, max: number, url: string): readonly Answer[] {
  if (!Array.isArray(value) || value.length > max) throw unexpected(url, `has no usable '${name}'`);
  return value.map((entry: unknown) =>
    typeof entry === 'object' && entry !== null ? (entry as Answer) : {},
  );
}

export function readStatus(answer: Answer, url: string): ObjectStatus {
  const pieces = (answer.pieces ?? {}) as Answer;
  return {
    cid: readText(answer.cid, 'cid', url),
    size: readCount(answer.size, 'size', url),
    owner: readText(answer.owner, 'owner', url),
    storedAt: readCount(answer.storedAt, 'storedAt', url),
    expiry: readCount(answer.expiry, 'expiry', url),
    copies: readCount(answer.copies, 'copies', url),
    health: readHealth(answer.health, url),
    replicas: readCount(answer.replicas, 'replicas', url),
    confidence: readShare(answer.confidence, 'confidence', url),
    lastProofAt: readTime(answer.lastProofAt, 'lastProofAt', url),
    miners: readList(answer.miners, 'miners', minersMax, url).map((miner) => ({
      hotkey: readText(miner.hotkey, 'hotkey', url),
      replicas: readCount(miner.replicas, 'replicas', url),
      active: readCount(miner.active, 'active', url),
      lastProofAt: readTime(miner.lastProofAt, 'lastProofAt', url),
      confidence: readShare(miner.confidence, 'confidence', url),
    })),
    pieces: {
      total: readCount(pieces.total, 'pieces.total', url),
      healthy: readCount(pieces.healthy, 'pieces.healthy', url),
    },
  };
}

export function readPage(answer: Answer, url: string): ObjectPage {
  const { objects, next } = answer;
  return {
    objects: readList(objects, 'objects', pageObjectsMax, url).map((object) => ({
      cid: readText(object.cid, 'cid', url),
      size: readCount(object.size, 'size', url),
      storedAt: readCount(object.storedAt, 'storedAt', url),
      expiry: readCount(object.expiry, 'expiry', url),
      health: readHealth(object.health, url),
      replicas: readCount(object.replicas, 'replicas', url),
    })),
    next: next === null || next === undefined ? null : readCursor(next, url),
  };
}

function readCursor(value: unknown, url: string): string {
  if (typeof value !== 'string' || value.length > limits.cursorCharactersMax) {
    throw unexpected(url, "has no usable 'next'");
  }
  return value;
}
