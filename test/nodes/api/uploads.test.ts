// Resumable uploads: a stock tus client that is interrupted, a node that is restarted, an upload that belongs to somebody.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Upload } from 'tus-js-client';
import { makeCid } from '../../../src/domain/content/cid.js';
import { eventually, startNetwork } from '../network.js';
import { User } from './user.js';

const tus = { 'tus-resumable': '1.0.0' };
const octets = { ...tus, 'content-type': 'application/offset+octet-stream' };

test('a stock tus client goes on where it was cut off, also with a restarted node', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  let api = await network.api({ replicas: 2 });
  const { port } = api.address;
  const endpoint = `http://127.0.0.1:${port}/files`;
  const data = randomBytes(1_000_000);
  const started = new Promise<string>((resolve, reject) => {
    const upload = new Upload(data, {
      endpoint,
      chunkSize: 150_000,
      retryDelays: null,
      metadata: { filename: 'ünïcode name.bin' },
      onError: reject,
      onChunkComplete(_size, accepted) {
        if (accepted < 400_000) return;
        void upload.abort();
        resolve(upload.url!);
      },
    });
    upload.start();
  });
  const uploadUrl = await started;
  await api.close();
  api = await network.api({ replicas: 2, port });
  const reader = new User(api);
  const half = await reader.ask('HEAD', new URL(uploadUrl).pathname, { signed: false, headers: tus });
  const offset = Number(half.headers.get('upload-offset'));
  assert.ok(offset >= 400_000 && offset < data.length);

  const sentFrom: number[] = [];
  const cid = await new Promise<string>((resolve, reject) => {
    let found = '';
    const upload = new Upload(data, {
      endpoint,
      uploadUrl,
      chunkSize: 200_000,
      retryDelays: null,
      onError: reject,
      onBeforeRequest(request) {
        const from = request.getHeader('Upload-Offset');
        if (request.getMethod() === 'PATCH') sentFrom.push(Number(from));
      },
      onAfterResponse(_request, response) {
        found = response.getHeader('Filetao-Cid') ?? found;
      },
      onSuccess: () => resolve(found),
    });
    upload.start();
  });
  assert.equal(sentFrom[0], offset, 'nothing is sent twice');
  assert.equal(cid, makeCid(data));
  assert.ok((await reader.ask('GET', `/objects/${cid}`, { signed: false })).body.equals(data));
  // The bytes are not kept twice; the upload still tells what it became.
  const left = await readdir(join(network.folder, 'validator', 'uploads'));
  assert.deepEqual(
    left.map((name) => name.replace(/^.*\./, '')),
    ['json'],
  );
});

test('an upload that lacks miners is told so, and finished by asking again or by a restarted node', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  let api = await network.api({ replicas: 2 });
  const { port } = api.address;
  const user = new User(api);
  const data = randomBytes(90_000);
  await network.miners[0]!.stop();
  const create = await user.ask('POST', '/files', {
    signed: false,
    body: data,
    headers: { ...octets, 'upload-length': String(data.length) },
  });
  assert.deepEqual([create.status, create.json().code], [502, 'partial']);
  await network.miners[0]!.restart();
  await api.close();
  api = await network.api({ replicas: 2, port });
  const cid = makeCid(data);
  await eventually(async () => {
    const { status } = await user.ask('GET', `/objects/${cid}`, { signed: false });
    return status === 200;
  });
});

test('an upload that was created signed belongs to its signer', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const api = await network.api({ openAccess: true, replicas: 2, uploadBytesMax: 100_000 });
  const [owner, other] = [new User(api), new User(api)];
  const data = randomBytes(50_000);
  const created = await owner.ask('POST', '/files', {
    headers: { ...tus, 'upload-length': String(data.length) },
  });
  assert.equal(created.status, 201);
  const path = created.headers.get('location')!;
  const full = await other.ask('POST', '/files', { headers: { ...tus, 'upload-length': '60000' } });
  assert.deepEqual([full.status, full.json().code], [507, 'full']);
  assert.equal((await other.ask('HEAD', path, { headers: tus })).status, 403);
  const patch = { body: data, headers: { ...octets, 'upload-offset': '0' } };
  assert.equal((await other.ask('PATCH', path, patch)).status, 403);
  const done = await owner.ask('PATCH', path, patch);
  assert.deepEqual([done.status, done.headers.get('filetao-cid')], [204, makeCid(data)]);
  const { objects } = (await owner.ask('GET', '/objects')).json() as never as { objects: unknown[] };
  assert.equal(objects.length, 1);
  assert.equal((await owner.ask('DELETE', path, { headers: tus })).status, 204);
  assert.equal((await owner.ask('HEAD', path, { headers: tus })).status, 404);
  for (const wrong of ['/files/..%2f..%2fwallet', '/files/x', `/files/${'0'.repeat(32)}`])
    assert.equal((await owner.ask('HEAD', wrong, { headers: tus })).status, 404);
});
