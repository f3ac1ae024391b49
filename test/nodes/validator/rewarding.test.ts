// Rewards of a validator: what is in memory, in the index and in the ledger, over batches, windows, crashes and
// replaced hotkeys. Real index, real files, real signatures; time and blocks are given.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import {
  ledgerEntries,
  ledgerFiles,
  openRewardLog,
  recentLedgerEntries,
} from '../../../src/adapters/observe/ledger-files.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { type LedgerEntry, ledgerKind, readLedgerEntry } from '../../../src/domain/audit/ledger.js';
import { type LedgerFinding, LedgerReplay } from '../../../src/domain/audit/ledger-replay.js';
import { selectMiners } from '../../../src/domain/economy/selection.js';
import { weightsOf } from '../../../src/domain/economy/weights.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import { equalBytes, type PublicKey } from '../../../src/domain/model/bytes.js';
import { defaultRules } from '../../../src/domain/model/economy.js';
import type { CountedAnswer, StatisticKind } from '../../../src/domain/model/records.js';
import { LedgerFollower } from '../../../src/nodes/validator/ledger-follower.js';
import { openRewarding, type Rewarding } from '../../../src/nodes/validator/rewarding.js';
import { manualClock } from '../../adapters/manual-clock.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

const key = (i: number): PublicKey => i.toString(16).padStart(64, '0') as PublicKey;
let answers = 0;
const answer = (
  i: number,
  passed: boolean,
  elapsedMs: number,
  task: StatisticKind = 'challenge',
): CountedAnswer => ({
  task,
  minerKey: key(i),
  passed,
  reason: passed ? '' : 'timeout',
  elapsedMs,
  size: 4096,
  transcript: createHash('sha256').update(`${answers++}`).digest(),
  asker: 'validator',
});
const occasion = 'operator';

async function world(context: TestContext) {
  const folder = await temporaryFolder(context);
  const directory = join(folder, 'transcripts');
  const index = await openLmdbPlacementIndex(join(folder, 'index'));
  context.after(() => index.close());
  const clock = manualClock();
  const signer = signerFromSeed(randomBytes(32));
  const party = { genesis: randomBytes(32), netuid: 21, publicKey: signer.publicKey };
  /** Whose transcripts are on disk: those that a crash kept from being counted are among them. */
  const recorded: CountedAnswer[] = [];
  const transcripts = {
    async *ownAnswersSince() {
      yield* recorded;
    },
  };
  const processId = 'validator';
  const rewardingContext = { clock, index, log: silentLog(), party, processId, signer, transcripts };
  return {
    directory,
    index,
    clock,
    signer,
    /** A run of the validator: a crash leaves it without a word. */
    async run(block: number): Promise<Rewarding> {
      clock.advance(1000);
      const log = await openRewardLog({ directory, processName: 'validator', clock });
      context.after(() => log.close());
      return openRewarding(rewardingContext, { log, rules: defaultRules, block });
    },
    recorded,
    /** What a step does: its answers are counted at once, and rewarded together. */
    async ask(rewarding: Rewarding, block: number, batch: readonly CountedAnswer[]): Promise<void> {
      for (const one of batch) await index.count(one);
      await rewarding.step({ block, occasion, answers: batch });
    },
    async entries(): Promise<LedgerEntry[]> {
      const entries: LedgerEntry[] = [];
      for (const path of await ledgerFiles(directory))
        for await (const found of ledgerEntries(path)) if ('entry' in found) entries.push(found.entry);
      return entries;
    },
  };
}

function replayed(entries: readonly LedgerEntry[]): { replay: LedgerReplay; findings: LedgerFinding[] } {
  const replay = new LedgerReplay(verifySr25519, null);
  const findings = entries.flatMap((entry) => replay.take(entry).findings);
  return { replay, findings };
}

