// What the user has put: one file per wallet, `<folder>/<wallet>.json`, so that names, CIDs and dates are at
// hand without any node. {"version":1,"objects":[{name,cid,size,storedAt,expiry,hotkeys}]}.
//
// The reference's files are read too: {"<file name>": "<cid>", "<file name>_hotkeys": ["…"]}; the first put
// turns such a file into the new form. Writing takes a lock and replaces the file whole, so that puts of
// several processes lose nothing and a reader sees one state or the next.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, replaceFile } from '../adapters/system/durable-file.js';
import { withFileLock } from '../adapters/system/lock.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';

export interface HashRecord {
  /** File name as it was put. */
  readonly name: string;
  readonly cid: string;
  /** Bytes of the plaintext; null in records of the reference, as are the times (unix seconds). */
  readonly size: number | null;
  readonly storedAt: number | null;
  readonly expiry: number | null;
  /** ss58 of the validators whose API nodes know the object. */
  readonly hotkeys: readonly string[];
}

const suffix = '.json';
const formatVersion = 1;

export class HashRecords {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string, walletName: string) {
    this.#folder = folder;
    this.path = join(folder, `${walletName}${suffix}`);
  }

  /** In the order they were put. Throws `damaged` for a file that is no hash record. */
  async list(): Promise<readonly HashRecord[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw toFileTaoError(error);
    }
    return parseRecords(text, this.path);
  }

  /** The newest record of a CID. */
  async find(cid: string): Promise<HashRecord | null> {
    return (await this.list()).findLast((record) => record.cid === cid) ?? null;
  }

  /** Forgets a CID. Returns how many records that were. */
  async remove(cid: string): Promise<number> {
    return this.#change((records) => records.filter((record) => record.cid !== cid));
  }

  /** Writes a new expiry (unix seconds) into the records of a CID. */
  async renew(cid: string, expiry: number): Promise<void> {
    await this.#change((records) =>
      records.map((record) => (record.cid === cid ? { ...record, expiry } : record)),
    );
  }

  /** Returns how many records fewer there are. */
  async #change(to: (records: readonly HashRecord[]) => readonly HashRecord[]): Promise<number> {
    if ((await this.list()).length === 0) return 0;
    return withFileLock(`${this.path}.lock`, async () => {
      const before = await this.list();
      const after = to(before);
      await replaceFile(this.path, formatRecords(after));
      return before.length - after.length;
    });
  }

  /** Adds records, each in place of an older one with the same name and CID. Durable when resolved. */
  async add(...records: readonly HashRecord[]): Promise<void> {
    await makePrivateFolder(this.#folder);
    await withFileLock(`${this.path}.lock`, async () => {
      const isNew = new Set(records.map((record) => `${record.cid} ${record.name}`));
      const kept = (await this.list()).filter((record) => !isNew.has(`${record.cid} ${record.name}`));
      await replaceFile(this.path, formatRecords([...kept, ...records]));
    });
  }
}

/** Names of the wallets that have records in the folder, sorted. */
export async function walletsWithRecords(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(suffix) && !name.startsWith('.'))
      .map((name) => name.slice(0, -suffix.length))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw toFileTaoError(error);
  }
}

const formatRecords = (records: readonly HashRecord[]): string => {
  const lines = records.map(({ name, cid, size, storedAt, expiry, hotkeys }) =>
    JSON.stringify({ name, cid, size, storedAt, expiry, hotkeys }),
  );
  return `{"version":${formatVersion},"objects":[\n${lines.join(',\n')}\n]}\n`;
};

/** Reads both formats; throws `damaged`. */
export function parseRecords(text: string, path: string): readonly HashRecord[] {
  const damaged = (what: string): FileTaoError =>
    new FileTaoError('damaged', `${path} ${what}: repair it or move it away`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw damaged('is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw damaged('is not a file of hash records');
  }
  const file = parsed as Readonly<Record<string, unknown>>;
  if (typeof file.version !== 'number') return readReference(file);
  if (file.version !== formatVersion) {
    throw new FileTaoError('damaged', `${path} was written by a newer version of filetao: update filetao`);
  }
  if (!Array.isArray(file.objects)) throw damaged('lists no objects');
  return file.objects.map((entry: unknown) => {
    const { name, cid, size, storedAt, expiry, hotkeys } = (entry ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof cid !== 'string')
      throw damaged('has an object without name or CID');
    return {
      name,
      cid,
      size: numberOrNull(size),
      storedAt: numberOrNull(storedAt),
      expiry: numberOrNull(expiry),
      hotkeys: texts(hotkeys),
    };
  });
}

function readReference(file: Readonly<Record<string, unknown>>): readonly HashRecord[] {
  const records: HashRecord[] = [];
  for (const [name, cid] of Object.entries(file)) {
    // A list belongs to `<name>_hotkeys`; a file may itself be called so, and then it has a CID.
    if (typeof cid !== 'string') continue;
    const hotkeys = texts(file[`${name}_hotkeys`]);
    records.push({ name, cid, size: null, storedAt: null, expiry: null, hotkeys });
  }
  return records;
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
