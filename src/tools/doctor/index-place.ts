// Where the index is: a folder of LMDB, or a Redis, which is asked what a crash could take back.

import { stat } from 'node:fs/promises';
import { configuredIndex } from '../../adapters/index/configured.js';
import { describeLocation } from '../../adapters/index/location.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { DoctorOptions, Finding } from './finding.js';

const check = 'index';

export async function checkIndex({ config }: DoctorOptions): Promise<Finding> {
  // Only the names of its keys depend on the hotkey, and no key is touched here.
  const location = await configuredIndex(config, 'doctor');
  if (location.backend === 'lmdb') {
    const { directory } = location;
    const exists = (await stat(directory).catch(() => null)) !== null;
    const text = `LMDB in ${directory}${exists ? '' : ', which the first run makes'}: every change is flushed`;
    return { check, level: 'ok', text, values: { backend: 'lmdb', directory, exists } };
  }
  const { password, tls, host, port } = location.place;
  const values = { backend: 'redis', host, port, tls: tls !== null, password: password !== undefined };
  const { checkDurability } = await import('../../adapters/index/redis/durability.js');
  const { RedisConnection } = await import('../../adapters/index/redis/connection.js');
  const connection = new RedisConnection(location.place, { patienceMs: 3_000 });
  try {
    await connection.command('PING');
  } catch (error) {
    return {
      check,
      level: 'problem',
      text: toFileTaoError(error).message,
      remedy: 'docs/index.md, Troubleshooting, has a line for each such message',
      values,
    };
  } finally {
    await connection.close();
  }
  const { sentence, good } = await checkDurability(location.place);
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(host);
  if (!good)
    return { check, level: 'problem', text: sentence, remedy: 'set what the sentence names', values };
  if (password === undefined)
    return {
      check,
      level: 'note',
      text: `${sentence}; it asks for no password`,
      remedy: 'scripts/redis/set_redis_password.sh, then REDIS_PASSWORD in the environment',
      values,
    };
  if (!isLocal && tls === null)
    return {
      check,
      level: 'note',
      text: `${sentence}; the password crosses the network in the clear`,
      remedy: 'use rediss:// (TLS), or a network that nobody else is on',
      values,
    };
  return { check, level: 'ok', text: `${sentence} (${describeLocation(location)})`, values };
}
