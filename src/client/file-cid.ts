// The CID of a file's own bytes (not of its encrypted form), by stream.

import { nodeCipher } from '../adapters/cipher/node.js';
import { cidOfDigest } from '../domain/content/cid.js';
import type { Cid } from '../domain/model/bytes.js';
import { openSource, type StoreInput } from './source.js';

export async function cidOfInput(input: StoreInput, signal?: AbortSignal): Promise<Cid> {
  const source = await openSource(input);
  try {
    const sha256 = nodeCipher.sha256();
    for await (const block of source.blocks(signal)) sha256.update(block);
    return cidOfDigest(sha256.digest());
  } finally {
    await source.close();
  }
}
