import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interruptedGets, interruptedPuts } from './interruptions.js';

test('puts interrupted at five random points send no confirmed piece twice', async () => {
  assert.equal(await interruptedPuts(5), 0);
});

test('gets interrupted at five random points fetch no kept piece twice', async () => {
  assert.equal(await interruptedGets(5), 0);
});
