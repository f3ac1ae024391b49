// The tables of docs/protocol.md and docs/security.md against the code they describe.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MessageKind } from '../../src/domain/identity/sealed.js';
import { contexts, limits } from '../../src/domain/model/constants.js';
import * as messages from '../../src/domain/protocol/messages.js';
import { detectionProbability } from '../../src/domain/protocol/parameters.js';
import { catalogue } from '../../src/tools/attack/catalogue.js';

const read = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

const protocol = read('protocol.md');
const security = read('security.md');

/** Cells of the table behind a marker, without its two head lines. */
function table(marker: string): string[][] {
  const from = protocol.indexOf(`<!-- ${marker} -->`);
  assert.ok(from > 0, marker);
  const lines = protocol.slice(from).split('\n').slice(1);
  const rows = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test('limits', () => {
  const told = Object.fromEntries(table('limits').map(([name, value]) => [name, Number(value)]));
  assert.deepEqual(told, { ...limits });
});

test('contexts', () => {
  assert.deepEqual(Object.fromEntries(table('contexts').map(([name, context]) => [name, context])), {
    ...contexts,
  });
});

test('messages', () => {
  const header = ['version', 'genesis', 'netuid', 'sender', 'receiver'];
  const kinds = Object.values(messages).filter(
    (value): value is MessageKind<never> => typeof value === 'object' && 'signerOf' in value,
  );
  assert.ok(kinds.length > 10);
  const told = table('messages').map(([type, , fields]) => [type!, fields!.split(', ')] as const);
  const real = kinds.map(({ type, fields }) => {
    assert.deepEqual(fields.slice(0, 5), header);
    return [type, fields.slice(5)] as const;
  });
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(real));
});

test('every strategy is explained, with the probabilities as they are', () => {
  for (const { name } of catalogue) assert.ok(security.includes(`\`${name}\``), name);
  const passes = (share: number, count = 16384): number =>
    1 - detectionProbability(count, Math.ceil(share * count), 44);
  assert.equal(Math.round(100 * passes(0.01)), 64);
  assert.ok(passes(0.1) < 0.01);
  assert.ok(passes(0.5) < 2 ** -44);
  assert.equal((100 * passes(0.01) ** 10).toFixed(1), '1.2');
  assert.ok(passes(0.01) ** 32 < 1e-6);
});
