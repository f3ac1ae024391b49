import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import {
  encodeEntry,
  messagesMax,
  type TranscriptHead,
  TranscriptReader,
  transcriptKind,
} from '../../../src/domain/audit/transcript.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes } from '../../../src/domain/model/bytes.js';
import { mebibyte } from '../../../src/domain/model/constants.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { propertyOptions } from '../../property-options.js';
import { bytes32, core, dataOf, flipped, miner, validator } from '../protocol/play.js';

type Bulks = readonly (Uint8Array | null)[];

const headOf = (n: number, bulks: readonly Uint8Array[], change: Partial<TranscriptHead> = {}): Uint8Array =>
  sealMessage(
    transcriptKind,
    {
      version: 1,
      kind: 'challenge',
      genesis: bytes32(7),
      netuid: 42,
      validatorKey: validator.publicKey,
      minerKey: miner.publicKey,
      root: bytes32(1),
      size: 5000,
      n,
      prevLink: bytes32(2),
      receipt: new Uint8Array(300),
      nu: bytes32(3),
      messages: [{ type: 'challenge', atMs: 0, bytes: dataOf(400, n) }],
      bulks: bulks.map((bulk) => core.hash(bulk)),
      startedAtMs: 1_700_000_000_000,
      elapsedMs: 12,
      outcome: 'pass',
      reason: '',
      attributable: false,
      ...change,
    },
    validator,
  );

const bulksOf = (n: number): Uint8Array[] =>
  Array.from({ length: n % 4 }, (_, i) => dataOf((n * 37 + i * 1009) % 5000, n + i));
const entryOf = (n: number, prune = false): Uint8Array => {
  const bulks = bulksOf(n);
  return encodeEntry(headOf(n, bulks), prune ? bulks.map(() => null) : bulks);
};
const entries = Array.from({ length: 9 }, (_, i) => entryOf(i, i === 6));
const whole = concatBytes(...entries);

function read(reader: TranscriptReader, parts: Iterable<Uint8Array>): { n: number; bulks: Bulks }[] {
  const found = [];
  for (const part of parts) {
    for (const { head, bulks } of reader.push(part)) found.push({ n: head.value.n, bulks });
  }
  return found;
}
const expected = Array.from({ length: 9 }, (_, n) => ({
  n,
  bulks: n === 6 ? bulksOf(n).map(() => null) : bulksOf(n),
}));

test('entries are read back, bulks and pruned bulks alike', () => {
  const reader = new TranscriptReader();
  assert.deepEqual(read(reader, [whole]), expected);
  assert.equal(reader.torn, 0);
  const [entry] = new TranscriptReader().push(entries[3]!);
  assert.doesNotThrow(() => openSealed(transcriptKind, entry!.head.bytes, verifySr25519));
});

test('the stream may be split anywhere, and its buffers used again', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 40 }), (cuts) => {
      const reader = new TranscriptReader();
      const found = [];
      const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
      for (let i = 1; i < at.length; i++) {
        const part = Buffer.from(whole.subarray(at[i - 1], at[i]));
        found.push(...read(reader, [part]));
        part.fill(0);
      }
      assert.deepEqual(found, expected);
      assert.equal(reader.torn, 0);
    }),
    propertyOptions(t, 60),
  );
  const reader = new TranscriptReader();
  const bytewise = Array.from(entries[2]!, (byte) => Uint8Array.of(byte));
  assert.deepEqual(read(reader, bytewise), [expected[2]]);
});

test('a torn end is told, wherever it is torn', () => {
  for (let length = 0; length < entries[5]!.length; length += 13) {
    const reader = new TranscriptReader();
    assert.deepEqual(read(reader, [entries[4]!, entries[5]!.subarray(0, length)]), [expected[4]]);
    assert.equal(reader.torn, length);
  }
});

test('entries that nobody has looked at come with the next part', () => {
  const reader = new TranscriptReader();
  for (const { head } of reader.push(concatBytes(entries[0]!, entries[1]!))) {
    assert.equal(head.value.n, 0);
    break;
  }
  reader.push(entries[2]!);
  assert.deepEqual(read(reader, [entries[3]!]), expected.slice(1, 4));
});

