// The commitment tree over a million commitments: a hash per leaf and one per node.

import { hash as nodeHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { MerkleTree } from 'merkletreejs';
import { benchBytes, ourBuilds } from '../frame/our-builds.js';
import type { Suite } from '../frame/suite.js';

const leaves = 1_000_000;

type Digest = (data: Uint8Array) => Uint8Array;

const sha256: Digest = (data) => nodeHash('sha256', data, 'buffer');

/** RFC 6962's shape in one row of memory, leaves hashed first: the plain loop around a fast hash. */
function loopTree(digest: Digest, values: Uint8Array): Uint8Array {
  const row = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at += 32) row.set(digest(values.subarray(at, at + 32)), at);
  let count = values.length / 32;
  while (count > 1) {
    const pairs = count >> 1;
    for (let i = 0; i < pairs; i++) row.set(digest(row.subarray(64 * i, 64 * i + 64)), 32 * i);
    if (count % 2 === 1) row.copyWithin(32 * pairs, 32 * (count - 1), 32 * count);
    count = (count + 1) >> 1;
  }
  return row.slice(0, 32);
}

export const tree: Suite = {
  name: 'tree',
  title: 'Root of a commitment tree',
  async open({ quick }) {
    const values = benchBytes(32 * leaves, 'tree');
    // The time per leaf does not depend on their number, so a quick run gives the peers fewer.
    const peerLeaves = quick ? 50_000 : leaves;
    const peerValues = values.subarray(0, 32 * peerLeaves);
    const commitment = { kind: 'commitment' } as const;
    const buffers = (): Buffer[] =>
      Array.from({ length: peerLeaves }, (_, i) => Buffer.from(peerValues.buffer, 32 * i, 32));
    const builds = ourBuilds();
    return {
      cases: [
        {
          name: '1000000 leaves',
          unit: 'leaves/s',
          contenders: [
            ...builds.map(({ impl, core }) => ({
              impl,
              amount: leaves,
              once: () => core.treeRoot(commitment, values),
            })),
            { impl: 'node:crypto sha256', amount: peerLeaves, once: () => loopTree(sha256, peerValues) },
            { impl: '@noble/hashes blake3', amount: peerLeaves, once: () => loopTree(blake3, peerValues) },
            {
              impl: 'merkletreejs sha256',
              amount: peerLeaves,
              // Its leaves are given hashed, and it keeps all levels.
              once: () => new MerkleTree(buffers().map(sha256), sha256 as never).getRoot(),
            },
          ],
        },
      ],
    };
  },
};
