// Pedersen commitments m*G + r*H with canonical encoding: a full batch, a small one, one alone.

import sodium from 'libsodium-wrappers-sumo';
import * as secp256k1 from 'tiny-secp256k1';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { benchScalars, ourBuilds } from '../frame/our-builds.js';
import type { Contender, Suite } from '../frame/suite.js';
import { nobleCommitEach } from '../peers/noble-pedersen.js';
import { opensslSigningRate, opensslVersion } from '../peers/openssl-speed.js';

const batches = [
  { name: 'batch 4096', size: 4096 },
  { name: 'batch 64', size: 64 },
  { name: 'one', size: 1 },
] as const;
/** Peers have no batch: their rate is the same for any number, so they do fewer. */
const peerSize = 64;

export const commit: Suite = {
  name: 'commit',
  title: 'Pedersen commitments over ristretto255',
  async open({ quick }) {
    await sodium.ready;
    const m = benchScalars(4096, 'm');
    const r = benchScalars(4096, 'r');
    const builds = ourBuilds();
    const h = builds[0]!.core.commit(new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)));
    const sodiumEach = (count: number): Uint8Array => {
      const out = new Uint8Array(32 * count);
      for (let at = 0; at < out.length; at += 32) {
        const first = sodium.crypto_scalarmult_ristretto255_base(m.subarray(at, at + 32));
        const second = sodium.crypto_scalarmult_ristretto255(r.subarray(at, at + 32), h);
        out.set(sodium.crypto_core_ristretto255_add(first, second), at);
      }
      return out;
    };
    // Another curve, the same job. Any point does for H; scalars below ristretto255's order are below this one's.
    const otherH = secp256k1.pointFromScalar(r.subarray(0, 32))!;
    const secpEach = (count: number): void => {
      for (let at = 0; at < 32 * count; at += 32) {
        const first = secp256k1.pointFromScalar(m.subarray(at, at + 32))!;
        const second = secp256k1.pointMultiply(otherH, r.subarray(at, at + 32))!;
        secp256k1.pointAdd(first, second);
      }
    };
    const expected = builds[0]!.core.commit(m.subarray(0, 128), r.subarray(0, 128));
    for (const [name, bytes] of [
      ['@noble/curves', nobleCommitEach(m.subarray(0, 128), r.subarray(0, 128))],
      ['libsodium', sodiumEach(4)],
      ['filetao simd', builds[1]!.core.commit(m.subarray(0, 128), r.subarray(0, 128))],
    ] as const) {
      if (!equalBytes(bytes, expected)) throw new Error(`${name} commits to other bytes than filetao`);
    }
    const openssl = opensslVersion();
    return {
      cases: batches.map(({ name, size }) => {
        const [ms, rs] = [m.subarray(0, 32 * size), r.subarray(0, 32 * size)];
        const amount = Math.min(size, peerSize);
        const [peerM, peerR] = [ms.subarray(0, 32 * amount), rs.subarray(0, 32 * amount)];
        const contenders: Contender[] = [
          ...builds.map(({ impl, core }) => ({ impl, amount: size, once: () => core.commit(ms, rs) })),
          { impl: '@noble/curves ristretto255', amount, once: () => nobleCommitEach(peerM, peerR) },
          { impl: 'libsodium-wrappers-sumo ristretto255', amount, once: () => sodiumEach(amount) },
          { impl: 'tiny-secp256k1 secp256k1', amount, once: () => secpEach(amount) },
        ];
        if (openssl !== null && size === 4096) {
          contenders.push({
            impl: 'openssl P-256 sign',
            rate: () => opensslSigningRate(quick ? 0.1 : 1),
          });
        }
        return { name, unit: 'commits/s', contenders };
      }),
      notes: [
        openssl === null
          ? 'openssl is not installed: no native landmark'
          : `openssl P-256 sign, by ${openssl.split(' ', 2).join(' ')}, is a landmark: native code, half the work of a commitment`,
      ],
    };
  },
};
