// X25519 (RFC 7748), in a file of its own so that only what makes a recipient loads the curve, and a bundle holds no more of
// the library than this.

import { x25519 } from '@noble/curves/ed25519.js';

/** The public key of a secret of 32 bytes. */
export const x25519PublicKey = (secret: Uint8Array): Uint8Array => x25519.getPublicKey(secret);
