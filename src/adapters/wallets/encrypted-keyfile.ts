// Encrypted key files: the bytes "$NACL", a nonce of 24 bytes and a secretbox of the JSON text under the
// password's key (https://github.com/opentensor/btwallet, src/keyfile.rs, `encrypt_keyfile_data`).

import { randomBytes } from 'node:crypto';
import { concatBytes, equalBytes, utf8 } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { type DerivationWatch, deriveKey } from './argon2-key.js';
import { passwordOf, type Unlock } from './password.js';

const prefix = utf8('$NACL');

export const isNaclKeyfile = (data: Uint8Array): boolean =>
  equalBytes(data.subarray(0, prefix.length), prefix);

export async function sealKeyfile(
  text: string,
  password: string,
  watch?: DerivationWatch,
): Promise<Uint8Array> {
  const { sealSecretbox, secretboxNonceSize } = await import('./secretbox.js');
  const key = await deriveKey(password, watch);
  const nonce = Uint8Array.from(randomBytes(secretboxNonceSize));
  return concatBytes(prefix, nonce, sealSecretbox(key, nonce, utf8(text)));
}

/** The bytes inside; throws `wallet-locked` for a wrong password, `wrong-wallet` for a file too short. */
export async function openKeyfile(data: Uint8Array, path: string, unlock: Unlock): Promise<Uint8Array> {
  const { openSecretbox, secretboxNonceSize, secretboxTagSize } = await import('./secretbox.js');
  const boxAt = prefix.length + secretboxNonceSize;
  if (data.length <= boxAt + secretboxTagSize) {
    throw new FileTaoError(
      'wrong-wallet',
      `${path} is not a usable key file: it is encrypted, but cut after ${data.length} bytes`,
    );
  }
  const { text, origin } = await passwordOf(path, unlock);
  const key = await deriveKey(text, unlock.watch);
  const opened = openSecretbox(key, data.subarray(prefix.length, boxAt), data.subarray(boxAt));
  if (opened === null) {
    throw new FileTaoError(
      'wallet-locked',
      `${origin} does not open ${path}: it is wrong, or the file is damaged`,
    );
  }
  return opened;
}
