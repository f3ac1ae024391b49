// Small objects that come together: each is stored and recorded, or refused, by itself; only the request, and what the
// nodes do for it, is shared.

import { splitFrame } from '../../adapters/rpc/wire.js';
import { checkManifest, manifestKind } from '../../domain/content/manifest.js';
import {
  groupedFrameBytesMax,
  groupedObjectBytesMax,
  groupObjectsMax,
} from '../../domain/content/object-group.js';
import { openSealed } from '../../domain/identity/sealed.js';
import { equalBytes, type PublicKey, pieceIdOf, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { requireExpiry, requireQuota } from './access.js';
import type { ApiContext } from './context.js';
import { claimObject, type StoredObject } from './objects.js';
import { placeReceived } from './pieces.js';

/** Of each frame what was stored, or why not. */
export type GroupedResult = { readonly stored: StoredObject } | { readonly failure: FileTaoError };

/** The frames of a group, still closed; throws `bad-message` or `too-large` for a body that is no group. */
export function framesOf(body: Uint8Array): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    if (at + 4 > body.length) throw new FileTaoError('bad-message', 'the group is cut short');
    const length = new DataView(body.buffer, body.byteOffset + at, 4).getUint32(0, true);
    if (length > groupedFrameBytesMax)
      throw new FileTaoError('too-large', `an object of a group has at most ${groupedObjectBytesMax} bytes`);
    if (at + 4 + length > body.length) throw new FileTaoError('bad-message', 'the group is cut short');
    frames.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (frames.length === 0 || frames.length > groupObjectsMax)
    throw new FileTaoError(
      'bad-message',
      `a group has 1 to ${groupObjectsMax} objects, not ${frames.length}`,
    );
  return frames;
}

/** @param sender who signed the request, if somebody did. Never rejects. */
export const storeGroup = (
  context: ApiContext,
  frames: readonly Uint8Array[],
  sender: PublicKey | null,
): Promise<readonly GroupedResult[]> =>
  Promise.all(
    frames.map((frame) =>
      storeFramed(context, frame, sender).then(
        (stored) => ({ stored }),
        (error) => ({ failure: toFileTaoError(error) }),
      ),
    ),
  );

async function storeFramed(
  context: ApiContext,
  frame: Uint8Array,
  sender: PublicKey | null,
): Promise<StoredObject> {
  const { head, bulk: bytes } = splitFrame(frame);
  const manifest = openSealed(manifestKind, head, context.verify);
  const { value } = manifest;
  const owner = publicKeyOf(value.owner);
  if (sender !== null && sender !== owner)
    throw new FileTaoError('forbidden', 'the manifest is signed by another hotkey');
  checkManifest(value);
  const [piece, ...more] = value.pieceIds;
  if (piece === undefined || more.length > 0 || value.size !== bytes.length)
    throw new FileTaoError(
      'bad-message',
      'an object of a group has one piece, whose bytes follow its manifest',
    );
  requireExpiry(context, value.expiry);
  await requireQuota(context, owner, value.size);
  if (!equalBytes(context.core.hash(bytes), piece))
    throw new FileTaoError('root-mismatch', 'the bytes are not those of the piece id: send the object again');
  const { copies } = value.redundancy;
  const { expiry, size } = value;
  await placeReceived(
    context,
    { pieceId: pieceIdOf(piece), size, expiry, bytes },
    { copies, minCopies: copies, expiry },
  );
  return claimObject(context, manifest, owner);
}
