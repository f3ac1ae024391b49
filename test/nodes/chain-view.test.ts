// A node's view of the chain: when it must take itself for left behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chain } from '../../src/domain/ports/chain.js';
import { ChainView } from '../../src/nodes/chain-view.js';
import { manualClock } from '../adapters/manual-clock.js';

const blockIntervalMs = 12_000;

function viewed(timeOf: (number: number) => number | null) {
  const clock = manualClock();
  let number = 1000;
  const chain = {
    blockIntervalMs,
    finalisedHead: async () => ({ number, hash: new Uint8Array(32) }),
    headTimeMs: async () => timeOf(number),
  } as unknown as Chain;
  return {
    clock,
    view: new ChainView(chain, clock),
    grow: (blocks: number) => {
      number += blocks;
    },
  };
}

test('a view is behind when its newest block is older than what others accept', async () => {
  const startMs = manualClock().now();
  const { clock, view, grow } = viewed((number) => startMs + (number - 1000) * blockIntervalMs);
  assert.equal(await view.isBehind(), false);
  // its node goes on, ever slower than the chain
  for (let minutes = 0; minutes < 10; minutes++) {
    clock.advance(60_000);
    grow(1);
    assert.equal(await view.isBehind(), false, `${minutes} minutes`);
  }
  for (let minutes = 0; minutes < 4; minutes++) {
    clock.advance(60_000);
    grow(1);
  }
  assert.equal(await view.isBehind(), true);
  grow(60);
  assert.equal(await view.isBehind(), false, 'it has caught up');
});

test('a chain that tells no time is behind when it has not grown for so long', async () => {
  const { clock, view, grow } = viewed(() => null);
  assert.equal(await view.isBehind(), false);
  clock.advance(50 * blockIntervalMs);
  assert.equal(await view.isBehind(), false);
  clock.advance(1);
  assert.equal(await view.isBehind(), true);
  grow(1);
  assert.equal(await view.isBehind(), false);
});
