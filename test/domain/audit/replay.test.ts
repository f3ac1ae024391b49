import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { FrameReader, openFrame, type TranscriptEntry } from '../../../src/domain/audit/transcript.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes } from '../../../src/domain/model/bytes.js';
import {
  challengeKind,
  commitmentKind,
  headerTo,
  openingKind,
  openingRequestKind,
  type RefusalCode,
  receiptKind,
  refusalKind,
  retrieveProofKind,
} from '../../../src/domain/protocol/messages.js';
import {
  brokenSays,
  encoded,
  minerKeys,
  replayOf,
  resigned,
  rewritten,
  type Sample,
  sampleWorld,
  validatorKeys,
} from './samples.js';

let sample: Sample;
let store: TranscriptEntry;
let round: TranscriptEntry;
let retrieve: TranscriptEntry;
let renew: TranscriptEntry;

before(async () => {
  sample = await sampleWorld(1, 200_000);
  [store, round, , , retrieve, renew] = sample.entries as [
    TranscriptEntry,
    TranscriptEntry,
    TranscriptEntry,
    TranscriptEntry,
    TranscriptEntry,
    TranscriptEntry,
  ];
});

const replay = (entry: TranscriptEntry) => replayOf(sample.world, entry);
const breaks = (entry: TranscriptEntry, words: RegExp): void => {
  const says = brokenSays(replay(entry));
  assert.match(says.join('\n'), words);
};
/** Bulk with one byte changed, and a digest in opening and entry to go with it: what the miner itself may do wrong. */
function withBulk(change: (bulk: Uint8Array) => void): TranscriptEntry {
  const bulk = round.bulks[0]!.slice();
  change(bulk);
  const bulkDigest = sample.world.core.hash(bulk);
  const messages = rewritten(round, openingKind, { bulkDigest });
  return resigned(round, { messages, bulks: [bulkDigest] }, [bulk]);
}

function refusedWith(code: RefusalCode, of: TranscriptEntry = round): TranscriptEntry {
  const { messages, genesis, netuid } = of.head.value;
  const challenge = messages[0]!;
  const asked = sample.world.core.hash(challenge.bytes.subarray(64));
  const bytes = sealMessage(
    refusalKind,
    {
      ...headerTo({ genesis, netuid, publicKey: minerKeys.publicKey }, validatorKeys.publicKey),
      requestDigest: asked,
      code,
      detail: 'no',
      retryAfter: 0,
      blockNumber: 100,
    },
    minerKeys,
  );
  return resigned(
    of,
    {
      messages: [challenge, { type: refusalKind.type, atMs: challenge.atMs, bytes }],
      bulks: [],
      nu: new Uint8Array(),
      outcome: 'fail',
      reason: code,
      attributable: true,
    },
    [],
  );
}

describe('honest transcripts', () => {
  test('every entry holds, and says what was checked', () => {
    assert.deepEqual(
      sample.entries.map((entry) => entry.head.value.kind),
      ['store', 'challenge', 'challenge', 'challenge', 'retrieve', 'renew', 'delete'],
    );
    for (const entry of sample.entries) {
      const { broken, checks, blame, pruned } = replay(entry);
      assert.equal(broken, false, JSON.stringify(checks));
      assert.equal(blame, null);
      assert.equal(pruned, false);
      assert.ok(checks.every(({ result }) => result === 'ok'));
    }
    const about = replay(round).checks.map((check) => check.about);
    for (const check of [
      'signature',
      'receipt',
      'nu',
      'link',
      'indices',
      'content-path',
      'keyed-path',
      'commitment-path',
    ]) {
      assert.ok(about.includes(check), `${check} is checked`);
    }
  });

  test('pruned, a round is checked as far as signed heads go', () => {
    const pruned = { head: round.head, bulks: [null] };
    const result = replay(pruned);
    assert.equal(result.broken, false);
    assert.equal(result.pruned, true);
    assert.ok(result.checks.some(({ about, result }) => about === 'verdict' && result === 'pruned'));
    breaks(
      { head: resigned(round, { outcome: 'fail', reason: 'timeout' }).head, bulks: [null] },
      /does not fit/,
    );
    const short = rewritten(round, openingKind, { bulkLength: 5 });
    breaks({ head: resigned(round, { messages: short }).head, bulks: [null] }, /opening-length/);
  });
});

