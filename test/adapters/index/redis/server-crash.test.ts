// Ten kills of redis-server under each promised setting; test/long has two hundred.
import { test } from 'node:test';
import { killServerUnderLoad } from './server-crash.js';

for (const setting of ['always', 'everysec'] as const)
  test(`kill -9 of redis-server with appendfsync ${setting}`, (context) =>
    killServerUnderLoad(context, setting, 10));
