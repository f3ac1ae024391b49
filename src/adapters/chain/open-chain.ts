// The chain that a configuration names: the embedded dev chain, or a subtensor, whose library is loaded only then.

import type { FullChain } from '../../domain/ports/chain.js';
import type { Origin } from '../config/resolve.js';
import type { ConfigOf } from '../config/schema.js';
import type { Log } from '../observe/log.js';
import { systemClock } from '../system/clock.js';
import { type DevChain, openDevChain } from './dev/dev-chain.js';

type ChainKey =
  | 'subtensor.network'
  | 'subtensor.chain_endpoint'
  | 'subtensor.timeout'
  | 'subtensor.dev_directory'
  | 'subtensor.block_seconds'
  | 'netuid';

/** The part of a role's configuration that says which chain it is on. */
export interface ChainConfig {
  readonly values: Pick<ConfigOf<'operator'>, ChainKey>;
  readonly origins: Readonly<Record<ChainKey, Origin>>;
}

export const isDevNetwork = ({ values }: ChainConfig): boolean => values['subtensor.network'] === 'dev';

export async function openChain(config: ChainConfig, log?: Log): Promise<FullChain> {
  if (isDevNetwork(config)) return openConfiguredDevChain(config);
  const { values } = config;
  const { openSubtensorChain } = await import('./subtensor/subtensor-chain.js');
  return openSubtensorChain({
    network: values['subtensor.network'],
    endpoints: values['subtensor.chain_endpoint'],
    netuid: values.netuid,
    clock: systemClock,
    limits: { answerMs: 1000 * values['subtensor.timeout'] },
    ...(log === undefined ? {} : { log }),
  });
}

/** What is not given comes from the chain that is there. */
export function openConfiguredDevChain({ values, origins }: ChainConfig, create = true): Promise<DevChain> {
  const given = <Value>(key: keyof typeof origins, value: Value): Value | undefined =>
    origins[key].source === 'default' ? undefined : value;
  const intervalMs = given('subtensor.block_seconds', 1000 * values['subtensor.block_seconds']);
  const netuid = given('netuid', values.netuid);
  return openDevChain({
    directory: values['subtensor.dev_directory'],
    clock: systemClock,
    create,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(netuid === undefined ? {} : { netuid }),
  });
}
