// An answer of its own for each call, for tests that only count.
import { randomBytes } from 'node:crypto';
import type { PublicKey } from '../../../src/domain/model/bytes.js';
import type { CountedAnswer, StatisticKind } from '../../../src/domain/model/records.js';

export const counted = (minerKey: PublicKey, task: StatisticKind, passed: boolean): CountedAnswer => ({
  task,
  minerKey,
  passed,
  reason: passed ? '' : 'timeout',
  elapsedMs: 10,
  size: 1000,
  transcript: randomBytes(32),
  asker: 'api:1',
});
