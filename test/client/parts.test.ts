// Byte ranges, objects without encryption, partial files that were tampered with, inputs that are no files, many files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { FileTaoClient } from '../../src/client/client.js';
import { partPathOf } from '../../src/client/partial-file.js';
import { filesOf, type PassedOver } from '../../src/client/put-inputs.js';
import type { PutEvent } from '../../src/client/put-many.js';
import { parseByteRange } from '../../src/client/retrieve.js';
import { makeCid } from '../../src/domain/content/cid.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import type { ContractApiNode } from './contract-api-node.js';
import { coded, collect, fastRetry, noise, runtime, startNode, testFolder, testWallet } from './fixtures.js';

const wallet = await testWallet();

async function place(): Promise<{ node: ContractApiNode; folder: string; client: FileTaoClient }> {
  const [node, folder] = [await startNode(), testFolder()];
  const client = new FileTaoClient({
    url: node.url,
    wallet,
    hashFolder: join(folder, '.hashes'),
    retry: { ...fastRetry, attempts: 1 },
  });
  after(() => client.close());
  return { node, folder, client };
}

test('ranges are the bytes of the file, out of verified pieces alone', async () => {
  const { node, client } = await place();
  const data = noise(400_000);
  for (const encrypt of [true, false]) {
    const { cid } = await client.put(data, { encrypt });
    for (let i = 0; i < 12; i++) {
      const a = randomInt(data.length);
      const b = randomInt(a, data.length);
      const text = i === 0 ? '0-' : i === 1 ? '-1' : i === 2 ? '399999-400100' : `${a}-${b}`;
      const [from, to] = i === 0 ? [0, data.length] : i < 3 ? [399_999, 400_000] : [a, b + 1];
      const { plaintext, start, end } = await client.openRange(cid, parseByteRange(text));
      assert.deepEqual([start, end], [from, to]);
      assert.ok((await collect(plaintext)).equals(data.subarray(from, to)), `${text}, encrypted: ${encrypt}`);
    }
    const served = node.served.length;
    await collect((await client.openRange(cid, parseByteRange('200000-200010'))).plaintext);
    assert.ok(node.served.length - served <= 3, 'the head and the piece');
    await assert.rejects(
      client.openRange(cid, parseByteRange('400000-')),
      coded('bad-input', /has 400000 bytes/),
    );
    node.faults.spoil = (_, piece) => piece.map((byte, at) => (at === piece.length - 1 ? byte ^ 1 : byte));
    await assert.rejects(
      async () => {
        await collect((await client.openRange(cid, parseByteRange('200000-200010'))).plaintext);
      },
      coded('integrity', /piece \d of \d/),
    );
    delete node.faults.spoil;
  }
  for (const bad of ['', '-', 'a-b', '5-4', '1-2-3', '-0x', '0-1,3-4', '1'.repeat(20)])
    assert.throws(() => parseByteRange(bad), coded('bad-input'));
});

test('a small range of large pieces is proved without fetching them; a node that lies is named', async () => {
  const { node, client } = await place();
  node.pieceSize = 1024 * 1024;
  const data = noise(3 * node.pieceSize + 5000);
  for (const encrypt of [true, false]) {
    const { cid } = await client.put(data, { encrypt });
    const get = async (from: number, to: number): Promise<Buffer> =>
      collect((await client.openRange(cid, { start: from, end: to })).plaintext);
    const edges = [
      0,
      1,
      1023,
      1024,
      node.pieceSize - 1,
      node.pieceSize,
      2 * node.pieceSize + 70_000,
      data.length - 1,
    ];
    for (const from of edges) {
      const length = from + 1 + randomInt(100_000);
      const before = node.bytesServed;
      const to = Math.min(data.length, length);
      assert.ok(
        (await get(from, to)).equals(data.subarray(from, to)),
        `${from}-${to}, encrypted: ${encrypt}`,
      );
      // Head, whole age chunks, whole leaves, proofs.
      const most = to - from + 16_500 + (encrypt ? 2 * 65_552 : 0) + 2 * (2048 + 32 * 22) + 2048;
      assert.ok(node.bytesServed - before <= most, `${node.bytesServed - before} bytes for ${to - from}`);
    }
    const long = await get(900_000, 2_200_000);
    assert.ok(long.equals(data.subarray(900_000, 2_200_000)), 'its ends proved, the piece between fetched');

    const lies: ((answer: Uint8Array) => Uint8Array)[] = [
      (answer) => answer.map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
      (answer) => answer.map((byte, at) => (at === answer.length - 1 ? byte ^ 1 : byte)),
      (answer) => answer.subarray(0, answer.length - 32),
      (answer) => answer.subarray(1),
      () => new Uint8Array(),
    ];
    for (const [i, lie] of lies.entries()) {
      node.faults.proof = lie;
      await assert.rejects(
        get(1_200_000, 1_200_100),
        coded('integrity', /127\.0\.0\.1.* piece \d of 4/),
        `lie ${i}`,
      );
    }
    node.faults.proof = (answer) => Buffer.concat([answer, new Uint8Array(1)]);
    await assert.rejects(
      get(1_200_000, 1_200_100),
      (error) => error instanceof FileTaoError,
      'more than was asked for',
    );
    delete node.faults.proof;
    node.faults.ranges = false;
    assert.ok(
      (await get(1_200_000, 1_200_100)).equals(data.subarray(1_200_000, 1_200_100)),
      'a node without proofs',
    );
    delete node.faults.ranges;
  }
});

