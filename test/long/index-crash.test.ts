// Two hundred kills of redis-server under each promised setting, and of a process that writes to each backend.
import { test } from 'node:test';
import { killServerUnderLoad } from '../adapters/index/redis/server-crash.js';
import { startRedis } from '../adapters/index/redis-server.js';
import { killWriterUnderLoad } from '../adapters/index/writer-crash.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';

for (const setting of ['always', 'everysec'] as const)
  test(`kill -9 of redis-server with appendfsync ${setting}, 200 times`, (context) =>
    killServerUnderLoad(context, setting, 200));

test('kill -9 of a writer to LMDB, 200 times', (context) =>
  killWriterUnderLoad(
    context,
    { name: 'LMDB', prepare: async (of) => `lmdb:${await temporaryFolder(of)}` },
    200,
  ));

test('kill -9 of a writer to Redis, 200 times', async (context) => {
  const redis = await startRedis(context, { config: ['appendonly yes', 'appendfsync everysec'] });
  await killWriterUnderLoad(context, { name: 'Redis', prepare: async () => redis.place() }, 200);
});
