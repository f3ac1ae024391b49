// Replica files of a miner: written durably or not at all.
//
// A replica is written to incoming/, synced, renamed into place beside its outboard, and the folder is
// synced; only then does `commit` resolve. The outboard and the terms are renamed first, so the appearance of the replica
// file is the one moment of truth, and what lies beside a replica that is not there is a leftover. One process at a time
// owns the directory: `sweep` takes whatever it does not know in incoming/ for left over by a crash.
import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { Files, OpenFile } from '../../domain/ports/files.js';
import type { Replicas, ReplicaWriter, StoredReplica } from '../../domain/ports/replicas.js';
import { makePrivateFolder } from '../system/durable-file.js';
import { systemFiles } from '../system/files.js';
import {
  damagedFolder,
  footprint,
  incomingFolder,
  outboardBytes,
  placeOf,
  type ReplicaPlace,
  sizeThatFits,
  walk,
} from './layout.js';
import { diskReserveBytesDefault, type Promised, Room } from './room.js';

export interface ReplicaFilesOptions {
  readonly directory: string;
  /** Bytes that replicas and their outboards may take; without it the disk is the limit. */
  readonly quotaBytes?: number;
  /** Bytes of the disk never to use. */
  readonly diskReserveBytes?: number;
  /** Only tests give another. */
  readonly files?: Files;
}

/** Bytes of one part of a stream. */
const streamPartBytes = 1024 * 1024;
/** Three signed messages. */
const termsBytesMax = 4 * limits.messageBytesMax;

export async function openReplicaFiles(options: ReplicaFilesOptions): Promise<Replicas> {
  const directory = resolve(options.directory);
  const files = options.files ?? systemFiles;
  try {
    await makePrivateFolder(incomingFolder(directory), files);
    const room = new Room(
      await storedBytes(files, directory),
      options.quotaBytes ?? Number.POSITIVE_INFINITY,
      options.diskReserveBytes ?? diskReserveBytesDefault,
    );
    return new ReplicaFiles(directory, files, room);
  } catch (error) {
    throw toFileTaoError(error);
  }
}

/** Looked at in batches: 20,000 replicas take 0.7 s, one by one 2.4 s. */
async function storedBytes(files: Files, directory: string): Promise<number> {
  let stored = 0;
  let batch: Promise<number | null>[] = [];
  const addBatch = async () => {
    for (const size of await Promise.all(batch)) stored += footprint(size ?? 0);
    batch = [];
  };
  for await (const { id, hasReplica } of walk(files, directory)) {
    if (!hasReplica) continue;
    const size = files.size(placeOf(directory, id).file);
    size.catch(() => {}); // it is awaited later, and must not count as unhandled until then
    batch.push(size);
    if (batch.length === 256) await addBatch();
  }
  await addBatch();
  return stored;
}

class ReplicaFiles implements Replicas {
  readonly directory: string;
  readonly files: Files;
  readonly room: Room;
  /** Files in incoming/ that writers of this process are at. */
  readonly incoming = new Set<string>();
  readonly #writers = new Set<Writer>();
  /** The last change of each replica under way, so that changes of one replica come one after another. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Folders known to be on disk themselves. */
  readonly #durableFolders = new Set<string>();
  #closed = false;

  constructor(directory: string, files: Files, room: Room) {
    this.directory = directory;
    this.files = files;
    this.room = room;
  }

