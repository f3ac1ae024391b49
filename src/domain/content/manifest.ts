// The manifest: what an object consists of, made by the client and signed by the putting hotkey, which is
// the object's owner (PROTOCOL 6a). Kept by the client and by the validator.

import { bytes, list, oneOf, struct, text, uint } from '../identity/codec.js';
import { defineMessage } from '../identity/sealed.js';
import { limits, nodeSize, protocolVersion } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import { objectCid } from './cid.js';

const shape = {
  version: uint(protocolVersion, protocolVersion),
  genesis: bytes(nodeSize),
  netuid: uint(0, 65535),
  owner: bytes(nodeSize),
  cid: text(128),
  size: uint(),
  pieceSize: uint(1, limits.replicaSizeMax),
  pieceIds: list(bytes(nodeSize), limits.piecesPerObjectMax),
  redundancy: struct({ scheme: oneOf('replicate'), copies: uint(1, limits.replicasMax) }),
  expiry: uint(),
} as const;

export const manifestKind = defineMessage(
  'manifest',
  shape,
  (manifest) => manifest.owner,
  limits.manifestBytesMax,
);

export type Manifest = ReturnType<(typeof manifestKind.body)['check']>;

/** Pieces of an object of `size` bytes: all full but the last; none for an empty object. */
export const pieceCount = (size: number, pieceSize: number): number => Math.ceil(size / pieceSize);

/** Bytes of piece `index`. */
export const pieceLength = (size: number, pieceSize: number, index: number): number =>
  Math.min(pieceSize, size - index * pieceSize);

/** Checks what the schema cannot: that the number of pieces fits the size and the CID is ours in form. */
export function checkManifest(manifest: Manifest): void {
  if (manifest.pieceIds.length !== pieceCount(manifest.size, manifest.pieceSize)) {
    throw new FileTaoError(
      'bad-message',
      `manifest: ${manifest.pieceIds.length} pieces do not make ${manifest.size} bytes`,
    );
  }
  let canonical: string;
  try {
    canonical = objectCid(manifest.cid);
  } catch (error) {
    throw new FileTaoError('bad-message', 'manifest: the CID is not v1, raw, sha2-256', { cause: error });
  }
  if (canonical !== manifest.cid) throw new FileTaoError('bad-message', 'manifest: the CID is not in base32');
}
