// What a process or a worker pays before its first proof: loading the core, building the commitment tables.

import { readFileSync } from 'node:fs';
import { createBLAKE3 } from 'hash-wasm';
import { chooseBuild, loadCore } from '../../src/adapters/proving/load-core.js';
import { createCore } from '../../src/domain/core/core.js';
import type { CoreBuild } from '../../src/domain/core/probe.js';
import type { Suite } from '../frame/suite.js';
import { nobleTables } from '../peers/noble-pedersen.js';

const builds = (): readonly { readonly impl: string; readonly build: CoreBuild }[] => [
  { impl: 'filetao', build: chooseBuild() },
  { impl: 'filetao simd', build: 'simd' },
];

let copies = 0;

/** The module with a custom section of its own, so that V8, which keeps compiled modules by their bytes, does not know it. */
function unknownCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = new TextEncoder().encode(`bench ${process.pid} ${String(++copies).padStart(12, '0')}`);
  // Section 0: its length, the length of its name, the name.
  return new Uint8Array([...bytes, 0, content.length + 1, content.length, ...content]);
}

const one = Uint8Array.of(1, ...new Uint8Array(31));

export const start: Suite = {
  name: 'start',
  title: 'Starting the core',
  async open() {
    const sources = builds().map(({ impl, build }) => {
      const file = new URL(`../../assembly/core-${build}.wasm`, import.meta.url);
      return { impl, build, bytes: readFileSync(file) };
    });
    const tables = (window: 11 | 13) =>
      builds().map(({ impl, build }) => ({
        impl,
        amount: 1,
        once: () => loadCore(build, { window }).commit(one, one),
      }));
    return {
      cases: [
        {
          name: 'load, cold',
          unit: 'loads/s',
          contenders: [
            ...sources.map(({ impl, build, bytes }) => ({
              impl,
              amount: 1,
              once: () => createCore(unknownCopy(bytes), { build }),
            })),
            { impl: 'hash-wasm blake3 (warm)', amount: 1, once: () => createBLAKE3() },
          ],
        },
        {
          name: 'load, warm',
          unit: 'loads/s',
          contenders: builds().map(({ impl, build }) => ({ impl, amount: 1, once: () => loadCore(build) })),
        },
        {
          name: 'first commitment, cold',
          unit: 'starts/s',
          contenders: sources.map(({ impl, build, bytes }) => ({
            impl,
            amount: 1,
            once: () => createCore(unknownCopy(bytes), { build }).commit(one, one),
          })),
        },
        {
          name: 'load and tables, window 11',
          unit: 'starts/s',
          contenders: [
            ...tables(11),
            { impl: '@noble/curves ristretto255, window 8', amount: 1, once: () => nobleTables(8) },
          ],
        },
        { name: 'load and tables, window 13', unit: 'starts/s', contenders: tables(13) },
      ],
      notes: [
        'cold: V8 has not compiled this module before, as in a new process; warm: it has, as for a second worker',
      ],
    };
  },
};