test('every single changed byte is rejected: in head, bulk and framing', async () => {
  // Every byte goes through the whole replay; with sr25519 signatures and a large opening, a sample of them.
  const { world, entries } = await sampleWorld(2, 3000, false);
  let changed = 0;
  for (const entry of [entries[0]!, entries[1]!, entries[5]!]) {
    const bytes = encoded(entry);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 1 << (at % 8);
      assert.ok(isRejected(world, bytes), `byte ${at} of a ${entry.head.value.kind}`);
      bytes[at]! ^= 1 << (at % 8);
      changed++;
    }
  }
  const bytes = encoded(round);
  for (let at = 0; at < bytes.length; at += 257) {
    bytes[at]! ^= 0x80;
    assert.ok(isRejected(sample.world, bytes), `byte ${at} of a large round`);
    bytes[at]! ^= 0x80;
    changed++;
  }
  assert.ok(changed > 8000, `${changed} bytes`);
  assert.ok(!isRejected(sample.world, bytes), 'unchanged, it holds');
});

function isRejected(world: Sample['world'], bytes: Uint8Array): boolean {
  const reader = new FrameReader();
  try {
    for (const frame of reader.push(bytes)) if (replayOf(world, openFrame(frame)).broken) return true;
  } catch {
    return true;
  }
  return reader.torn > 0;
}

