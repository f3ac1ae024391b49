// An LMDB environment (one data file, named databases) that several processes of one machine share.
//
// - Durable when visible. `overlappingSync` is off, so a commit is flushed (fdatasync, then the meta page
//   through an O_DSYNC descriptor) before anybody, here or in another process, can see it: no process can
//   act on what a power cut may still take back, and "resolved" means on disk. Measured with 200 commits one
//   after another and 20,000 in parallel it costs nothing against the library's default, whose `flushed`
//   also never rejects and whose close() hangs after a full disk.
// - Atomic. Every change runs in a child transaction, because the library's plain `transaction` commits
//   what a callback wrote before it threw.
// - `eventTurnBatching` is off: with it a failed commit also rejects a promise nobody can reach, and the
//   unhandled rejection ends the process. Changes waiting for the same commit still share one flush.
// - One handle per directory and process: a second one would wait on the main thread for a write lock whose
//   holder waits for the main thread. Not for worker threads, and not for network file systems.
import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decode, encode } from '@ipld/dag-cbor';
import { type Database, open, type RootDatabase } from 'lmdb';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';

/** Keys and values are bytes; keys sort by their bytes and have at most 1978 of them. */
export type Table = Database<Uint8Array, Buffer>;

export interface LmdbEnvironment<Name extends string> {
  readonly tables: Readonly<Record<Name, Table>>;
  /** Runs a synchronous change as one transaction: all of it durable, or an error and none of it. */
  write<Result>(change: () => Result): Promise<Result>;
  /** Runs a synchronous look at the newest committed state, other processes' commits included. */
  read<Result>(look: () => Result): Result;
  /** Waits for changes under way. Other users of the same directory in this process keep it open. */
  close(): Promise<void>;
}

export interface LmdbEnvironmentOptions<Name extends string> {
  readonly directory: string;
  /** What the directory holds, so that one kind of data is never opened as another. */
  readonly kind: string;
  /** Of the layout of tables, keys and records. */
  readonly schemaVersion: number;
  readonly tables: readonly Name[];
  /**
   * Address space reserved at first; the map grows by itself beyond it. The default spares a node with
   * millions of records every remapping and costs no memory and no disk.
   */
  readonly mapBytes?: number;
}

const defaultMapBytes = 16 * 1024 ** 3;
const tablesMax = 32;
/** A commit that failed with less than this left on the disk failed for want of room. */
const fullBelowBytes = 1024 * 1024;
const metaTable = 'meta';
const schemaKey = Buffer.from('schema');

interface Shared {
  readonly root: RootDatabase<Uint8Array, Buffer>;
  readonly kind: string;
  readonly tables: Map<string, Table>;
  readonly pending: Set<Promise<unknown>>;
  users: number;
  closing: Promise<void> | null;
}

const opened = new Map<string, Shared>();

export async function openLmdbEnvironment<Name extends string>(
  options: LmdbEnvironmentOptions<Name>,
): Promise<LmdbEnvironment<Name>> {
  const path = makeDirectory(options.directory);
  for (let other = opened.get(path); other?.closing; other = opened.get(path)) await other.closing;
  // No await from here to the registration below: two openers in one process must find each other.
  const shared = opened.get(path) ?? openShared(path, options);
  if (shared.kind !== options.kind) throw wrongKind(path, shared.kind, options.kind);
  shared.users++;

  const tables = Object.fromEntries(options.tables.map((name) => [name, shared.tables.get(name)!]));
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new FileTaoError('internal', `${path} is closed`);
  };
  return {
    tables: tables as Record<Name, Table>,
    async write(change) {
      assertOpen();
      const done = shared.root.childTransaction(change);
      shared.pending.add(done);
      try {
        return await done;
      } catch (error) {
        throw await writeError(path, error);
      } finally {
        shared.pending.delete(done);
      }
    },
    read(look) {
      assertOpen();
      // The library refreshes its snapshot once per event turn, which may be before another process's
      // acknowledged commit that a message in this same turn tells us of.
      shared.root.resetReadTxn();
      return look();
    },
    async close() {
      if (closed) return;
      closed = true;
      if (--shared.users > 0) return;
      shared.closing = closeShared(path, shared);
      await shared.closing;
    },
  };
}

