import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { defaultScenario, type Scenario } from '../../../src/tools/simulate/scenario.js';
import { parseScenario } from '../../../src/tools/simulate/scenario-file.js';
import { simulate } from '../../../src/tools/simulate/simulate.js';

const examples = new URL('../../../../examples/scenarios/', import.meta.url);
const small: Scenario = { ...defaultScenario, miners: 40, validators: 3, epochs: 4 };

const play = async (scenario: Scenario, seed = '1', share?: number) =>
  (await simulate({ scenario, seed, ...(share === undefined ? {} : { real: { share, core: loadCore() } }) }))
    .result;

test('the same seed gives the same result, another seed another', async () => {
  const [one, two, other] = [await play(small), await play(small), await play(small, '2')];
  assert.equal(JSON.stringify(one), JSON.stringify(two));
  assert.notEqual(JSON.stringify(one), JSON.stringify({ ...other, seed: one.seed }));
});

test('rounds of the real core agree with the model, and change nothing else', async () => {
  // Small replicas and small losses: rounds that pass by luck are what the model is about.
  const scenario: Scenario = {
    ...small,
    epochs: 2,
    dataMedianBytes: 100_000,
    dataSigma: 0.5,
    groups: [
      { ...defaultScenario.groups[0]!, name: 'cheats', behaviour: 'partial', keeps: 0.98, share: 0.5 },
      defaultScenario.groups[0]!,
    ],
  };
  const [plain, checked] = [await play(scenario), await play(scenario, '1', 0.08)];
  const { real, ...rest } = checked;
  assert.deepEqual({ ...rest, real: null }, plain);
  assert.ok(real !== null && real.rounds > 60 && real.damaged > 15, JSON.stringify(real));
  assert.deepEqual(real.mismatches, []);
  assert.ok(real.agree && real.passed > real.rounds - real.damaged && real.passed < real.rounds);
});

test('whoever does all they should is left in peace, and every cheat is caught', async () => {
  const result = await play({ ...small, epochs: 10 });
  assert.equal(result.wronglyPunished.events, 0);
  assert.ok(result.detection.length >= 3);
  for (const { group, miners, caught } of result.detection) assert.equal(caught, miners, group);
  assert.ok(result.objects.stored > 150 && result.repair.replicas > 0);
  const shares = result.rewards.reduce((sum, { share }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9);
  for (const { tiers, registered } of result.samples) {
    assert.ok(Math.abs(tiers.reduce((sum, count) => sum + count, 0) - registered) < 1e-9);
  }
});

test('everybody climbs the ladder where everybody is asked often', async () => {
  const scenario: Scenario = {
    ...small,
    miners: 10,
    validators: 1,
    epochs: 40,
    groups: [defaultScenario.groups[0]!],
    objects: { ...defaultScenario.objects, perEpoch: 0 },
  };
  const { reach } = await play(scenario);
  const silver = reach.find(({ tier }) => tier === 'Silver')!;
  assert.equal(silver.share, 1);
  // The formula for this network, up to the window in which tiers are judged.
  assert.ok(Math.abs(silver.medianHours! - silver.formulaHours) < 5, JSON.stringify(silver));
  const hours = reach.map(({ medianHours }) => medianHours).filter((value) => value !== null);
  assert.deepEqual(
    hours,
    [...hours].sort((a, b) => b - a),
  );
});

test('a partition and a lying validator punish the wrong ones, and are told apart', async () => {
  const scenario: Scenario = {
    ...small,
    validators: 4,
    groups: [defaultScenario.groups[0]!],
    validatorGroups: [{ mode: 'disagreeing', count: 1, lag: 0, accuses: 1, favours: null, stake: 1 }],
    partitions: [{ from: 1, until: 2, miners: 0.25, validators: 0.5 }],
  };
  const { reasons } = (await play(scenario)).wronglyPunished;
  assert.ok(reasons.accused! > 0 && reasons.unreachable! > 0, JSON.stringify(reasons));
});

test('a validator too far behind the chain punishes nobody: all it asks is void', async () => {
  const lagging = (lag: number): Scenario => ({
    ...small,
    groups: [defaultScenario.groups[0]!],
    validatorGroups: [{ mode: 'lagging', count: 1, lag, accuses: 0, favours: null, stake: 1 }],
  });
  const [near, far] = [await play(lagging(50)), await play(lagging(51))];
  assert.deepEqual([near.voids, near.wronglyPunished.events], [0, 0]);
  assert.ok(far.voids > 0);
  assert.equal(far.wronglyPunished.events, 0);
});

test('miners that go take their replicas along, and repair brings them back', async () => {
  const leaving = {
    ...defaultScenario.groups[0]!,
    name: 'gone',
    behaviour: 'leaving' as const,
    share: 0.25,
    from: 2,
    until: 2,
  };
  const scenario: Scenario = {
    ...small,
    epochs: 6,
    groups: [defaultScenario.groups[0]!, leaving],
    objects: { ...defaultScenario.objects, perEpoch: 40, until: 2 },
  };
  const { repair, samples, objects } = await play(scenario);
  assert.equal(samples.at(-1)!.registered, 30);
  assert.ok(repair.replicas > 40 && repair.writtenBytes > 0);
  assert.ok(objects.lost < 0.1 * objects.stored, JSON.stringify(objects));
});

for (const file of readdirSync(examples)) {
  test(`the scenario ${file} is as the schema wants it, and runs`, async () => {
    const scenario = parseScenario(readFileSync(new URL(file, examples), 'utf8'), 'none');
    assert.equal(`${scenario.name}.json`, file);
    const result = await play({
      ...scenario,
      miners: Math.min(scenario.miners, 50),
      validators: Math.max(2, Math.min(3, scenario.validators)),
      epochs: 2,
    });
    assert.equal(result.samples.length, 2);
  });
}
