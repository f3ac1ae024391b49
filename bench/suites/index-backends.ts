// How many operations a second each backend of the placement index does, with what a validator asks of it. 64 are under
// way at once, as in a node that serves many rounds. LMDB has flushed a change when it is done; Redis has it in memory
// and flushes once a second, its own default. Without a redis-server on PATH, LMDB stands alone.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbPlacementIndex } from '../../src/adapters/index/lmdb/placement-index.js';
import { openRedisPlacementIndex } from '../../src/adapters/index/redis/placement-index.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import type { PlacementIndex } from '../../src/domain/ports/placement-index.js';
import { redisPlaceOf } from '../../test/adapters/index/backends.js';
import { counted } from '../../test/adapters/index/counted.js';
import { miner, piece, placedPiece, replica } from '../../test/adapters/index/records.js';
import { startRedis } from '../../test/adapters/index/redis-server.js';
import type { BenchCase, Suite } from '../frame/suite.js';

const atOnce = 64;
const copies = 3;
/** Bytes of a receipt as miners sign it. */
const receipt = new Uint8Array(420);

const record = (n: number): ReplicaRecord =>
  replica(n, { pieceId: piece(Math.floor(n / copies)), expiry: 5000 + n, receipt });

interface Kind {
  readonly name: string;
  /** Operations of one call; each call starts `atOnce` of them. */
  readonly amount?: number;
  readonly once: (index: PlacementIndex, n: number) => Promise<unknown>;
}

/** @param held replicas that are in the index from the start */
function kinds(held: number): readonly Kind[] {
  const versions = new Map<PlacementIndex, Uint32Array>();
  const some = (n: number): ReplicaRecord => record(n % held);
  const update = (index: PlacementIndex, n: number): Promise<boolean> => {
    const of = versions.get(index) ?? new Uint32Array(held).fill(1);
    versions.set(index, of);
    const version = ++of[n % held]!;
    return index.updateReplica({ ...some(n), n: version, version });
  };
  return [
    { name: 'get a replica', once: (index, n) => index.getReplica(some(n)) },
    { name: 'update a replica', once: update },
    {
      name: 'add and remove a replica',
      amount: 2,
      once: async (index, n) => {
        await index.addReplica(record(held + n));
        await index.removeReplica(record(held + n));
      },
    },
    { name: 'put a piece', once: (index, n) => index.putPiece(placedPiece(n % held)) },
    {
      name: 'replicas of a piece',
      once: (index, n) => index.replicasOfPiece(piece(Math.floor((n % held) / copies))),
    },
    {
      name: 'page of 20 expired',
      once: (index, n) => index.expiredReplicas(5000 + (n % held), 20),
    },
    {
      name: 'page of 20 of a miner',
      once: (index, n) => index.replicasOfMiner(miner(n % 5), null, 20),
    },
    { name: 'count an attempt', once: (index, n) => index.count(counted(miner(n % 5), 'challenge', true)) },
  ];
}

const hasRedis = (): boolean => {
  try {
    execFileSync('sh', ['-c', 'command -v redis-server'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

export const indexBackends: Suite = {
  name: 'index',
  title: `The placement index, ${atOnce} operations at once`,
  async open({ quick }) {
    const held = atOnce * (quick ? 32 : 320);
    const closing: (() => unknown)[] = [];
    const close = async (): Promise<void> => {
      for (const end of closing.reverse()) await end();
    };
    try {
      const folder = await mkdtemp(join(tmpdir(), 'filetao-bench-'));
      closing.push(() => rm(folder, { recursive: true, force: true }));
      const backends = new Map([['LMDB', await openLmdbPlacementIndex(folder)]]);
      if (hasRedis()) {
        const redis = await startRedis(
          { after: (end) => void closing.push(end) },
          { config: ['appendonly yes', 'appendfsync everysec'] },
        );
        backends.set('Redis', await openRedisPlacementIndex(redisPlaceOf(redis.place())));
      }
      for (const index of backends.values()) {
        closing.push(() => index.close());
        await index.putPieces(Array.from({ length: Math.ceil(held / copies) }, (_, n) => placedPiece(n)));
        await index.addReplicas(Array.from({ length: held }, (_, n) => record(n)));
      }
      const cases = kinds(held).map(
        ({ name, amount = 1, once }): BenchCase => ({
          name,
          unit: 'operations/s',
          contenders: [...backends].map(([impl, index]) => {
            let next = 0;
            return {
              impl,
              amount: amount * atOnce,
              elsewhere: true,
              once: () => Promise.all(Array.from({ length: atOnce }, () => once(index, next++))),
            };
          }),
        }),
      );
      return {
        cases,
        notes: [
          `${held} replicas with receipts of ${receipt.length} bytes. LMDB has flushed a change when it is done, Redis flushes once a second.`,
          ...(backends.size === 1 ? ['no redis-server on PATH: LMDB alone'] : []),
        ],
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};