const isBadMessage = (error: unknown) => error instanceof FileTaoError && error.code === 'bad-message';
const lengthAt = (entry: Uint8Array, at: number, length: number): Uint8Array => {
  const changed = Uint8Array.from(entry);
  new DataView(changed.buffer).setUint32(at, length, true);
  return changed;
};

test('false lengths are typed errors, before anything is gathered for them', () => {
  const entry = entries[5]!;
  const headLength = new DataView(entry.buffer).getUint32(0, true);
  const first = 4 + headLength + 1;
  const count = flipped(entry, first - 1, 2);
  for (const damaged of [
    lengthAt(entry, 0, 0),
    lengthAt(entry, 0, 64),
    lengthAt(entry, 0, headLength - 1),
    lengthAt(entry, 0, 256 * 1024 + 1),
    lengthAt(entry, 0, 0xffffffff),
    lengthAt(entry, first, 65 * mebibyte + 1),
    lengthAt(entry, first, 0xfffffffe),
    count,
    flipped(entry, 68, 0xff),
  ]) {
    const reader = new TranscriptReader();
    assert.throws(() => read(reader, [damaged]), isBadMessage);
    // and for good: where the next entry would begin is not known
    assert.throws(() => read(reader, [entries[0]!]), isBadMessage);
  }
});

test('damage behind good entries does not hide them', () => {
  const reader = new TranscriptReader();
  const found: number[] = [];
  assert.throws(() => {
    for (const { head } of reader.push(concatBytes(entries[0]!, entries[1]!, lengthAt(entries[2]!, 0, 0)))) {
      found.push(head.value.n);
    }
  }, isBadMessage);
  assert.deepEqual(found, [0, 1]);
});

test('random bytes end in a typed error or are waited on', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      try {
        read(new TranscriptReader(), [noise]);
      } catch (error) {
        assert.ok(isBadMessage(error), String(error));
      }
    }),
    propertyOptions(t, 500),
  );
});

test('every changed byte of the signed head is rejected', () => {
  const entry = entries[1]!;
  const headLength = new DataView(entry.buffer).getUint32(0, true);
  for (let at = 4; at < 4 + headLength; at += 3) {
    assert.throws(() => {
      for (const { head } of new TranscriptReader().push(flipped(entry, at, 1 << (at % 8)))) {
        openSealed(transcriptKind, head.bytes, verifySr25519);
      }
    }, FileTaoError);
  }
});

test('many entries stream in flat memory, large ones in time that grows as they do', () => {
  const part = concatBytes(...Array.from({ length: 20 }, (_, n) => entryOf(n)));
  const reader = new TranscriptReader();
  let count = 0;
  for (let i = 0; i < 100; i++) {
    for (const _ of reader.push(part)) count++;
    assert.equal(reader.torn, 0);
  }
  assert.equal(count, 2000);
  // 32 MiB in parts of 1 KiB: moved again for every part, they would take 500 GiB of copying
  const bulk = new Uint8Array(32 * mebibyte);
  const entry = encodeEntry(headOf(1, [new Uint8Array(1)]), [bulk]);
  const large = new TranscriptReader();
  const started = performance.now();
  let found = 0;
  for (let at = 0; at < entry.length; at += 1024)
    found += [...large.push(entry.subarray(at, at + 1024))].length;
  assert.equal(found, 1);
  assert.ok(performance.now() - started < 60_000);
});

test('an entry that could not be read back is not written', () => {
  const tooLarge = (error: unknown) => error instanceof FileTaoError && error.code === 'too-large';
  const half = new Uint8Array(33 * mebibyte);
  assert.throws(() => encodeEntry(headOf(1, []), [half, half]), tooLarge);
  assert.throws(() => encodeEntry(headOf(1, []), new Array<null>(5).fill(null)), tooLarge);
  assert.throws(() => encodeEntry(new Uint8Array(256 * 1024 + 1), []), tooLarge);
});

test('the longest round fits into an entry', () => {
  const message = { type: 'refusal', atMs: 60_000, bytes: new Uint8Array(1200) };
  const messages = new Array<typeof message>(messagesMax).fill(message);
  assert.doesNotThrow(() => headOf(1, [], { messages }));
  assert.throws(() => headOf(1, [], { messages: [...messages, message] }), isBadMessage);
});
