// The short form of `filetao attack`: every strategy for a few rounds, the statistical ones long enough to tell.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAttack } from '../../../src/tools/attack/attack.js';
import { catalogue, chosen } from '../../../src/tools/attack/catalogue.js';
import { jsonLine } from '../../../src/tools/attack/report.js';
import { judge, type Tally } from '../../../src/tools/attack/strategy.js';
import { agrees, chiSquaredSigmas, hypergeometric } from '../../../src/tools/attack/theory.js';

const tally = (changes: Partial<Tally>): Tally => ({
  rounds: 100,
  passed: 0,
  expected: 0,
  voided: 0,
  honest: { rounds: 10, failures: [] },
  reasons: {},
  ...changes,
});

test('no cheat pays and no honest party is failed', async () => {
  const broken: string[] = [];
  const { ok, strategies } = await runAttack({
    names: [],
    rounds: 6,
    seed: 'short',
    onOutcome: (outcome) => {
      if (!outcome.ok) broken.push(`${outcome.name} ${outcome.verdict}`);
    },
  });
  assert.deepEqual(broken, []);
  assert.equal(ok, true);
  assert.equal(strategies.length, catalogue.length);
});

test('the same seed repeats a run byte for byte, another does not', async () => {
  const play = async (seed: string): Promise<string> =>
    jsonLine(await runAttack({ names: ['partial-1', 'abort-and-retry'], rounds: 30, seed }), 'same');
  const first = await play('a');
  assert.equal(await play('a'), first);
  assert.notEqual(await play('b'), first);
});

test('a pass where theory says never is BROKEN, as is every escape and every harm', () => {
  const [strategy] = catalogue;
  assert.equal(judge(strategy!, tally({})).ok, true);
  for (const changes of [
    { passed: 1 },
    { voided: 1 },
    { honest: { rounds: 1, failures: ['fail'] } },
    { rounds: 0 },
    { expected: 1, passed: 99 },
    { expected: 0.5, passed: 80 },
    { expected: 0.5, passed: 20 },
  ]) {
    const { ok, verdict } = judge(strategy!, tally(changes));
    assert.equal(ok, false, JSON.stringify(changes));
    assert.notEqual(verdict, 'held');
  }
  assert.equal(judge(strategy!, tally({ expected: 0.5, passed: 60 })).ok, true);
});

test('theory: hypergeometric values, binomial tails, uniformity', () => {
  assert.equal(hypergeometric(100, 0, 44), 1);
  assert.ok(Math.abs(hypergeometric(100, 1, 44) - 0.56) < 1e-12);
  assert.ok(Math.abs(hypergeometric(5, 2, 2) - 3 / 10) < 1e-12);
  assert.equal(hypergeometric(100, 60, 44), 0);
  assert.equal(agrees(4, 1000, 0.0001), true);
  assert.equal(agrees(5, 1000, 0.0001), false);
  assert.ok(chiSquaredSigmas([100, 101, 99, 100], 100) < 1);
  assert.ok(chiSquaredSigmas([200, 50, 75, 75], 100) > 5);
});

test('names are unique, kebab-case, and a wrong one is answered with the nearest', () => {
  const names = catalogue.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
  for (const { what } of catalogue) assert.ok(what.length <= 90, what);
  assert.throws(() => chosen(['no-dta']), /did you mean 'no-data'/);
});
