// The address that the rest of the internet sees this machine at: one of its own network interfaces, else what
// services that do nothing else say. Two of them must agree, so that none alone can send users elsewhere.

import { networkInterfaces } from 'node:os';
import { unroutableReason } from '../../domain/model/ip-ranges.js';

const services: readonly string[] = [
  'https://checkip.amazonaws.com',
  'https://api.ipify.org',
  'https://icanhazip.com',
];
const answerMsMax = 5_000;

/** null when it cannot be found out. */
export async function findPublicAddress(
  ask: (url: string) => Promise<string> = askService,
  interfaces: () => readonly string[] = ownAddresses,
): Promise<string | null> {
  const own = interfaces().find((address) => unroutableReason(address) === null);
  if (own !== undefined) return own;
  const answers = (await Promise.allSettled(services.map(ask)))
    .map((answer) => (answer.status === 'fulfilled' ? answer.value.trim() : ''))
    .filter((address) => unroutableReason(address) === null);
  return answers.find((address, i) => answers.indexOf(address) !== i) ?? null;
}

/** IPv4 first: the network still mostly speaks it. */
const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);

async function askService(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return (await response.text()).slice(0, 64);
}