test('without encryption the CID is the one of the file; a piece that repeats is sent once', async () => {
  const { node, folder, client } = await place();
  for (const data of [noise(200_000), Buffer.alloc(5 * node.pieceSize + 1), Buffer.alloc(0)]) {
    const path = join(folder, 'file');
    writeFileSync(path, data);
    for (const input of [path, data, Readable.from([data])]) {
      const { cid, encrypted } = await client.put(input, { encrypt: false });
      assert.deepEqual([cid, encrypted], [makeCid(data), false]);
    }
    const object = await client.open(makeCid(data));
    assert.equal(object.encrypted, false);
    assert.ok((await collect(object.plaintext)).equals(data));
    assert.equal(
      await client.getToFile(makeCid(data), join(folder, `copy-${data.length}`)).then(({ size }) => size),
      data.length,
    );
  }
  assert.equal(node.bytesReceivedAgain, 0);
  // An age file of somebody else, stored as it is, comes back as it is.
  const age = Buffer.from('age-encryption.org/v1\n-> X25519 abc\ndef\n--- mac\nrest');
  const { cid } = await client.put(age, { encrypt: false });
  await assert.rejects(client.open(cid), coded('integrity'));
  assert.ok((await collect((await client.open(cid, { decrypt: false })).plaintext)).equals(age));
});

test('a partial file is taken as far as its pieces verify, whatever was done to it', async () => {
  const { node, folder, client } = await place();
  const data = noise(1_000_000);
  const { cid, pieces } = await client.put(data);
  const target = join(folder, 'file');
  const part = partPathOf(target);
  const interrupt = (): Promise<unknown> => {
    const stop = new AbortController();
    return client
      .getToFile(cid, target, {
        signal: stop.signal,
        overwrite: true,
        onProgress: ({ piecesVerified }) => piecesVerified >= 10 && stop.abort(),
      })
      .catch(() => {});
  };
  const harms: Readonly<Record<string, () => void>> = {
    'one byte changed': () => {
      const bytes = readFileSync(part);
      bytes[300_000]! ^= 1;
      writeFileSync(part, bytes);
    },
    'cut short': () => truncateSync(part, 333_333),
    'made longer': () => writeFileSync(part, noise(2_000_000), { flag: 'a' }),
    emptied: () => truncateSync(part, 0),
    'state of nonsense': () => writeFileSync(`${part}.state`, '{"version":1}'),
    'state that claims too much': () => {
      const state = JSON.parse(readFileSync(`${part}.state`, 'utf8')) as object;
      writeFileSync(`${part}.state`, JSON.stringify({ ...state, pieces: pieces }));
    },
    'tail changed': () => {
      const state = JSON.parse(readFileSync(`${part}.state`, 'utf8')) as object;
      writeFileSync(`${part}.state`, JSON.stringify({ ...state, tail: 'AAAA' }));
    },
    'head changed': () => {
      const state = JSON.parse(readFileSync(`${part}.state`, 'utf8')) as { head: string };
      writeFileSync(`${part}.state`, JSON.stringify({ ...state, head: state.head.slice(0, -8) }));
    },
  };
  for (const [what, harm] of Object.entries(harms)) {
    await interrupt();
    harm();
    const before = node.bytesServed;
    const { bytesKept } = await client.getToFile(cid, target, { overwrite: true });
    assert.ok(readFileSync(target).equals(data), what);
    if (what === 'one byte changed') assert.equal(bytesKept, 4 * node.pieceSize);
    if (what === 'made longer') assert.ok(node.bytesServed - before < 600_000);
    assert.deepEqual(readdirSync(folder).sort(), ['.hashes', 'file']);
  }
});

