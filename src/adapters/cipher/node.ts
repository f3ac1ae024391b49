// The Cipher port on node:crypto. A browser's implementation is src/browser/cipher.ts; the client is given one or the
// other with its runtime.

import {
  type CipherChaCha20Poly1305Options,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto';
import { type Aead, aeadTagSize, type Cipher } from '../../domain/ports/cipher.js';

const algorithm = 'chacha20-poly1305';
const options: CipherChaCha20Poly1305Options = { authTagLength: aeadTagSize };

function chacha20Poly1305(key: Uint8Array): Aead {
  const secret = createSecretKey(key);
  return {
    seal(nonce, plaintext) {
      const cipher = createCipheriv(algorithm, secret, nonce, options);
      const sealed = Buffer.allocUnsafe(plaintext.length + aeadTagSize);
      cipher.update(plaintext).copy(sealed);
      cipher.final();
      cipher.getAuthTag().copy(sealed, plaintext.length);
      return sealed;
    },
    open(nonce, sealed) {
      if (sealed.length < aeadTagSize) return null;
      const end = sealed.length - aeadTagSize;
      const decipher = createDecipheriv(algorithm, secret, nonce, options);
      decipher.setAuthTag(sealed.subarray(end));
      const plaintext = decipher.update(sealed.subarray(0, end));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return plaintext;
    },
  };
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

export const nodeCipher: Cipher = {
  aes256Ctr(key) {
    const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
    return { apply: (data) => cipher.update(data) };
  },
  chacha20Poly1305,
  sha256() {
    const hash = createHash('sha256');
    return {
      update(data) {
        hash.update(data);
        return this;
      },
      digest: () => hash.digest(),
    };
  },
  ephemeralX25519(theirs) {
    const publicKey = createPublicKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'X25519', x: base64url(theirs) },
    });
    const own = generateKeyPairSync('x25519');
    const share = Buffer.from(own.publicKey.export({ format: 'jwk' }).x!, 'base64url');
    return { share, shared: diffieHellman({ privateKey: own.privateKey, publicKey }) };
  },
};