describe('a dishonest validator', () => {
  test('fails a round whose bytes pass', () => {
    for (const reason of ['content-path', 'timeout', 'link', 'unknown-replica', 'commitment-changed']) {
      breaks(resigned(round, { outcome: 'fail', reason, attributable: true }), /framed: recorded as fail/);
      breaks(resigned(round, { outcome: 'fail', reason, attributable: false }), /framed: recorded as fail/);
    }
  });

  test('makes a round void whose bytes pass', () => {
    for (const reason of ['block', 'cancelled', 'own-lag', 'interrupted']) {
      breaks(resigned(round, { outcome: 'void', reason }), /but the bytes pass/);
    }
    breaks(resigned(round, { outcome: 'void', reason: 'tired' }), /no reason for a void/);
  });

  test('passes a round that fails', () => {
    breaks(
      withBulk((bulk) => {
        bulk[0]! ^= 1;
      }),
      /recorded as pass, but the bytes fail: content-path/,
    );
    breaks(
      resigned(refusedWith('unknown-replica'), { outcome: 'pass', reason: '', attributable: false }),
      /recorded as pass, but the miner signed/,
    );
    const silent = { messages: [round.head.value.messages[0]!], bulks: [], nu: new Uint8Array() };
    breaks(resigned(round, silent, []), /there is no answer that passes/);
  });

  test('blames the miner for what it did not sign', () => {
    const messages = [round.head.value.messages[0]!];
    const late = { messages, bulks: [], nu: new Uint8Array(), outcome: 'fail', reason: 'timeout' } as const;
    assert.equal(replay(resigned(round, { ...late, attributable: false }, [])).blame, 'word');
    breaks(resigned(round, { ...late, attributable: true }, []), /miner signed nothing that fails/);
    breaks(resigned(round, { ...late, reason: 'content-path' }, []), /nothing in the entry shows it/);
  });

  test('puts an answer to another challenge in the place of none', () => {
    const other = sample.entries[2]!;
    const commitment = other.head.value.messages.find(({ type }) => type === commitmentKind.type)!;
    const [challenge] = round.head.value.messages;
    const forged = {
      messages: [challenge!, { ...commitment, atMs: challenge!.atMs }],
      bulks: [],
      nu: new Uint8Array(),
      outcome: 'fail',
      reason: 'wrong-round',
    } as const;
    breaks(resigned(round, { ...forged, attributable: true }, []), /miner signed nothing that fails/);
    assert.equal(replay(resigned(round, { ...forged, attributable: false }, [])).blame, 'word');
  });

  test('asks what no miner may answer, and fails it for refusing', () => {
    const messages = rewritten(round, challengeKind, { chunkSize: 1025 });
    breaks(refusedWith('bad-message', resigned(round, { messages })), /what no miner may answer/);
  });

  test('challenges for a replica the miner never signed for', () => {
    breaks(resigned(round, { receipt: new Uint8Array() }), /no receipt/);
    const { messages } = store.head.value;
    const receipt = rewritten(store, receiptKind, { size: 1 }).find(({ type }) => type === 'receipt')!.bytes;
    breaks(resigned(round, { receipt }), /receipt is for another replica/);
    const unsigned = messages.find(({ type }) => type === 'receipt')!.bytes.slice();
    unsigned[70]! ^= 1;
    breaks(resigned(round, { receipt: unsigned }), /receipt/);
  });

  test('picks chunks with another ν, or releases it too early', () => {
    const nu = new Uint8Array(32).fill(7);
    const messages = rewritten(round, openingRequestKind, { nu });
    breaks(resigned(round, { messages, nu }), /chunks were picked/);
    const [challenge, commitment, request, opening] = round.head.value.messages;
    const early = [challenge!, { ...request!, atMs: challenge!.atMs }, commitment!, opening!];
    breaks(resigned(round, { messages: early }), /released before the miner had committed/);
  });

  test('fails a busy miner at once', () => {
    breaks(refusedWith('busy'), /asked once more/);
  });

  test('records messages of other networks, keys and times', () => {
    breaks(resigned(round, { netuid: 22 }), /not between/);
    breaks(resigned(round, { elapsedMs: 0 }), /times/);
    breaks(resigned(round, { minerKey: validatorKeys.publicKey }), /messages/);
    breaks(resigned(round, { n: 7 }), /another replica or round/);
    breaks(resigned(round, { prevLink: new Uint8Array(32) }), /another replica or round/);
  });

  test('asks twice for one round', () => {
    const [challenge, ...rest] = round.head.value.messages;
    const second = rewritten(round, challengeKind, { nonce: new Uint8Array(32) })[0]!;
    breaks(resigned(round, { messages: [challenge!, second, ...rest] }), /nothing may be asked twice/);
  });
});

