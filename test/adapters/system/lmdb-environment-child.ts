// The process that the environment's tests start beside themselves:
//   … fill DIRECTORY MEBIBYTES   writes that many values of 1 MiB, one change each, a line after each
//   … full DIRECTORY             writes until the disk is full, then says what it saw
import { statfs } from 'node:fs/promises';
import { openLmdbEnvironment } from '../../../src/adapters/system/lmdb-environment.js';
import type { FileTaoError } from '../../../src/domain/model/errors.js';

const [mode, directory, mebibytes] = process.argv.slice(2);
const options = {
  directory: directory!,
  kind: 'test',
  schemaVersion: 1,
  tables: ['values', 'keys'] as const,
  mapBytes: 1024 * 1024,
};
const environment = await openLmdbEnvironment(options);
const { values, keys } = environment.tables;
const key = (i: number) => Buffer.from(`value ${String(i).padStart(6, '0')}`);
const add = (i: number, bytes: number) =>
  environment.write(() => {
    values.put(key(i), Buffer.alloc(bytes, i));
    keys.put(key(i), Buffer.from([1]));
  });

if (mode === 'fill') {
  for (let i = 0; i < Number(mebibytes); i++) {
    await add(i, 1024 * 1024);
    console.log(String(i));
  }
  await environment.close();
} else {
  const disk = await statfs(directory!);
  if (disk.blocks * disk.bsize > 8 * 1024 * 1024) throw new Error('this is not the small disk of the test');
  let acknowledged = 0;
  const codes: string[] = [];
  while (codes.length < 3) {
    try {
      await add(acknowledged, 50_000);
      acknowledged++;
    } catch (error) {
      codes.push((error as FileTaoError).code);
    }
  }
  const both = environment.read(() => [values.getCount(), keys.getCount()]);
  await environment.close();
  const again = await openLmdbEnvironment(options);
  const reopened = again.read(() => again.tables.values.getCount());
  await again.close();
  console.log(JSON.stringify({ acknowledged, codes, both, reopened }));
}