test('batches change scores, and a replay of the ledger alone gives the same bits', async (context) => {
  const { run, entries } = await world(context);
  const rewarding = await run(100);
  for (let round = 1; round <= 20; round++) {
    await rewarding.step({
      block: 100 + round,
      occasion,
      answers: [
        answer(1, true, 13 * round),
        answer(2, round % 3 > 0, 700 - round),
        answer(3, true, 40 + round),
        answer(3, true, 31 * round, 'retrieve'),
        answer(2, false, 10, 'store'),
      ],
    });
  }
  const { replay, findings } = replayed(await entries());
  assert.deepEqual(findings, []);
  for (const i of [1, 2, 3])
    assert.ok(Object.is(replay.standings.of(key(i)).score, rewarding.scores.get(key(i))));
  assert.ok(rewarding.scores.get(key(1))! > rewarding.scores.get(key(2))!);
  assert.equal(rewarding.scores.size, 3);
  // calls that overlap are taken one after another
  const many = Array.from({ length: 10 }, (_, n) =>
    rewarding.step({ block: 130, occasion, answers: [answer(4, true, n)] }),
  );
  await Promise.all(many);
  assert.deepEqual(replayed(await entries()).findings, []);
});

test('a crash at any byte of the ledger leaves a state that some answer had', async (context) => {
  const { run, directory } = await world(context);
  const first = await run(1);
  const scores = [new Map(first.scores)];
  for (let n = 1; n <= 3; n++) {
    await first.step({ block: n, occasion, answers: [answer(1, true, 10 * n), answer(2, n > 1, 25)] });
    scores.push(new Map(first.scores));
  }
  const [file] = await ledgerFiles(directory);
  const bytes = await readFile(file!);
  const seen = new Set<number>();
  for (let cut = bytes.length; cut >= 0; cut -= 97) {
    for (const name of (await readdir(directory)).slice(1)) await truncate(join(directory, name), 0);
    await truncate(file!, 0);
    await appendFile(file!, bytes.subarray(0, cut));
    const again = await run(5);
    const at = scores.findIndex(
      (known) => JSON.stringify([...known]) === JSON.stringify([...again.scores].sort()),
    );
    assert.ok(at >= 0, `cut at ${cut}: ${JSON.stringify([...again.scores])}`);
    seen.add(at);
  }
  assert.equal(seen.size, scores.length);
});

const many = (i: number, times: number, successes: number): CountedAnswer[] =>
  Array.from({ length: times }, (_, n) => answer(i, n < successes, 10));

test('windows: tiers are judged once, and a crash between ledger and index loses nothing', async (context) => {
  const { run, index, ask, entries } = await world(context);
  // what an import brought
  await index.putStatistics({ ...(await index.statistics(key(1))), totalSuccesses: 1990 });
  const rewarding = await run(100);
  await ask(rewarding, 101, [...many(1, 20, 19), ...many(2, 9, 8), ...many(3, 4, 0)]);
  assert.equal(await rewarding.rollIfDue(719), null);
  assert.deepEqual(await rewarding.rollIfDue(1500), [{ minerKey: key(1), before: 'Bronze', after: 'Gold' }]);
  assert.equal(await rewarding.rollIfDue(1501), null, 'the windows in between are one');
  assert.equal((await index.statistics(key(1))).tier, 'Gold');
  assert.equal((await index.statistics(key(1))).totalSuccesses, 2009);
  assert.equal((await index.statistics(key(1))).attempts.challenge, 0);
  // an idle window keeps the tier, a bad one takes it
  assert.deepEqual(await rewarding.rollIfDue(2160), []);
  assert.equal(rewarding.standingOf(key(1)).tier, 'Gold');

  await ask(rewarding, 2200, [...many(1, 5, 0), ...many(2, 3, 3)]);
  const roll = index.rollWindow.bind(index);
  index.rollWindow = () => Promise.reject(new Error('the power went'));
  await assert.rejects(rewarding.rollIfDue(2880), /the power went/u);
  index.rollWindow = roll;
  await index.count(answer(1, true, 10));
  const again = await run(2900);
  assert.equal(again.standingOf(key(1)).tier, 'Bronze');
  const { tier, attempts, successes, totalSuccesses } = await index.statistics(key(1));
  assert.deepEqual([tier, attempts.challenge, successes.challenge, totalSuccesses], ['Bronze', 1, 1, 2010]);
  assert.equal(again.standingOf(key(1)).totalSuccesses, 2010, 'and what waited is in the ledger');
  assert.equal(await index.window(), 4);
  assert.deepEqual(replayed(await entries()).findings, []);
});

