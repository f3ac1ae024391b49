// The client that a configuration describes: which nodes, which folder, how patient.

import { networkNameOf } from '../adapters/chain/subtensor/networks.js';
import type { ResolvedConfig } from '../adapters/config/resolve.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';
import type { Neuron } from '../domain/ports/chain.js';
import { ApiConnection } from './api-connection.js';
import { answeringFirst, chooseNodes, type NodeChoice, requireStake } from './choose-nodes.js';
import { type ClientOptions, FileTaoClient, type NodeUrl } from './client.js';
import { nodeRuntime } from './node-runtime.js';
import type { UserWallet } from './runtime.js';

/** A node that stores within its own time limit needs a moment more to say so. */
const answerMarginMs = 10_000;

type ClientConfig = ResolvedConfig<'client'>;

export interface ConfiguredOptions extends Pick<ClientOptions, 'onNodeFailure' | 'retry'> {
  /** The subnet as the caller has it; asked of the chain if need be. */
  readonly metagraph?: readonly Neuron[];
  /** Only these validators. */
  readonly choice?: Pick<NodeChoice, 'uids' | 'hotkeys'>;
}

export async function openConfiguredClient(
  config: ClientConfig,
  wallet: UserWallet,
  { metagraph, choice, ...options }: ConfiguredOptions = {},
): Promise<FileTaoClient> {
  const nodes = await configuredNodes(config, wallet, {
    ...(metagraph === undefined ? {} : { metagraph }),
    ...(choice === undefined ? {} : { choice }),
  });
  return clientOf(config, wallet, nodes, options);
}

/** The nodes to use, those that answer first. */
export async function configuredNodes(
  config: ClientConfig,
  wallet: UserWallet,
  { metagraph, choice }: Pick<ConfiguredOptions, 'metagraph' | 'choice'> = {},
): Promise<readonly NodeUrl[]> {
  const { random, nowMs } = nodeRuntime();
  const pingMs = config.values['api.ping_timeout'] * 1000;
  const nodes = await nodesOf(config, metagraph ?? null, choice ?? {});
  return answeringFirst(nodes, ({ url, accept }) => {
    const timeouts = { connectMs: pingMs, answerMs: pingMs, bodyMs: pingMs };
    return new ApiConnection(url, {
      signer: wallet.hotkey,
      random,
      nowMs,
      expect: expectOf(config),
      timeouts,
      ...(accept === undefined ? {} : { accept }),
    });
  });
}

/** A client of these nodes. */
export function clientOf(
  config: ClientConfig,
  wallet: UserWallet,
  nodes: readonly NodeUrl[],
  options: Pick<ClientOptions, 'onNodeFailure' | 'retry'> = {},
): FileTaoClient {
  const { values } = config;
  return new FileTaoClient({
    ...options,
    url: nodes,
    wallet,
    hashFolder: values.hash_basepath,
    expect: expectOf(config),
    timeouts: {
      answerMs: values['api.store_timeout'] * 1000 + answerMarginMs,
      bodyMs: values['api.retrieve_timeout'] * 1000,
    },
  });
}

const expectOf = ({ values }: ClientConfig): { readonly network: string; readonly netuid: number } => ({
  network: networkNameOf(values['subtensor.network']),
  netuid: values.netuid,
});

async function nodesOf(
  config: ClientConfig,
  metagraph: readonly Neuron[] | null,
  choice: Pick<NodeChoice, 'uids' | 'hotkeys'>,
): Promise<readonly NodeUrl[]> {
  const { values, origins } = config;
  const isGiven = (key: keyof typeof origins): boolean => origins[key].source !== 'default';
  const stakeLimit = values.stake_limit;
  const chosen = choice.uids !== undefined || choice.hotkeys !== undefined;
  if (!chosen && metagraph === null && (isGiven('api.url') || isGiven('api.ip') || isGiven('api.port'))) {
    const url = values['api.url'];
    // A node that the user names is the user's choice, unless a limit is named too.
    if (!isGiven('stake_limit')) return [{ url }];
    return [{ url, accept: requireStake(await neuronsOf(config), stakeLimit, url) }];
  }
  const here: readonly NodeUrl[] = [{ url: values['api.url'] }];
  const isDev = values['subtensor.network'] === 'dev';
  let neurons: readonly Neuron[];
  try {
    neurons = metagraph ?? (await neuronsOf(config));
  } catch (error) {
    // No dev chain on this machine: then there is no node either, which the attempt will say.
    if (isDev && !chosen && toFileTaoError(error).code === 'not-found') return here;
    throw error;
  }
  const nodes = chooseNodes(neurons, { stakeLimit, ...choice });
  if (nodes.length > 0) return nodes;
  const tooLittle = neurons.filter((one) => one.validatorPermit && one.address !== null).length;
  if (isDev && !chosen && tooLittle === 0) return here;
  throw new FileTaoError(
    'not-found',
    tooLittle === 0
      ? `no validator has announced an API node on subnet ${values.netuid} of ${values['subtensor.network']}: name one with --api.url`
      : `none of the API nodes that are announced may be used: their stake is below --stake_limit ${stakeLimit}, or they are not among those asked for`,
  );
}

async function neuronsOf(config: ClientConfig): Promise<readonly Neuron[]> {
  const { openChain, openConfiguredDevChain } = await import('../adapters/chain/open-chain.js');
  const isDev = config.values['subtensor.network'] === 'dev';
  const chain = isDev ? await openConfiguredDevChain(config, false) : await openChain(config);
  try {
    return await chain.neurons();
  } finally {
    await chain.close();
  }
}
