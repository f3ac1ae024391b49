// The whole proof of a 64 MiB replica on one thread, from bytes in memory: keyed tree, commitments, commitment tree.

import { createBLAKE3 } from 'hash-wasm';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { benchBytes, ourBuilds } from '../frame/our-builds.js';
import type { Suite } from '../frame/suite.js';
import { type PlainKeyed, plainBlake3, plainProof, plainSha256 } from '../peers/plain-prover.js';

const mebibyte = 1024 * 1024;
const size = 64 * mebibyte;
const chunkKiB = [1, 4, 16, 64] as const;

/** One pass, as a worker of the proving pool makes it, but for the disk: the bytes are copied from memory. */
export function proveOnce(
  core: ProofCore,
  data: Uint8Array,
  chunkSize: number,
  key: Uint8Array,
  blinding: Uint8Array,
) {
  const pass = core.startProof({ key, size: data.length, chunkSize, blinding });
  const step = pass.inputs[0]!.length;
  for (let at = 0, which = 0; at < data.length; at += step, which ^= 1) {
    const part = data.subarray(at, at + step);
    pass.inputs[which]!.set(part);
    pass.absorb(which, part.length);
  }
  return pass.finish();
}

export const prove: Suite = {
  name: 'prove',
  title: 'Proving a 64 MiB replica on one thread',
  async open() {
    const data = benchBytes(size, 'replica');
    const key = benchBytes(32, 'seed');
    const blinding = benchBytes(32, 'blinding');
    const builds = ourBuilds();
    const { core } = builds[0]!;
    const wasm = await createBLAKE3(256, key);
    const floor = wasm.init().update(data).digest('binary');
    for (const { core, impl } of builds) {
      if (!equalBytes(proveOnce(core, data, 65536, key, blinding).keyedRoot, floor)) {
        throw new Error(`${impl} and hash-wasm disagree on the keyed hash of the replica`);
      }
    }
    return {
      cases: chunkKiB.map((kibibytes) => {
        const chunkSize = 1024 * kibibytes;
        // 64 chunks: their rate in MiB/s is that of any number of chunks, and 64 MiB would take the plain form half a minute.
        const part = data.subarray(0, 64 * chunkSize);
        const r = core.blindings(blinding, 0, 64);
        const plain = (keyed: PlainKeyed) => () => plainProof(keyed, part, chunkSize, key, r);
        return {
          name: `64 MiB, ${kibibytes} KiB chunks`,
          unit: 'MiB/s',
          contenders: [
            ...builds.map(({ impl, core }) => ({
              impl,
              amount: size / mebibyte,
              once: () => proveOnce(core, data, chunkSize, key, blinding),
            })),
            {
              impl: 'hash-wasm blake3',
              amount: size / mebibyte,
              once: () => wasm.init().update(data).digest('binary'),
            },
            {
              impl: '@noble/curves + @noble/hashes blake3',
              amount: part.length / mebibyte,
              once: plain(plainBlake3),
            },
            {
              impl: '@noble/curves + node:crypto sha256',
              amount: part.length / mebibyte,
              once: plain(plainSha256),
            },
          ],
        };
      }),
      notes: [
        'hash-wasm blake3 only hashes the same bytes: the floor',
        '@noble/curves + … is the same algorithm written plainly on public libraries, over 64 chunks',
      ],
    };
  },
};
