// Files that are AES-256-GCM ciphertext and nothing else; key, nonce and tag come from elsewhere. The tag
// covers the whole file, so no byte of the plaintext is given out before all of it was read.

import { createDecipheriv, type DecipherGCM, randomBytes } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { access, lstat, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { putInPlace } from '../system/durable-file.js';

export interface AesGcmSecret {
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

const readSize = 1024 * 1024;

function decipherOf({ key, nonce, tag }: AesGcmSecret): DecipherGCM {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  return decipher;
}

/** Decrypts into a new file, mode 0600. Throws `integrity` when it is not authentic, `exists` as named. */
export async function decryptToFile(
  path: string,
  secret: AesGcmSecret,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  await assertNew(target);
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    // flush: synced before it is closed, and so before it has its name
    const output = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
    await decrypt(path, secret, output, signal);
    await putInPlace(temporary, target, false);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(target);
    throw toFileTaoError(error);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** Decrypts to a stream, which stays open: once to see that the file is authentic, then once more. */
export async function decryptToStream(
  path: string,
  secret: AesGcmSecret,
  target: NodeJS.WritableStream,
  signal?: AbortSignal,
): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await decrypt(path, secret, nowhere, signal);
  await decrypt(path, secret, target, signal, { end: false });
}

async function decrypt(
  path: string,
  secret: AesGcmSecret,
  target: NodeJS.WritableStream,
  signal?: AbortSignal,
  { end = true } = {},
): Promise<void> {
  const source: Readable = createReadStream(path, { highWaterMark: readSize });
  let all = false;
  source.once('end', () => {
    all = true;
  });
  try {
    await pipeline(source, decipherOf(secret), target, { end, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    // node:crypto gives a wrong tag no code of its own
    if (all && (error as NodeJS.ErrnoException).code === undefined && signal?.aborted !== true) {
      throw new FileTaoError(
        'integrity',
        `${path} is not what was encrypted: it is damaged, or the payload is another object's`,
        { cause: error },
      );
    }
    if (signal?.aborted === true) throw toFileTaoError(signal.reason);
    throw toFileTaoError(error);
  }
}

const taken = (target: string): FileTaoError =>
  new FileTaoError('exists', `${target} exists; nothing was written, choose another name`);

/** Throws `exists` where the name is taken. */
export async function assertNew(target: string): Promise<void> {
  try {
    await lstat(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw toFileTaoError(error);
  }
  throw taken(target);
}

/** Throws `not-found` and the like unless there is a file to read. */
export async function assertReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
    if ((await stat(path)).isDirectory()) throw new FileTaoError('bad-input', `${path} is a folder`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toFileTaoError(error);
    throw new FileTaoError('not-found', `there is no file ${path}`, { cause: error });
  }
}
