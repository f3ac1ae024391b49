import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Chains, type ReplicaReport } from '../../../src/domain/audit/chain.js';
import { logMiss } from '../../../src/domain/audit/confidence.js';
import { type Replay, Replayer } from '../../../src/domain/audit/replay.js';
import type { TranscriptEntry } from '../../../src/domain/audit/transcript.js';
import { detectionProbability } from '../../../src/domain/protocol/parameters.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { deleteReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { Dice } from '../../nodes/simulated/schedule.js';
import { World } from '../../nodes/simulated/world.js';

const roundsHeld = 40;
let world: World;
let replays: readonly Replay[];

/** A store and 40 rounds, every fifth of which nobody answers. */
before(async () => {
  world = new World({ seed: 5, size: 200_000 });
  await world.store();
  const validator = world.validator();
  for (let n = 1; n <= roundsHeld; n++) {
    world.weather = { delayMsMax: 5, loss: 0, hang: n % 5 === 0 ? 1 : 0, duplicate: 0 };
    await world.schedule.until(challengeReplica(validator, world.id));
  }
  replays = replayed(world.entries());
});

const replayed = (entries: readonly TranscriptEntry[]): Replay[] =>
  new Replayer(world.core, world.keys.verify).replay(entries);

function reportOf(some: readonly Replay[], loss = 0.1): ReplicaReport {
  const chains = new Chains(loss);
  for (const replay of some) chains.add(replay);
  if (chains.hasRepeats) {
    const telling = chains.tellForks();
    for (const replay of some) telling.see(replay);
    telling.finish();
  }
  const [report, ...others] = chains.reports();
  assert.equal(others.length, 0);
  return report!;
}

const says = (some: readonly Replay[]): string[] => reportOf(some).findings.map((finding) => finding.says);

describe('a replica’s rounds', () => {
  test('are one chain from the receipt on', () => {
    const report = reportOf(replays);
    assert.deepEqual(report.findings, []);
    assert.deepEqual([report.first, report.last, report.passed, report.failedByWord], [1, 40, 32, 8]);
  });

  test('are one chain in any order', () => {
    for (let seed = 0; seed < 30; seed++) {
      const dice = new Dice(seed);
      const shuffled = [...replays];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = dice.below(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      const report = reportOf(shuffled);
      assert.deepEqual(report.findings, []);
      assert.equal(report.passed, 32);
    }
  });

  test('that are missing are a gap, at the start too', () => {
    assert.deepEqual(says(replays.toSpliced(5, 1)), ['round 5 is missing: every n leaves an entry']);
    assert.match(says(replays.toSpliced(11, 3)).join(), /rounds 11 to 13 are missing/);
    assert.match(says(replays.toSpliced(1, 4)).join(), /rounds 1 to 4 are missing/);
  });

  test('that are left out and covered up break the chain of links', () => {
    // A validator that renumbers, or passes over a pass, cannot make the next prevLink fit.
    const skipped = replays.map((replay) => {
      const { head } = replay.entry;
      if (head.value.n !== 7) return replay;
      const value = { ...head.value, outcome: 'void' as const, reason: 'cancelled' };
      return { ...replay, entry: { ...replay.entry, head: { ...head, value } } };
    });
    assert.match(says(skipped).join(), /round 8 does not name the link of the last passed round/);
  });

  test('held twice are named, and told from a file read twice', () => {
    assert.match(says([...replays, replays[3]!]).join(), /round 3 is here more than once.*same entry/);
    const { entry } = replays[3]!;
    const head = { ...entry.head, digest: new Uint8Array(32) };
    assert.match(
      says([...replays, { ...replays[3]!, entry: { ...entry, head } }]).join(),
      /round 3 was held 2 times/,
    );
  });

  test('without a genuine signature do not count', () => {
    const forged = replays.map((replay, i) =>
      i === 4 ? { ...replay, genuine: false, receipt: null } : replay,
    );
    assert.match(says(forged).join(), /round 4 is missing/);
  });
});

describe('confidence', () => {
  test('is the product of exact hypergeometric values', () => {
    const { confidence } = reportOf(replays);
    // 196 chunks, 44 opened, 20 of them lost
    const p = detectionProbability(196, 20, 44);
    assert.equal(confidence.rounds, 32);
    assert.ok(Math.abs(Math.log(confidence.miss) - 32 * Math.log(1 - p)) < 1e-6);
    assert.ok(confidence.caught > 0.999999 && confidence.caught <= 1);
  });

  test('of one round agrees with counting all draws', () => {
    // 7 chunks, 3 lost, 2 opened: C(4,2)/C(7,2) = 6/21
    assert.ok(Math.abs(Math.exp(logMiss(7, 3, 2)) - 6 / 21) < 1e-15);
    assert.equal(logMiss(7, 3, 5), Number.NEGATIVE_INFINITY);
    assert.equal(logMiss(7, 0, 5), 0);
  });

  test('from pruned rounds is kept apart', () => {
    const half = replayed(
      world
        .entries()
        .map((entry, i) => (i % 2 === 0 ? entry : { ...entry, bulks: entry.bulks.map(() => null) })),
    );
    const { confidence, pruned } = reportOf(half);
    assert.equal(confidence.rounds + pruned.rounds, 32);
    assert.ok(pruned.rounds > 10 && confidence.rounds > 10);
  });
});

test('failing a miner for a replica it was told to delete is no failure', async () => {
  const other = new World({ seed: 6, size: 3000 });
  await other.store();
  const validator = other.validator();
  const record = other.record;
  await other.schedule.until(challengeReplica(validator, other.id));
  await other.schedule.until(deleteReplicaOn(validator, record));
  await other.placements.port.addReplica({ ...record, n: 1, version: 1, link: record.link });
  other.schedule.advance(1000);
  const result = await other.schedule.until(challengeReplica(validator, other.id));
  assert.equal(result?.reason, 'unknown-replica');
  const chains = new Chains(0.1);
  for (const replay of new Replayer(other.core, other.keys.verify).replay(other.entries()))
    chains.add(replay);
  const found = [...chains.reports()].flatMap((report) => report.findings);
  assert.ok(found.some((finding) => finding.about === 'no-failure' && /deleted/.test(finding.says)));
});
