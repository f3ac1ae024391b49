// Wallets on disk, in the layout that Bittensor's tools share
// (https://github.com/opentensor/btwallet): <wallets>/<name>/{coldkey, coldkeypub.txt, hotkeys/<hotkey>,
// hotkeys/<hotkey>pub.txt}. FileTAO adds age-recipient.txt, so that encrypting needs neither the coldkey nor
// its password. Files have mode 600, folders 700; nothing is ever overwritten.

import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ageIdentityOf, ageRecipientOf, assertAgeRecipient } from '../../domain/identity/age-identity.js';
import type { KeyPair } from '../../domain/identity/keys.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { isWalletName, walletNameLengthMax, walletNameRule } from '../../domain/identity/wallet-name.js';
import { equalBytes } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { Signer } from '../../domain/ports/signer.js';
import { createFile, makePrivateFolder } from '../system/durable-file.js';
import { formatKeyfile, formatPublicKeyfile, type Keyfile, keyPairOf, parseKeyfile } from './keyfile.js';

export const defaultWalletsPath = (): string => join(homedir(), '.bittensor', 'wallets');

/** Where a wallet is: a folder of wallets, and the names of the wallet and of one of its hotkeys. */
export interface WalletLocation {
  readonly path: string;
  readonly name: string;
  readonly hotkey: string;
}

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
}

const publicSuffix = 'pub.txt';
/** A key file is some 500 bytes; anything much larger is something else. */
const keyfileBytesMax = 64 * 1024;

interface WalletPaths {
  readonly folder: string;
  readonly coldkey: string;
  readonly coldkeyPublic: string;
  readonly ageRecipient: string;
  readonly hotkeys: string;
}

function pathsOf(path: string, name: string): WalletPaths {
  assertName(name, 'wallet');
  const folder = join(path, name);
  return {
    folder,
    coldkey: join(folder, 'coldkey'),
    coldkeyPublic: join(folder, `coldkey${publicSuffix}`),
    ageRecipient: join(folder, 'age-recipient.txt'),
    hotkeys: join(folder, 'hotkeys'),
  };
}

function hotkeyFile(paths: WalletPaths, hotkey: string): string {
  assertName(hotkey, 'hotkey');
  return join(paths.hotkeys, hotkey);
}

/** A hotkey's name must not pass for a public file either. */
function assertName(name: string, what: 'wallet' | 'hotkey'): void {
  if (!isWalletName(name)) {
    const shown = JSON.stringify(name.slice(0, walletNameLengthMax));
    throw new FileTaoError('bad-input', `${shown} cannot be a ${what} name: ${walletNameRule}`);
  }
  if (what === 'hotkey' && name.endsWith(publicSuffix)) {
    throw new FileTaoError('bad-input', `a hotkey name cannot end in "${publicSuffix}"`);
  }
}

/** The command that creates what is missing; defaults are left out. */
function createCommand({ path, name, hotkey }: WalletLocation): string {
  const words = ['filetao wallet create --no-password'];
  if (path !== defaultWalletsPath()) words.push('--wallet.path', shellWord(path));
  if (name !== 'default') words.push('--wallet.name', shellWord(name));
  if (hotkey !== 'default') words.push('--wallet.hotkey', shellWord(hotkey));
  return words.join(' ');
}