describe('a dishonest miner, honestly recorded', () => {
  const fails = (entry: TranscriptEntry, reason: string): void => {
    const judged = replay(resigned(entry, { outcome: 'fail', reason, attributable: true }));
    assert.deepEqual(brokenSays(judged), []);
    assert.equal(judged.blame, 'miner', reason);
    breaks(resigned(entry, { outcome: 'fail', reason, attributable: false }), /signature covers it/);
  };

  test('wrong chunk, blinding, proofs, length', () => {
    const length = round.bulks[0]!.length;
    fails(
      withBulk((bulk) => bulk.set([bulk[0]! ^ 1])),
      'content-path',
    );
    fails(
      withBulk((bulk) => bulk.fill(0xff, 1024, 1056)),
      'blinding-range',
    );
    fails(
      withBulk((bulk) => bulk.set([bulk[1030]! ^ 1], 1030)),
      'commitment-path',
    );
    fails(
      withBulk((bulk) => bulk.set([bulk[length - 1]! ^ 1], length - 1)),
      'commitment-path',
    );
    const bulk = concatBytes(round.bulks[0]!, new Uint8Array(1));
    const bulkDigest = sample.world.core.hash(bulk);
    const messages = rewritten(round, openingKind, { bulkDigest, bulkLength: bulk.length });
    fails(resigned(round, { messages, bulks: [bulkDigest] }, [bulk]), 'opening-length');
  });

  test('wrong commitment', () => {
    const [challenge, commitment] = round.head.value.messages;
    const cut = { messages: [challenge!, commitment!], bulks: [], nu: new Uint8Array() };
    const alone = resigned(round, cut, []);
    fails(resigned(alone, { messages: rewritten(alone, commitmentKind, { count: 3 }) }), 'count');
    fails(
      resigned(alone, { messages: rewritten(alone, commitmentKind, { link: new Uint8Array(32) }) }),
      'link',
    );
  });

  test('two commitments to one challenge', () => {
    const [challenge, commitment, request] = round.head.value.messages;
    const other = rewritten(round, commitmentKind, { keyedRoot: new Uint8Array(32) })[1]!;
    const atMs = request!.atMs;
    const messages = [challenge!, commitment!, request!, { ...challenge!, atMs }, { ...other, atMs }];
    fails(resigned(round, { messages, bulks: [] }, []), 'commitment-changed');
  });

  test('refusals, "internal" among them', () => {
    for (const code of ['unknown-replica', 'internal', 'damaged', 'forbidden'] as const) {
      fails(refusedWith(code), code);
    }
    const voided = (code: 'unknown-replica' | 'damaged', reason: string): TranscriptEntry =>
      resigned(refusedWith(code), { outcome: 'void', reason, attributable: false });
    assert.equal(replay(voided('unknown-replica', 'given-up')).broken, false);
    breaks(voided('damaged', 'given-up'), /void for a replica given up/);
    const blocked = resigned(refusedWith('block'), { outcome: 'void', reason: 'block', attributable: false });
    assert.equal(replay(blocked).broken, false);
    breaks(
      resigned(refusedWith('internal'), { outcome: 'void', reason: 'block', attributable: false }),
      /void for a block/,
    );
  });

  test('bytes that are not those it signed are the validator’s word', () => {
    const bulk = round.bulks[0]!.slice();
    bulk[0]! ^= 1;
    const entry = resigned(round, { bulks: [sample.world.core.hash(bulk)] }, [bulk]);
    const recorded = { outcome: 'fail', reason: 'bulk-digest' } as const;
    assert.equal(replay(resigned(entry, recorded)).blame, 'word');
    breaks(resigned(entry, { ...recorded, attributable: true }), /signed nothing that fails/);
  });

  test('wrong receipts', () => {
    const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    const { value } = replay(store).receipt!;
    const changed = (changes: Parameters<typeof rewritten<typeof value>>[2]) =>
      resigned(store, { messages: rewritten(store, receiptKind, changes) });
    fails(changed({ commitment: flip(value.commitment) }), 'commitment');
    fails(changed({ link: flip(value.link) }), 'link');
    fails(changed({ blinding: new Uint8Array(32).fill(255) }), 'blinding-range');
    fails(changed({ expiry: 1 }), 'expiry');
    // K_0 can only be compared by someone who has the replica; the miner signed it all the same.
    fails(changed({ keyedRoot: flip(value.keyedRoot) }), 'keyed-root');
    const other = changed({ storeDigest: flip(value.storeDigest) });
    const recorded = { outcome: 'fail', reason: 'store-digest' } as const;
    assert.equal(replay(resigned(other, recorded)).blame, 'word');
  });

  test('wrong proof of a retrieval, wrong acknowledgement', () => {
    const proof = new Uint8Array(32);
    fails(resigned(retrieve, { messages: rewritten(retrieve, retrieveProofKind, { proof }) }), 'proof');
    fails(retrieve, 'keyed-root');
    breaks(resigned(renew, { outcome: 'fail', reason: 'expiry', attributable: true }), /framed/);
  });
});

test('a transcript signed by anyone else is no transcript of this validator', () => {
  const forged = resigned(round, {});
  const head = { ...forged.head, signature: minerKeys.sign(forged.head.body) };
  const { genuine, broken, receipt } = replay({ head, bulks: round.bulks });
  assert.deepEqual([genuine, broken, receipt], [false, true, null]);
});
