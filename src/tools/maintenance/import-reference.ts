// Takes over what can be taken over from the reference implementation's Redis (its validator's database and its
// miner's, legacy records included). Statistics go into the placement index. Tiers, file maps and payloads go into a
// file of JSON lines, because this network derives or replaces them. Blobs cannot prove in this protocol: they are
// listed in the same file for storing anew. Nothing is changed in the reference's database.

import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import type { RedisServer } from '../../adapters/index/location.js';
import { RedisConnection } from '../../adapters/index/redis/connection.js';
import { publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import type { MinerStatistics, StatisticKind } from '../../domain/model/records.js';
import { isTierName, lowestTier } from '../../domain/model/tiers.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';

export interface ImportCounts {
  statistics: number;
  /** Miners that this index has counted itself already: their counts stay. */
  kept: number;
  tiers: number;
  files: number;
  payloads: number;
  blobs: number;
  /** Keys and fields that are of no known layout, or damaged. */
  unknown: number;
}

/** One line of the report. */
export type ImportLine =
  | { readonly kind: 'tier'; readonly hotkey: string; readonly tier: string; readonly storageLimit: number }
  | { readonly kind: 'file'; readonly cid: string; readonly chunks: readonly ImportedChunk[] }
  | {
      readonly kind: 'payload';
      readonly cid: string;
      readonly layer: 'user' | 'validator';
      readonly payload: string;
    }
  | {
      readonly kind: 'blob';
      readonly hash: string;
      /** The miner that holds it, or on a miner the validator it is held for; ss58. */
      readonly hotkey: string;
      readonly size: number;
      /** Unix seconds; null where nothing says. */
      readonly expiry: number | null;
      /** On a miner: below its data directory, or absolute where it lies elsewhere. */
      readonly path: string | null;
    }
  | { readonly kind: 'unknown'; readonly key: string; readonly reason: string };

interface ImportedChunk {
  readonly hash: string;
  readonly hotkeys: readonly string[];
  readonly size: number;
}

export interface ImportOptions {
  readonly from: RedisServer;
  /** null: a dry run, or a miner's database, which has no statistics. */
  readonly index: PlacementIndex | null;
  /** null: nothing is written. */
  readonly report: string | null;
  /** The reference miner's --database.directory: paths below it are made relative. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

const kinds: readonly StatisticKind[] = ['store', 'challenge', 'retrieve'];
const ownPrefix = 'filetao:{';
const ttlDefault = 30 * 24 * 3600;

export async function importReference(options: ImportOptions): Promise<ImportCounts> {
  const connection = new RedisConnection(options.from);
  const report = options.report === null ? null : await open(options.report, 'w', 0o600);
  try {
    const reader = new ReferenceReader(connection, options);
    for await (const key of scan(connection)) {
      options.signal?.throwIfAborted();
      for (const line of await reader.read(key)) await report?.write(`${JSON.stringify(line)}\n`);
    }
    await report?.sync();
    return reader.counts;
  } finally {
    await report?.close();
    await connection.close();
  }
}

/** Every key once; SCAN may name one twice. */
async function* scan(connection: RedisConnection): AsyncGenerator<string> {
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = (await connection.command('SCAN', cursor, 'COUNT', 500)) as [Buffer, Buffer[]];
    for (const key of keys.map(String)) {
      if (seen.has(key) || key.startsWith(ownPrefix)) continue;
      seen.add(key);
      yield key;
    }
    cursor = String(next);
  } while (cursor !== '0');
}

class ReferenceReader {
  readonly counts: ImportCounts = {
    statistics: 0,
    kept: 0,
    tiers: 0,
    files: 0,
    payloads: 0,
    blobs: 0,
    unknown: 0,
  };
  readonly #connection: RedisConnection;
  readonly #options: ImportOptions;

  constructor(connection: RedisConnection, options: ImportOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async read(key: string): Promise<readonly ImportLine[]> {
    const [, family, rest] = /^([a-z]+):(.+)$/u.exec(key) ?? [];
    try {
      if (family === 'stats') return await this.#statistics(rest!);
      if (family === 'hotkey') return this.#blobsOf(rest!, await this.#hash(key));
      if (family === 'file') return await this.#file(rest!);
      if (family === 'payload') return await this.#payload(key, rest!);
      if (family === 'chunk') return []; // told with its file
      if (/^\d+$/u.test(key)) return this.#minerRecord(key, await this.#hash(key));
      return this.#unknown(key, 'no known layout');
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      return this.#unknown(key, error.message);
    }
  }

  async #statistics(hotkey: string): Promise<readonly ImportLine[]> {
    const fields = await this.#hash(`stats:${hotkey}`);
    const count = (name: string) => wholeNumber(fields.get(name) ?? '0');
    const of = (what: 'attempts' | 'successes') =>
      Object.fromEntries(kinds.map((kind) => [kind, count(`${kind}_${what}`)])) as Record<
        StatisticKind,
        number
      >;
    const tier = fields.get('tier') ?? lowestTier;
    const record: MinerStatistics = {
      minerKey: keyOfHotkey(hotkey),
      attempts: of('attempts'),
      successes: of('successes'),
      totalSuccesses: count('total_successes'),
      tier: isTierName(tier) ? tier : lowestTier,
    };
    const line: ImportLine = {
      kind: 'tier',
      hotkey,
      tier,
      storageLimit: count('storage_limit'),
    };
    const { index } = this.#options;
    if (index !== null && wasCounted(await index.statistics(record.minerKey))) this.counts.kept++;
    else {
      await index?.putStatistics(record);
      this.counts.statistics++;
    }
    this.counts.tiers++;
    return [line];
  }

  /** hotkey:{hk}: a record per blob, and its time to live under ttl:{hash}. */
  #blobsOf(hotkey: string, fields: ReadonlyMap<string, string>): ImportLine[] {
    return Array.from(fields, ([hash, text]): ImportLine[] => {
      if (hash.startsWith('ttl:')) return [];
      const record = JSON.parse(text) as { size?: unknown };
      const ttl = fields.get(`ttl:${hash}`);
      const expiry = ttl === undefined ? null : expiryOf(JSON.parse(ttl));
      this.counts.blobs++;
      return [{ kind: 'blob', hash, hotkey, size: wholeNumber(record.size), expiry, path: null }];
    }).flat();
  }

  async #file(cid: string): Promise<readonly ImportLine[]> {
    const hashes = ((await this.#connection.command('ZRANGE', `file:${cid}`, 0, -1)) as Buffer[]).map(String);
    const chunks: ImportedChunk[] = [];
    for (const hash of hashes) {
      const fields = await this.#hash(`chunk:${hash}`);
      const hotkeys = (fields.get('hotkeys') ?? '').split(',').filter((hotkey) => hotkey !== '');
      chunks.push({ hash, hotkeys, size: wholeNumber(fields.get('size') ?? '0') });
    }
    this.counts.files++;
    return [{ kind: 'file', cid, chunks }];
  }

  async #payload(key: string, rest: string): Promise<readonly ImportLine[]> {
    const payload = String(await this.#connection.command('GET', key));
    const validator = rest.startsWith('validator:');
    this.counts.payloads++;
    return [
      {
        kind: 'payload',
        cid: validator ? rest.slice('validator:'.length) : rest,
        layer: validator ? 'validator' : 'user',
        payload,
      },
    ];
  }

  /** A miner's key: a field per validator, or before 1.5.3 the fields of one record. */
  #minerRecord(hash: string, fields: ReadonlyMap<string, string>): ImportLine[] {
    const legacy = fields.has('filepath') || fields.has('seed');
    const records: [string, Record<string, unknown>][] = legacy
      ? [[fields.get('hotkey') ?? '', Object.fromEntries(fields)]]
      : Array.from(fields, ([hotkey, text]) => [hotkey, JSON.parse(text) as Record<string, unknown>]);
    return records.map(([hotkey, record]) => {
      this.counts.blobs++;
      return {
        kind: 'blob',
        hash,
        hotkey,
        size: wholeNumber(record.size ?? 0),
        expiry: expiryOf(record),
        path: this.#relative(String(record.filepath ?? '')),
      };
    });
  }

  #relative(path: string): string | null {
    if (path === '') return null;
    const { directory } = this.#options;
    if (directory === undefined) return path;
    const relative = posix.relative(directory, path);
    return relative.startsWith('..') || posix.isAbsolute(relative) ? path : relative;
  }

  #unknown(key: string, reason: string): ImportLine[] {
    this.counts.unknown++;
    return [{ kind: 'unknown', key, reason }];
  }

  async #hash(key: string): Promise<ReadonlyMap<string, string>> {
    const type = String(await this.#connection.command('TYPE', key));
    if (type === 'none') return new Map();
    if (type !== 'hash') throw new SyntaxError('another type of key than the layout has');
    const flat = (await this.#connection.command('HGETALL', key)) as Buffer[];
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < flat.length; i += 2) fields.set(String(flat[i]), String(flat[i + 1]));
    return fields;
  }
}

function keyOfHotkey(hotkey: string): PublicKey {
  try {
    return publicKeyOf(publicKeyFromSs58(hotkey));
  } catch {
    throw new SyntaxError('the hotkey is no ss58 address');
  }
}

function wholeNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  if (
    typeof number !== 'number' ||
    !Number.isFinite(number) ||
    number < 0 ||
    number > Number.MAX_SAFE_INTEGER
  )
    throw new SyntaxError('not a number where the layout has one');
  return Math.floor(number);
}

/** `generated` plus `ttl`; null without the first. */
function expiryOf(record: { readonly generated?: unknown; readonly ttl?: unknown }): number | null {
  if (record.generated === undefined || Number(record.generated) === 0) return null;
  return wholeNumber(record.generated) + wholeNumber(record.ttl ?? ttlDefault);
}

const wasCounted = ({ attempts, totalSuccesses }: MinerStatistics): boolean =>
  totalSuccesses > 0 || kinds.some((kind) => attempts[kind] > 0);