/** As a shell reads it back, so that the command can be pasted. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const isMissing = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
};

/** null when the file is not there. */
async function readKeyfile(path: string): Promise<Keyfile | null> {
  try {
    const { size } = await stat(path);
    if (size > keyfileBytesMax) {
      throw new FileTaoError('wrong-wallet', `${path} is not a usable key file: it has ${size} bytes`);
    }
    return parseKeyfile(await readFile(path), path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw toFileTaoError(error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw toFileTaoError(error);
  }
}

/** Opens a wallet for work: reads the hotkey now, the coldkey only when a secret of it is asked for. */
export async function openWallet(location: WalletLocation): Promise<Wallet> {
  const paths = pathsOf(location.path, location.name);
  const hotkeyPath = hotkeyFile(paths, location.hotkey);
  const hotkeyContent = await readKeyfile(hotkeyPath);
  if (hotkeyContent === null) {
    const what = (await exists(paths.folder))
      ? `wallet "${location.name}" has no hotkey "${location.hotkey}"`
      : `there is no wallet "${location.name}"`;
    throw new FileTaoError(
      'wallet-not-found',
      `${what} in ${location.path}; create it with: ${createCommand(location)}`,
    );
  }
  const { signerOf } = await import('./sr25519.js');
  const hotkey = signerOf(await keyPairOf(hotkeyContent, hotkeyPath));
  const coldkeyPublic = await readColdkeyPublic(paths);

  let identity: Promise<string> | undefined;
  const ageIdentity = (): Promise<string> => {
    identity ??= readAgeIdentity(paths, location, coldkeyPublic).catch((error: unknown) => {
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

async function readAgeIdentity(
  paths: WalletPaths,
  location: WalletLocation,
  coldkeyPublic: Uint8Array | null,
): Promise<string> {
  const content = await readKeyfile(paths.coldkey);
  if (content === null) {
    throw new FileTaoError(
      'wallet-not-found',
      `wallet "${location.name}" has no coldkey on this machine (${paths.coldkey}), and only the coldkey opens its objects`,
    );
  }
  if (coldkeyPublic !== null && !equalBytes(content.publicKey, coldkeyPublic)) {
    throw new FileTaoError('wrong-wallet', `${paths.coldkey} and ${paths.coldkeyPublic} are different keys`);
  }
  const { signerOf } = await import('./sr25519.js');
  const identity = ageIdentityOf(signerOf(await keyPairOf(content, paths.coldkey)));
  const kept = await readAgeRecipient(paths);
  if (kept !== null && kept !== (await ageRecipientOf(identity))) {
    throw new FileTaoError(
      'wrong-wallet',
      `${paths.ageRecipient} is not the recipient of this wallet's coldkey; remove the file, it is made again`,
    );
  }
  return identity;
}

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
async function keepAgeRecipient(paths: WalletPaths, identity: string): Promise<string> {
  const recipient = await ageRecipientOf(identity);
  await createFile(paths.ageRecipient, `${recipient}\n`).catch(() => {});
  return recipient;
}

/** A new coldkey is written unencrypted only for a caller that says so. */
export interface CreateOptions {
  readonly unencrypted: boolean;
}

/**
 * Creates what is missing of coldkey and hotkey. Where the coldkey is there, only the hotkey is
 * added; where the hotkey is there too, throws `exists`. The coldkey comes first, so a crash leaves a wallet
 * that the same call completes.
 */
export async function createWallet(
  location: WalletLocation,
  { unencrypted }: CreateOptions,
): Promise<CreatedWallet> {
  const paths = pathsOf(location.path, location.name);
  const hotkeyPath = hotkeyFile(paths, location.hotkey);
  const taken = new FileTaoError(
    'exists',
    `wallet "${location.name}" already has a hotkey "${location.hotkey}" (${hotkeyPath}); nothing was changed, choose another name with --wallet.name or --wallet.hotkey`,
  );
  if (await exists(hotkeyPath)) throw taken;
  const coldkeyCreated = !(await exists(paths.coldkey)) && !(await exists(paths.coldkeyPublic));
  if (coldkeyCreated && !unencrypted) {
    throw new FileTaoError(
      'bad-input',
      'encrypting a coldkey with a password is not available yet; add --no-password to create an unencrypted one, for use on the dev network',
    );
  }
  try {
    await makePrivateFolder(paths.hotkeys);
    if (coldkeyCreated) await writeNewKey(paths.coldkey);
    const coldkeyAddress = await completeColdkey(paths);
    const hotkey = await writeNewKey(hotkeyPath);
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
    };
  } catch (error) {
    throw toFileTaoError(error);
  }
}

/** null when the name is taken. */
async function writeNewKey(path: string): Promise<KeyPair | null> {
  const { generatePhrase, keyPairFromSeed, seedFromPhrase } = await import('./sr25519.js');
  const phrase = generatePhrase();
  const seed = seedFromPhrase(phrase);
  const keyPair = keyPairFromSeed(seed);
  return (await createFile(path, formatKeyfile(keyPair, phrase, seed))) ? keyPair : null;
}

/** Writes the public files that follow from an unencrypted coldkey, and tells its address. */
async function completeColdkey(paths: WalletPaths): Promise<string> {
  let publicKey = (await readKeyfile(paths.coldkeyPublic))?.publicKey;
  const content =
    publicKey === undefined || !(await exists(paths.ageRecipient)) ? await readUnlocked(paths.coldkey) : null;
  if (content !== null) {
    const { signerOf } = await import('./sr25519.js');
    const signer = signerOf(await keyPairOf(content, paths.coldkey));
    if (publicKey === undefined) {
      await createFile(paths.coldkeyPublic, formatPublicKeyfile(signer.publicKey));
      publicKey = signer.publicKey;
    }
    if (equalBytes(publicKey, signer.publicKey)) await keepAgeRecipient(paths, ageIdentityOf(signer));
  }
  if (publicKey === undefined) {
    throw new FileTaoError(
      'wallet-locked',
      `${paths.coldkey} is encrypted and there is no ${paths.coldkeyPublic} beside it: make it with the tool that encrypted the key`,
    );
  }
  return encodeSs58(publicKey);
}

/** null when the file is missing or encrypted. */
async function readUnlocked(path: string): Promise<Keyfile | null> {
  try {
    return await readKeyfile(path);
  } catch (error) {
    if (error instanceof FileTaoError && error.code === 'wallet-locked') return null;
    throw error;
  }
}

/** Addresses of a wallet and its hotkeys; reads public files where there are any. Throws `wallet-not-found`. */
export async function describeWallet(path: string, name: string): Promise<WalletSummary> {
  const paths = pathsOf(path, name);
  if (!(await exists(paths.folder))) {
    throw new FileTaoError(
      'wallet-not-found',
      `there is no wallet "${name}" in ${path}; create it with: ${createCommand({ path, name, hotkey: 'default' })}`,
    );
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
