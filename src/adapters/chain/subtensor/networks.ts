// Which chain a name means: public endpoints by name, and the networks that a genesis hash gives away.

import { fromHex, toHex } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';

/** Where the named networks listen (https://docs.learnbittensor.org/concepts/bittensor-networks). */
const publicEndpoints: Readonly<Record<string, readonly string[]>> = {
  finney: ['wss://entrypoint-finney.opentensor.ai:443'],
  archive: ['wss://archive.chain.opentensor.ai:443'],
  test: ['wss://test.finney.opentensor.ai:443'],
  local: ['ws://127.0.0.1:9944'],
};

const knownGeneses: Readonly<Record<string, string>> = {
  finney: '2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03',
  test: '8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105',
};

/** The network that an archive node serves is finney itself. */
const canonical = (name: string): string => (name === 'archive' ? 'finney' : name);

const isEndpoint = (text: string): boolean => /^wss?:\/\//iu.test(text);

/** The name that messages and other nodes know a `--subtensor.network` by; an address stands for `local`. */
export const networkNameOf = (network: string): string =>
  isEndpoint(network) ? 'local' : canonical(network);

/** Addresses to try, in this order: the given ones, or those of the name. */
export function endpointsOf(network: string, given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  return isEndpoint(network) ? network.split(',').map((one) => one.trim()) : publicEndpoints[network]!;
}

/**
 * The network's name once its genesis is known. Throws `wrong-network` when the name asked for means another
 * chain; a chain of unknown genesis is a `local` one.
 */
export function networkOfGenesis(asked: string, genesis: Uint8Array, endpoint: string): string {
  const found = Object.keys(knownGeneses).find((name) => knownGeneses[name] === toHex(genesis)) ?? 'local';
  const wanted = networkNameOf(asked);
  if (isEndpoint(asked) || wanted === found) return found;
  throw new FileTaoError(
    'wrong-network',
    `${endpoint} serves ${found === 'local' ? 'a chain of its own' : `the network ${found}`} (genesis 0x${toHex(genesis).slice(0, 8)}…), not ${wanted}: name the right endpoint, or set --subtensor.network ${found}`,
  );
}

/** Reads `0x…` as the node sends it. */
export const hexBytes = (text: string): Uint8Array => fromHex(text.replace(/^0x/u, ''));
