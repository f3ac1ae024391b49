// Wallets on disk: opening, creating and describing them (the layout is in wallet-paths.ts). FileTAO adds
// age-recipient.txt, so that encrypting needs neither the coldkey nor its password. Files have mode 600,
// folders 700; nothing is ever overwritten.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ageIdentityOf, ageRecipientOf, assertAgeRecipient } from '../../domain/identity/age-identity.js';
import type { KeyPair } from '../../domain/identity/keys.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { equalBytes } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Signer } from '../../domain/ports/signer.js';
import { createFile, makePrivateFolder } from '../system/durable-file.js';
import { formatPublicKeyfile, keyPairOf } from './keyfile.js';
import { newPassword, type Unlock } from './password.js';
import { createKeyfile, readKeyfile, readKeyPair } from './stored-keys.js';
import {
  createCommand,
  exists,
  hotkeyFile,
  isMissing,
  pathsOf,
  publicSuffix,
  type WalletLocation,
  type WalletPaths,
} from './wallet-paths.js';

export type { WalletLocation } from './wallet-paths.js';

export interface Wallet {
  readonly name: string;
  readonly hotkeyName: string;
  readonly hotkey: Signer;
  /** null on a machine that holds the hotkey alone. */
  readonly coldkeyPublic: Uint8Array | null;
  /** `age1…`; reads the coldkey only where the wallet has no recipient file yet. */
  ageRecipient(): Promise<string>;
  /** `AGE-SECRET-KEY-1…`, a secret; reads the coldkey, once. */
  ageIdentity(): Promise<string>;
}

/** What can be said of a wallet without any secret. */
export interface WalletSummary {
  readonly name: string;
  readonly coldkey: { readonly ss58Address: string } | null;
  readonly hotkeys: readonly HotkeySummary[];
}

export interface HotkeySummary {
  readonly name: string;
  /** null when the key file is encrypted or damaged and has no public file beside it. */
  readonly ss58Address: string | null;
}

export interface CreatedWallet {
  readonly folder: string;
  readonly coldkeyFile: string;
  readonly coldkeyAddress: string;
  readonly hotkeyFile: string;
  readonly hotkeyAddress: string;
  readonly ageRecipient: string | null;
  /** false when the wallet was there and only the hotkey is new. */
  readonly coldkeyCreated: boolean;
  /** Whether the new coldkey has a password. */
  readonly coldkeyEncrypted: boolean;
}

/** Opens a wallet for work: reads the hotkey now, the coldkey only when a secret of it is asked for. */
export async function openWallet(location: WalletLocation, unlock: Unlock = {}): Promise<Wallet> {
  const paths = pathsOf(location.path, location.name);
  const hotkeyPath = hotkeyFile(paths, location.hotkey);
  const hotkeyPair = await readKeyPair(hotkeyPath, unlock);
  if (hotkeyPair === null) {
    const what = (await exists(paths.folder))
      ? `wallet "${location.name}" has no hotkey "${location.hotkey}"`
      : `there is no wallet "${location.name}"`;
    throw new FileTaoError(
      'wallet-not-found',
      `${what} in ${location.path}; create it with: ${createCommand(location)}`,
    );
  }
  const { signerOf } = await import('./sr25519.js');
  const hotkey = signerOf(hotkeyPair);
  const coldkeyPublic = await readColdkeyPublic(paths);

  let identity: Promise<string> | undefined;
  const ageIdentity = (): Promise<string> => {
    identity ??= readAgeIdentity(location, unlock).catch((error: unknown) => {
      identity = undefined; // the coldkey may be put in place before the next call
      throw error;
    });
    return identity;
  };
  const ageRecipient = async (): Promise<string> =>
    (await readAgeRecipient(paths)) ?? (await keepAgeRecipient(paths, await ageIdentity()));
  return {
    name: location.name,
    hotkeyName: location.hotkey,
    hotkey,
    coldkeyPublic,
    ageRecipient,
    ageIdentity,
  };
}

/** From coldkeypub.txt, else from an unencrypted coldkey; null when neither can be read. */
async function readColdkeyPublic(paths: WalletPaths): Promise<Uint8Array | null> {
  const published = await readKeyfile(paths.coldkeyPublic);
  if (published !== null) return published.publicKey;
  try {
    return (await readKeyfile(paths.coldkey))?.publicKey ?? null;
  } catch (error) {
    if (error instanceof FileTaoError && error.code === 'wallet-locked') return null;
    throw error;
  }
}

/**
 * The coldkey itself. Whoever only encrypts, signs or runs a node does without it. Throws `wallet-not-found`
 * where it is not on this machine, `wallet-locked` without its password.
 */
