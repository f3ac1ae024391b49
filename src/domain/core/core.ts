// TEMPORARY interface until the core lands
export type HashMode =
  | { readonly kind: 'hash' }
  | { readonly kind: 'keyed'; readonly key: Uint8Array }
  | { readonly kind: 'derive'; readonly context: string };
export interface Hasher {
  update(data: Uint8Array): this;
  digest(): Uint8Array;
  xof(length: number, seek?: number): Uint8Array;
}
export type Tree =
  | { readonly kind: 'content' }
  | { readonly kind: 'keyed'; readonly key: Uint8Array }
  | { readonly kind: 'commitment' };
export interface ProofCore {
  hash(data: Uint8Array): Uint8Array;
  keyed(key: Uint8Array, data: Uint8Array): Uint8Array;
  derive(context: string, material: Uint8Array): Uint8Array;
  xof(mode: HashMode, data: Uint8Array, length: number, seek?: number): Uint8Array;
  createHasher(mode: HashMode): Hasher;
  chunkNodes(key: Uint8Array | null, data: Uint8Array, firstChunk: number, chunkSize: number): Uint8Array;
  foldNodes(key: Uint8Array | null, nodes: Uint8Array, factor: number): Uint8Array;
  treeRoot(tree: Tree, nodes: Uint8Array): Uint8Array;
  multiproof(tree: Tree, nodes: Uint8Array, indices: ArrayLike<number>): Uint8Array;
  multiproofLength(count: number, indices: ArrayLike<number>): number;
  multiproofRoot(
    tree: Tree,
    count: number,
    indices: ArrayLike<number>,
    opened: Uint8Array,
    proof: Uint8Array,
  ): Uint8Array | null;
  blindings(b: Uint8Array, first: number, count: number): Uint8Array;
  reduceWide(bytes: Uint8Array): Uint8Array;
  isCanonicalScalar(s: Uint8Array): boolean;
  commit(m: Uint8Array, r: Uint8Array): Uint8Array;
}
