import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { StoreResult } from '../../src/client/put.js';
import { type RetrieveOptions, retrieve } from '../../src/client/retrieve.js';
import { retrieveToFile } from '../../src/client/retrieve-to-file.js';
import type { UserWallet } from '../../src/client/runtime.js';
import { store } from '../../src/client/store.js';
import { makeCid } from '../../src/domain/content/cid.js';
import { manifestKind } from '../../src/domain/content/manifest.js';
import { openSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { toHex } from '../../src/domain/model/bytes.js';
import type { ContractApiNode } from './contract-api-node.js';
import {
  coded,
  collect,
  connect,
  fastRetry,
  noise,
  runtime,
  startNode,
  testFolder,
  testWallet,
} from './fixtures.js';

const folder = testFolder();
const wallet = await testWallet();
let counter = 0;
const fresh = (): string => {
  const path = join(folder, `out-${counter++}`);
  mkdirSync(path);
  return path;
};

const put = (node: ContractApiNode, data: Uint8Array): Promise<StoreResult> =>
  store(data, {
    connection: connect(node.url, wallet),
    wallet,
    runtime,
    journalFolder: null,
    retry: fastRetry,
  });

const optionsFor = (node: ContractApiNode, as: UserWallet = wallet): RetrieveOptions => ({
  connection: connect(node.url, as),
  wallet: as,
  runtime,
  retry: fastRetry,
});

test('what was put comes back, to a stream and to a file, at every size', async () => {
  const node = await startNode();
  for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000]) {
    const plaintext = noise(size);
    const stored = await put(node, plaintext);
    const object = await retrieve(stored.cid, optionsFor(node));
    assert.equal(object.size, size);
    assert.equal(object.owner, toHex(wallet.hotkey.publicKey));
    assert.equal(object.expiry, stored.expiry);
    assert.ok((await collect(object.plaintext)).equals(plaintext), `${size} bytes`);
    const out = fresh();
    const result = await retrieveToFile(stored.cid, join(out, 'file'), {
      ...optionsFor(node),
      manifest: stored.manifest,
    });
    assert.equal(result.storedSize, stored.storedSize);
    assert.ok(readFileSync(join(out, 'file')).equals(plaintext));
    assert.deepEqual(readdirSync(out), ['file']);
  }
});

test('a spoilt piece stops the download, is blamed on the node, and never reaches the output', async () => {
  const node = await startNode();
  const plaintext = noise(500_000);
  const stored = await put(node, plaintext);
  const { value } = openSealed(manifestKind, stored.manifest, runtime.verify);
  for (const bad of [0, 3, value.pieceIds.length - 1]) {
    node.faults.spoil = (id, piece) => {
      if (id !== toHex(value.pieceIds[bad]!)) return piece;
      const changed = Uint8Array.from(piece);
      changed[changed.length - 1]! ^= 1;
      return changed;
    };
    const out = fresh();
    await assert.rejects(
      retrieveToFile(stored.cid, join(out, 'file'), optionsFor(node)),
      coded('integrity', new RegExp(`http://127.0.0.1:\\d+ \\(5.*piece ${bad} of ${value.pieceIds.length}`)),
    );
    // Whole pieces before it are kept for the next try.
    assert.equal(readdirSync(out).length, bad === 0 ? 0 : 2);
    // Nothing of the spoilt piece, or after it, is given out.
    let given = 0;
    await assert.rejects(async () => {
      const object = await retrieve(stored.cid, optionsFor(node));
      for await (const part of object.plaintext) {
        assert.ok(plaintext.subarray(given, given + part.length).equals(part));
        given += part.length;
      }
    }, coded('integrity'));
    assert.ok(given <= bad * node.pieceSize);
  }
});