export async function openColdkey(
  { path, name }: Pick<WalletLocation, 'path' | 'name'>,
  unlock: Unlock,
): Promise<KeyPair> {
  const paths = pathsOf(path, name);
  const published = await readKeyfile(paths.coldkeyPublic);
  const keyPair = await readKeyPair(paths.coldkey, unlock);
  if (keyPair === null) {
    if (!(await exists(paths.folder))) throw noWallet({ path, name });
    throw new FileTaoError(
      'wallet-not-found',
      `wallet "${name}" has no coldkey on this machine (${paths.coldkey}), and only the coldkey opens its objects`,
    );
  }
  if (published !== null && !equalBytes(keyPair.publicKey, published.publicKey)) {
    throw new FileTaoError('wrong-wallet', `${paths.coldkey} and ${paths.coldkeyPublic} are different keys`);
  }
  return keyPair;
}

/** The wallet's age identity, a secret (PROTOCOL 6a); throws as `openColdkey` does. */
export async function readAgeIdentity(
  location: Pick<WalletLocation, 'path' | 'name'>,
  unlock: Unlock,
): Promise<string> {
  const { signerOf } = await import('./sr25519.js');
  const identity = ageIdentityOf(signerOf(await openColdkey(location, unlock)));
  await assertKeptRecipient(pathsOf(location.path, location.name), identity);
  return identity;
}

/** Throws `wrong-wallet` where another coldkey's recipient is kept. */
export async function assertKeptRecipient(paths: WalletPaths, identity: string): Promise<void> {
  const kept = await readAgeRecipient(paths);
  if (kept !== null && kept !== (await ageRecipientOf(identity))) {
    throw new FileTaoError(
      'wrong-wallet',
      `${paths.ageRecipient} is not the recipient of this wallet's coldkey; remove the file, it is made again`,
    );
  }
}

const noWallet = ({ path, name }: Pick<WalletLocation, 'path' | 'name'>): FileTaoError =>
  new FileTaoError(
    'wallet-not-found',
    `there is no wallet "${name}" in ${path}; create it with: ${createCommand({ path, name, hotkey: 'default' })}`,
  );

async function readAgeRecipient(paths: WalletPaths): Promise<string | null> {
  try {
    const text = (await readFile(paths.ageRecipient, 'utf8')).trim();
    assertAgeRecipient(text, paths.ageRecipient);
    return text;
  } catch (error) {
    if (isMissing(error)) return null;
    throw toFileTaoError(error);
  }
}

/** Keeps the recipient for the next time where the folder can be written; another process may be first. */
export async function keepAgeRecipient(paths: WalletPaths, identity: string): Promise<string> {
  const recipient = await ageRecipientOf(identity);
  await createFile(paths.ageRecipient, `${recipient}\n`).catch(() => {});
  return recipient;
}

/** A new coldkey is encrypted with a password unless the caller says that it shall not be. */
export interface CreateOptions {
  readonly unencrypted: boolean;
  /** Where the password comes from. */
  readonly unlock?: Unlock;
}

/**
 * Creates what is missing of coldkey and hotkey. Where the coldkey is there, only the hotkey is
 * added; where the hotkey is there too, throws `exists`. The coldkey comes first, so a crash leaves a wallet
 * that the same call completes.
 */
export async function createWallet(
  location: WalletLocation,
  { unencrypted, unlock = {} }: CreateOptions,
): Promise<CreatedWallet> {
  const paths = pathsOf(location.path, location.name);
  const hotkeyPath = hotkeyFile(paths, location.hotkey);
  const taken = new FileTaoError(
    'exists',
    `wallet "${location.name}" already has a hotkey "${location.hotkey}" (${hotkeyPath}); nothing was changed, choose another name with --wallet.name or --wallet.hotkey`,
  );
  if (await exists(hotkeyPath)) throw taken;
  const coldkeyCreated = !(await exists(paths.coldkey)) && !(await exists(paths.coldkeyPublic));
  const password = coldkeyCreated && !unencrypted ? await newPassword(paths.coldkey, unlock) : null;
  try {
    await makePrivateFolder(paths.hotkeys);
    const made = coldkeyCreated ? await writeNewKey(paths.coldkey, password, unlock) : null;
    if (made !== null) await publishColdkey(paths, made);
    const coldkeyAddress = await completeColdkey(paths, unlock);
    const hotkey = await writeNewKey(hotkeyPath, null);
    if (hotkey === null) throw taken; // another process was faster
    await createFile(`${hotkeyPath}${publicSuffix}`, formatPublicKeyfile(hotkey.publicKey));
    return {
      folder: paths.folder,
      coldkeyFile: paths.coldkey,
      coldkeyAddress,
      hotkeyFile: hotkeyPath,
      hotkeyAddress: encodeSs58(hotkey.publicKey),
      ageRecipient: await readAgeRecipient(paths),
      coldkeyCreated,
      coldkeyEncrypted: password !== null,
    };
  } catch (error) {
    throw toFileTaoError(error);
  }
}

