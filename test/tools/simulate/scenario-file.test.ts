import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultScenario } from '../../../src/tools/simulate/scenario.js';
import { parseScenario } from '../../../src/tools/simulate/scenario-file.js';

const parse = (value: unknown) => parseScenario(JSON.stringify(value), 'given');

test('what a file leaves out is as in the default scenario', () => {
  const { name, ...rest } = parse({});
  const { name: preset, ...expected } = defaultScenario;
  assert.deepEqual([name, preset], ['given', 'mixed']);
  assert.deepEqual(rest, expected);
});

test('a group takes the defaults of its behaviour, sizes have units, rules have names', () => {
  const { groups, rules } = parse({
    groups: [{ behaviour: 'slow', bytesPerSecond: '2 MiB' }],
    rules: { 'reward.alpha': 0.1 },
  });
  assert.deepEqual(
    [groups[0]!.name, groups[0]!.bytesPerSecond, groups[0]!.latencyMs],
    ['slow', 2 ** 21, 900],
  );
  assert.equal(rules.constants['reward.alpha'], 0.1);
  assert.equal(rules.constants['tier.window'], 720);
});

const refused: readonly (readonly [unknown, RegExp])[] = [
  [{ minrs: 3 }, /unknown key "minrs"; did you mean miners\?/],
  [{ miners: 0 }, /miners: expected a whole number from 1/],
  [{ miners: 1.5 }, /whole number/],
  [
    { groups: [{ behaviour: 'hones' }] },
    /groups\[0\]\.behaviour: "hones" is none of .*did you mean honest\?/,
  ],
  [{ groups: [{ keeps: 2 }] }, /groups\[0\]\.keeps: expected a number from 0 to 1/],
  [{ groups: [{ bytesPerSecond: 'fast' }] }, /expected a size/],
  [{ groups: [] }, /at least one group/],
  [{ groups: [{}, {}] }, /two groups are called "honest"/],
  [{ groups: [{ share: 0.5 }] }, /add up to 0\.5: leave one group without a share/],
  [{ groups: [{ share: 0.7 }, { name: 'b', share: 0.7 }] }, /add up to 1\.4/],
  [{ validators: 1, validatorGroups: [{ count: 2 }] }, /2 validators are described/],
  [{ validatorGroups: [{ favours: 'hones' }] }, /no group is called "hones"; did you mean honest\?/],
  [{ cadence: { stepBlock: 3 } }, /cadence: unknown key "stepBlock"; did you mean stepBlocks\?/],
  [{ rules: { 'reward.alfa': 1 } }, /rules: unknown key "reward\.alfa"; did you mean reward\.alpha\?/],
  [{ rules: { 'tier.window': 0.5 } }, /rules\.tier\.window: expected a whole number/],
  [[], /expected an object/],
];

test('errors name the place and what is expected there', () => {
  for (const [value, message] of refused) {
    assert.throws(
      () => parse(value),
      (error: Error & { code?: string }) => error.code === 'bad-input' && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => parseScenario('{', 'given'), /is not JSON/);
});
