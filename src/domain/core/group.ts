// The group's typed face: ristretto255 (RFC 9496), scalars mod L and Pedersen commitments, over the exports of the
// WebAssembly core (assembly/{scalar25519,ristretto255,pedersen}.ts). Synchronous and pure; memory is never grown.
//
// Shapes: a scalar or an encoded element is 32 bytes, little-endian; arrays are concatenations. Arguments of the wrong
// length throw RangeError; every other input has a defined result.

/** What the group needs of the core's exports. */
export interface GroupExports {
  scalarIsCanonical(scalar: number): number;
  scalarReduceWideBatch(wide: number, n: number, out: number): void;
  ristrettoAdd(a: number, b: number, n: number, out: number): number;
  ristrettoDerive(bytes: number, n: number, out: number): void;
  ristrettoDouble(a: number, n: number, out: number): number;
  ristrettoIsSum(a: number, b: number, c: number, n: number): number;
  ristrettoIsValid(a: number, n: number): number;
  pedersenTableBytes(window: number): number;
  pedersenWorkBytes(capacity: number): number;
  pedersenBuildTables(tables: number, window: number, work: number, capacity: number): void;
  pedersenCommit(
    tables: number,
    window: number,
    m: number,
    r: number,
    n: number,
    out: number,
    work: number,
    capacity: number,
  ): number;
}

/** Bits of a table window: 11 takes 3.8 MB and suits many workers, 13 takes 13.1 MB and suits one or two. */
export type Window = 11 | 13;

export interface Region {
  /** Address, a multiple of 16. */
  readonly ptr: number;
  readonly bytes: number;
}

/** Where the group may write in the core's memory; the regions do not overlap. */
export interface GroupRegions {
  /** The tables of G and H, kept as long as the instance. */
  readonly tables: Region;
  /** Scratch of one sub-batch; free for others between calls. */
  readonly work: Region;
  /** Arguments and results of the calls that take Uint8Arrays; free for others between calls. */
  readonly transfer: Region;
}

/**
 * Commitments per sub-batch: larger ones share the inversions further (1 to 2 % from 2048 to 4096), smaller ones take less
 * memory. 4096 takes 1.3 MB of work memory: 296 bytes each and 82 KB (fma) or 164 KB (simd) for the encoder.
 */
export const SUB_BATCH = 4096;

/** Bytes of transfer memory per item: 64 in and 32 out, in every call. */
const TRANSFER_ITEM = 96;

/** The sizes of the regions for a window and a sub-batch (a multiple of 4). */
export function groupRegionBytes(
  exports: Pick<GroupExports, 'pedersenTableBytes' | 'pedersenWorkBytes'>,
  window: Window,
  subBatch: number = SUB_BATCH,
): { tables: number; work: number; transfer: number } {
  return {
    tables: exports.pedersenTableBytes(window),
    work: exports.pedersenWorkBytes(subBatch),
    transfer: subBatch * TRANSFER_ITEM,
  };
}

export class Group {
  readonly #exports: GroupExports;
  readonly #memory: WebAssembly.Memory;
  readonly #regions: GroupRegions;
  readonly #subBatch: number;
  #window: Window | undefined;