test('a manifest that is false, foreign or not genuine is refused', async () => {
  const node = await startNode();
  const mine = noise(200_000);
  const stored = await put(node, mine);
  const other = await put(node, noise(200_000));
  const { value } = openSealed(manifestKind, stored.manifest, runtime.verify);
  const { value: otherValue } = openSealed(manifestKind, other.manifest, runtime.verify);
  const out = fresh();
  const get = (): Promise<unknown> => retrieveToFile(stored.cid, join(out, 'file'), optionsFor(node));
  const thief = await testWallet('thief');

  node.faults.manifest = () => other.manifest;
  await assert.rejects(get(), coded('integrity', /another object/));
  node.faults.manifest = (sealed) => {
    const bent = Uint8Array.from(sealed);
    bent[3]! ^= 1;
    return bent;
  };
  await assert.rejects(get(), coded('integrity', /false manifest/));
  node.faults.manifest = () => new Uint8Array(10);
  await assert.rejects(get(), coded('integrity', /false manifest/));
  node.faults.manifest = () => new Uint8Array(5 << 20);
  await assert.rejects(get(), coded('bad-message', /more than/));

  // A liar with a key of its own signs other pieces under this CID, encrypted for the same recipient.
  const lie = sealMessage(
    manifestKind,
    { ...value, pieceIds: otherValue.pieceIds, owner: thief.hotkey.publicKey },
    thief.hotkey,
  );
  node.faults.manifest = () => lie;
  node.objects.set(stored.cid, lie);
  await assert.rejects(get(), coded('integrity', /not with the CID/));
  assert.deepEqual(readdirSync(out), []);
  // With the manifest kept from the put, the first wrong piece is found.
  await assert.rejects(
    retrieveToFile(stored.cid, join(out, 'file'), { ...optionsFor(node), manifest: stored.manifest }),
    coded('integrity', /piece 0/),
  );
  // One that was damaged on disk is asked for again.
  delete node.faults.manifest;
  node.objects.set(stored.cid, stored.manifest);
  const object = await retrieve(stored.cid, { ...optionsFor(node), manifest: lie.map((byte) => byte ^ 1) });
  assert.ok((await collect(object.plaintext)).equals(mine));
});

test('a link left under the name of the part is not followed', async () => {
  const node = await startNode();
  const { cid } = await put(node, noise(1000));
  const out = fresh();
  const elsewhere = join(out, 'elsewhere');
  writeFileSync(elsewhere, 'precious');
  symlinkSync(elsewhere, join(out, 'file.filetao-part'));
  symlinkSync(elsewhere, join(out, 'file.filetao-part.state'));
  await retrieveToFile(cid, join(out, 'file'), optionsFor(node));
  assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
  assert.equal(readFileSync(join(out, 'file')).length, 1000);
});

test('an object of another wallet is refused with a sentence, having downloaded next to nothing', async () => {
  const node = await startNode();
  node.pieceSize = 8 << 20;
  const stored = await put(node, noise(16 << 20));
  const bob = await testWallet('bob');
  const out = fresh();
  const served = node.bytesServed;
  await assert.rejects(
    retrieveToFile(stored.cid, join(out, 'file'), optionsFor(node, bob)),
    coded('wrong-wallet', /wallet 'bob' cannot decrypt .* which 5\w+ put/),
  );
  assert.deepEqual(readdirSync(out), []);
  assert.ok(node.bytesServed - served <= 8 << 20);
  // The owner's own hotkey with another identity: refused too, after the piece has been verified.
  await assert.rejects(
    retrieve(stored.cid, optionsFor(node, { ...bob, hotkey: wallet.hotkey })),
    coded('wrong-wallet'),
  );
});

test('a header spoilt by the node is a matter of integrity for the owner', async () => {
  const node = await startNode();
  const stored = await put(node, noise(100_000));
  node.faults.spoil = (_, piece) => {
    const changed = Uint8Array.from(piece);
    changed[60] = changed[60] === 0x41 ? 0x42 : 0x41;
    return changed;
  };
  await assert.rejects(retrieve(stored.cid, optionsFor(node)), coded('integrity', /piece 0/));
});

