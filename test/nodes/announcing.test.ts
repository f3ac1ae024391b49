import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPublicAddress } from '../../src/adapters/system/public-address.js';
import { unroutableReason } from '../../src/domain/model/ip-ranges.js';
import { announcedAddress } from '../../src/nodes/announcing.js';

test('addresses that others cannot reach are known as such', () => {
  for (const host of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a01:4f8::1', '::ffff:8.8.8.8'])
    assert.equal(unroutableReason(host), null, host);
  for (const host of [
    ...['0.0.0.0', '127.0.0.2', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
    ...['169.254.1.1', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', 'fd00::1', 'fe80::1', 'ff02::1', '2001:db8::1', '::ffff:10.0.0.1', 'localhost'],
  ])
    assert.notEqual(unroutableReason(host), null, host);
});

test('the address is the given one, the one listened on, or what is found out', async () => {
  const by = (
    network: string,
    externalIp: string | null = null,
    found: string | null = null,
    externalPort = 0,
  ) => ({
    network,
    externalIp,
    externalPort,
    option: '--axon.external_ip',
    find: async () => found,
  });
  const wildcard = { host: '0.0.0.0', port: 8091 };
  const loopback = { host: '127.0.0.1', port: 8091 };
  assert.deepEqual(await announcedAddress(loopback, by('dev')), loopback);
  assert.deepEqual(await announcedAddress(wildcard, by('finney', '8.8.8.8', null, 99)), {
    host: '8.8.8.8',
    port: 99,
  });
  assert.deepEqual(await announcedAddress(wildcard, by('finney', null, '1.2.3.4')), {
    host: '1.2.3.4',
    port: 8091,
  });
  assert.deepEqual(await announcedAddress({ host: '9.9.9.9', port: 1 }, by('test')), {
    host: '9.9.9.9',
    port: 1,
  });
  assert.deepEqual(await announcedAddress(loopback, by('finney', null, '1.2.3.4')), {
    host: '1.2.3.4',
    port: 8091,
  });
  assert.deepEqual(
    await announcedAddress(loopback, by('local')),
    loopback,
    'a chain of one’s own may be private',
  );
  const refused = (listening: typeof wildcard, ...how: Parameters<typeof by>) =>
    assert.rejects(announcedAddress(listening, by(...how)), {
      code: 'bad-input',
      message: /--axon\.external_ip/u,
    });
  await refused(wildcard, 'finney');
  await refused(wildcard, 'finney', '192.168.1.5');
  await refused(wildcard, 'test', null, '10.0.0.1');
});

test('two services must agree about an address that no interface has', async () => {
  const answers =
    (...texts: readonly string[]) =>
    async (_url: string) => {
      const text = texts[asked++ % texts.length]!;
      if (text === '') throw new Error('no answer');
      return text;
    };
  let asked = 0;
  const none = () => ['192.168.1.5', 'fe80::1'];
  assert.equal(await findPublicAddress(answers('8.8.8.8\n', '8.8.8.8', ''), none), '8.8.8.8');
  assert.equal(await findPublicAddress(answers('8.8.8.8', '9.9.9.9', ''), none), null);
  assert.equal(await findPublicAddress(answers('', '', ''), none), null);
  assert.equal(await findPublicAddress(answers('10.0.0.1', '10.0.0.1', '10.0.0.1'), none), null);
  assert.equal(await findPublicAddress(answers('', '', ''), () => ['192.168.1.5', '5.6.7.8']), '5.6.7.8');
});