/** null when the name is taken. */
async function writeNewKey(
  path: string,
  password: string | null,
  unlock: Unlock = {},
): Promise<KeyPair | null> {
  const { generatePhrase, keyPairFromSeed, seedFromPhrase } = await import('./sr25519.js');
  const phrase = generatePhrase();
  const seed = seedFromPhrase(phrase);
  const keyPair = keyPairFromSeed(seed);
  return (await createKeyfile(path, keyPair, { phrase, seed }, password, unlock)) ? keyPair : null;
}

/** Writes the public files that follow from a coldkey; files that are there stay as they are. */
export async function publishColdkey(paths: WalletPaths, coldkey: KeyPair): Promise<void> {
  const { signerOf } = await import('./sr25519.js');
  await createFile(paths.coldkeyPublic, formatPublicKeyfile(coldkey.publicKey));
  await keepAgeRecipient(paths, ageIdentityOf(signerOf(coldkey)));
}

/**
 * Writes the public files that a coldkey lacks, and tells its address. The password of an encrypted one is
 * asked for only where its address cannot be had otherwise; its recipient is made when it is first needed.
 */
async function completeColdkey(paths: WalletPaths, unlock: Unlock): Promise<string> {
  const published = (await readKeyfile(paths.coldkeyPublic))?.publicKey;
  if (published === undefined) {
    const coldkey = await readKeyPair(paths.coldkey, unlock);
    if (coldkey === null)
      throw new FileTaoError('wallet-not-found', `${paths.coldkey} was removed meanwhile`);
    await publishColdkey(paths, coldkey);
    return encodeSs58(coldkey.publicKey);
  }
  if (!(await exists(paths.ageRecipient))) {
    const coldkey = await readUnlocked(paths.coldkey);
    if (coldkey !== null && equalBytes(coldkey.publicKey, published)) await publishColdkey(paths, coldkey);
  }
  return encodeSs58(published);
}

/** null when the file is missing or encrypted. */
async function readUnlocked(path: string): Promise<KeyPair | null> {
  try {
    const content = await readKeyfile(path);
    return content === null ? null : await keyPairOf(content, path);
  } catch (error) {
    if (error instanceof FileTaoError && error.code === 'wallet-locked') return null;
    throw error;
  }
}

/** Addresses of a wallet and its hotkeys; reads public files where there are any. Throws `wallet-not-found`. */
export async function describeWallet(path: string, name: string): Promise<WalletSummary> {
  const paths = pathsOf(path, name);
  if (!(await exists(paths.folder))) {
    throw noWallet({ path, name });
  }
  const coldkey = await readColdkeyPublic(paths);
  const hotkeys: HotkeySummary[] = [];
  for (const hotkey of await hotkeyNames(paths)) {
    hotkeys.push({ name: hotkey, ss58Address: await addressOf(join(paths.hotkeys, hotkey)) });
  }
  return { name, coldkey: coldkey === null ? null : { ss58Address: encodeSs58(coldkey) }, hotkeys };
}

async function addressOf(file: string): Promise<string | null> {
  for (const path of [`${file}${publicSuffix}`, file]) {
    try {
      const content = await readKeyfile(path);
      if (content !== null) return encodeSs58(content.publicKey);
    } catch (error) {
      if (!(error instanceof FileTaoError)) throw error;
    }
  }
  return null;
}

/** Names with a private or a public file, sorted. */
async function hotkeyNames(paths: WalletPaths): Promise<readonly string[]> {
  const names = await namesIn(paths.hotkeys);
  const hotkeys = names.map((name) =>
    name.endsWith(publicSuffix) ? name.slice(0, -publicSuffix.length) : name,
  );
  return [...new Set(hotkeys)].filter((name) => name !== '').sort();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw toFileTaoError(error);
  }
}

/** Names of all wallets in a folder, sorted; a folder that is not there has none. */
export async function listWallets(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await namesIn(path)) {
    const folder = join(path, name);
    if (
      (await exists(join(folder, 'coldkey'))) ||
      (await exists(join(folder, `coldkey${publicSuffix}`))) ||
      (await exists(join(folder, 'hotkeys')))
    ) {
      found.push(name);
    }
  }
  return found.sort();
}
