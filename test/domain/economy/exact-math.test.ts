// exp and log in additions and multiplications, beside the engine's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exp, log } from '../../../src/domain/economy/exact-math.js';
import { propertyOptions } from '../../property-options.js';

/** Distance in units in the last place of the larger one. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) / 2 ** Math.max(-1074, Math.floor(Math.log2(size)) - 52);
}

test('known values, to the last bit', () => {
  assert.equal(exp(0), 1);
  // one unit above Math.E, as in every fdlibm
  assert.equal(exp(1), Math.E + 2 ** -51);
  assert.equal(exp(-1), 0.36787944117144233);
  assert.equal(exp(4.9), 134.28977968493552);
  assert.equal(exp(-5.6), 0.003697863716482932);
  assert.equal(log(1), 0);
  assert.equal(log(2), Math.LN2);
  assert.equal(log(10), Math.LN10);
  assert.equal(log(1001), 6.90875477931522);
  assert.equal(log(2 ** -1074), -744.4400719213812);
});

test('the ends of the range', () => {
  assert.equal(exp(710), Infinity);
  assert.equal(exp(-746), 0);
  assert.equal(exp(709.782712893384), 1.7976931348622732e308);
  assert.ok(exp(-745) > 0);
  assert.ok(Number.isNaN(exp(NaN)) && Number.isNaN(log(NaN)) && Number.isNaN(log(-1)));
  assert.equal(log(0), -Infinity);
  assert.equal(log(Infinity), Infinity);
});

test('nowhere more than one unit in the last place from the engine', (t) => {
  fc.assert(
    fc.property(fc.double({ min: -745, max: 709, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 1),
    propertyOptions(t, 20_000),
  );
  fc.assert(
    fc.property(fc.double({ min: Number.MIN_VALUE, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 1),
    propertyOptions(t, 20_000),
  );
  fc.assert(
    fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 1),
    propertyOptions(t, 20_000),
  );
});
