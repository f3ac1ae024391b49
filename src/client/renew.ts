// Renewing an object: its owner signs the manifest again with a later expiry and posts it. What the node then keeps
// says the same as what the client keeps.

import { type Manifest, manifestKind } from '../domain/content/manifest.js';
import { sealMessage } from '../domain/identity/sealed.js';
import { encodeSs58 } from '../domain/identity/ss58.js';
import { type Cid, equalBytes } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { ApiNode } from './api-node.js';
import { readManifest } from './download.js';
import type { ClientRuntime, UserWallet } from './runtime.js';

export interface RenewOptions {
  readonly connection: ApiNode;
  readonly wallet: UserWallet;
  readonly runtime: ClientRuntime;
  /** The sealed manifest kept from the put; null asks the node. */
  readonly kept: Uint8Array | null;
  readonly signal: AbortSignal | undefined;
}

export interface Renewed {
  readonly cid: Cid;
  /** Unix seconds. */
  readonly expiry: number;
  /** Replicas of the piece that has fewest, all of them kept until then. */
  readonly replicas: number;
  readonly manifest: Uint8Array;
}

/** Never shortens: an object that is kept longer already stays so. Throws `forbidden` for somebody else's. */
export async function renew(
  cid: Cid,
  ttlSeconds: number,
  { connection, wallet, runtime, kept, signal }: RenewOptions,
): Promise<Renewed> {
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new FileTaoError('bad-input', 'the time to live must be a whole number of seconds, 1 or more');
  }
  const manifest = await currentManifest(cid, connection, runtime, kept, signal);
  if (!equalBytes(manifest.owner, wallet.hotkey.publicKey)) {
    throw new FileTaoError(
      'forbidden',
      `${cid} belongs to ${encodeSs58(manifest.owner)}: only its owner can renew it (--wallet.name, --wallet.hotkey)`,
    );
  }
  const expiry = Math.max(manifest.expiry, Math.floor(runtime.nowMs() / 1000) + ttlSeconds);
  const sealed = sealMessage(manifestKind, { ...manifest, expiry }, wallet.hotkey);
  const { replicas } = await connection.postObject(sealed, signal);
  return { cid, expiry, replicas, manifest: sealed };
}

/** The newest there is: another machine of the same owner may have renewed it meanwhile. */
async function currentManifest(
  cid: Cid,
  connection: ApiNode,
  runtime: ClientRuntime,
  kept: Uint8Array | null,
  signal: AbortSignal | undefined,
): Promise<Manifest> {
  const given = readManifest(await connection.manifest(cid, signal), cid, runtime);
  const own = kept === null ? null : readManifest(kept, cid, runtime);
  const known = own === null || own instanceof FileTaoError ? null : own.manifest;
  if (given instanceof FileTaoError) {
    if (known !== null) return known;
    throw new FileTaoError(
      'integrity',
      `${connection.url} gave a false manifest of ${cid}: ${given.message}`,
    );
  }
  // What the node says of the pieces of an object that was put from here is not taken from it.
  return known === null
    ? given.manifest
    : { ...known, expiry: Math.max(known.expiry, given.manifest.expiry) };
}
