import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBlock } from '../../../src/domain/protocol/blocks.js';
import { bytes32 } from './play.js';

const block = (number: number, hash = number) => ({ number, hash: bytes32(hash) });

test('blocks are judged at each bound and one beyond', () => {
  const head = block(1000);
  assert.equal(judgeBlock(head, head, bytes32(1000)), 'ok');
  assert.equal(judgeBlock(block(950), head, bytes32(950)), 'ok');
  assert.equal(judgeBlock(block(949), head, bytes32(949)), 'stale');
  // newer than one's own view: contradicts nothing
  assert.equal(judgeBlock(block(1050), head, null), 'ok');
  assert.equal(judgeBlock(block(1051), head, null), 'stale');
  assert.equal(judgeBlock(block(990, 1), head, bytes32(990)), 'contradicts');
});
