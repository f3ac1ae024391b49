import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import {
  AgeDecryptor,
  AgeEncryptor,
  ageChunkSize,
  ageHeaderLength,
  createEnvelope,
  type Envelope,
  openHeader,
  payloadNonceSize,
  plaintextSize,
  sealedSize,
} from '../../../src/domain/identity/age-envelope.js';
import { utf8 } from '../../../src/domain/model/bytes.js';
import { type ErrorCode, FileTaoError } from '../../../src/domain/model/errors.js';
import { propertyOptions } from '../../property-options.js';

const random = { bytes: (length: number): Uint8Array => randomBytes(length) };
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const sizes = [0, 1, 65535, 65536, 65537, 131072, 5 * 1024 * 1024 + 3];
const code =
  (wanted: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof FileTaoError && error.code === wanted;

/** Cuts data into parts of the given lengths, over and over. */
function* cut(data: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < data.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield data.subarray(at, at + length);
    at += length;
  }
}

function seal(envelope: Envelope, plaintext: Uint8Array, lengths: readonly number[] = [1 << 20]): Buffer {
  const encryptor = new AgeEncryptor(nodeCipher, envelope);
  const out: Uint8Array[] = [encryptor.start()];
  for (const part of cut(plaintext, lengths)) out.push(...encryptor.push(part));
  out.push(encryptor.finish());
  return Buffer.concat(out);
}

/** Opens a whole file; nothing is given out when it is not whole. */
async function open(
  file: Uint8Array,
  key = identity,
  lengths: readonly number[] = [1 << 20],
): Promise<Buffer> {
  const end = ageHeaderLength(file);
  if (end === null) throw new FileTaoError('integrity', 'no header');
  const fileKey = await openHeader(file.subarray(0, end), key);
  return openPayload(fileKey, file.subarray(end), lengths);
}

function openPayload(fileKey: Uint8Array, rest: Uint8Array, lengths: readonly number[] = [1 << 20]): Buffer {
  const decryptor = new AgeDecryptor(nodeCipher, fileKey, rest.subarray(0, payloadNonceSize));
  const out: Uint8Array[] = [];
  for (const part of cut(rest.subarray(payloadNonceSize), lengths)) out.push(...decryptor.push(part));
  out.push(decryptor.finish());
  return Buffer.concat(out);
}

test('files of every chunk boundary go both ways through age-encryption', async () => {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  for (const size of sizes) {
    const plaintext = randomBytes(size);
    const ours = seal(createEnvelope([recipient], random, nodeCipher), plaintext);
    assert.ok(Buffer.from(await decrypter.decrypt(ours)).equals(plaintext), `${size} bytes, ours to theirs`);
    const theirs = await encrypter.encrypt(plaintext);
    assert.ok((await open(theirs)).equals(plaintext), `${size} bytes, theirs to ours`);
    const header = ageHeaderLength(ours)!;
    assert.equal(sealedSize(header, size), ours.length);
    assert.equal(plaintextSize(header, ours.length), size);
  }
});

const debianAge = spawnSync('age', ['--version']).error === undefined;
const folder = mkdtempSync(join(tmpdir(), 'filetao-age-'));
after(() => rmSync(folder, { recursive: true }));

test('files of every chunk boundary go both ways through the stock age tool', {
  skip: debianAge ? false : 'the age tool is not on the PATH (apt-get install age)',
}, async () => {
  const keyFile = join(folder, 'key.txt');
  const file = join(folder, 'file.age');
  writeFileSync(keyFile, `${identity}\n`, { mode: 0o600 });
  for (const size of sizes) {
    const plaintext = randomBytes(size);
    writeFileSync(file, seal(createEnvelope([recipient], random, nodeCipher), plaintext));
    const opened = execFileSync('age', ['-d', '-i', keyFile, file], { maxBuffer: 1 << 26 });
    assert.ok(opened.equals(plaintext), `${size} bytes, ours to theirs`);
    execFileSync('age', ['-r', recipient, '-o', file], { input: plaintext });
    assert.ok((await open(readFileSync(file))).equals(plaintext), `${size} bytes, theirs to ours`);
    rmSync(file);
  }
});

test('several recipients can each open it', async () => {
  const other = await generateX25519Identity();
  const file = seal(
    createEnvelope([recipient, await identityToRecipient(other)], random, nodeCipher),
    utf8('for two'),
  );
  for (const key of [identity, other]) assert.equal((await open(file, key)).toString(), 'for two');
});

test('the same envelope and plaintext give the same ciphertext, however either side is cut', async (t) => {
  const envelope = createEnvelope([recipient], random, nodeCipher);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 4 * ageChunkSize }),
      fc.array(
        fc.oneof(fc.integer({ min: 1, max: 3 * ageChunkSize }), fc.constantFrom(16, 65535, 65536, 65552)),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      async (size, lengths) => {
        const plaintext = Buffer.alloc(size, 'a property of the stream');
        const usable = size > 1000 ? lengths.map((length) => Math.max(length, 100)) : lengths;
        const file = seal(envelope, plaintext, usable);
        assert.ok(file.equals(seal(envelope, plaintext)));
        assert.ok((await open(file, identity, usable)).equals(plaintext));
      },
    ),
    propertyOptions(t, 40),
  );
});