  /** @throws RangeError if the regions are too small for a window of 11 and a sub-batch of 4. */
  constructor(exports: GroupExports, memory: WebAssembly.Memory, regions: GroupRegions) {
    this.#exports = exports;
    this.#memory = memory;
    this.#regions = regions;
    const fixed = exports.pedersenWorkBytes(0);
    const each = (exports.pedersenWorkBytes(4) - fixed) / 4;
    this.#subBatch = Math.floor((regions.work.bytes - fixed) / each / 4) * 4;
    if (this.#subBatch < 4) throw new RangeError(`work region of ${regions.work.bytes} bytes is too small`);
    if (regions.tables.bytes < exports.pedersenTableBytes(11))
      throw new RangeError(`table region of ${regions.tables.bytes} bytes is too small`);
    if (regions.transfer.bytes < TRANSFER_ITEM)
      throw new RangeError(`transfer region of ${regions.transfer.bytes} bytes is too small`);
  }

  /** The window the tables were built for, or undefined before the first commitment. */
  get window(): Window | undefined {
    return this.#window;
  }

  /**
   * Builds the tables: 7 ms for window 11, 20 ms for 13 (simd build: 17 and 37). Called by the first commitment, if not before, with the
   * largest window that the region holds.
   */
  buildTables(window: Window): void {
    if (this.#window === window) return;
    const { tables, work } = this.#regions;
    const needed = this.#exports.pedersenTableBytes(window);
    if (tables.bytes < needed)
      throw new RangeError(
        `window ${window} needs ${needed} bytes of tables, the region has ${tables.bytes}`,
      );
    this.#exports.pedersenBuildTables(tables.ptr, window, work.ptr, this.#subBatch);
    this.#window = window;
  }

  /**
   * n commitments m_i*G + r_i*H, already in the core's memory: n * 32 bytes each at mPtr and rPtr, taken mod L, and the n * 32
   * bytes of encodings go to outPtr. The three may lie anywhere outside the tables and the work region.
   * Returns how many sub-batches met an exceptional addition and were recomputed on the complete formulas (almost always 0).
   */
  commitBatch(mPtr: number, rPtr: number, n: number, outPtr: number): number {
    const { tables, work } = this.#regions;
    const window = this.#window ?? this.#buildLargestTables();
    return this.#exports.pedersenCommit(tables.ptr, window, mPtr, rPtr, n, outPtr, work.ptr, this.#subBatch);
  }

  #buildLargestTables(): Window {
    const window = this.#regions.tables.bytes >= this.#exports.pedersenTableBytes(13) ? 13 : 11;
    this.buildTables(window);
    return window;
  }

  /** m_i*G + r_i*H for n * 32 bytes of m and of r, each taken mod L; n * 32 bytes of canonical encodings. */
  commit(m: Uint8Array, r: Uint8Array): Uint8Array {
    const n = itemsOf(m, 32, 'm');
    if (r.length !== m.length) throw new RangeError(`m has ${m.length} bytes and r has ${r.length}`);
    return this.#map(n, [m, r], ([mPtr, rPtr], count, out) => {
      this.commitBatch(mPtr!, rPtr!, count, out);
    });
  }

  /** Scalars from n * 64 uniform bytes, mod L; n * 32 bytes. */
  reduceWide(bytes: Uint8Array): Uint8Array {
    return this.#map(itemsOf(bytes, 64, 'bytes'), [bytes], ([wide], count, out) => {
      this.#exports.scalarReduceWideBatch(wide!, count, out);
    });
  }

  /** True when the 32 bytes are below L. */
  isCanonicalScalar(scalar: Uint8Array): boolean {
    if (scalar.length !== 32) throw new RangeError(`a scalar has 32 bytes, not ${scalar.length}`);
    const { ptr } = this.#regions.transfer;
    new Uint8Array(this.#memory.buffer).set(scalar, ptr);
    return this.#exports.scalarIsCanonical(ptr) !== 0;
  }

  /** The elements derived from n * 64 uniform bytes (RFC 9496, section 4.3.4), encoded. */
  derive(bytes: Uint8Array): Uint8Array {
    return this.#map(itemsOf(bytes, 64, 'bytes'), [bytes], ([uniform], count, out) => {
      this.#exports.ristrettoDerive(uniform!, count, out);
    });
  }

  /** True when every one of the n * 32 bytes is a valid encoding (RFC 9496, section 4.3.1). */
  isValid(elements: Uint8Array): boolean {
    let valid = true;
    this.#map(itemsOf(elements, 32, 'elements'), [elements], ([a], count) => {
      valid &&= this.#exports.ristrettoIsValid(a!, count) !== 0;
    });
    return valid;
  }

  /** a_i + b_i. @throws RangeError on an invalid encoding. */
  add(a: Uint8Array, b: Uint8Array): Uint8Array {
    if (a.length !== b.length) throw new RangeError(`a has ${a.length} bytes and b has ${b.length}`);
    return this.#map(itemsOf(a, 32, 'a'), [a, b], ([aPtr, bPtr], count, out) => {
      if (!this.#exports.ristrettoAdd(aPtr!, bPtr!, count, out))
        throw new RangeError('invalid element encoding');
    });
  }

  /** 2 a_i through the batch encoder of the commitments. @throws RangeError on an invalid encoding. */
  double(a: Uint8Array): Uint8Array {
    return this.#map(itemsOf(a, 32, 'a'), [a], ([aPtr], count, out) => {
      if (!this.#exports.ristrettoDouble(aPtr!, count, out)) throw new RangeError('invalid element encoding');
    });
  }

  /** True when a_i + b_i = c_i for every i, compared as group elements. False on an invalid encoding. */
  isSum(a: Uint8Array, b: Uint8Array, c: Uint8Array): boolean {
    if (a.length !== b.length || a.length !== c.length)
      throw new RangeError(`a, b, c have ${a.length}, ${b.length}, ${c.length} bytes`);
    let equal = true;
    this.#map(itemsOf(a, 32, 'a'), [a, b, c], ([aPtr, bPtr, cPtr], count) => {
      equal &&= this.#exports.ristrettoIsSum(aPtr!, bPtr!, cPtr!, count) !== 0;
    });
    return equal;
  }

  /**
   * Runs `call` over the n items of the inputs in slices that fit the transfer region: inputs first, then 32 bytes per item of
   * output, which may overlay the last input only when there are three (whose calls write none).
   */
  #map(
    n: number,
    inputs: readonly Uint8Array[],
    call: (ptrs: readonly number[], count: number, out: number) => void,
  ): Uint8Array {
    const { ptr, bytes } = this.#regions.transfer;
    const slice = Math.floor(bytes / TRANSFER_ITEM);
    const out = new Uint8Array(n * 32);
    for (let done = 0; done < n; done += slice) {
      const count = Math.min(slice, n - done);
      const memory = new Uint8Array(this.#memory.buffer);
      let at = ptr;
      const ptrs = inputs.map((input) => {
        const item = input.length / n;
        const start = at;
        memory.set(input.subarray(done * item, (done + count) * item), start);
        at += count * item;
        return start;
      });
      const outPtr = ptr + count * (TRANSFER_ITEM - 32);
      call(ptrs, count, outPtr);
      out.set(memory.subarray(outPtr, outPtr + count * 32), done * 32);
    }
    return out;
  }
}

function itemsOf(bytes: Uint8Array, size: number, name: string): number {
  if (bytes.length % size !== 0)
    throw new RangeError(`${name} has ${bytes.length} bytes, not a multiple of ${size}`);
  return bytes.length / size;
}
