// Many small objects in one request of a user to an API node (POST /objects/group): for each a frame of
//   framed sealed manifest ‖ the bytes of its one piece
// behind the frame's own u32 little-endian length. The answer is JSON with one entry for each, in the same order.

import { concatBytes } from '../model/bytes.js';
import { kibibyte, mebibyte } from '../model/constants.js';

/** Bytes of an object that may come in a group: its replicas go on in groups too. */
export const groupedObjectBytesMax = 64 * kibibyte;
/** The manifest has one piece id, so a few hundred bytes. */
export const groupedFrameBytesMax = groupedObjectBytesMax + 4 * kibibyte;
export const groupObjectsMax = 64;
export const groupRequestBytesMax = mebibyte;
export const objectGroupPath = '/objects/group';
export const objectGroupType = 'application/vnd.filetao.objects';

function framed(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return concatBytes(length, bytes);
}

export const frameObject = (sealedManifest: Uint8Array, piece: Uint8Array): Uint8Array =>
  framed(concatBytes(framed(sealedManifest), piece));
