import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Decrypter } from 'age-encryption';
import type { StoreProgress } from '../../src/client/put.js';
import { type StoreOptions, store } from '../../src/client/store.js';
import { makeCid } from '../../src/domain/content/cid.js';
import { manifestKind } from '../../src/domain/content/manifest.js';
import { openSealed } from '../../src/domain/identity/sealed.js';
import { encodeSs58 } from '../../src/domain/identity/ss58.js';
import { pieceIdOf } from '../../src/domain/model/bytes.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import type { ContractApiNode } from './contract-api-node.js';
import { coded, connect, fastRetry, noise, runtime, startNode, testFolder, testWallet } from './fixtures.js';

const folder = testFolder();
const wallet = await testWallet();

const optionsFor = (node: ContractApiNode, more: Partial<StoreOptions> = {}): StoreOptions => ({
  connection: connect(node.url, wallet),
  wallet,
  runtime,
  journalFolder: join(folder, 'journal'),
  retry: fastRetry,
  ...more,
});

const fileOf = (data: Uint8Array): string => {
  const path = join(folder, `file-${randomBytes(4).toString('hex')}`);
  writeFileSync(path, data);
  return path;
};

/** The ciphertext the node holds, put together as its manifest says. */
function heldObject(node: ContractApiNode, cid: string): Buffer {
  const { value } = openSealed(manifestKind, node.objects.get(cid)!, runtime.verify);
  return Buffer.concat(value.pieceIds.map((id) => node.pieces.get(pieceIdOf(id))!));
}

test('a file, bytes and a stream become the age file that the manifest and CID name', async () => {
  const node = await startNode();
  for (const size of [0, 1, 65_536, 300_000]) {
    const plaintext = noise(size);
    const inputs = {
      file: fileOf(plaintext),
      bytes: plaintext,
      stream: Readable.from(size === 0 ? [] : [plaintext.subarray(0, 5), plaintext.subarray(5)]),
    };
    for (const [kind, input] of Object.entries(inputs)) {
      const result = await store(input, optionsFor(node, { ttlSeconds: 1000 }));
      const object = heldObject(node, result.cid);
      assert.equal(result.cid, makeCid(object), kind);
      assert.equal(result.size, size);
      assert.equal(result.storedSize, object.length);
      assert.equal(result.pieces, Math.ceil(object.length / node.pieceSize));
      assert.equal(result.replicas, 3);
      assert.deepEqual(result.miners, node.hotkeys);
      assert.deepEqual(result.hotkeys, [encodeSs58(node.signer.publicKey)]);
      assert.ok(Math.abs(result.expiry - Date.now() / 1000 - 1000) < 5);
      const decrypter = new Decrypter();
      decrypter.addIdentity(await wallet.ageIdentity());
      assert.ok(Buffer.from(await decrypter.decrypt(object)).equals(plaintext), kind);
    }
  }
});

test('a put that dies in the middle is taken up again and sends no confirmed piece twice', async () => {
  const path = fileOf(noise(1_500_000));
  for (let round = 0; round < 5; round++) {
    const node = await startNode();
    const dieAt = randomInt(1, 22);
    console.log(`the node dies at piece request ${dieAt}`);
    node.faults.beforePut = async (index) => {
      if (index !== dieAt) return;
      await node.kill();
      throw 'hang up';
    };
    const journalFolder = join(folder, `journal-${round}`);
    const noRetry = { ...fastRetry, attempts: 1 };
    await assert.rejects(
      store(path, optionsFor(node, { journalFolder, retry: noRetry })),
      coded('unreachable'),
    );
    const confirmed = node.pieces.size;
    assert.ok(confirmed < 23);
    delete node.faults.beforePut;
    await node.start();
    const result = await store(path, optionsFor(node, { journalFolder }));
    assert.equal(node.bytesReceivedAgain, 0);
    assert.ok([...node.accepted.values()].every((times) => times === 1));
    assert.equal(node.accepted.size, result.pieces);
    assert.equal(result.bytesSent + result.bytesSkipped, result.storedSize);
    assert.ok(result.bytesSkipped >= (confirmed - 1) * node.pieceSize);
    assert.equal(result.cid, makeCid(heldObject(node, result.cid)));
    const again = await store(path, optionsFor(node, { journalFolder }));
    assert.equal(again.cid, result.cid);
    assert.equal(again.bytesSent, 0);
  }
});

test('a node that restarts in the middle of a put is waited for', async () => {
  const node = await startNode();
  node.faults.beforePut = async (index) => {
    if (index !== 7) return;
    await node.kill();
    setTimeout(() => void node.start(), 60);
    throw 'hang up';
  };
  const path = fileOf(noise(1_000_000));
  const result = await store(path, optionsFor(node));
  assert.equal(node.bytesReceivedAgain, 0);
  assert.equal(result.cid, makeCid(heldObject(node, result.cid)));
});

test('at most three pieces are on their way at once', async () => {
  const node = await startNode();
  let now = 0;
  let most = 0;
  node.faults.beforePut = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
  };
  await store(noise(20 * 65_536), optionsFor(node));
  assert.equal(most, 3);
});

test('a file that changes between the two passes is never encrypted under the kept envelope', async () => {
  const node = await startNode();
  const path = fileOf(noise(3 << 20));
  for (const change of [
    () => writeFileSync(path, noise(3 << 20)),
    () => truncateSync(path, 2 << 20),
    () => writeFileSync(path, noise((3 << 20) + 1)),
    () => truncateSync(path, 5000),
  ]) {
    writeFileSync(path, noise(3 << 20));
    let done = false;
    const onProgress = ({ phase }: StoreProgress): void => {
      if (phase !== 'send' || done) return;
      done = true;
      change();
    };
    await assert.rejects(store(path, optionsFor(node, { onProgress })), coded('conflict', /changed while/));
    assert.equal(node.objects.size, 0);
  }
});

