// A session with nothing but Debian's curl, as docs/http-api.md has it: put, get, ranges, conditions, gateway.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeCid } from '../../../src/domain/content/cid.js';
import { startNetwork } from '../network.js';

const hasCurl = spawnSync('curl', ['--version']).status === 0;

test('a session with curl only', { skip: hasCurl ? false : 'curl is not installed' }, async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const api = await network.api({ replicas: 2 });
  const url = `http://127.0.0.1:${api.address.port}`;
  const run = promisify(execFile);
  const curl = async (...args: string[]): Promise<Buffer> => {
    const { stdout } = await run('curl', ['-sS', '--max-time', '120', ...args], { encoding: 'buffer' });
    return stdout;
  };
  const statusOf = async (...args: string[]): Promise<string> =>
    (await curl('-o', join(network.folder, 'answer'), '-w', '%{http_code}', ...args)).toString();

  const data = randomBytes(300_000);
  const file = join(network.folder, 'photo.jpg');
  await writeFile(file, data);
  const cid = makeCid(data);

  // Put: half of it with the creation, the rest after asking how far it is.
  const tus = ['-H', 'Tus-Resumable: 1.0.0'];
  const octets = ['-H', 'Content-Type: application/offset+octet-stream'];
  await writeFile(join(network.folder, 'first'), data.subarray(0, 100_000));
  await writeFile(join(network.folder, 'rest'), data.subarray(100_000));
  const created = await curl(
    '-i',
    ...tus,
    ...octets,
    '-H',
    `Upload-Length: ${data.length}`,
    '-H',
    `Upload-Metadata: ttl ${Buffer.from('86400').toString('base64')}`,
    '--data-binary',
    `@${join(network.folder, 'first')}`,
    `${url}/files`,
  );
  const location = /^location: (\S+)\r$/im.exec(created.toString())![1]!;
  const upload = new URL(location, url).href;
  assert.match((await curl('-I', ...tus, upload)).toString(), /^upload-offset: 100000\r$/im);
  // Bytes that are not those of their checksum do not count.
  const wrong = createHash('sha256').update('other').digest('base64');
  const patch = ['-X', 'PATCH', ...tus, ...octets, '-H', 'Upload-Offset: 100000'];
  const rest = ['--data-binary', `@${join(network.folder, 'rest')}`];
  assert.equal(await statusOf(...patch, '-H', `Upload-Checksum: sha256 ${wrong}`, ...rest, upload), '460');
  assert.match((await curl('-I', ...tus, upload)).toString(), /^upload-offset: 100000\r$/im);
  const right = createHash('sha256').update(data.subarray(100_000)).digest('base64');
  const done = await curl('-i', ...patch, '-H', `Upload-Checksum: sha256 ${right}`, ...rest, upload);
  assert.match(done.toString(), /^HTTP\/1\.1 204/);
  assert.match(done.toString(), new RegExp(`^filetao-cid: ${cid}\\r$`, 'im'));
  assert.match((await curl('-I', ...tus, upload)).toString(), new RegExp(`^filetao-cid: ${cid}\\r$`, 'im'));

  // Get.
  const object = `${url}/objects/${cid}`;
  await curl('-o', join(network.folder, 'back.jpg'), object);
  assert.ok((await readFile(join(network.folder, 'back.jpg'))).equals(data));
  assert.ok((await curl('-r', '65000-200000', object)).equals(data.subarray(65_000, 200_001)));
  assert.ok((await curl('-r', '-10', object)).equals(data.subarray(-10)));
  const etag = `"${cid}"`;
  assert.equal(await statusOf('-H', `If-None-Match: ${etag}`, object), '304');
  assert.equal(await statusOf('-H', 'If-Match: "x"', object), '412');
  assert.equal(await statusOf('-r', '5-6', '-H', 'If-Range: "x"', object), '200');
  assert.equal(await statusOf('-r', '5-6', '-H', `If-Range: ${etag}`, object), '206');
  assert.equal(await statusOf('-r', '300000-', object), '416');
  assert.match((await curl('-I', object)).toString(), /^content-length: 300000\r$/im);
  // Interrupted and gone on with, as curl does by itself.
  await writeFile(join(network.folder, 'part.jpg'), data.subarray(0, 123_456));
  await curl('-C', '-', '-o', join(network.folder, 'part.jpg'), object);
  assert.ok((await readFile(join(network.folder, 'part.jpg'))).equals(data));

  // Status, listing, manifest.
  const status = JSON.parse((await curl(`${object}/status`)).toString());
  assert.deepEqual(
    [status.cid, status.size, status.health, status.replicas, status.copies, status.pieces],
    [cid, data.length, 'healthy', 2, 2, { total: 5, healthy: 5 }],
  );
  assert.equal(status.miners.length, 2);
  const { objects, next } = JSON.parse((await curl(`${url}/objects?limit=10`)).toString());
  assert.deepEqual([objects.length, objects[0].cid, objects[0].health, next], [1, cid, 'healthy', null]);
  assert.ok((await curl(`${object}/manifest`)).length > 64);
  assert.equal(await statusOf('-X', 'DELETE', object), '401', 'nobody gives up what is not his');

  // The trustless gateway.
  const block = `${url}/ipfs/${cid}`;
  const raw = 'application/vnd.ipld.raw';
  const answer = (await curl('-i', '-H', `Accept: ${raw}`, block)).toString('latin1');
  const [head = ''] = answer.split('\r\n\r\n', 1);
  for (const line of [
    /^content-type: application\/vnd\.ipld\.raw$/im,
    /^x-content-type-options: nosniff$/im,
    /^cache-control: public, max-age=29030400, immutable$/im,
    new RegExp(`^content-disposition: attachment; filename="${cid}.bin"$`, 'im'),
    new RegExp(`^etag: "${cid}\\.raw"$`, 'im'),
  ])
    assert.match(head.replaceAll('\r', ''), line);
  assert.ok((await curl(`${block}?format=raw`)).equals(data));
  assert.equal(await statusOf(block), '406');
  assert.equal(await statusOf(`${block}?format=car`), '406');
  assert.equal(
    await statusOf(`${url}/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG?format=raw`),
    '406',
  );

  // What is wrong is told as a problem document.
  for (const [path, expected] of [
    ['/objects/x', 400],
    ['/objects/..%2f..%2fetc%2fpasswd', 400],
    [`/objects/${makeCid('nothing')}`, 404],
    ['/objects?limit=0', 400],
    ['/nowhere', 404],
    ['/%zz', 400],
  ] as const) {
    const problem = JSON.parse((await curl(url + path)).toString());
    assert.deepEqual(Object.keys(problem).sort(), ['code', 'detail', 'status', 'title', 'type'], path);
    assert.equal(problem.status, expected, path);
  }
});
