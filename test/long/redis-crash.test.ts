// Two hundred kills of redis-server under each promised setting.
import { test } from 'node:test';
import { killServerUnderLoad } from '../adapters/index/redis/server-crash.js';

for (const setting of ['always', 'everysec'] as const)
  test(`kill -9 of redis-server with appendfsync ${setting}, 200 times`, (context) =>
    killServerUnderLoad(context, setting, 200));