/** Makes the directory and what is missing above it, each durable in the folder above. */
function makeDirectory(directory: string): string {
  try {
    const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = realpathSync(directory);
    if (firstMade === undefined) return path;
    const above = dirname(realpathSync(firstMade));
    for (let folder = path; folder !== above; folder = dirname(folder)) syncDirectory(dirname(folder));
    return path;
  } catch (error) {
    throw toFileTaoError(error);
  }
}

function openShared<Name extends string>(path: string, options: LmdbEnvironmentOptions<Name>): Shared {
  let root: RootDatabase<Uint8Array, Buffer> | undefined;
  try {
    root = open<Uint8Array, Buffer>({
      path,
      noSubdir: false, // the library takes a path with a dot in it for a file
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: tablesMax,
      mapSize: options.mapBytes ?? defaultMapBytes,
      overlappingSync: false,
      eventTurnBatching: false,
    });
    const openTable = (name: string): Table =>
      root!.openDB(name, { encoding: 'binary', keyEncoding: 'binary' });
    // The schema is settled before any other table is made, so that a refused directory stays as it is.
    settleSchema(root, openTable(metaTable), path, options);
    const tables = new Map<string, Table>(options.tables.map((name) => [name, openTable(name)]));
    syncDirectory(path);
    const shared: Shared = { root, kind: options.kind, tables, pending: new Set(), users: 0, closing: null };
    opened.set(path, shared);
    return shared;
  } catch (error) {
    root?.close().catch(() => {});
    if (error instanceof FileTaoError) throw error;
    throw new FileTaoError('io', `cannot open the database in ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function settleSchema(
  root: RootDatabase<Uint8Array, Buffer>,
  meta: Table,
  path: string,
  wanted: { readonly kind: string; readonly schemaVersion: number },
): void {
  const stored = root.transactionSync(() => {
    const found = meta.get(schemaKey);
    if (found === undefined)
      meta.put(schemaKey, Buffer.from(encode({ kind: wanted.kind, version: wanted.schemaVersion })));
    return found && Buffer.from(found);
  });
  if (stored === undefined) return;
  let kind: unknown;
  let version: unknown;
  try {
    ({ kind, version } = decode<{ kind: unknown; version: unknown }>(stored));
  } catch (error) {
    throw new FileTaoError('damaged', `the schema record in ${path} cannot be read`, { cause: error });
  }
  if (kind !== wanted.kind) throw wrongKind(path, String(kind), wanted.kind);
  if (version === wanted.schemaVersion) return;
  const newer = typeof version === 'number' && version > wanted.schemaVersion;
  throw new FileTaoError(
    'schema',
    newer
      ? `${path} was written by a newer FileTAO (schema ${version}, this one reads ${wanted.schemaVersion}): upgrade this program`
      : `${path} has schema ${String(version)} and this FileTAO writes ${wanted.schemaVersion}: migrate it first`,
    { details: { found: Number(version), supported: wanted.schemaVersion } },
  );
}

const wrongKind = (path: string, found: string, wanted: string): FileTaoError =>
  new FileTaoError(
    'config',
    `${path} holds a ${found} database, not a ${wanted} database: name another folder`,
  );

async function closeShared(path: string, shared: Shared): Promise<void> {
  await Promise.allSettled(shared.pending);
  await shared.root.close();
  opened.delete(path);
}

/** LMDB reports a short write on a full disk as EIO; only the disk itself can tell the two apart. */
async function writeError(path: string, error: unknown): Promise<FileTaoError> {
  if (error instanceof FileTaoError) return error;
  // A failed commit carries a second promise with the reason, which must not go unhandled.
  const reason = await (error as { commitError?: Promise<unknown> }).commitError?.catch(
    (cause: unknown) => cause,
  );
  const disk = await statfs(path).catch(() => null);
  const full = disk !== null && disk.bavail * disk.bsize < fullBelowBytes;
  const message = ((reason ?? error) as Error).message;
  return new FileTaoError(
    full ? 'full' : 'io',
    full ? `the disk of ${path} is full: nothing was changed` : `writing to ${path} failed: ${message}`,
    { cause: reason ?? error },
  );
}

/** The library creates its files but leaves their directory entries to the system's mood. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
