// Puts a file of any size and gets it back, with progress; interrupts both and lets them go on.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseByteRange, retrieve, store } from 'filetao';

const wallet = process.env.FILETAO_WALLET_NAME ?? 'default';
const folder = await mkdtemp(join(tmpdir(), 'filetao-example-'));
const original = join(folder, 'original');
await writeFile(original, randomBytes(20_000_000));

// Interrupted when the first piece is confirmed …
const stop = new AbortController();
await store(original, {
  wallet,
  signal: stop.signal,
  onProgress: ({ piecesConfirmed }) => piecesConfirmed > 0 && stop.abort(),
}).catch((error) => console.log(`put: ${error.code}`));
// … and called again: what was confirmed is not sent again.
const { cid, size, bytesSkipped } = await store(original, { wallet });
console.log(
  `put ${size} bytes, ${bytesSkipped > 0 ? 'the first piece was there already' : 'all of them sent'}`,
);

const copy = join(folder, 'copy');
const hold = new AbortController();
await retrieve(cid, {
  wallet,
  path: copy,
  signal: hold.signal,
  onProgress: ({ piecesVerified }) => piecesVerified === 1 && hold.abort(),
}).catch((error) => console.log(`get: ${error.code}`));
const { bytesKept } = await retrieve(cid, { wallet, path: copy });
console.log(`got it back, ${bytesKept > 0 ? 'the first piece was here already' : 'all of it fetched'}`);

const digestOf = async (stream) => {
  const hash = createHash('sha256');
  for await (const part of stream) hash.update(part);
  return hash.digest('hex');
};
const stream = await retrieve(cid, { wallet, as: 'stream' });
const same = (await digestOf(stream)) === (await digestOf(createReadStream(copy)));
console.log(`stream and file are ${same ? 'the same' : 'different'}`);

const part = await retrieve(cid, { wallet, range: parseByteRange('100-199') });
console.log(`bytes 100 to 199: ${part.length} bytes`);

await rm(folder, { recursive: true });
