// The Cipher port in a browser: synchronous JavaScript (@noble), because WebCrypto answers in promises, has no
// ChaCha20-Poly1305 and hashes no streams. Measured in Chromium beside what node:crypto does: docs/browser.md.

import { ctr } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Aead, aeadTagSize, type Cipher, type KeyStream } from '../domain/ports/cipher.js';

const block = 16;

function aes256Ctr(key: Uint8Array): KeyStream {
  const own = key.slice();
  let at = 0;
  return {
    apply(data) {
      // The stream goes on in the middle of a block where the last data ended in one.
      const skipped = at % block;
      const counter = new Uint8Array(block);
      new DataView(counter.buffer).setBigUint64(8, BigInt(Math.floor(at / block)));
      const padded = new Uint8Array(skipped + data.length);
      padded.set(data, skipped);
      at += data.length;
      return ctr(own, counter).encrypt(padded).subarray(skipped);
    },
  };
}

function chacha20Poly1305(key: Uint8Array): Aead {
  const own = key.slice();
  return {
    seal: (nonce, plaintext) => chacha20poly1305(own, nonce).encrypt(plaintext),
    open(nonce, sealed) {
      if (sealed.length < aeadTagSize) return null;
      try {
        return chacha20poly1305(own, nonce).decrypt(sealed);
      } catch {
        return null;
      }
    },
  };
}

export const browserCipher: Cipher = {
  aes256Ctr,
  chacha20Poly1305,
  sha256() {
    const hash = sha256.create();
    return {
      update(data) {
        hash.update(data);
        return this;
      },
      digest: () => hash.digest(),
    };
  },
  ephemeralX25519(theirs) {
    const secret = x25519.utils.randomSecretKey();
    return { share: x25519.getPublicKey(secret), shared: x25519.getSharedSecret(secret, theirs) };
  },
};
