// The proving pool over files: what more threads give, disk reads included.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProvingPool } from '../../src/adapters/proving/pool.js';
import { benchBytes } from '../frame/our-builds.js';
import type { Suite } from '../frame/suite.js';

const mebibyte = 1024 * 1024;
const chunkSize = 16 * 1024;

/** FILETAO_CORE is how a build is forced, and the pool reads it when it starts. */
function openPool(threads: number, forced: 'simd' | undefined): ProvingPool {
  const before = process.env.FILETAO_CORE;
  if (forced !== undefined) process.env.FILETAO_CORE = forced;
  try {
    return new ProvingPool({ threads });
  } finally {
    if (before === undefined) delete process.env.FILETAO_CORE;
    else process.env.FILETAO_CORE = before;
  }
}

export const pool: Suite = {
  name: 'pool',
  title: 'Proving replica files on worker threads',
  async open({ quick }) {
    const size = (quick ? 16 : 64) * mebibyte;
    const threadCounts = [...new Set([1, 2, availableParallelism()])].sort((a, b) => a - b);
    // Enough that the thread which ends first is idle for a small part of the pass only.
    const tasks = 6 * threadCounts.at(-1)!;
    const folder = await mkdtemp(join(tmpdir(), 'filetao-bench-'));
    const path = join(folder, 'replica');
    await writeFile(path, benchBytes(size, 'replica'));
    const task = { path, size, chunkSize, key: benchBytes(32, 'seed'), blinding: benchBytes(32, 'blinding') };
    const pools: ProvingPool[] = [];
    const contenderOf = (threads: number, impl: string, forced: 'simd' | undefined) => {
      const pool = openPool(threads, forced);
      pools.push(pool);
      return {
        impl,
        amount: (tasks * size) / mebibyte,
        once: () => Promise.all(Array.from({ length: tasks }, () => pool.prove(task))),
      };
    };
    return {
      cases: threadCounts.map((threads) => ({
        name: `prove 16 KiB chunks, ${threads} threads`,
        unit: 'MiB/s',
        contenders: [
          contenderOf(threads, 'filetao', undefined),
          contenderOf(threads, 'filetao simd', 'simd'),
        ],
      })),
      notes: [
        `${tasks} proofs of a file of ${size / mebibyte} MiB at once, from the page cache. CPU time is that of all threads.`,
      ],
      async close() {
        await Promise.all(pools.map((pool) => pool.close()));
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};
