// The proof core's typed, synchronous face: what the protocol and the proving pool call. No I/O; runs in Node and in browsers.
// All byte arrays given are read during the call and may be reused; all returned are the caller's own, save `ProofPass.inputs`.
// Every method throws CoreInputError for an input outside the stated limits, before doing work.

import type { DigestInput, DigestPass } from './digest-pass.js';
import type { Hasher } from './hasher.js';
import type { HashMode, Tree } from './modes.js';
import type { CoreBuild } from './probe.js';
import type { ProofInput, ProofPass } from './proof-pass.js';

export interface ProofCore {
  /** Which of the two builds this is; both give the same bytes. */
  readonly build: CoreBuild;
  /** Size of the WebAssembly memory: fixed from the start, of which only what was used is resident. */
  readonly memoryBytes: number;

  /** BLAKE3 of any number of bytes: 32 bytes. */
  hash(data: Uint8Array): Uint8Array;
  /** Keyed BLAKE3 (key 32 bytes): 32 bytes. Throws `bad-key`. */
  keyed(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** BLAKE3's derive-key mode: 32 bytes. `context` is a fixed string of the program, never a message's. */
  derive(context: string, material: Uint8Array): Uint8Array;
  /** `length` output bytes from byte `seek` (default 0) of a message in any mode. Throws `bad-key`, `bad-range`. */
  xof(mode: HashMode, data: Uint8Array, length: number, seek?: number): Uint8Array;
  /** A streaming hasher; any number may be alive at once, their calls interleaved as you like. Throws `bad-key`. */
  createHasher(mode: HashMode): Hasher;
  /**
   * Digests of independent messages of `size` = 1 … 1024 bytes each, side by side in `data`: 32 bytes each, four at a time.
   * `key` null: unkeyed. Throws `bad-key`, `bad-data-length` unless size divides the data.
   */
  hashEach(key: Uint8Array | null, data: Uint8Array, size: number): Uint8Array;

  /**
   * Values of consecutive aligned chunks, never ROOT: 32 bytes for each of ceil(data.length / chunkSize) chunks.
   * `data` (1 byte to 64 MiB) starts at chunk number `firstChunk`; only the last may be short. `key` null: the content tree.
   * Throws `bad-key`, `bad-chunk-size`, `bad-data-length`, `bad-index`.
   */
  chunkNodes(key: Uint8Array | null, data: Uint8Array, firstChunk: number, chunkSize: number): Uint8Array;
  /**
   * The same for chunks that are not consecutive, under each of `keys` in turn: `chunks[i]` is chunk number `indices[i]`. Numbers ascend;
   * only the last chunk may be short. Chunks share the lanes, so t chunks of 1 KiB cost less than half of t calls of `chunkNodes`.
   * Throws as `chunkNodes`, and `bad-data-length` where chunks and indices do not fit.
   */
  openedChunkNodes(
    keys: readonly (Uint8Array | null)[],
    chunks: readonly Uint8Array[],
    indices: ArrayLike<number>,
    chunkSize: number,
  ): Uint8Array[];
  /**
   * Merges nodes of consecutive equal chunks, from an aligned start, into those of chunks `factor` times as large (a power of
   * two, 1 … 65536), non-ROOT: ceil(count / factor) nodes; the last may cover less. 1 … 65536 nodes in.
   * Throws `bad-key`, `bad-count`.
   */
  foldNodes(key: Uint8Array | null, nodes: Uint8Array, factor: number): Uint8Array;
  /**
   * Root over all nodes. Content and keyed: at least 2 nodes (a single chunk's root is the hash of the chunk, not its node), the last
   * merge with ROOT. Commitment: at least 1 commitment; leaves are hashed inside. At most 2^27 either way.
   * Throws `bad-key`, `bad-count`.
   */
  treeRoot(tree: Tree, nodes: Uint8Array): Uint8Array;
  /**
   * The proof for opening `indices` (ascending, distinct, at least one) of the tree over `nodes` (commitment: over commitments):
   * 32 bytes for each of `multiproofLength` nodes. 1 … 65536 nodes. Throws `bad-key`, `bad-count`, `bad-index`.
   */
  multiproof(tree: Tree, nodes: Uint8Array, indices: ArrayLike<number>): Uint8Array;
  /** How many nodes that proof has; the same for all three trees. Throws `bad-count`, `bad-index`. */
  multiproofLength(count: number, indices: ArrayLike<number>): number;
  /**
   * The root that the opened nodes (commitment: commitments; 32 bytes per index) and a proof lead to, for the caller to compare;
   * null if `opened` or `proof` is not exactly as long as count and indices require: those are the peer's bytes.
   * Content and keyed with count = 1 have no tree and throw `bad-count`. Throws `bad-key`, `bad-count`, `bad-index`.
   */
  multiproofRoot(
    tree: Tree,
    count: number,
    indices: ArrayLike<number>,
    opened: Uint8Array,
    proof: Uint8Array,
  ): Uint8Array | null;

  /**
   * Blinding scalars r_first … r_(first + count - 1) of a round: r_j = bytes [64 j, 64 j + 64) of the output of
   * keyed(b, "") mod L, 32 bytes each. first + count <= 65536. Throws `bad-key`, `bad-range`.
   */
  blindings(b: Uint8Array, first: number, count: number): Uint8Array;
  /** Whether 32 bytes are a scalar below the group order L. Any other length is not. */
  isCanonicalScalar(scalar: Uint8Array): boolean;
  /** 32 bytes mod L, 32 bytes. Throws `bad-scalar`. */
  reduceScalar(bytes: Uint8Array): Uint8Array;
  /** 64 bytes mod L, 32 bytes. Throws `bad-scalar`. */
  reduceWide(bytes: Uint8Array): Uint8Array;
  /**
   * Pedersen commitments m_i * G + r_i * H: 32 bytes per pair. `m`: 32 bytes each, read mod L; `r`: 32 bytes each, below L.
   * 1 … 65536 pairs. The first call builds the tables. Throws `bad-count`, `bad-scalar`.
   */
  commit(m: Uint8Array, r: Uint8Array): Uint8Array;

  /**
   * One pass over a replica for a challenge: K_n, R_n, all m_j and c_j. One pass at a time: starting another ends the one before.
   * Throws `bad-key`, `bad-data-length`, `bad-chunk-size`, `bad-count`.
   */
  startProof(proof: ProofInput): ProofPass;
  /** One pass over data for its root, the keyed roots wanted (at most 64 keys), and on demand all leaf nodes. Same rules. */
  startDigest(digest: DigestInput): DigestPass;
}