test('a download that breaks off goes on where it was, with and without ranges', async () => {
  const node = await startNode();
  const plaintext = noise(1_000_000);
  const stored = await put(node, plaintext);
  for (const ranges of [false, true]) {
    node.faults.ranges = ranges;
    node.faults.breakDownloadsAt = [70_000, 600_000, 10];
    const served = node.bytesServed;
    const object = await retrieve(stored.cid, optionsFor(node));
    assert.ok((await collect(object.plaintext)).equals(plaintext));
    if (ranges) assert.ok(node.bytesServed - served < stored.storedSize + 200_000);
  }
  node.faults.breakDownloadsAt = Array.from({ length: 50 }, () => 1000);
  node.faults.ranges = false;
  const out = fresh();
  await assert.rejects(retrieveToFile(stored.cid, join(out, 'file'), optionsFor(node)), coded('unreachable'));
  assert.deepEqual(readdirSync(out), []);
});

test('a file that exists is never replaced unless told', async () => {
  const node = await startNode();
  const plaintext = noise(100_000);
  const { cid } = await put(node, plaintext);
  const target = join(fresh(), 'file');
  writeFileSync(target, 'precious');
  const before = node.requests.length;
  await assert.rejects(retrieveToFile(cid, target, optionsFor(node)), coded('exists', /--overwrite/));
  assert.equal(node.requests.length, before, 'refused before anything is asked of the node');
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  // It may also appear while the download runs.
  const late = join(fresh(), 'file');
  await assert.rejects(
    retrieveToFile(cid, late, { ...optionsFor(node), onProgress: () => writeFileSync(late, 'precious') }),
    coded('exists'),
  );
  assert.equal(readFileSync(late, 'utf8'), 'precious');
  assert.ok(!existsSync(`${late}.filetao-part`));
  await retrieveToFile(cid, target, { ...optionsFor(node), overwrite: true });
  assert.ok(readFileSync(target).equals(plaintext));
});

test('two processes never write one file; a folder that is missing is named', async () => {
  const node = await startNode();
  const { cid } = await put(node, noise(300_000));
  const target = join(fresh(), 'file');
  const results = await Promise.allSettled([1, 2].map(() => retrieveToFile(cid, target, optionsFor(node))));
  const failed = results.filter((result) => result.status === 'rejected');
  assert.equal(failed.length, 1);
  assert.ok(coded('conflict', /another filetao process/)(failed[0]!.reason));
  await assert.rejects(
    retrieveToFile(cid, join(folder, 'nowhere', 'file'), optionsFor(node)),
    coded('not-found', /there is no folder/),
  );
});

test('an unknown CID, a malformed one, and an abort', async () => {
  const node = await startNode();
  await assert.rejects(retrieve(makeCid('never put'), optionsFor(node)), coded('not-found'));
  await assert.rejects(retrieve('../../etc/passwd', optionsFor(node)), coded('bad-cid'));
  const { cid } = await put(node, noise(1_000_000));
  const abort = new AbortController();
  const out = fresh();
  await assert.rejects(
    retrieveToFile(cid, join(out, 'file'), {
      ...optionsFor(node),
      signal: abort.signal,
      onProgress: ({ piecesVerified }) => piecesVerified === 3 && abort.abort(),
    }),
    coded('cancelled', /\d of 16 pieces are kept in .*file.filetao-part: the same command goes on/),
  );
  assert.deepEqual(readdirSync(out).sort(), ['file.filetao-part', 'file.filetao-part.state']);
});

test('silence ends in a timeout, an address that is no FileTAO node in a sentence', async () => {
  const silent = createServer(() => {});
  const stranger = createServer((_, response) => response.end('<html>hello</html>'));
  for (const server of [silent, stranger]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  const url = (server: typeof silent): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const once = { wallet, runtime, retry: { ...fastRetry, attempts: 1 } };
  await assert.rejects(
    retrieve(makeCid('x'), { ...once, connection: connect(url(silent), wallet, { answerMs: 50 }) }),
    coded('timeout', /gave no answer/),
  );
  await assert.rejects(
    retrieve(makeCid('x'), { ...once, connection: connect(url(stranger), wallet) }),
    coded('bad-message', /is it a FileTAO API node/),
  );
});
