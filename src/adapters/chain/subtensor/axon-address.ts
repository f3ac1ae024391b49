// IP addresses as the chain keeps them: a number and a type, 4 or 6.

import { isIP } from 'node:net';
import type { NodeAddress } from '../../../domain/ports/chain.js';

export interface AxonIp {
  readonly ip: bigint;
  readonly ipType: 4 | 6;
}

/** The text must be an IP address. */
export function axonIpOf(host: string): AxonIp {
  if (isIP(host) === 4) {
    const ip = host.split('.').reduce((number, part) => (number << 8n) | BigInt(part), 0n);
    return { ip, ipType: 4 };
  }
  const [head = '', tail] = host.split('%')[0]!.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n);
  return {
    ip: [...left, ...zeros, ...right].reduce((number, group) => (number << 16n) | group, 0n),
    ipType: 6,
  };
}

function groupsOf(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (isIP(group) !== 4) return [BigInt(`0x${group}`)];
    const { ip } = axonIpOf(group); // ::ffff:1.2.3.4
    return [ip >> 16n, ip & 0xffffn];
  });
}

/** null for an axon that was never announced. */
export function addressOfAxon(ip: bigint, ipType: number, port: number): NodeAddress | null {
  if (ip === 0n || port === 0) return null;
  if (ipType !== 6 && ip < 1n << 32n) {
    const parts = [24n, 16n, 8n, 0n].map((shift) => (ip >> shift) & 0xffn);
    return { host: parts.join('.'), port };
  }
  const groups = Array.from({ length: 8 }, (_, i) => ((ip >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return { host: shortened(groups), port };
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`, the first of equals. */
function shortened(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
