// An sr25519 signer for tests, on @polkadot/wasm-crypto directly.
import { randomBytes } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { sr25519KeypairFromSeed, sr25519Sign, sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import type { Signer, VerifySignature } from '../../src/domain/ports/signer.js';

await waitReady();

export function testSigner(seed: Uint8Array = randomBytes(32)): Signer {
  const pair = sr25519KeypairFromSeed(seed);
  const secretKey = pair.subarray(0, 64);
  const publicKey = pair.slice(64);
  return {
    publicKey,
    sign: (message) => sr25519Sign(publicKey, secretKey, message),
    deriveSecret: (context) => blake3(secretKey, { context: new TextEncoder().encode(context) }),
  };
}

export const verifyTestSignature: VerifySignature = (message, signature, publicKey) => {
  try {
    return sr25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
};
