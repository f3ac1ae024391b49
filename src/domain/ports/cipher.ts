// The ciphers that differ between Node and a browser.

export interface KeyStream {
  /** XORs the next bytes of the key stream over data and returns a buffer of the same length. */
  apply(data: Uint8Array): Uint8Array;
}

export interface Sha256 {
  update(data: Uint8Array): this;
  digest(): Uint8Array;
}

export interface Cipher {
  /** AES-256-CTR; key 32 bytes; the counter starts at 16 zero bytes (PROTOCOL 3). */
  aes256Ctr(key: Uint8Array): KeyStream;
  sha256(): Sha256;
}
