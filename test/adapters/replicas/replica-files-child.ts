// The process that the replica files' tests start beside themselves:
//   … store DIRECTORY    stores replicas, beside one that it never ends, until killed; a line when one is
//                        acknowledged
//   … large DIRECTORY    writes and streams back 64 MiB, then says how much memory that took at most
import { writeSync } from 'node:fs';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { content, leafValues, replicaId } from './samples.js';

const [mode, directory] = process.argv.slice(2);
const replicas = await openReplicaFiles({ directory: directory! });

if (mode === 'store') {
  const unended = await replicas.create(replicaId(0), 1_000_000);
  await unended.write(content(0, 500_000));
  const store = async (n: number) => {
    const data = content(n, 300_000 + n);
    const writer = await replicas.create(replicaId(n), data.length);
    for (let at = 0; at < data.length; at += 50_000) await writer.write(data.subarray(at, at + 50_000));
    writeSync(1, `wrote ${n}\n`);
    await writer.commit(leafValues(data.length));
    writeSync(1, `stored ${n}\n`);
  };
  for (let n = 1; ; n += 3) await Promise.all([store(n), store(n + 1), store(n + 2)]);
} else {
  const size = 64 * 1024 * 1024;
  const part = new Uint8Array(64 * 1024).fill(7);
  const writer = await replicas.create(replicaId(1), size);
  for (let at = 0; at < size; at += part.length) await writer.write(part);
  await writer.commit(leafValues(size));
  const before = process.memoryUsage().rss;
  let most = 0;
  let seen = 0;
  let longest = 0;
  for await (const data of replicas.stream(replicaId(1), 0, size)) {
    seen += data.length;
    longest = Math.max(longest, data.length);
    await new Promise((resolve) => setImmediate(resolve)); // a consumer that takes its time
    most = Math.max(most, process.memoryUsage().rss);
  }
  console.log(
    JSON.stringify({ seen, longest, streaming: most - before, rss: process.resourceUsage().maxRSS * 1024 }),
  );
}
