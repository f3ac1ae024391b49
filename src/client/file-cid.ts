// CIDs of a file's own bytes (not of its encrypted form), by stream.

import { nodeCipher } from '../adapters/cipher/node.js';
import { cidOfDigest } from '../domain/content/cid.js';
import { UnixfsCid } from '../domain/content/unixfs.js';
import type { Cid } from '../domain/model/bytes.js';
import { openSource, type StoreInput } from './file-source.js';

/** CIDv1, raw, sha2-256: the name of an object stored without encryption. */
export async function cidOfInput(input: StoreInput, signal?: AbortSignal): Promise<Cid> {
  const sha256 = nodeCipher.sha256();
  await readInto(input, (block) => sha256.update(block), signal);
  return cidOfDigest(sha256.digest());
}

/** What `ipfs add --cid-version 1` gives. */
export async function unixfsCidOfInput(input: StoreInput, signal?: AbortSignal): Promise<string> {
  const unixfs = new UnixfsCid(() => nodeCipher.sha256());
  await readInto(input, (block) => unixfs.update(block), signal);
  return unixfs.digest();
}

async function readInto(
  input: StoreInput,
  take: (block: Uint8Array) => unknown,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await openSource(input);
  try {
    for await (const block of source.blocks(signal)) take(block);
  } finally {
    await source.close();
  }
}
