// The key files of a wallet as they are read from and written to the disk, encrypted or not.

import { readFile, stat } from 'node:fs/promises';
import type { KeyPair } from '../../domain/identity/keys.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { createFile } from '../system/durable-file.js';
import { isNaclKeyfile, openKeyfile, sealKeyfile } from './encrypted-keyfile.js';
import { formatKeyfile, type Keyfile, type KeySource, keyPairOf, parseKeyfile } from './keyfile.js';
import type { Unlock } from './password.js';
import { isMissing } from './wallet-paths.js';

/** A key file is some 500 bytes; anything much larger is something else. */
const keyfileBytesMax = 64 * 1024;

/** null when the file is not there. */
async function readBytes(path: string): Promise<Uint8Array | null> {
  try {
    const { size } = await stat(path);
    if (size > keyfileBytesMax) {
      throw new FileTaoError('wrong-wallet', `${path} is not a usable key file: it has ${size} bytes`);
    }
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw toFileTaoError(error);
  }
}

/** A file that needs no password, or null when it is not there. Throws `wallet-locked` when it does. */
export async function readKeyfile(path: string): Promise<Keyfile | null> {
  const data = await readBytes(path);
  return data === null ? null : parseKeyfile(data, path);
}

/** The key pair in a file, or null when it is not there; asks for the password where the file has one. */
export async function readKeyPair(path: string, unlock: Unlock): Promise<KeyPair | null> {
  const data = await readBytes(path);
  if (data === null) return null;
  const content = isNaclKeyfile(data) ? await openKeyfile(data, path, unlock) : data;
  return keyPairOf(parseKeyfile(content, path), path);
}

/** Makes a key file, encrypted unless the password is null; false when the name is taken. */
export async function createKeyfile(
  path: string,
  keyPair: KeyPair,
  source: KeySource,
  password: string | null,
  unlock: Unlock = {},
): Promise<boolean> {
  const text = formatKeyfile(keyPair, source);
  return createFile(path, password === null ? text : await sealKeyfile(text, password, unlock.watch));
}