  async create(id: ReplicaId, size: number): Promise<ReplicaWriter> {
    this.#assertOpen();
    const place = placeOf(this.directory, id);
    if (!Number.isSafeInteger(size) || size < 1)
      throw new FileTaoError('bad-input', 'a replica has at least one byte');
    if (size > limits.replicaSizeMax)
      throw new FileTaoError('too-large', `a replica has at most ${limits.replicaSizeMax} bytes`);
    return mapped(async () => {
      const diskFree = await this.files.freeBytes(this.directory);
      // From here to the promise nothing is awaited: two creators must see each other's.
      this.#assertOpen();
      const promised = this.room.promise(footprint(size), diskFree);
      if (promised === null) throw new FileTaoError('full', `no room for ${size} bytes in ${this.directory}`);
      const writer = new Writer(this, place, size, promised, (done) => this.#writers.delete(done));
      this.#writers.add(writer);
      try {
        await writer.open();
      } catch (error) {
        await writer.abort().catch(() => {});
        throw error;
      }
      return writer;
    });
  }

  async path(id: ReplicaId): Promise<string> {
    this.#assertOpen();
    const { file } = placeOf(this.directory, id);
    return mapped(async () => {
      if ((await this.files.size(file)) === null) throw unknownReplica(id);
      return file;
    });
  }

  async read(id: ReplicaId, start: number, end: number): Promise<Uint8Array> {
    checkRange(start, end);
    return this.#withFile(id, (file) => readExactly(file, id, start, end));
  }

  async *stream(id: ReplicaId, start: number, end: number): AsyncGenerator<Uint8Array> {
    checkRange(start, end);
    const file = await this.#open(id);
    try {
      for (let at = start; at < end; at += streamPartBytes)
        yield await mapped(() => readExactly(file, id, at, Math.min(end, at + streamPartBytes)));
    } finally {
      await file.close();
    }
  }

  async readOutboard(id: ReplicaId, size: number): Promise<Uint8Array | null> {
    this.#assertOpen();
    const { outboard } = placeOf(this.directory, id);
    const wanted = outboardBytes(size);
    return mapped(async () => {
      if ((await this.files.size(outboard)) !== wanted) return null;
      const file = await this.files.open(outboard);
      try {
        const data = await file.read(0, wanted);
        return data.length === wanted ? data : null;
      } finally {
        await file.close();
      }
    });
  }

  async writeOutboard(id: ReplicaId, outboard: Uint8Array): Promise<void> {
    await this.#writeBeside(id, outboard, ({ outboard: path }, size) => {
      checkOutboard(outboard, size);
      return path;
    });
  }

  async readTerms(id: ReplicaId): Promise<Uint8Array | null> {
    this.#assertOpen();
    const { terms } = placeOf(this.directory, id);
    return mapped(async () => {
      const size = await this.files.size(terms);
      if (size === null || size > termsBytesMax) return null;
      const file = await this.files.open(terms);
      try {
        return await file.read(0, size);
      } finally {
        await file.close();
      }
    });
  }

  async writeTerms(id: ReplicaId, terms: Uint8Array): Promise<void> {
    checkTerms(terms);
    await this.#writeBeside(id, terms, ({ terms: path }) => path);
  }

  /** Writes or replaces a file beside the replica, durably. */
  async #writeBeside(
    id: ReplicaId,
    data: Uint8Array,
    pathIn: (place: ReplicaPlace, size: number) => string,
  ): Promise<void> {
    this.#assertOpen();
    const place = placeOf(this.directory, id);
    await mapped(() =>
      this.inTurn(place, async () => {
        const size = await this.files.size(place.file);
        if (size === null) throw unknownReplica(id);
        const path = pathIn(place, size);
        const temporary = await this.writeIncoming(data);
        try {
          await this.files.rename(temporary, path);
        } catch (error) {
          await this.dropIncoming(temporary);
          throw error;
        }
        this.incoming.delete(temporary);
        await this.files.syncFolder(place.folder);
      }),
    );
  }

  async remove(id: ReplicaId): Promise<boolean> {
    this.#assertOpen();
    const place = placeOf(this.directory, id);
    return mapped(() =>
      this.inTurn(place, async () => {
        const size = await this.files.size(place.file);
        // The replica first: a crash in between leaves an outboard, which is a leftover.
        const removed = await this.files.remove(place.file);
        if (removed && size !== null) this.room.addUsed(-footprint(size));
        const outboardRemoved = await this.files.remove(place.outboard);
        const termsRemoved = await this.files.remove(place.terms);
        if (removed || outboardRemoved || termsRemoved) await this.files.syncFolder(place.folder);
        return removed;
      }),
    );
  }

  async setAside(id: ReplicaId): Promise<string | null> {
    this.#assertOpen();
    const place = placeOf(this.directory, id);
    const target = join(damagedFolder(this.directory), `${id.root}-${id.validatorKey}-${randomUUID()}`);
    return mapped(() =>
      this.inTurn(place, async () => {
        const size = await this.files.size(place.file);
        if (size === null) return null;
        await makePrivateFolder(damagedFolder(this.directory), this.files);
        await this.files.rename(place.file, target);
        this.room.addUsed(-footprint(size));
        await this.files.remove(place.outboard);
        await this.files.remove(place.terms);
        await this.files.syncFolder(damagedFolder(this.directory));
        await this.files.syncFolder(place.folder);
        return target;
      }),
    );
  }

  async *list(): AsyncGenerator<StoredReplica> {
    this.#assertOpen();
    try {
      for await (const { id, hasReplica } of walk(this.files, this.directory)) {
        const size = hasReplica ? await this.files.size(placeOf(this.directory, id).file) : null;
        if (size !== null) yield { id, size }; // it may have been removed meanwhile
      }
    } catch (error) {
      throw toFileTaoError(error);
    }
  }

  async sweep(): Promise<number> {
    this.#assertOpen();
    return mapped(async () => {
      let swept = 0;
      for await (const { name, kind } of this.files.entries(incomingFolder(this.directory))) {
        const path = join(incomingFolder(this.directory), name);
        if (kind === 'file' && !this.incoming.has(path) && (await this.files.remove(path))) swept++;
      }
      for await (const { id, hasReplica } of walk(this.files, this.directory)) {
        if (hasReplica) continue;
        const place = placeOf(this.directory, id);
        await this.inTurn(place, async () => {
          // A commit may have put the replica beside it since.
          if ((await this.files.size(place.file)) !== null) return;
          if (await this.files.remove(place.outboard)) swept++;
          if (await this.files.remove(place.terms)) swept++;
        });
      }
      return swept;
    });
  }

  async freeBytes(): Promise<number> {
    this.#assertOpen();
    return mapped(async () => {
      const left = this.room.left(await this.files.freeBytes(this.directory));
      return sizeThatFits(left);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(Array.from(this.#writers, (writer) => writer.abort()));
    await Promise.allSettled(this.#turns.values());
  }

  // What the writers below need

  /** Writes a synced file in incoming/ and returns its path. */
  async writeIncoming(data: Uint8Array): Promise<string> {
    const path = this.incomingPath();
    try {
      const file = await this.files.create(path);
      try {
        await file.write(data, 0);
        await file.sync();
      } finally {
        await file.close();
      }
      return path;
    } catch (error) {
      await this.dropIncoming(path);
      throw error;
    }
  }

  incomingPath(): string {
    const path = join(incomingFolder(this.directory), randomUUID());
    this.incoming.add(path);
    return path;
  }

  /** What cannot be removed now is swept at the next start. */
  async dropIncoming(path: string): Promise<void> {
    await this.files.remove(path).catch(() => {});
    this.incoming.delete(path);
  }

  /** Makes the folders of a place, each durable in the folder above it. */
  async makeFolders(place: ReplicaPlace): Promise<void> {
    for (const folder of place.folders) {
      if (this.#durableFolders.has(folder)) continue;
      await this.files.makeFolder(folder);
      await this.files.syncFolder(dirname(folder));
      this.#durableFolders.add(folder);
    }
  }

  inTurn<Result>(place: ReplicaPlace, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(place.file) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(place.file, settled);
    void settled.then(() => {
      if (this.#turns.get(place.file) === settled) this.#turns.delete(place.file);
    });
    return turn;
  }

  async #open(id: ReplicaId): Promise<OpenFile> {
    this.#assertOpen();
    const { file } = placeOf(this.directory, id);
    try {
      return await this.files.open(file);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') throw unknownReplica(id);
      throw toFileTaoError(error);
    }
  }

  async #withFile<Result>(id: ReplicaId, work: (file: OpenFile) => Promise<Result>): Promise<Result> {
    const file = await this.#open(id);
    return mapped(async () => {
      try {
        return await work(file);
      } finally {
        await file.close();
      }
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new FileTaoError('internal', 'the replica files are closed');
  }
}

class Writer implements ReplicaWriter {
  readonly #owner: ReplicaFiles;
  readonly #place: ReplicaPlace;
  readonly #size: number;
  readonly #promised: Promised;
  readonly #finished: (writer: Writer) => void;
  readonly #path: string;
  #file: OpenFile | null = null;
  #position = 0;
  #state: 'writing' | 'committing' | 'done' = 'writing';

  constructor(
    owner: ReplicaFiles,
    place: ReplicaPlace,
    size: number,
    promised: Promised,
    finished: (writer: Writer) => void,
  ) {
    this.#owner = owner;
    this.#place = place;
    this.#size = size;
    this.#promised = promised;
    this.#finished = finished;
    this.#path = owner.incomingPath();
  }

  async open(): Promise<void> {
    this.#file = await this.#owner.files.create(this.#path);
  }

  async write(data: Uint8Array): Promise<void> {
    this.#assertWriting();
    const at = this.#position;
    this.#position += data.length;
    await mapped(async () => {
      try {
        if (this.#position > this.#size)
          throw new FileTaoError('too-large', `more than the ${this.#size} bytes announced`);
        await this.#file!.write(data, at);
        this.#promised.written += data.length;
      } catch (error) {
        await this.abort().catch(() => {}); // the first error is the one to tell
        throw error;
      }
    });
  }

  async commit(outboard: Uint8Array | null, terms?: Uint8Array): Promise<void> {
    this.#assertWriting();
    this.#state = 'committing';
    const beside: { readonly temporary: string; readonly path: string }[] = [];
    await mapped(async () => {
      try {
        // Counted where writes succeed: neither a failed write nor one under way passes for written.
        if (this.#promised.written !== this.#size)
          throw new FileTaoError(
            'bad-input',
            `${this.#promised.written} of ${this.#size} bytes were written`,
          );
        if (outboard !== null) checkOutboard(outboard, this.#size);
        if (terms !== undefined) checkTerms(terms);
        const { outboard: outboardPath, terms: termsPath } = this.#place;
        const write = async (data: Uint8Array | null | undefined, path: string): Promise<void> => {
          if (data) beside.push({ temporary: await this.#owner.writeIncoming(data), path });
        };
        // Side by side: three files cost the disk one flush.
        const results = await Promise.allSettled([
          this.#file!.sync().then(() => this.#closeFile()),
          write(outboard, outboardPath),
          write(terms, termsPath),
        ]);
        for (const result of results) if (result.status === 'rejected') throw result.reason;
        await this.#owner.inTurn(this.#place, () => this.#moveIntoPlace(beside));
      } catch (error) {
        for (const { temporary } of beside) await this.#owner.dropIncoming(temporary);
        await this.#end();
        throw error;
      }
      // What is in place by its name is no longer in the way by the other.
      for (const path of [this.#path, ...beside.map(({ temporary }) => temporary)])
        this.#owner.incoming.delete(path);
      this.#release();
    });
  }

  async abort(): Promise<void> {
    if (this.#state !== 'writing') return;
    await mapped(() => this.#end());
  }

  async #moveIntoPlace(
    beside: readonly { readonly temporary: string; readonly path: string }[],
  ): Promise<void> {
    const { files, room } = this.#owner;
    const { folder, file, outboard, terms } = this.#place;
    await this.#owner.makeFolders(this.#place);
    const replaced = await files.size(file);
    try {
      for (const { temporary, path } of beside) await files.rename(temporary, path);
      await files.rename(this.#path, file);
      await files.syncFolder(folder);
    } catch (error) {
      // Not acknowledged, so not to be found; but what was there before stays: it is the same bytes.
      if (replaced === null) {
        await files.remove(file).catch(() => {});
        await files.remove(outboard).catch(() => {});
        await files.remove(terms).catch(() => {});
      }
      throw error;
    }
    room.addUsed(footprint(this.#size) - (replaced === null ? 0 : footprint(replaced)));
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #end(): Promise<void> {
    this.#state = 'done';
    try {
      await this.#closeFile();
    } finally {
      await this.#owner.dropIncoming(this.#path);
      this.#release();
    }
  }

  #release(): void {
    this.#state = 'done';
    this.#owner.room.release(this.#promised);
    this.#finished(this);
  }

  #assertWriting(): void {
    if (this.#state !== 'writing') throw new FileTaoError('internal', 'this replica is written or given up');
  }
}

async function mapped<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toFileTaoError(error);
  }
}

const unknownReplica = (id: ReplicaId): FileTaoError =>
  new FileTaoError('unknown-replica', `no replica ${id.root} of validator ${id.validatorKey} is held here`);

function checkRange(start: number, end: number): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new FileTaoError('bad-input', 'a range is two whole numbers, the second not below the first');
  if (end > limits.replicaSizeMax)
    throw new FileTaoError('bad-input', `no replica has more than ${limits.replicaSizeMax} bytes`);
}

function checkOutboard(outboard: Uint8Array, size: number): void {
  if (outboard.length !== outboardBytes(size))
    throw new FileTaoError('bad-input', `the outboard of ${size} bytes has ${outboardBytes(size)} bytes`);
}

function checkTerms(terms: Uint8Array): void {
  if (terms.length > termsBytesMax)
    throw new FileTaoError('too-large', `the terms of a replica have at most ${termsBytesMax} bytes`);
}

async function readExactly(file: OpenFile, id: ReplicaId, start: number, end: number): Promise<Uint8Array> {
  const data = await file.read(start, end - start);
  if (data.length < end - start)
    throw new FileTaoError('damaged', `replica ${id.root} ends at byte ${start + data.length} of ${end}`);
  return data;
}
