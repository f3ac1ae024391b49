// What the client needs from the machine it runs on, as one value: hashing, ciphers, randomness, clock. A
// browser composes its own.

import type { ProofCore } from '../domain/core/proof-core.js';
import type { Cipher } from '../domain/ports/cipher.js';
import type { Random } from '../domain/ports/random.js';
import type { Signer, VerifySignature } from '../domain/ports/signer.js';

export interface ClientRuntime {
  /** BLAKE3 of the data, 32 bytes. */
  readonly hash: (data: Uint8Array) => Uint8Array;
  /** Checks what proves a range. */
  readonly core: ProofCore;
  readonly cipher: Cipher;
  readonly random: Random;
  readonly verify: VerifySignature;
  readonly nowMs: () => number;
}

/** The user's keys, as `openWallet` gives them. */
export interface UserWallet {
  readonly name: string;
  /** Signs requests and manifests; the owner of what it puts. */
  readonly hotkey: Signer;
  /** `age1…`: what objects are encrypted for. Needs no password. */
  ageRecipient(): Promise<string>;
  /** `AGE-SECRET-KEY-1…`: what opens them. May ask for the coldkey's password. */
  ageIdentity(): Promise<string>;
}
