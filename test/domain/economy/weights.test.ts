// The weight formulas, against values computed by hand and by the reference's own numpy expressions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkWeights,
  emitWeights,
  limitWeights,
  processWeights,
  quantile,
  roundHalfEven,
  shares,
} from '../../../src/domain/economy/weights.js';
import { rateLimitEnds, weightsDueAt, weightsRefusal } from '../../../src/domain/economy/weights-due.js';
import type { PublicKey } from '../../../src/domain/model/bytes.js';
import type { Hyperparameters, Neuron } from '../../../src/domain/ports/chain.js';
import { propertyOptions } from '../../property-options.js';

const close = (actual: readonly number[], expected: readonly number[]): void => {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries())
    assert.ok(Math.abs(value - expected[i]!) < 1e-9, `${actual.join(' ')} is not ${expected.join(' ')}`);
};

test('scores become shares: nothing for what is negative or no number, and nobody is lifted', () => {
  assert.deepEqual(shares([3, 1]), [0.75, 0.25]);
  assert.deepEqual(shares([-5, 0, 2, Number.NaN, Number.POSITIVE_INFINITY, 2]), [0, 0, 0.5, 0, 0, 0.5]);
  assert.deepEqual(shares([0, -1]), [0, 0]);
  assert.deepEqual(shares([]), []);
});

test('rounding to the even neighbour, as Python does', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4999, 3.5, 65534.5].map(roundHalfEven), [0, 2, 2, 2, 4, 65534]);
});

test('emission: of 65535, relative to the largest, zeros left out', () => {
  assert.deepEqual(emitWeights([7, 3, 9, 1], [0.5, 0.25, 0, 1e-9]), [
    { uid: 7, value: 65535 },
    { uid: 3, value: 32768 }, // 32767.5, the even neighbour
  ]);
  assert.deepEqual(emitWeights([1, 2], [0, 0]), []);
  assert.deepEqual(emitWeights([], []), []);
});

test('quantiles interpolate as numpy does', () => {
  assert.equal(quantile([1, 2, 3, 4], 0), 1);
  assert.equal(quantile([4, 1, 3, 2], 1), 4);
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  close([quantile([1, 2, 3, 4], 0.1)], [1.3]);
});

test('processing: too few uids or scores, and the lowest share dropped', () => {
  const rules = { minAllowedWeights: 2, maxWeight: 1 };
  close(processWeights([0, 1, 2, 3], [0, 0, 0, 0], rules).weights, [0.25, 0.25, 0.25, 0.25]);
  close(processWeights([5], [1], rules).weights, [1]);
  // one score where two are asked for: the others get the floor
  const lifted = processWeights([0, 1, 2], [0, 0.5, 0], rules);
  assert.deepEqual(lifted.uids, [0, 1, 2]);
  const sum = 0.5 + 3e-5;
  close(lifted.weights, [1e-5 / sum, 0.50001 / sum, 1e-5 / sum]);
  const plain = processWeights([4, 5, 6], [1, 0, 3], rules);
  assert.deepEqual(plain.uids, [4, 6]);
  close(plain.weights, [0.25, 0.75]);
  // of ten scores a fifth is dropped, but never below what the subnet asks for
  const ten = Array.from({ length: 10 }, (_, i) => i + 1);
  assert.deepEqual(processWeights(ten, ten, { ...rules, excludeQuantile: 0.2 }).uids, ten.slice(2));
  assert.deepEqual(
    processWeights(ten, ten, { minAllowedWeights: 10, maxWeight: 1, excludeQuantile: 0.2 }).uids,
    ten,
  );
  assert.deepEqual(processWeights([], [], rules), { uids: [], weights: [] });
});

