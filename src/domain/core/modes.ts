// BLAKE3's modes and the three trees as the core takes them: a key pointer and flags.
// Source: BLAKE3 paper, table 3 and section 2.3; docs/protocol.md (primitives) for the commitment tree.

import type { Instance } from './instance.js';
import { checkKey } from './limits.js';

const CHUNK_START = 1;
const CHUNK_END = 2;
export const PARENT = 4;
export const ROOT = 8;
export const KEYED_HASH = 16;
export const DERIVE_KEY_CONTEXT = 32;
export const DERIVE_KEY_MATERIAL = 64;

/** How a message is hashed: plainly, under a 32-byte key, or as key material under a context string. */
export type HashMode =
  | { readonly kind: 'hash' }
  | { readonly kind: 'keyed'; readonly key: Uint8Array }
  | { readonly kind: 'derive'; readonly context: string };

/** Which of a proof's three trees; the keyed one under a round's 32-byte seed. */
export type Tree =
  | { readonly kind: 'content' }
  | { readonly kind: 'keyed'; readonly key: Uint8Array }
  | { readonly kind: 'commitment' };

/** Where the key stands in the core's memory, and the flags every compression carries. */
export interface Keying {
  readonly key: number;
  readonly flags: number;
}

/** The same for the merges of a tree, and the flags of the last one. */
export interface Merging extends Keying {
  readonly rootFlags: number;
}

/** Places `words` as the key of the call at hand. */
export function keyingOf(instance: Instance, words: Uint8Array, flags: number): Keying {
  instance.regions.key.bytes.set(words);
  return { key: instance.regions.key.at, flags };
}

/** The unkeyed mode for null, else the keyed one. */
export function chunkKeying(instance: Instance, key: Uint8Array | null): Keying {
  if (key === null) return { key: instance.iv, flags: 0 };
  checkKey(key);
  return keyingOf(instance, key, KEYED_HASH);
}

/** Merges of nodes in the content tree (null) or in a keyed one. */
export function chunkMerging(instance: Instance, key: Uint8Array | null): Merging {
  const keying = chunkKeying(instance, key);
  const flags = keying.flags | PARENT;
  return { key: keying.key, flags, rootFlags: flags | ROOT };
}

/** Merges in any of the three trees. A node of the commitment tree is a whole keyed hash of one block, root or not. */
export function treeMerging(instance: Instance, tree: Tree): Merging {
  if (tree.kind === 'commitment') {
    const flags = KEYED_HASH | CHUNK_START | CHUNK_END | ROOT;
    return { key: instance.regions.nodeKey.at, flags, rootFlags: flags };
  }
  return chunkMerging(instance, tree.kind === 'keyed' ? tree.key : null);
}

/** The keying of the commitment tree's leaves. */
export function leafKeying(instance: Instance): Keying {
  return { key: instance.regions.leafKey.at, flags: KEYED_HASH };
}