test('a target with a name as long as a name can be', async () => {
  const { folder, client } = await place();
  const data = noise(200_000);
  const { cid } = await client.put(data);
  const target = join(folder, 'n'.repeat(255));
  await client.getToFile(cid, target);
  assert.ok(readFileSync(target).equals(data));
  await assert.rejects(client.getToFile(cid, join(folder, 'n'.repeat(256))), coded('bad-input', /too long/));
  await assert.rejects(client.put(join(folder, 'n'.repeat(4096))), coded('bad-input', /too long/));
  const stored = await client.put(data, { name: 'n'.repeat(4096) });
  const { path } = await client.getToFolder(stored.cid, join(folder, 'out'));
  assert.equal(path, join(folder, 'out', stored.cid), 'a name that is no file name is not used');
});

test('a folder goes back into a folder, never through a link', async () => {
  const { folder, client } = await place();
  const { cid } = await client.put(noise(10), { name: 'a/b/c.txt' });
  const out = join(folder, 'out');
  assert.equal((await client.getToFolder(cid, out)).path, join(out, 'a', 'b', 'c.txt'));
  const trap = join(folder, 'trap');
  mkdirSync(trap);
  symlinkSync(folder, join(trap, 'a'));
  assert.equal((await client.getToFolder(cid, trap)).path, join(trap, cid));
});

test('named pipes, sockets and devices are refused at once, or passed over in a folder', async () => {
  const { folder, client } = await place();
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'sub'), { recursive: true });
  for (const name of ['z', 'a\nb', 'sub/x']) writeFileSync(join(tree, name), name);
  execFileSync('mkfifo', [join(tree, 'pipe')]);
  symlinkSync(tree, join(tree, 'loop'));
  symlinkSync('/etc/passwd', join(tree, 'link'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(tree, 'socket'), resolve));
  after(() => server.close());
  for (const [name, says] of [
    ['pipe', /a named pipe/],
    ['socket', /a socket/],
  ] as const) {
    await assert.rejects(client.put(join(tree, name)), coded('bad-input', says));
  }
  await assert.rejects(client.put('/dev/zero'), coded('bad-input', /a device/));
  const passed: PassedOver[] = [];
  const found: string[] = [];
  for await (const { name } of filesOf([tree, join(tree, 'z')], (one) => passed.push(one))) found.push(name);
  assert.deepEqual(found, ['tree/a\nb', 'tree/z', 'tree/sub/x']);
  assert.deepEqual(passed.map(({ why }) => why).sort(), [
    'a named pipe',
    'a socket',
    'a symbolic link',
    'a symbolic link',
    'named twice',
  ]);
  await assert.rejects(async () => {
    for await (const _ of filesOf([join(tree, 'none')], () => {}));
  }, coded('not-found'));
});

test('a clock that is off is told in a sentence', async () => {
  const { node, folder } = await place();
  const client = new FileTaoClient({
    url: node.url,
    wallet,
    hashFolder: join(folder, '.hashes'),
    retry: fastRetry,
    runtime: { ...runtime, nowMs: () => Date.now() - 7_200_000 },
  });
  after(() => client.close());
  await assert.rejects(
    client.put(noise(10)),
    coded('unauthorised', /clock is 7\d{3} s behind .*: set the clock/),
  );
});

test('many files are put several at a time, and each failure is one event', async () => {
  const { node, folder, client } = await place();
  const inputs = Array.from({ length: 60 }, (_, i) => {
    const path = join(folder, `f${i}`);
    if (i !== 7) writeFileSync(path, noise(i));
    return { input: path, name: `f${i}`, size: i };
  });
  let [now, most] = [0, 0];
  node.faults.beforePut = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
  };
  const events: PutEvent[] = [];
  for await (const event of client.putMany(Readable.from(inputs), {})) events.push(event);
  assert.equal(events.length, 60);
  const failed = events.filter(({ kind }) => kind === 'failed');
  assert.deepEqual(
    failed.map(({ name }) => name),
    ['f7'],
  );
  assert.equal((await client.records.list()).length, 59);
  assert.ok(most > 4 && most <= 16, `${most} at once`);
});

test('a long stream is spooled, encrypted, in a file that has no name', async () => {
  const { node, folder, client } = await place();
  node.pieceSize = 1 << 20;
  const data = noise(12_000_000);
  const stream = Readable.from([data.subarray(0, 9_000_001), data.subarray(9_000_001)]);
  const seen = new Set<string>();
  const { cid } = await client.put(stream, {
    onProgress: () => {
      for (const name of readdirSync(join(folder, '.hashes'), { recursive: true })) seen.add(String(name));
    },
  });
  assert.ok((await collect((await client.open(cid)).plaintext)).equals(data));
  assert.ok(![...seen].some((name) => name.includes('spool')), [...seen].join());
  const again = await client.put(Readable.from([data]));
  assert.deepEqual([again.cid, again.bytesSent], [cid, 0]);
});
