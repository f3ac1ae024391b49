// Who signs: an sr25519 hotkey. The secret key itself never leaves the implementation.

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes over the message as given, sr25519 with context "substrate". */
  sign(message: Uint8Array): Uint8Array;
  /** derive(context, secretKey), secretKey = canonical scalar (32) ‖ nonce (32): 32 bytes (PROTOCOL 1–4). */
  deriveSecret(context: string): Uint8Array;
}

/** The plain sr25519 verifier: no wrapped text, no other key types. */
export type VerifySignature = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
