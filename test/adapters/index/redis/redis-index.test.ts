// The index ports on a real redis-server: the conformance suite, once on a plain server and once on a cluster
// node, which refuses any script whose keys do not lie in one slot. And on Valkey where it is on PATH.
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { holdingIndexConformance, type IndexBackend, placementIndexConformance } from '../conformance.js';
import { onPath, startRedis, type TestRedis } from '../redis-server.js';

interface Server {
  readonly name: string;
  readonly config: readonly string[];
  readonly oneProcess?: boolean;
  readonly program?: string;
  prepare?(redis: TestRedis): Promise<void>;
}

function conformanceOn({ name, config, oneProcess = false, program, prepare }: Server): void {
  describe(name, () => {
    const ends: (() => Promise<void>)[] = [];
    let redis: TestRedis;
    before(async () => {
      redis = await startRedis(
        { after: (end) => void ends.push(end) },
        { config, ...(program === undefined ? {} : { program }) },
      );
      await prepare?.(redis);
    });
    after(async () => {
      for (const end of ends) await end();
    });
    const backend: IndexBackend = { name, oneProcess, prepare: async () => redis.place() };
    placementIndexConformance(backend);
    holdingIndexConformance(backend);
  });
}

conformanceOn({ name: 'Redis', config: ['appendonly yes', 'appendfsync everysec'] });

conformanceOn({
  name: 'a Redis cluster node',
  config: ['cluster-enabled yes'],
  oneProcess: true,
  async prepare(redis) {
    redis.cli('cluster', 'addslotsrange', '0', '16383');
    while (!redis.cli('cluster', 'info').includes('cluster_state:ok')) await delay(50);
  },
});

const valkey = onPath('valkey-server');
if (valkey === null) test('the index on Valkey', { skip: 'no valkey-server on PATH' }, () => {});
else conformanceOn({ name: 'Valkey', config: ['appendonly yes'], oneProcess: true, program: valkey });
