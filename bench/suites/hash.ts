// BLAKE3 of one 64 KiB buffer, and of 64 messages of 1 KiB, beside what hashes in Node otherwise.

import { hash as nodeHash } from 'node:crypto';
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';
import { createBLAKE3 } from 'hash-wasm';
import sodium from 'libsodium-wrappers-sumo';
import { benchBytes, ourBuilds } from '../frame/our-builds.js';
import type { Suite } from '../frame/suite.js';

const kibibyte = 1024;
const bytes = 64 * kibibyte;
const gigabytes = bytes / 1e9;

export const hash: Suite = {
  name: 'hash',
  title: 'Hashing 64 KiB: as one message, and as 64',
  async open() {
    await sodium.ready;
    const data = benchBytes(bytes, 'hash');
    const messages = Array.from({ length: 64 }, (_, i) => data.subarray(i * kibibyte, (i + 1) * kibibyte));
    const builds = ourBuilds();
    const wasm = await createBLAKE3();
    const peers: Record<string, (data: Uint8Array) => unknown> = {
      'hash-wasm blake3': (message) => wasm.init().update(message).digest('binary'),
      '@noble/hashes blake3': (message) => nobleBlake3(message),
      'node:crypto sha256': (message) => nodeHash('sha256', message, 'buffer'),
      'node:crypto blake2b512': (message) => nodeHash('blake2b512', message, 'buffer'),
      'libsodium-wrappers-sumo blake2b': (message) => sodium.crypto_generichash(32, message, null),
    };
    const entries = Object.entries(peers);
    return {
      cases: [
        {
          name: '64 KiB',
          unit: 'GB/s',
          contenders: [
            ...builds.map(({ impl, core }) => ({ impl, amount: gigabytes, once: () => core.hash(data) })),
            ...entries.map(([impl, digest]) => ({ impl, amount: gigabytes, once: () => digest(data) })),
          ],
        },
        {
          name: '64 x 1 KiB',
          unit: 'GB/s',
          contenders: [
            ...builds.map(({ impl, core }) => ({
              impl,
              amount: gigabytes,
              once: () => core.hashEach(null, data, kibibyte),
            })),
            ...entries.map(([impl, digest]) => ({
              impl,
              amount: gigabytes,
              once: () => {
                for (const message of messages) digest(message);
              },
            })),
          ],
        },
      ],
    };
  },
};