test('no share above the limit', (context) => {
  close(limitWeights([1, 1], 0.5), [0.5, 0.5]);
  close(limitWeights([0, 0, 0], 0.9), [1 / 3, 1 / 3, 1 / 3]);
  close(limitWeights([1, 2, 7], 1), [0.1, 0.2, 0.7]);
  const limited = limitWeights([1, 2, 7], 0.5);
  assert.ok(Math.abs(limited[2]! - 0.5) < 1e-6, String(limited));
  close([limited[1]! / limited[0]!], [2]);
  // nearly all the worth with one, and all the worth with too few
  close(limitWeights([1.2e-5, 1, 0, 1e-20], 0.4979), [0.4979, 0.4979, 0, 0.0042]);
  close(limitWeights([1e-20, 1, 3], 0.5), [0, 0.5, 0.5]);
  close(limitWeights([0, 0, 0, 1], 0.5), [0.25, 0.25, 0.25, 0.25]);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (values, limit) => {
        const got = limitWeights(values, limit);
        const total = got.reduce((sum, value) => sum + value, 0);
        assert.ok(Math.abs(total - 1) < 1e-9, `sum ${total}`);
        const most = Math.max(limit, 1 / values.length);
        for (const value of got) assert.ok(value <= most + 1e-12, `${value} above ${most}`);
      },
    ),
    propertyOptions(context, 200),
  );
});

test('vectors the chain could not hold are refused', () => {
  const bad = { code: 'bad-input' };
  assert.throws(() => checkWeights([{ uid: 0, value: 65536 }]), bad);
  assert.throws(() => checkWeights([{ uid: -1, value: 1 }]), bad);
  assert.throws(() => checkWeights([{ uid: 0.5, value: 1 }]), bad);
  const twice = [
    { uid: 1, value: 1 },
    { uid: 1, value: 2 },
  ];
  assert.throws(() => checkWeights(twice), bad);
});

const hyperparameters: Hyperparameters = {
  tempo: 360,
  immunityPeriod: 4096,
  minAllowedWeights: 1,
  maxWeightsLimit: 65535,
  weightsVersion: 0n,
  weightsRateLimit: 100,
  servingRateLimit: 50,
  activityCutoff: 5000,
  maxValidators: 64,
  maxUids: 256,
  registrationAllowed: true,
  commitRevealEnabled: false,
  stakeThreshold: 0,
};
const neuron: Neuron = {
  uid: 3,
  hotkey: 'ab'.repeat(32) as PublicKey,
  stake: 10,
  validatorPermit: true,
  address: null,
  lastUpdate: 1000,
};

test('weights are due after half an epoch, and never inside the rate limit', () => {
  assert.equal(weightsDueAt(neuron, hyperparameters), 1181);
  assert.equal(weightsDueAt(neuron, { ...hyperparameters, weightsRateLimit: 500 }), 1500);
  assert.equal(rateLimitEnds({ ...neuron, lastUpdate: 0 }, hyperparameters), 0);
});

test('what the chain would refuse is known before, at its very edges', () => {
  const situation = {
    neuron,
    block: 1100,
    hyperparameters,
    neuronCount: 10,
    weights: [{ uid: 1, value: 5 }],
    versionKey: 0n,
  };
  const code = (change: Partial<typeof situation>) =>
    weightsRefusal({ ...situation, ...change })?.code ?? null;
  const rules = (change: Partial<Hyperparameters>) => ({
    hyperparameters: { ...hyperparameters, ...change },
  });
  assert.equal(code({}), null);
  assert.equal(code({ block: 1099 }), 'too-soon');
  assert.equal(weightsRefusal({ ...situation, block: 1099 })!.retryAt, 1100);
  assert.equal(weightsRefusal({ ...situation, neuron: null })?.code, 'forbidden');
  assert.equal(code({ neuron: { ...neuron, validatorPermit: false } }), 'forbidden');
  assert.equal(
    code({ neuron: { ...neuron, validatorPermit: false }, weights: [{ uid: 3, value: 1 }] }),
    null,
    'its own weight alone needs no permit',
  );
  assert.equal(code({ ...rules({ weightsVersion: 5n }), versionKey: 4n }), 'bad-input');
  assert.equal(code({ ...rules({ weightsVersion: 5n }), versionKey: 5n }), null);
  assert.equal(code(rules({ stakeThreshold: 10 })), null);
  assert.equal(code(rules({ stakeThreshold: 10.5 })), 'forbidden');
  assert.equal(code(rules({ commitRevealEnabled: true })), 'commit-reveal');
  assert.equal(code({ weights: [{ uid: 9, value: 1 }] }), null);
  assert.equal(code({ weights: [{ uid: 10, value: 1 }] }), 'bad-input');
  assert.equal(code({ weights: [] }), 'bad-input');
});
