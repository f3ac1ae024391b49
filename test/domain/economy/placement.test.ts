import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf, type PlacementCandidate, placementOrder } from '../../../src/domain/economy/placement.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { bytes32 } from '../protocol/play.js';

const candidate = (number: number, change: Partial<PlacementCandidate> = {}): PlacementCandidate => ({
  hotkey: publicKeyOf(bytes32(number)),
  network: `10.0.${number}`,
  usedBytes: 0,
  failures: 0,
  ...change,
});
const keys = (order: readonly PlacementCandidate[]): PublicKey[] => order.map(({ hotkey }) => hotkey);

test('the order repeats for a salt, and differs for another', () => {
  const candidates = Array.from({ length: 20 }, (_, i) => candidate(i));
  const order = (salt: number) => keys(placementOrder(candidates, bytes32(salt), new Set()));
  assert.deepEqual(order(1), order(1));
  assert.notDeepEqual(order(1), order(2));
  assert.deepEqual([...order(1)].sort(), keys(candidates).sort());
  const reversed = placementOrder([...candidates].reverse(), bytes32(1), new Set());
  assert.deepEqual(keys(reversed), order(1));
});

test('failing miners come last, the fewest failures first, even on a network of their own', () => {
  const candidates = [
    candidate(1, { failures: 5 }),
    candidate(2, { failures: 1 }),
    candidate(3, { network: 'x' }),
    candidate(4, { network: 'x' }),
  ];
  for (let salt = 0; salt < 20; salt++) {
    const order = placementOrder(candidates, bytes32(salt), new Set());
    assert.deepEqual(
      order.map(({ failures }) => failures),
      [0, 0, 1, 5],
    );
  }
});

test('networks not yet used come before used ones', () => {
  const candidates = [1, 2, 3, 4, 5, 6].map((n) => candidate(n, { network: `net ${n % 3}` }));
  for (let salt = 0; salt < 20; salt++) {
    const order = placementOrder(candidates, bytes32(salt), new Set(['net 0']));
    const networks = order.map(({ network }) => network);
    assert.deepEqual(networks.slice(0, 2).sort(), ['net 1', 'net 2']);
  }
});

test('who holds less is chosen more often, in proportion', () => {
  // used/mean + 1 is 1 and about 3: rates of 1 and 1/3, so the empty one is first three times out of four
  const candidates = [candidate(1, { usedBytes: 0 }), candidate(2, { usedBytes: 2_000_000 })];
  let first = 0;
  const rounds = 4000;
  for (let salt = 0; salt < rounds; salt++) {
    if (placementOrder(candidates, bytes32(salt), new Set())[0] === candidates[0]) first++;
  }
  const sigma = Math.sqrt((0.75 * 0.25) / rounds);
  assert.ok(Math.abs(first / rounds - 0.75) < 5 * sigma, `${first / rounds}`);
});

test('one network has one name, however its addresses are written', () => {
  assert.equal(networkOf('10.1.2.3'), '10.1.2');
  assert.equal(networkOf('::ffff:10.1.2.3'), '10.1.2');
  assert.equal(networkOf('0:0:0:0:0:ffff:10.1.2.3'), '10.1.2');
  for (const host of [
    '2001:db8::1',
    '2001:DB8:0:7::1',
    '2001:0db8:0000:0000:0000:0000:0000:0001',
    '2001:db8:0:0:0:0:1.2.3.4',
    '2001:db8::1%eth0',
  ]) {
    assert.equal(networkOf(host), '2001:db8:0', host);
  }
  assert.equal(networkOf('2001:db8:1::'), '2001:db8:1');
  assert.equal(networkOf('::1'), '0:0:0');
  assert.equal(networkOf('::'), '0:0:0');
  assert.equal(networkOf('fe80::1:2:3:4'), 'fe80:0:0');
});
