// Which miners get a piece's replicas, and in which order replicas are asked for. Pure and deterministic from
// the salt, so that a choice can be repeated.

import { blake3 } from '@noble/hashes/blake3.js';
import { concatBytes, fromHex, type PublicKey, utf8 } from '../model/bytes.js';
import type { ReplicaRecord } from '../model/records.js';

export interface PlacementCandidate {
  readonly hotkey: PublicKey;
  /** Text of the address's network, so that replicas spread: /24 for IPv4, /48 for IPv6. */
  readonly network: string;
  readonly usedBytes: number;
  /** Consecutive failures of late. */
  readonly failures: number;
}

/** Number in [0, 1) from salt and hotkey. */
function draw(salt: Uint8Array, hotkey: PublicKey): number {
  const digest = blake3(concatBytes(utf8('filetao v1 placement'), salt, fromHex(hotkey)));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true) / 2 ** 32;
}

/**
 * All candidates, best first: those without recent failures before the others, networks not yet used before
 * used ones, then by a draw weighted towards miners that hold less (an exponential draw at a rate of one over
 * the bytes held, which is sampling without replacement; Efraimidis and Spirakis 2006).
 */
export function placementOrder(
  candidates: readonly PlacementCandidate[],
  salt: Uint8Array,
  networksInUse: ReadonlySet<string>,
): readonly PlacementCandidate[] {
  const mean =
    candidates.reduce((sum, { usedBytes }) => sum + usedBytes, 0) / Math.max(1, candidates.length) + 1;
  const scored = candidates.map((candidate) => ({
    candidate,
    score: -Math.log(1 - draw(salt, candidate.hotkey)) * (1 + candidate.usedBytes / mean),
  }));
  scored.sort((a, b) => a.candidate.failures - b.candidate.failures || a.score - b.score);
  const networks = new Set(networksInUse);
  const spread = (group: readonly PlacementCandidate[]): PlacementCandidate[] => {
    const fresh: PlacementCandidate[] = [];
    const repeated: PlacementCandidate[] = [];
    for (const candidate of group) {
      (networks.has(candidate.network) ? repeated : fresh).push(candidate);
      networks.add(candidate.network);
    }
    return [...fresh, ...repeated];
  };
  const ordered = scored.map(({ candidate }) => candidate);
  return [
    ...spread(ordered.filter(({ failures }) => failures === 0)),
    ...spread(ordered.filter(({ failures }) => failures > 0)),
  ];
}

/** /24 of an IPv4 address, /48 of an IPv6 address, as text: one text for all spellings of an address. */
export function networkOf(host: string): string {
  const [address = ''] = host.toLowerCase().split('%');
  const mapped = /^(?:0*:)*:?(?:0*:)*ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const plain = mapped?.[1] ?? address;
  if (!plain.includes(':')) return plain.split('.').slice(0, 3).join('.');
  const [before = '', after] = plain.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  // "::" stands for as many zero groups as are missing from eight; a dotted end stands for two.
  const missing = after === undefined ? 0 : 8 - head.length - tail.length - (plain.includes('.') ? 1 : 0);
  const groups = [...head, ...new Array<string>(Math.max(0, missing)).fill('0'), ...tail];
  return groups
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** Replicas in the order in which retrieval asks: active ones first, then fewest failed rounds, then spread by piece. */
export function retrievalOrder<
  Replica extends Pick<ReplicaRecord, 'pieceId' | 'minerKey' | 'state' | 'failedRounds'>,
>(replicas: readonly Replica[]): readonly Replica[] {
  const salt = replicas[0] === undefined ? new Uint8Array() : fromHex(replicas[0].pieceId);
  return [...replicas].sort(
    (a, b) =>
      Number(a.state !== 'active') - Number(b.state !== 'active') ||
      a.failedRounds - b.failedRounds ||
      draw(salt, a.minerKey) - draw(salt, b.minerKey),
  );
}
