// Which address a node announces on the chain: the given one, or the one others see it at.

import { findPublicAddress } from '../adapters/system/public-address.js';
import { FileTaoError } from '../domain/model/errors.js';
import { unroutableReason } from '../domain/model/ip-ranges.js';
import type { NodeAddress } from '../domain/ports/chain.js';

export interface AnnouncedBy {
  readonly network: string;
  /** null: not given. */
  readonly externalIp: string | null;
  /** 0: the port the node listens on. */
  readonly externalPort: number;
  /** What error messages call the option for the address: `--axon.external_ip`. */
  readonly option: string;
  /** Finds out the address others see; only tests give another. */
  readonly find?: () => Promise<string | null>;
}

/** Networks of which everybody may be part: an address must be reachable from everywhere. */
const publicNetworks: readonly string[] = ['finney', 'test'];
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Throws `bad-input` when others could not reach the address. */
export async function announcedAddress(listening: NodeAddress, by: AnnouncedBy): Promise<NodeAddress> {
  const port = by.externalPort === 0 ? listening.port : by.externalPort;
  if (by.network === 'dev') return { host: by.externalIp ?? listening.host, port };
  const bound = isWildcard(listening.host) ? null : listening.host;
  const usable = bound !== null && (unroutableReason(bound) === null || !publicNetworks.includes(by.network));
  const host = by.externalIp ?? (usable ? bound : await (by.find ?? findPublicAddress)());
  if (host === null) {
    throw new FileTaoError(
      'bad-input',
      `the address that others reach this machine at could not be found out: give it with ${by.option}`,
    );
  }
  const reason = unroutableReason(host);
  if (reason !== null && publicNetworks.includes(by.network)) {
    throw new FileTaoError(
      'bad-input',
      `${host} cannot be announced on ${by.network}, because ${reason}: give the public address with ${by.option}`,
    );
  }
  return { host, port };
}
