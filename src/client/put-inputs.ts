// What a user names to be put, file by file: files as they are, folders with everything below them. What is no regular
// file is told and passed over: links below a folder too, since they may lead out of it or in a circle. A link
// that is named itself is followed.

import { lstat, opendir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FileTaoError } from '../domain/model/errors.js';
import { fileError, kindOf } from './file-source.js';

export interface FoundFile {
  readonly path: string;
  /** `folder/below/name` for what lies in a folder that was named, else the file's own name. */
  readonly name: string;
  readonly size: number;
}

export interface PassedOver {
  readonly path: string;
  /** `a symbolic link`, … or the reason it cannot be read. */
  readonly why: string;
  /** Whether it should have been stored and could not be read. */
  readonly isFailure: boolean;
}

/** Throws for a path that is named and is not there, is no file or folder, or cannot be read; and where nothing is there to store. */
export async function* filesOf(
  paths: readonly string[],
  onPassedOver: (passed: PassedOver) => void,
  signal?: AbortSignal,
): AsyncGenerator<FoundFile, void> {
  const seen = new Set<string>();
  const isNew = (identity: { readonly dev: number; readonly ino: number }, path: string): boolean => {
    const key = `${identity.dev}:${identity.ino} ${resolve(path)}`;
    return !seen.has(key) && seen.add(key).size > 0;
  };
  let isEmpty = true;
  const tell = (passed: PassedOver): void => {
    if (passed.isFailure) isEmpty = false;
    onPassedOver(passed);
  };
  for (const path of paths) {
    const found = await stat(path).catch((error) => {
      throw fileError(path, error);
    });
    if (found.isFile()) {
      isEmpty = false;
      if (isNew(found, path)) yield { path, name: basename(resolve(path)), size: found.size };
      else tell({ path, why: 'named twice', isFailure: false });
      continue;
    }
    if (!found.isDirectory()) {
      throw new FileTaoError('bad-input', `${path} is ${kindOf(found)}, not a regular file`);
    }
    for await (const file of below(path, basename(resolve(path)), isNew, tell, signal)) {
      isEmpty = false;
      yield file;
    }
  }
  if (isEmpty)
    throw new FileTaoError(
      'bad-input',
      `no regular file is in ${paths.join(', ')}: there is nothing to store`,
    );
}

async function* below(
  folder: string,
  name: string,
  isNew: (identity: { readonly dev: number; readonly ino: number }, path: string) => boolean,
  onPassedOver: (passed: PassedOver) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundFile, void> {
  const folders: [path: string, name: string][] = [[folder, name]];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const [at, prefix] = next;
    const entries: string[] = [];
    try {
      for await (const entry of await opendir(at)) entries.push(entry.name);
    } catch (error) {
      onPassedOver({ path: at, why: fileError(at, error).message, isFailure: true });
      continue;
    }
    for (const entry of entries.sort()) {
      signal?.throwIfAborted();
      const path = join(at, entry);
      try {
        const found = await lstat(path);
        const known = prefix === '' ? entry : `${prefix}/${entry}`;
        if (found.isDirectory()) folders.push([path, known]);
        else if (!found.isFile()) onPassedOver({ path, why: kindOf(found), isFailure: false });
        else if (isNew(found, path)) yield { path, name: known, size: found.size };
        else onPassedOver({ path, why: 'named twice', isFailure: false });
      } catch (error) {
        if (error instanceof FileTaoError || signal?.aborted === true) throw error;
        onPassedOver({ path, why: fileError(path, error).message, isFailure: true });
      }
    }
  }
}
