// The manifests of what the user put, `<folder>/manifests/<cid>`, as they were signed: with its own manifest a
// client checks every piece of a download against what it put, not against what a node says.

import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, replaceFile } from '../adapters/system/durable-file.js';
import { objectCid } from '../domain/content/cid.js';
import { toFileTaoError } from '../domain/model/errors.js';

export class KeptManifests {
  readonly #folder: string;

  constructor(hashFolder: string) {
    this.#folder = join(hashFolder, 'manifests');
  }

  /** Signature ‖ body; undefined when the object was not put from here. Not checked here. */
  async load(cid: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(cid));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw toFileTaoError(error);
    }
  }

  async save(cid: string, sealed: Uint8Array): Promise<void> {
    await makePrivateFolder(this.#folder);
    await replaceFile(this.#path(cid), sealed);
  }

  async remove(cid: string): Promise<void> {
    await unlink(this.#path(cid)).catch(() => {});
  }

  /** Only a CID in its own form becomes a file name. */
  #path(cid: string): string {
    return join(this.#folder, objectCid(cid));
  }
}
