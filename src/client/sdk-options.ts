// What every call of the SDK takes: a wallet, where the network is, and limits. Whatever is left out comes from the
// environment and the configuration file, as for the command line.

import { readConfigFile } from '../adapters/config/config-file.js';
import { type ResolvedConfig, resolveConfig } from '../adapters/config/resolve.js';
import { openWallet } from '../adapters/wallets/wallet-files.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { Neuron } from '../domain/ports/chain.js';
import type { FileTaoClient, NodeUrl } from './client.js';
import { clientOf, configuredNodes } from './configured.js';
import type { NodeFailure } from './download.js';
import type { UserWallet } from './runtime.js';

/** A wallet in the usual folder, by name. */
export interface WalletByName {
  /** Folder of wallets; default `~/.bittensor/wallets`. */
  readonly path?: string;
  /** Default `default`. */
  readonly name?: string;
  /** Default `default`. */
  readonly hotkey?: string;
  /** Of an encrypted key; else it is taken from FILETAO_WALLET_PASSWORD. */
  readonly password?: string;
}

/** An open wallet, a wallet by name, or the name alone. */
export type WalletOption = UserWallet | WalletByName | string;

/** The subnet's neurons, or what can tell them (a `Chain`). */
export type Metagraph = readonly Neuron[] | { neurons(): Promise<readonly Neuron[]> };

/** Which API nodes are asked. */
export interface NodeOptions {
  /** URLs of API nodes, in the order in which they are tried; nothing is asked of the chain then. */
  readonly axons?: readonly string[];
  /** The same for one node. */
  readonly url?: string;
  /** The subnet, where the caller has it already. */
  readonly metagraph?: Metagraph;
  /** Only the API node of this validator. */
  readonly uid?: number | null;
  /** Only the API nodes of these validators, in this order. */
  readonly uids?: readonly number[];
  /** Only the API nodes of these validators (ss58), in this order: what `store` returned as `hotkeys`. */
  readonly hotkeys?: readonly string[];
  /** TAO of stake that a validator must have; default 500. */
  readonly stakeLimit?: number;
}

/** Where the network is and what is remembered on this machine. */
export interface NetworkOptions {
  /** `finney`, `test`, `local`, `dev` or `ws://…`. */
  readonly network?: string;
  readonly netuid?: number;
  /** Address of a chain node. */
  readonly chainEndpoint?: string;
  /** Folder of records, manifests and the put journal; default `~/.filetao/hashes`. */
  readonly hashFolder?: string;
}

/** Bounds of one call. */
export interface CallOptions {
  /** Seconds for the whole call; default: none, since only silence is a fault. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Told of every node that failed while another is tried. */
  readonly onNodeFailure?: (failure: NodeFailure) => void;
}

export interface SdkOptions extends NodeOptions, NetworkOptions, CallOptions {
  readonly wallet: WalletOption;
}

/** What the options come to. */
export interface Session {
  readonly wallet: UserWallet;
  /** Those that answer first. */
  readonly nodes: readonly NodeUrl[];
  readonly signal: AbortSignal | undefined;
  /** A client of all nodes, or of these. */
  client(nodes?: readonly NodeUrl[]): FileTaoClient;
}

export async function openSession(options: SdkOptions): Promise<Session> {
  const config = await configOf(options);
  const wallet = await walletOf(options.wallet, config);
  const nodes = await nodesOf(options, config, wallet);
  const { onNodeFailure } = options;
  const more = onNodeFailure === undefined ? {} : { onNodeFailure };
  return {
    wallet,
    nodes,
    signal: signalOf(options),
    client: (some = nodes) => clientOf(config, wallet, some, more),
  };
}

async function configOf(options: SdkOptions): Promise<ResolvedConfig<'client'>> {
  const { wallet, network, netuid, chainEndpoint, hashFolder, stakeLimit, url } = options;
  const byName = typeof wallet === 'string' ? { name: wallet } : isOpen(wallet) ? {} : wallet;
  const file = await readConfigFile(process.env.FILETAO_CONFIG || undefined);
  const flags = {
    'subtensor.network': network,
    netuid,
    'subtensor.chain_endpoint': chainEndpoint,
    hash_basepath: hashFolder,
    stake_limit: stakeLimit,
    'api.url': url,
    'wallet.path': byName.path,
    'wallet.name': byName.name,
    'wallet.hotkey': byName.hotkey,
  };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return resolveConfig('client', { flags: given, env: process.env, file });
}

const isOpen = (wallet: UserWallet | WalletByName): wallet is UserWallet => 'ageRecipient' in wallet;

async function walletOf(wallet: WalletOption, { values }: ResolvedConfig<'client'>): Promise<UserWallet> {
  if (typeof wallet !== 'string' && isOpen(wallet)) return wallet;
  const password = typeof wallet === 'string' ? undefined : wallet.password;
  return openWallet(
    { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
    password === undefined ? {} : { ask: async () => password },
  );
}

async function nodesOf(
  { axons, metagraph, uid, uids, hotkeys }: SdkOptions,
  config: ResolvedConfig<'client'>,
  wallet: UserWallet,
): Promise<readonly NodeUrl[]> {
  if (axons !== undefined) {
    if (axons.length === 0) throw new FileTaoError('bad-input', 'axons: no API node is named');
    return axons.map((url) => ({ url }));
  }
  const neurons = metagraph === undefined ? undefined : await neuronsOf(metagraph);
  const wantedUids = uids ?? (uid === undefined || uid === null ? undefined : [uid]);
  const choice = {
    ...(wantedUids === undefined ? {} : { uids: wantedUids }),
    ...(hotkeys === undefined ? {} : { hotkeys }),
  };
  // A node that is named is asked whatever the chain says, as on the command line.
  const isNamed = config.origins['api.url'].source === 'flag';
  return configuredNodes(config, wallet, {
    ...(neurons === undefined || isNamed ? {} : { metagraph: neurons }),
    ...(isNamed ? {} : { choice }),
  });
}

const neuronsOf = async (metagraph: Metagraph): Promise<readonly Neuron[]> =>
  'neurons' in metagraph ? metagraph.neurons() : metagraph;

function signalOf({ timeout, signal }: CallOptions): AbortSignal | undefined {
  if (timeout === undefined) return signal;
  if (!(timeout > 0)) throw new FileTaoError('bad-input', 'timeout: a number of seconds above 0');
  const deadline = AbortSignal.timeout(Math.min(timeout * 1000, 2 ** 31 - 1));
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}

/** A call that ran out of time says so, and not that somebody cancelled it. */
export async function withinTime<Result>(
  { timeout, signal }: CallOptions,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    const isOurs = error instanceof FileTaoError && error.code === 'cancelled' && signal?.aborted !== true;
    if (timeout === undefined || !isOurs) throw error;
    throw new FileTaoError(
      'timeout',
      `not done within ${timeout} s; the same call goes on where this one stopped`,
      {
        cause: error,
      },
    );
  }
}
