// The ciphers that differ between Node and a browser.

export interface KeyStream {
  /** XORs the next bytes of the key stream over data and returns a buffer of the same length. */
  apply(data: Uint8Array): Uint8Array;
}

export interface Sha256 {
  update(data: Uint8Array): this;
  digest(): Uint8Array;
}

/** Authenticated encryption under one key, without associated data. */
export interface Aead {
  /** Ciphertext ‖ tag (16 bytes). A nonce (12 bytes) must never be used twice with other data. */
  seal(nonce: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or null when `sealed` was not made under this key and nonce. */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array | null;
}

export const aeadTagSize = 16;

export interface Cipher {
  /** AES-256-CTR; key 32 bytes; the counter starts at 16 zero bytes (PROTOCOL 3). */
  aes256Ctr(key: Uint8Array): KeyStream;
  /** ChaCha20-Poly1305 of RFC 8439; key 32 bytes. */
  chacha20Poly1305(key: Uint8Array): Aead;
  sha256(): Sha256;
  /**
   * X25519 (RFC 7748) of a new key pair, whose secret nobody keeps, with their public key: both 32 bytes. Throws for a
   * public key of low order.
   */
  ephemeralX25519(theirs: Uint8Array): { readonly share: Uint8Array; readonly shared: Uint8Array };
}
