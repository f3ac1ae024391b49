// Signers for tests, of throw-away keys.
import { randomBytes } from 'node:crypto';
import { signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import type { Signer, VerifySignature } from '../../src/domain/ports/signer.js';

export const testSigner = (seed: Uint8Array = randomBytes(32)): Signer => signerFromSeed(seed);

export const verifyTestSignature: VerifySignature = verifySr25519;
