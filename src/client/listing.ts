// What a user has stored, wallet by wallet: the records of this machine, with the health that a node tells, and what the
// node knows of the same hotkey from other machines.

import type { ResolvedConfig } from '../adapters/config/resolve.js';
import { openWallet } from '../adapters/wallets/wallet-files.js';
import { toFileTaoError } from '../domain/model/errors.js';
import type { ListedObject } from './api-answers.js';
import { openConfiguredClient } from './configured.js';
import { HashRecords, walletsWithRecords } from './hash-records.js';

export interface ListedEntry {
  readonly wallet: string;
  /** null for an object put from another machine. */
  readonly name: string | null;
  readonly cid: string;
  /** Bytes of what was put; where only the node knows the object, of what is stored. */
  readonly size: number | null;
  /** Unix seconds. */
  readonly storedAt: number | null;
  readonly expiry: number | null;
  /** `unknown` for what the node does not have; null where no node was asked or answered. */
  readonly health: string | null;
  readonly replicas: number | null;
  /** ss58 of the validators that know the object. */
  readonly hotkeys: readonly string[];
}

export interface ListingOptions {
  readonly offline: boolean;
  /** Told why health is missing. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

type ClientConfig = ResolvedConfig<'client'>;

/** The wallet that is named, or all that have records and the default one. */
export async function walletsToList({ values, origins }: ClientConfig): Promise<readonly string[]> {
  const own = values['wallet.name'];
  if (origins['wallet.name'].source !== 'default') return [own];
  return [...new Set([...(await walletsWithRecords(values.hash_basepath)), own])].sort();
}

/** Records in the order they were put, then what only the node knows. */
export async function* listing(
  config: ClientConfig,
  wallet: string,
  options: ListingOptions,
): AsyncGenerator<ListedEntry, void> {
  const records = await new HashRecords(config.values.hash_basepath, wallet).list();
  const known = options.offline ? null : await knownByNode(config, wallet, options);
  for (const { name, cid, size, storedAt, expiry, hotkeys } of records) {
    const object = known?.get(cid);
    yield {
      wallet,
      name,
      cid,
      size,
      storedAt,
      expiry: object?.expiry ?? expiry,
      health: known === null ? null : (object?.health ?? 'unknown'),
      replicas: object?.replicas ?? null,
      hotkeys,
    };
  }
  const here = new Set(records.map(({ cid }) => cid));
  for (const { cid, size, storedAt, expiry, health, replicas } of known?.values() ?? []) {
    if (here.has(cid)) continue;
    yield { wallet, name: null, cid, size, storedAt, expiry, health, replicas, hotkeys: [] };
  }
}

/** null when no node could be asked: names and dates are worth listing without it. */
async function knownByNode(
  config: ClientConfig,
  name: string,
  { say, signal }: ListingOptions,
): Promise<ReadonlyMap<string, ListedObject> | null> {
  const { values } = config;
  try {
    const wallet = await openWallet({
      path: values['wallet.path'],
      name,
      hotkey: values['wallet.hotkey'],
    });
    const client = await openConfiguredClient(config, wallet, {
      retry: { attempts: 1, firstDelayMs: 0, delayMsMax: 0 },
    });
    try {
      const objects = new Map<string, ListedObject>();
      for await (const object of client.list(signal)) objects.set(object.cid, object);
      return objects;
    } finally {
      client.close();
    }
  } catch (thrown) {
    const error = toFileTaoError(thrown);
    if (signal.aborted) throw error;
    // A wallet without this hotkey, as where only records were copied here, has nothing to ask with.
    if (error.code !== 'wallet-not-found') say(`health is not known: ${error.message}`);
    return null;
  }
}
