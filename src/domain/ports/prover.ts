// The proof work that is proportional to data: done by a pool of workers, each with its own core.

export interface ProveRequest {
  /** File that holds E. */
  readonly path: string;
  readonly size: number;
  /** The round's seed s_n, 32 bytes. */
  readonly key: Uint8Array;
  readonly chunkSize: number;
  /** b of PROTOCOL 5.2, 32 bytes. */
  readonly blinding: Uint8Array;
}

export interface ProveResult {
  readonly keyedRoot: Uint8Array;
  readonly commitmentRoot: Uint8Array;
  /** m_j, count × 32 bytes. */
  readonly nodes: Uint8Array;
  /** c_j, count × 32 bytes. */
  readonly commitments: Uint8Array;
  readonly count: number;
  readonly milliseconds: number;
}

export interface DigestRequest {
  readonly path: string;
  readonly size: number;
  /** Keys of the keyed roots wanted. */
  readonly keys: readonly Uint8Array[];
  /** Whether the values of all 1 KiB leaves are wanted (the outboard). */
  readonly outboard: boolean;
  /** XORs AES-256-CTR under this key over the file first: E from P (PROTOCOL 3). */
  readonly encodeKey?: Uint8Array;
}

export interface DigestResult {
  /** hash of the (encoded) bytes. */
  readonly root: Uint8Array;
  readonly keyed: readonly Uint8Array[];
  readonly outboard: Uint8Array | null;
}

export interface Prover {
  prove(request: ProveRequest, signal?: AbortSignal): Promise<ProveResult>;
  digest(request: DigestRequest, signal?: AbortSignal): Promise<DigestResult>;
  /** keyed(key_i, data) for each key; data up to 64 MiB, copied to the worker unless its memory is shared. */
  keyedRoots(
    data: Uint8Array,
    keys: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<readonly Uint8Array[]>;
  /** commit(m_i, r_i) for n × 32 bytes each. */
  commit(m: Uint8Array, r: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}