test('another wallet is refused as such; a damaged header is a matter of integrity', async () => {
  const file = seal(createEnvelope([recipient], random, nodeCipher), utf8('mine'));
  await assert.rejects(open(file, await generateX25519Identity()), code('wrong-wallet'));
  const end = ageHeaderLength(file)!;
  const mac = Buffer.from(file.subarray(0, end));
  mac[end - 4] = mac[end - 4] === 0x41 ? 0x42 : 0x41;
  await assert.rejects(openHeader(mac, identity), code('integrity'));
  await assert.rejects(
    openHeader(utf8('age-encryption.org/v1\n-> X25519\n\n--- \n'), identity),
    code('integrity'),
  );
  await assert.rejects(openHeader(file.subarray(0, end), 'nonsense'), code('bad-input'));
  assert.throws(() => createEnvelope(['nonsense'], random, nodeCipher), code('bad-input'));
  assert.throws(() => createEnvelope([], random, nodeCipher), code('bad-input'));
});

test('the end of the header is found from any prefix, and its absence within bounds', async () => {
  const file = seal(createEnvelope([recipient], random, nodeCipher), utf8('x'));
  const end = ageHeaderLength(file)!;
  for (let length = 0; length < file.length; length++) {
    assert.equal(ageHeaderLength(file.subarray(0, length)), length < end ? null : end, `${length} bytes`);
  }
  assert.throws(() => ageHeaderLength(utf8('age-encryption.org/v2\n')), code('integrity'));
  assert.throws(() => ageHeaderLength(utf8('PK')), code('integrity'));
  const endless = Buffer.alloc(20_000, 'A');
  endless.write('age-encryption.org/v1\n-> X25519 ');
  assert.throws(() => ageHeaderLength(endless), code('integrity'));
});

test('truncated, extended, reordered or changed payloads are refused', async () => {
  const envelope = createEnvelope([recipient], random, nodeCipher);
  const head = envelope.header.length;
  const chunk = ageChunkSize + 16;
  for (const size of [0, 1, 65536, 65537, 3 * 65536]) {
    const payload = seal(envelope, Buffer.alloc(size, 7)).subarray(head);
    const start = payloadNonceSize;
    const refused = (bad: Uint8Array, what: string): void =>
      assert.throws(() => openPayload(envelope.fileKey, bad), code('integrity'), `${size} bytes, ${what}`);
    for (const cutOff of [1, 15, 16, 17, chunk]) {
      if (payload.length - cutOff >= start)
        refused(payload.subarray(0, payload.length - cutOff), `${cutOff} fewer`);
    }
    refused(payload.subarray(0, start), 'no chunk');
    for (const added of [1, 16, 17]) refused(Buffer.concat([payload, Buffer.alloc(added)]), `${added} more`);
    refused(Buffer.concat([payload, payload.subarray(start)]), 'twice');
    for (const at of [0, start, payload.length - 1]) {
      const changed = Buffer.from(payload);
      changed[at]! ^= 0x80;
      refused(changed, `byte ${at} changed`);
    }
    if (size > 2 * 65536) {
      const [first, second] = [
        payload.subarray(start, start + chunk),
        payload.subarray(start + chunk, start + 2 * chunk),
      ];
      const rest = payload.subarray(start + 2 * chunk);
      refused(Buffer.concat([payload.subarray(0, start), second, first, rest]), 'two chunks exchanged');
      refused(Buffer.concat([payload.subarray(0, start), second, rest]), 'first chunk missing');
      refused(payload.subarray(0, start + 2 * chunk), 'cut at a chunk boundary');
    }
  }
});

test('a final chunk may be empty only when the payload is', async () => {
  const { fileKey, payloadNonce } = createEnvelope([recipient], random, nodeCipher);
  const aead = nodeCipher.chacha20Poly1305(hkdf(sha256, fileKey, payloadNonce, utf8('payload'), 32));
  const nonce = new Uint8Array(12);
  const full = aead.seal(nonce, new Uint8Array(ageChunkSize));
  nonce[10] = 1;
  nonce[11] = 1;
  const empty = aead.seal(nonce, new Uint8Array(0));
  assert.throws(() => openPayload(fileKey, Buffer.concat([payloadNonce, full, empty])), code('integrity'));
});

test('sizes that no plaintext gives are refused', () => {
  assert.equal(plaintextSize(100, 100 + 16 + 16), 0);
  const bad = [0, 115, 100 + 16 + 15, 100 + 16 + 65552 + 16, 100 + 16 + 65552 + 1];
  for (const size of bad) assert.throws(() => plaintextSize(100, size), code('integrity'), `${size}`);
});
