// A few chunks of a piece with what proves them to its pieceId (PROTOCOL 6a), so that a client need not fetch, or trust,
// the rest. The proof is made from the piece as it is at hand here, decoded and verified.

import { pieceLength } from '../../domain/content/manifest.js';
import { concatBytes, fromHex } from '../../domain/model/bytes.js';
import { leafSize, nodeSize } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ObjectRecord } from '../../domain/model/records.js';
import { rangeProof } from '../../domain/protocol/retrieve.js';
import type { ApiContext } from './context.js';
import { takePiece } from './downloads.js';

export interface WantedChunks {
  readonly piece: number;
  /** Number of the first chunk within the piece. */
  readonly first: number;
  readonly chunks: number;
}

/** The chunks, then the content multiproof over the chunks of 1 KiB of the piece. Throws `bad-range`. */
export async function provedRange(
  context: ApiContext,
  object: ObjectRecord,
  { piece, first, chunks }: WantedChunks,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { core, proofGate } = context;
  const pieceId = object.pieceIds[piece];
  const size = pieceId === undefined ? 0 : pieceLength(object.size, object.pieceSize, piece);
  const count = Math.ceil(size / leafSize);
  if (pieceId === undefined || first + chunks > count)
    throw new FileTaoError(
      'bad-range',
      `piece ${piece} of the object has ${count} chunks of ${leafSize} bytes`,
    );
  const start = first * leafSize;
  const end = Math.min(size, start + chunks * leafSize);
  const leave = await proofGate.enter(nodeSize * count + 2 * (end - start));
  try {
    const held = await takePiece(context, object, piece, signal);
    try {
      const nodes = new Uint8Array(nodeSize * count);
      const data = new Uint8Array(end - start);
      let at = 0;
      for await (const part of wholeLeaves(held.parts(0, size))) {
        nodes.set(core.chunkNodes(null, part, at / leafSize, leafSize), (nodeSize * at) / leafSize);
        const from = Math.max(start, at);
        const to = Math.min(end, at + part.length);
        if (from < to) data.set(part.subarray(from - at, to - at), from - start);
        at += part.length;
      }
      const range = { root: fromHex(pieceId), size, chunkSize: leafSize, firstChunk: first, chunks };
      return concatBytes(data, rangeProof(core, range, nodes));
    } finally {
      held.leave();
    }
  } finally {
    leave();
  }
}

/** The same bytes cut at multiples of a leaf; a file may give less than it is asked for. */
async function* wholeLeaves(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for await (const part of parts) {
    const joined = rest.length === 0 ? part : concatBytes(rest, part);
    const whole = joined.length - (joined.length % leafSize);
    if (whole > 0) yield joined.subarray(0, whole);
    rest = joined.subarray(whole);
  }
  if (rest.length > 0) yield rest;
}
