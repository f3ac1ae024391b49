// Options of the chain and the subnet.
import { duration, endpointList, integer, networkName, path } from '../kinds.js';
import { home, onChain, option } from './option.js';

/** Networks known by name; any other is named by the address of one of its nodes. */
const networks = ['dev', 'finney', 'test', 'local', 'archive'] as const;

export const chainOptions = {
  'subtensor.network': option(
    onChain,
    networkName(networks),
    'dev',
    'Network to join: finney, test, local, archive or ws://…; dev is a chain of its own on this machine',
  ),
  'subtensor.chain_endpoint': option(
    onChain,
    endpointList,
    [],
    "Chain nodes to ask in place of the network's own, the first that answers",
    "the network's own",
  ),
  'subtensor.timeout': option(
    onChain,
    duration(0.5, 600),
    15,
    'Until a chain node that does not answer is given up for the next one',
  ),
  'subtensor.dev_directory': option(
    onChain,
    path,
    () => home('dev-chain'),
    'Folder of the dev chain',
    '~/.filetao/dev-chain',
  ),
  'subtensor.block_seconds': option(
    onChain,
    duration(0.05, 3600),
    1,
    'Time between blocks of a dev chain that is created now',
  ),
  netuid: option(
    onChain,
    integer('number', 0, 65535),
    ({ value }) => (value('subtensor.network') === 'test' ? 22 : 21),
    'Number of the subnet',
    '21; 22 on the network test',
  ),
} as const;
