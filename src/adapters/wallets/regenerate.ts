// A key file made again from what its owner kept: secret phrase, seed, or private key with its address
// (Bittensor's tools call these regen_coldkey and regen_hotkey). Nothing is overwritten.

import { ageIdentityOf } from '../../domain/identity/age-identity.js';
import type { KeyPair } from '../../domain/identity/keys.js';
import { encodeSs58, publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { equalBytes, fromHex } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { createFile, makePrivateFolder } from '../system/durable-file.js';
import { formatPublicKeyfile, type KeySource } from './keyfile.js';
import { newPassword, type Unlock } from './password.js';
import { createKeyfile, readKeyfile } from './stored-keys.js';
import { assertKeptRecipient, publishColdkey } from './wallet-files.js';
import { exists, hotkeyFile, pathsOf, publicSuffix, type WalletLocation } from './wallet-paths.js';

export interface RegenerateOrder {
  readonly key: 'coldkey' | 'hotkey';
  /** Asked for after everything that can be checked without it. */
  readonly secret: () => Promise<string>;
  /** ss58 address or hexadecimal: which key it must be. Needed for a private key, checked for all. */
  readonly publicKey?: string;
  /** Hotkeys always are, as `createWallet` makes them. */
  readonly unencrypted: boolean;
  readonly unlock?: Unlock;
}

export interface RegeneratedKey {
  readonly file: string;
  readonly ss58Address: string;
  readonly encrypted: boolean;
}

interface KeyWithSource extends KeySource {
  readonly keyPair: KeyPair;
}

/** Throws `exists` where the key file is there, `wrong-wallet` for the secret of another key. */
export async function regenerateKey(
  location: WalletLocation,
  order: RegenerateOrder,
): Promise<RegeneratedKey> {
  const { key, unlock = {} } = order;
  const paths = pathsOf(location.path, location.name);
  const hotkeyPath = hotkeyFile(paths, location.hotkey);
  const file = key === 'coldkey' ? paths.coldkey : hotkeyPath;
  const taken = new FileTaoError(
    'exists',
    `${file} is there already; nothing was changed, move it away or choose another name with --wallet.name`,
  );
  if (await exists(file)) throw taken;
  const publicFile = `${file}${publicSuffix}`;
  const expected = await expectedKey(order.publicKey, publicFile);
  const { keyPair, phrase, seed } = await keyFromSecret(await order.secret(), expected);
  if (expected !== null && !equalBytes(expected, keyPair.publicKey)) {
    throw new FileTaoError(
      'wrong-wallet',
      `this is the secret of ${encodeSs58(keyPair.publicKey)}, not of ${encodeSs58(expected)}; nothing was changed`,
    );
  }
  if (key === 'coldkey') {
    const { signerOf } = await import('./sr25519.js');
    await assertKeptRecipient(paths, ageIdentityOf(signerOf(keyPair)));
  }
  const password = key === 'coldkey' && !order.unencrypted ? await newPassword(file, unlock) : null;
  try {
    await makePrivateFolder(key === 'coldkey' ? paths.folder : paths.hotkeys);
    if (!(await createKeyfile(file, keyPair, { phrase, seed }, password, unlock))) throw taken;
    if (key === 'coldkey') await publishColdkey(paths, keyPair);
    else await createFile(publicFile, formatPublicKeyfile(keyPair.publicKey));
  } catch (error) {
    throw toFileTaoError(error);
  }
  return { file, ss58Address: encodeSs58(keyPair.publicKey), encrypted: password !== null };
}

/** The key that must come out: as given, as the public file beside it says, or null. */
async function expectedKey(given: string | undefined, publicFile: string): Promise<Uint8Array | null> {
  const published = (await readKeyfile(publicFile))?.publicKey ?? null;
  if (given === undefined) return published;
  const named = /^(?:0x)?[0-9a-fA-F]{64}$/u.test(given)
    ? fromHex(given.replace(/^0x/u, ''))
    : publicKeyFromSs58(given);
  if (published !== null && !equalBytes(named, published)) {
    throw new FileTaoError(
      'wrong-wallet',
      `${publicFile} holds ${encodeSs58(published)}, not ${encodeSs58(named)}; nothing was changed`,
    );
  }
  return named;
}

const seedDigits = 64;
const privateKeyDigits = 128;

/** Which of the three a secret is, its shape tells. No message quotes it. */
async function keyFromSecret(secret: string, publicKey: Uint8Array | null): Promise<KeyWithSource> {
  const { keyPairFromPrivateKey, keyPairFromSeed, seedFromPhrase } = await import('./sr25519.js');
  const text = secret.trim();
  const digits = text.replace(/^0x/u, '');
  if (/^[0-9a-fA-F]+$/u.test(digits)) {
    if (digits.length === seedDigits) {
      const seed = fromHex(digits);
      return { keyPair: keyPairFromSeed(seed), phrase: null, seed };
    }
    if (digits.length === privateKeyDigits) {
      if (publicKey === null) {
        throw new FileTaoError(
          'bad-input',
          'a private key needs the address it belongs to: add --public-key ADDRESS',
        );
      }
      return { keyPair: keyPairFromPrivateKey(fromHex(digits), publicKey), phrase: null, seed: null };
    }
  }
  if (!/^[a-zA-Z]+(?:\s+[a-zA-Z]+)+$/u.test(text)) {
    throw new FileTaoError(
      'bad-input',
      'this is neither a secret phrase nor a seed (64 hexadecimal digits) nor a private key (128)',
    );
  }
  // one spelling, for the Python tools read the phrase letter by letter
  const phrase = text.toLowerCase().split(/\s+/u).join(' ');
  const seed = seedFromPhrase(phrase);
  return { keyPair: keyPairFromSeed(seed), phrase, seed };
}
