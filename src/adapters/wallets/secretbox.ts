// NaCl's secretbox, XSalsa20-Poly1305 (https://nacl.cr.yp.to/secretbox.html), by libsodium: tag (16 bytes)
// ‖ ciphertext, under a key of 32 and a nonce of 24 bytes.

import sodium from 'libsodium-wrappers-sumo';

await sodium.ready;

export const secretboxNonceSize = sodium.crypto_secretbox_NONCEBYTES;
export const secretboxTagSize = sodium.crypto_secretbox_MACBYTES;

export const sealSecretbox = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  sodium.crypto_secretbox_easy(plaintext, nonce, key);

/** null when the box is not authentic: another key, or damaged. */
export function openSecretbox(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array | null {
  if (box.length < secretboxTagSize || nonce.length !== secretboxNonceSize) return null;
  try {
    return sodium.crypto_secretbox_open_easy(box, nonce, key);
  } catch {
    return null;
  }
}
