import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import {
  type AesGcmSecret,
  decryptToFile,
  decryptToStream,
} from '../../../src/adapters/cipher/aes-gcm-file.js';
import { fromHex } from '../../../src/domain/model/bytes.js';
import { isFileTaoError } from '../wallets/is-error.js';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'filetao-gcm-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

const path = (name: string): string => join(root, name);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const vector: AesGcmSecret = {
  key: counting(32),
  nonce: counting(16),
  tag: fromHex('d4945d9820629d874b1955f8e4eb4f24'),
};

/** To a stream that is read to its end; what arrived until an error counts too. */
async function streamed(file: string, secret: AesGcmSecret): Promise<{ data: Buffer; error: unknown }> {
  const target = new PassThrough();
  const data = buffer(target);
  let error: unknown = null;
  await decryptToStream(file, secret, target).catch((reason: unknown) => {
    error = reason;
  });
  assert.equal(target.writable, true, 'the stream is left open');
  target.end();
  return { data: await data, error };
}

test("the reference's vector opens", async () => {
  await writeFile(path('vector'), fromHex('0f09cc1a56c42c41f19aaf483a'));
  await decryptToFile(path('vector'), vector, path('vector.out'));
  assert.equal(await readFile(path('vector.out'), 'utf8'), 'hello filetao');
  assert.equal((await stat(path('vector.out'))).mode & 0o777, 0o600);
  assert.equal((await streamed(path('vector'), vector)).data.toString(), 'hello filetao');
});

test('any size opens, and nothing of a damaged file comes out', async () => {
  const { key, nonce } = vector;
  for (const size of [0, 1, 1_048_576, 3_000_001]) {
    const plaintext = randomBytes(size);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const secret = { key, nonce, tag: cipher.getAuthTag() };
    const file = path(`sealed-${size}`);
    await writeFile(file, sealed);
    await decryptToFile(file, secret, `${file}.out`);
    assert.ok(plaintext.equals(await readFile(`${file}.out`)));
    assert.ok(plaintext.equals((await streamed(file, secret)).data));

    const damaged = Buffer.concat([sealed, Buffer.from([1])]);
    await writeFile(file, damaged);
    await assert.rejects(
      decryptToFile(file, secret, `${file}.bad`),
      isFileTaoError('integrity', file, 'damaged'),
    );
    const { data, error } = await streamed(file, secret);
    assert.equal(data.length, 0);
    isFileTaoError('integrity')(error);
  }
  assert.deepEqual(
    (await readdir(root)).filter((name) => name.endsWith('.bad') || name.endsWith('.tmp')),
    [],
  );
});

test('nothing is overwritten, and what cannot be read or written is said', async () => {
  await writeFile(path('v'), fromHex('0f09cc1a56c42c41f19aaf483a'));
  await writeFile(path('taken'), 'mine');
  await assert.rejects(decryptToFile(path('v'), vector, path('taken')), isFileTaoError('exists', 'taken'));
  assert.equal(await readFile(path('taken'), 'utf8'), 'mine');
  await assert.rejects(decryptToFile(path('none'), vector, path('x')), isFileTaoError('not-found'));
  await assert.rejects(decryptToFile(root, vector, path('x')), isFileTaoError('bad-input'));
  await assert.rejects(decryptToFile(path('v'), vector, path('no/folder')), isFileTaoError('not-found'));
  const signal = AbortSignal.abort(new DOMException('stop', 'AbortError'));
  await assert.rejects(decryptToFile(path('v'), vector, path('x'), signal), isFileTaoError('cancelled'));
  await assert.rejects(stat(path('x')));
});
