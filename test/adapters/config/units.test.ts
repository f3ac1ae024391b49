import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, parseBytes } from '../../../src/adapters/config/byte-size.js';
import { formatDuration, parseDuration } from '../../../src/adapters/config/duration.js';
import { nearestName } from '../../../src/adapters/config/nearest-name.js';
import { propertyOptions } from '../../property-options.js';

test('reads sizes in SI and binary units', () => {
  const sizes: Record<string, number> = {
    0: 0,
    512: 512,
    '512B': 512,
    '1k': 1000,
    '1kB': 1000,
    '1KiB': 1024,
    '64MiB': 67108864,
    '64mib': 67108864,
    '10TB': 10_000_000_000_000,
    '1.5 GiB': 1610612736,
    '2 Gi': 2147483648,
    ' 7PiB ': 7881299347898368,
    '9007199254740991': Number.MAX_SAFE_INTEGER,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseBytes(text), bytes, text);
});

test('refuses what is no size', () => {
  for (const text of [
    '',
    'MiB',
    '-1',
    '1,5GB',
    '1.',
    '.5k',
    '1XB',
    '1e9',
    '0x10',
    '1.5',
    '1.0001kB',
    '9007199254740992',
    '8EiB',
    '1 2',
    '1BB',
  ]) {
    assert.throws(() => parseBytes(text), RangeError, text);
  }
});

test('shows sizes exactly where a unit allows it', (t) => {
  const shown: Record<number, string> = {
    0: '0B',
    1: '1B',
    1000: '1kB',
    1023: '1023B',
    1024: '1KiB',
    1500: '1.5KiB',
    16777216: '16MiB',
    1000000000000: '1TB',
    1610612736: '1536MiB',
    1048575: '1.0MiB',
    1234567890: '1.1GiB',
  };
  for (const [bytes, text] of Object.entries(shown)) assert.equal(formatBytes(Number(bytes)), text, bytes);
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 999 }),
    fc.constantFrom('B', 'kB', 'KiB', 'MB', 'MiB', 'GiB', 'TB', 'TiB'),
  );
  fc.assert(
    fc.property(sizes, ([amount, unit]) => {
      const bytes = parseBytes(`${amount}${unit}`);
      assert.equal(parseBytes(formatBytes(bytes)), bytes);
    }),
    propertyOptions(t, 100),
  );
});

test('reads and shows durations', () => {
  const durations: Record<string, number> = {
    60: 60,
    '60s': 60,
    '500ms': 0.5,
    '5m': 300,
    '1.5h': 5400,
    '7d': 604800,
    '0': 0,
  };
  for (const [text, seconds] of Object.entries(durations)) assert.equal(parseDuration(text), seconds, text);
  for (const text of ['', 's', '-1', '5 weeks', '1h30m', '1e3', 'Infinity'])
    assert.throws(() => parseDuration(text), RangeError, text);
  assert.deepEqual([604800, 90, 60, 0.5, 0, 1].map(formatDuration), ['7d', '90s', '1m', '500ms', '0s', '1s']);
});

test('finds the name that was meant', () => {
  const known = ['axon.port', 'axon.ip', 'api.port', 'wallet.name', 'netuid'];
  assert.equal(nearestName('axon.prot', known), 'axon.port');
  assert.equal(nearestName('wallet_name', known), 'wallet.name');
  assert.equal(nearestName('NETUID', known), 'netuid');
  assert.equal(nearestName('completely-else', known), null);
  assert.equal(nearestName('x', []), null);
});