test('the journal is private, holds no key in the open, and an entry that was changed is not used', async () => {
  const node = await startNode();
  const journalFolder = join(folder, 'journal-private');
  const path = fileOf(noise(1000));
  const first = await store(path, optionsFor(node, { journalFolder }));
  const [entry] = readdirSync(journalFolder);
  const entryPath = join(journalFolder, entry!);
  assert.equal(statSync(entryPath).mode & 0o777, 0o600);
  assert.equal(statSync(journalFolder).mode & 0o777, 0o700);
  const content = readFileSync(entryPath);
  assert.ok(!content.includes('age-encryption'));
  content[40]! ^= 1;
  writeFileSync(entryPath, content);
  const second = await store(path, optionsFor(node, { journalFolder }));
  assert.notEqual(second.cid, first.cid);
  const third = await store(path, optionsFor(node, { journalFolder }));
  assert.equal(third.cid, second.cid);
  const other = await testWallet('other');
  const foreign = await store(path, {
    ...optionsFor(node, { journalFolder }),
    wallet: other,
    connection: connect(node.url, other),
  });
  assert.notEqual(foreign.cid, third.cid);
  assert.equal(readdirSync(journalFolder).length, 2);
});

test('two puts of the same file at once agree on one object', async () => {
  const node = await startNode();
  const path = fileOf(noise(400_000));
  const journalFolder = join(folder, 'journal-twice');
  const results = await Promise.all([1, 2, 3].map(() => store(path, optionsFor(node, { journalFolder }))));
  assert.equal(new Set(results.map(({ cid }) => cid)).size, 1);
});

test('progress is monotonic and ends complete; an abort ends the put as cancelled', async () => {
  const node = await startNode();
  const seen: StoreProgress[] = [];
  const data = noise(1_000_000);
  await store(data, optionsFor(node, { onProgress: (progress) => seen.push(progress) }));
  const last = seen.at(-1)!;
  assert.deepEqual(
    [last.phase, last.bytes, last.piecesConfirmed, last.piecesTotal],
    ['confirm', data.length, 16, 16],
  );
  for (let i = 1; i < seen.length; i++) {
    assert.ok(seen[i]!.piecesConfirmed >= seen[i - 1]!.piecesConfirmed);
    if (seen[i]!.phase === seen[i - 1]!.phase) assert.ok(seen[i]!.bytes >= seen[i - 1]!.bytes);
  }
  const abort = new AbortController();
  node.faults.beforePut = (index) => {
    if (index === node.puts - 1) abort.abort();
  };
  await assert.rejects(
    store(noise(1_000_000), optionsFor(node, { signal: abort.signal })),
    coded('cancelled'),
  );
  await assert.rejects(
    store(noise(10), optionsFor(node, { signal: AbortSignal.abort() })),
    coded('cancelled'),
  );
  const silent = new AbortController();
  const waits = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  setTimeout(() => silent.abort(), 20);
  await assert.rejects(store(waits, optionsFor(node, { signal: silent.signal })), coded('cancelled'));
});

test('what the node refuses arrives as what it is, and is not tried again', async () => {
  const node = await startNode();
  const before = node.puts;
  node.faults.beforePut = () => {
    throw new FileTaoError('too-few-miners', 'only 2 miners are there\u001b[31m\nfor 3 copies');
  };
  await assert.rejects(
    store(noise(10), optionsFor(node)),
    coded('too-few-miners', /^only 2 miners are there\\u001b\[31m for 3 copies$/),
  );
  assert.equal(node.puts, before + 1);
  assert.equal(node.objects.size, 0);
});

test('fewer replicas than asked for are not called stored', async () => {
  const node = await startNode();
  node.faults.replicas = 2;
  await assert.rejects(store(noise(10), optionsFor(node)), coded('partial', /2 of 3 replicas/));
  assert.equal(node.objects.size, 0);
});

test('a refusal given before the body was read is heard, however large the piece', async () => {
  const node = await startNode();
  node.pieceSize = 16 << 20;
  node.faults.beforePut = () => {
    throw new FileTaoError('full', 'no miner has room');
  };
  for (let i = 0; i < 3; i++) await assert.rejects(store(noise(16 << 20), optionsFor(node)), coded('full'));
});

test('bad input is one line that says what to do', async () => {
  const node = await startNode();
  const put = (input: string): Promise<unknown> => store(input, optionsFor(node));
  await assert.rejects(put(join(folder, 'missing')), coded('not-found', /^there is no file .*missing$/));
  mkdirSync(join(folder, 'directory'), { recursive: true });
  await assert.rejects(put(join(folder, 'directory')), coded('bad-input', /is a directory/));
  await assert.rejects(put('/dev/null'), coded('bad-input', /not a regular file/));
  const locked = fileOf(noise(1));
  chmodSync(locked, 0);
  if (process.getuid?.() !== 0) await assert.rejects(put(locked), coded('forbidden', /permissions/));
  await assert.rejects(store(noise(1), optionsFor(node, { ttlSeconds: 0 })), coded('bad-input'));
  await assert.rejects(store(noise(1), optionsFor(node, { copies: 17 })), coded('bad-input'));
  const dead = optionsFor(node, {
    connection: connect('http://127.0.0.1:9', wallet),
    retry: { ...fastRetry, attempts: 2 },
  });
  await assert.rejects(store(noise(1), dead), coded('unreachable', /no API node at http:\/\/127.0.0.1:9/));
  assert.throws(() => connect('localhost:80', wallet), coded('bad-input'));
});
