// The Wilson score: the seed's own number to the last bit, and what holds for all counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wilsonInterval, wilsonScore } from '../../../src/domain/economy/wilson.js';
import { economyConstants } from '../../../src/domain/model/economy.js';
import { propertyOptions } from '../../property-options.js';

const z = economyConstants['tier.z'].default;

test('the reference’s values, bit by bit', () => {
  const values: readonly (readonly [number, number, number])[] = [
    [8, 9, 0.8701769999681506],
    [4, 5, 0.7749802900804807],
    [0, 0, 0.5],
    [1, 1, 0.8436576279587084],
    [0, 1, 0.15634237204129164],
    [6, 8, 0.7365482009457938],
    [7, 9, 0.7644121428343933],
    [6, 9, 0.6586472857006359],
    [9, 10, 0.8825943877721324],
    [95, 100, 0.9479620574389542],
    [100, 100, 0.9977356193766159],
    [0, 5, 0.04169951653253214],
  ];
  for (const [successes, attempts, score] of values)
    assert.equal(wilsonScore(successes, attempts, z), score, `${successes} of ${attempts}`);
});

test('its bounds are those of a 50 % interval, not of 95 %', () => {
  assert.deepEqual(wilsonInterval(8, 9, z), { lower: 0.7987461904765183, upper: 0.9416078094597828 });
  assert.equal(wilsonScore(8, 9, 1.96).toFixed(4), '0.7726');
});

test('between 0 and 1, around the rate, and rising with successes', (t) => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.nat(100_000),
      fc.double({ min: 0, max: 10, noNaN: true }),
      (a, b, quantile) => {
        const [successes, attempts] = [Math.min(a, b), Math.max(a, b)];
        const { lower, upper } = wilsonInterval(successes, attempts, quantile);
        const score = wilsonScore(successes, attempts, quantile);
        assert.ok(lower >= 0 && upper <= 1 && lower <= score && score <= upper);
        if (attempts > 0) {
          const rate = successes / attempts;
          assert.ok(lower <= rate + 1e-12 && rate <= upper + 1e-12);
        }
        if (successes < attempts) assert.ok(wilsonScore(successes + 1, attempts, quantile) >= score);
      },
    ),
    propertyOptions(t, 2000),
  );
});

test('more successes than attempts are refused', () => {
  assert.throws(() => wilsonScore(2, 1, z), RangeError);
  assert.throws(() => wilsonScore(-1, 1, z), RangeError);
});