test('a story read back from anywhere in a ledger says why as the whole does, or how far back it was read', async (context) => {
  const { run, ask, directory, clock } = await world(context);
  const first = await run(100);
  await ask(first, 101, [...many(1, 20, 19), ...many(2, 9, 8), ...many(3, 4, 4)]);
  clock.advance(1000);
  await first.rollIfDue(720);
  await ask(first, 730, [...many(1, 12, 12), ...many(2, 6, 3)]);
  // A restart in the middle of a window: its state holds the counts of what came before.
  const second = await run(740);
  await ask(second, 741, [...many(1, 7, 6), ...many(2, 1, 1)]);
  clock.advance(1000);
  await second.rollIfDue(1440);
  await ask(second, 1450, many(1, 30, 30));

  const told = async (bytesMax: number) => {
    const follower = new LedgerFollower(() => recentLedgerEntries(directory, bytesMax));
    return Promise.all([1, 2, 3].map((i) => follower.of(key(i))));
  };
  const whole = await told(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(
    whole.map(({ tier, since }) => [tier?.window, tier?.attempts, tier?.successes, since]),
    [
      [2, 19, 18, null],
      [2, 7, 4, null],
      [1, 4, 4, null],
    ],
  );
  let bytes = 0;
  for (const path of await ledgerFiles(directory)) bytes += (await readFile(path)).length;
  const reached = new Set<number | null>();
  for (let bytesMax = 1; bytesMax <= bytes + 500; bytesMax += 500) {
    const some = await told(bytesMax);
    for (const [i, { tier, since, changes }] of some.entries()) {
      reached.add(since);
      if (tier !== null) assert.deepEqual(tier, whole[i]!.tier, `${bytesMax} bytes`);
      else assert.notEqual(since, null);
      assert.deepEqual(changes, whole[i]!.changes.slice(0, changes.length), `${bytesMax} bytes`);
    }
    assert.ok(some[0]!.changes.length >= 30, 'never less than since the last state');
  }
  assert.equal(reached.size, 4, 'from the beginning, from the restart, and from either window');
});

test('an answer is in the ledger once, wherever a crash comes and whoever asked', async (context) => {
  const { run, index, ask, recorded, entries } = await world(context);
  const first = await run(10);
  const user = { ...answer(1, true, 20, 'store'), asker: 'api:8080' };
  await index.count(user);
  assert.equal(await index.count(user), false, 'counted once');
  await ask(first, 11, [answer(1, true, 5)]);
  const [taken] = await first.takeWaiting(12);
  assert.ok(equalBytes(taken!.transcript, user.transcript));
  assert.ok(taken!.reward > 0);
  assert.deepEqual(await first.takeWaiting(13), []);

  // The ledger has it; the crash comes before the index knows.
  const settle = index.settleAnswers.bind(index);
  index.settleAnswers = () => Promise.reject(new Error('the power went'));
  const unsettled = answer(2, true, 6);
  await ask(first, 14, [unsettled]);
  await assert.rejects(first.rollIfDue(720), /the power went/u, 'nothing more is written');
  index.settleAnswers = settle;
  // One was counted and its batch never ended; of another only the transcript was written.
  const cutOff = answer(3, true, 7);
  await index.count(cutOff);
  const uncounted = answer(4, false, 8);
  recorded.push(user, unsettled, cutOff, uncounted);
  await run(15);
  const third = await run(16);
  for (const [i, attempts] of [2, 1, 1, 1].entries()) {
    const { totalSuccesses } = third.standingOf(key(i + 1));
    const counted = await index.statistics(key(i + 1));
    assert.equal(counted.attempts.store + counted.attempts.challenge, attempts);
    assert.equal(counted.totalSuccesses, totalSuccesses);
  }
  assert.deepEqual(await index.waitingAnswers(10), []);
  const named = (await entries()).flatMap(({ value }) =>
    value.answers.map(({ transcript }) => Buffer.from(transcript).toString('hex')),
  );
  assert.equal(named.length, 5);
  assert.equal(new Set(named).size, 5);
  assert.deepEqual(replayed(await entries()).findings, []);

  // A batch that could not be written waits like those of others.
  const lost = answer(5, true, 9);
  await index.count(lost);
  await assert.rejects(third.step({ block: -1, occasion, answers: [lost] }));
  assert.deepEqual(
    (await third.takeWaiting(17)).map(({ minerKey }) => minerKey),
    [key(5)],
  );
});

test('counts that were forged are found: more, fewer, twice, and a state that changes them', async (context) => {
  const { run, ask, entries, signer } = await world(context);
  const rewarding = await run(100);
  const asked = [...many(1, 9, 8), ...many(2, 2, 1)];
  await ask(rewarding, 101, asked);
  await rewarding.rollIfDue(720);
  const all = await entries();
  assert.deepEqual(replayed(all).findings, []);
  const told = (event: string, change: (body: LedgerEntry['value']) => LedgerEntry['value']) =>
    replayed(
      all.map((entry) =>
        entry.value.event === event && entry.value.sequence > 1
          ? readLedgerEntry(sealMessage(ledgerKind, change(entry.value), signer))
          : entry,
      ),
    ).findings.map(({ about }) => about);
  const row = { store: 0, challenge: 9, retrieve: 0 };
  const judged = (more: object) => (body: LedgerEntry['value']) => ({
    ...body,
    judged: body.judged.map((one, i) => (i === 0 ? { ...one, ...more } : one)),
  });
  assert.ok(told('window', judged({ successes: row })).includes('count'), 'one success more');
  assert.ok(told('window', judged({ totalSuccesses: 15_000, after: 'Super Saiyan' })).includes('count'));
  assert.ok(told('window', judged({ attempts: { ...row, challenge: 8 } })).includes('count'));
  assert.ok(told('window', (body) => ({ ...body, judged: body.judged.slice(1) })).includes('count'));
  const state = (body: LedgerEntry['value']) => ({
    ...body,
    miners: body.miners.map((one) => ({ ...one, counts: [...one.counts.slice(0, 6), one.counts[6]! + 500] })),
  });
  assert.ok(told('state', state).includes('count'), 'the next state');
  const twice = (body: LedgerEntry['value']) => ({
    ...body,
    answers: body.answers.map((one) => ({ ...one, transcript: body.answers[0]!.transcript })),
  });
  assert.ok(told('step', twice).includes('count'), 'one transcript for many answers');
});

test('the monitor: five misses in a row cost a penalty, and the count outlives a restart', async (context) => {
  const { run, entries } = await world(context);
  const ping = (rewarding: Rewarding, ...answered: boolean[]) =>
    rewarding.monitor({
      block: 9,
      pings: answered.map((one, i) => ({ minerKey: key(i + 1), answered: one })),
    });
  const first = await run(1);
  for (let n = 0; n < 3; n++) assert.deepEqual(await ping(first, false, false, true), []);
  const second = await run(2);
  assert.deepEqual(await ping(second, false, true, true), []);
  assert.deepEqual(await ping(second, false, false, true), [key(1)]);
  assert.equal(second.scores.get(key(1)), 0.05 * -0.005);
  assert.equal(second.standingOf(key(2)).misses, 1);
  assert.equal(second.scores.has(key(3)), false);
  const before = (await entries()).length;
  await ping(second, true, true, true);
  await ping(second, true, true, true);
  assert.equal((await entries()).length, before + 1, 'what changes nothing is not written');
  assert.deepEqual(replayed(await entries()).findings, []);
});

test('a hotkey that left begins anew, and keeps nothing after a restart either', async (context) => {
  const { run, index, ask, entries } = await world(context);
  const rewarding = await run(1);
  await ask(rewarding, 2, [...many(1, 3, 3), answer(2, true, 6)]);
  await rewarding.drop(3, [key(1), key(7)]);
  await rewarding.drop(4, [key(1)]);
  for (const now of [rewarding, await run(5)]) {
    assert.equal(now.scores.has(key(1)), false);
    assert.equal(now.scores.has(key(2)), true);
  }
  assert.equal((await index.statistics(key(1))).totalSuccesses, 0);
  const all = await entries();
  assert.equal(all.filter(({ value }) => value.event === 'drop').length, 1);
  assert.deepEqual(replayed(all).findings, []);
});

test('whoever is not on the subnet keeps no score, not even of an answer that came late', async (context) => {
  const { run, ask, index, entries } = await world(context);
  const rewarding = await run(1);
  await ask(rewarding, 2, [answer(1, true, 5), answer(2, true, 6)]);
  await rewarding.drop(3, [key(1)]);
  // what was asked before it left, and by users
  await ask(rewarding, 4, [answer(1, true, 5)]);
  await index.count({ ...answer(1, true, 5), asker: 'api:8080' });
  await rewarding.takeWaiting(5);
  assert.ok(rewarding.scores.get(key(1))! > 0);
  assert.deepEqual(await rewarding.dropMissing(6, new Set()), [], 'an empty subnet is not believed');
  assert.deepEqual(await rewarding.dropMissing(6, new Set([key(2), key(9)])), [key(1)]);
  assert.deepEqual(await rewarding.dropMissing(7, new Set([key(2), key(9)])), []);
  for (const open of [async () => rewarding, () => run(8)]) {
    const now = await open();
    assert.deepEqual([...now.scores.keys()], [key(2)]);
    // It comes back, on another uid perhaps: a newcomer, and no weight until it is asked.
    const weights = await now.weigh({
      block: 9,
      neurons: [1, 2].map((uid) => ({ uid, hotkey: key(uid) })),
      minAllowedWeights: 0,
      maxWeightsLimit: 65535,
    });
    assert.deepEqual(weights, [{ uid: 2, value: 65535 }]);
  }
  assert.equal((await index.statistics(key(1))).totalSuccesses, 0);
  assert.deepEqual(replayed(await entries()).findings, []);
});

test('weights are made again from the ledger; who was never asked gets none', async (context) => {
  const { run, entries } = await world(context);
  const rewarding = await run(1);
  await rewarding.step({
    block: 2,
    occasion,
    answers: [answer(1, true, 5), answer(2, true, 900), answer(3, false, 9)],
  });
  const neurons = [0, 1, 2, 3, 4].map((uid) => ({ uid, hotkey: key(uid) }));
  const question = { block: 3, neurons, minAllowedWeights: 3, maxWeightsLimit: 65535 };
  const weights = await rewarding.weigh(question);
  assert.deepEqual(
    weights.map(({ uid }) => uid),
    [1, 2, 3],
    'the failed one is lifted to reach the minimum, those never asked are not',
  );
  const { replay, findings } = replayed(await entries());
  assert.deepEqual(findings, []);
  assert.equal(replay.weighed.get(key(1))!.value, weights[0]!.value);
  assert.equal(replay.weighed.get(key(4))!.value, 0);
  assert.deepEqual(
    weightsOf([{ uid: 1, score: -1, asked: true }], { minAllowedWeights: 0, maxWeight: 1 }),
    [],
  );
});

test('tiers from outside are taken over for whoever was never counted; else the index is mended', async (context) => {
  const { run, index, ask, entries } = await world(context);
  const first = await run(1);
  await ask(first, 2, [answer(1, true, 5)]);
  for (const i of [1, 2]) await index.putStatistics({ ...(await index.statistics(key(i))), tier: 'Ruby' });
  const again = await run(3);
  assert.equal(again.standingOf(key(1)).tier, 'Bronze');
  assert.equal((await index.statistics(key(1))).tier, 'Bronze');
  assert.equal(again.standingOf(key(2)).tier, 'Ruby');
  assert.equal(again.scores.has(key(2)), false, 'a tier is no answer');
  const { findings } = replayed(await entries());
  assert.deepEqual(
    findings.map(({ about }) => about),
    ['word'],
  );
});

test('an index that was rebuilt gets counts and tiers back from the ledger', async (context) => {
  const { run, index, ask } = await world(context);
  const first = await run(10);
  await ask(first, 11, many(1, 600, 590));
  await first.rollIfDue(720);
  await ask(first, 721, many(1, 3, 2));
  const before = await index.statistics(key(1));
  assert.equal(before.tier, 'Silver');
  const none = { store: 0, challenge: 0, retrieve: 0 };
  await index.putStatistics({
    minerKey: key(1),
    attempts: none,
    successes: none,
    totalSuccesses: 0,
    tier: 'Bronze',
  });
  await index.count({ ...answer(1, true, 4), asker: 'api:8080' });
  await run(722);
  assert.deepEqual(await index.statistics(key(1)), {
    ...before,
    attempts: { ...before.attempts, challenge: 4 },
    successes: { ...before.successes, challenge: 3 },
    totalSuccesses: before.totalSuccesses + 1,
  });
});

test('every false figure, missing, moved or changed entry is found', async (context) => {
  const { run, entries, signer } = await world(context);
  const rewarding = await run(100);
  const blockHash = createHash('sha256').update('block').digest();
  const candidates = [1, 2, 3, 5, 8, 13];
  const chosen = selectMiners(blockHash, 'challenge', candidates, 3).map((uid) => ({
    uid,
    hotkey: key(uid),
  }));
  const [one, two, three] = chosen.map(({ uid }) => uid) as [number, number, number];
  await rewarding.step({
    block: 101,
    occasion: 'draw',
    answers: [answer(one, true, 5), answer(two, true, 50), answer(three, false, 9)],
    selection: { task: 'challenge', block: 99, blockHash, k: 3, candidates, chosen },
  });
  await rewarding.monitor({ block: 102, pings: [{ minerKey: key(one), answered: false }] });
  await rewarding.weigh({
    block: 103,
    neurons: [{ uid: one, hotkey: key(one) }],
    minAllowedWeights: 0,
    maxWeightsLimit: 65535,
  });
  const all = await entries();
  assert.deepEqual(replayed(all).findings, []);
  const told = (list: readonly LedgerEntry[]) => replayed(list).findings.map(({ about }) => about);
  assert.ok(told(all.filter((_, i) => i !== 1)).includes('gap'));
  assert.ok(told([...all, all[2]!]).includes('chain'));
  assert.ok(told(all.slice(1)).includes('gap'));
  const changed = (i: number, change: (body: LedgerEntry['value']) => LedgerEntry['value']) =>
    all.map((entry, at) => {
      if (at !== i) return entry;
      const sealed = sealMessage(ledgerKind, change(entry.value), signer);
      return readLedgerEntry(sealed);
    });
  const step = all.findIndex(({ value }) => value.event === 'step');
  const firstOf = <Item>(list: readonly Item[], change: Partial<Item>): Item[] =>
    list.map((item, i) => (i === 0 ? { ...item, ...change } : item));
  const cases: readonly (readonly [number, (body: LedgerEntry['value']) => LedgerEntry['value'], string])[] =
    [
      [step, (body) => ({ ...body, answers: firstOf(body.answers, { elapsedMs: 4 }) }), 'figure'],
      [step, (body) => ({ ...body, answers: firstOf(body.answers, { passed: false }) }), 'figure'],
      [
        step,
        (body) => ({
          ...body,
          answers: firstOf(body.answers, { reward: flippedBit(body.answers[0]!.reward) }),
        }),
        'figure',
      ],
      [
        step,
        (body) => ({
          ...body,
          answers: firstOf(body.answers, { score: flippedBit(body.answers[0]!.score) }),
        }),
        'figure',
      ],
      [step, (body) => ({ ...body, answers: body.answers.slice(0, 2) }), 'figure'],
      [
        step,
        (body) => ({
          ...body,
          selection: firstOf(body.selection, {
            chosen: [1, 2, 3].map((uid) => ({ uid, minerKey: body.answers[0]!.minerKey })),
          }),
        }),
        'selection',
      ],
      // a favourite that nobody chose; a draw of another round; one whose draw is kept secret
      [
        step,
        (body) => ({ ...body, answers: firstOf(body.answers, { minerKey: new Uint8Array(32).fill(7) }) }),
        'selection',
      ],
      [step, (body) => ({ ...body, block: 105 }), 'selection'],
      [step, (body) => ({ ...body, selection: [] }), 'selection'],
      [step, (body) => ({ ...body, occasion: 'operator' }), 'selection'],
      [step + 1, (body) => ({ ...body, miners: firstOf(body.miners, { misses: 3 }) }), 'figure'],
      [step + 1, (body) => ({ ...body, miners: firstOf(body.miners, { away: true, misses: 0 }) }), 'figure'],
      [step + 2, (body) => ({ ...body, neurons: firstOf(body.neurons, { value: 7 }) }), 'figure'],
      [step + 2, (body) => ({ ...body, previous: new Uint8Array(32) }), 'chain'],
    ];
  for (const [i, change, about] of cases) assert.ok(told(changed(i, change)).includes(about as never), about);
  // and what the validator did not sign is not believed
  const forged = all.map((entry, at) => (at === step ? { ...entry, body: flippedBit(entry.body) } : entry));
  assert.ok(told(forged).includes('signature'));
});

function flippedBit(bytes: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[flipped.length - 1]! ^= 1;
  return flipped;
}
