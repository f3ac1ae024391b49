import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interruptedGets, interruptedPuts } from '../client/interruptions.js';

test('puts interrupted at a hundred random points send no confirmed piece twice', async () => {
  assert.equal(await interruptedPuts(100), 0);
});

test('gets interrupted at a hundred random points fetch no kept piece twice', async () => {
  assert.equal(await interruptedGets(100), 0);
});
