// The table of `filetao miner stats`: whole where there is room, and still a table on a narrow terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MinerRow, statsLines } from '../../../src/tools/operator/miner-stats.js';

const counted = { attempts: 1200, successes: 1199, percent: 99.9 };
const row: MinerRow = {
  hotkey: '5FYoaBj1CQ1LVtnkFF7XZyzty2CK7bnXEp762bxu7ZxCm4jJ',
  totalSuccesses: 123_456,
  store: counted,
  challenge: counted,
  retrieve: { attempts: 0, successes: 0, percent: null },
  tier: 'Super Saiyan',
  storedBytes: 2_000_000,
  storageLimit: 10 ** 13,
};

test('a table fits its terminal, and shows all where nobody says how wide that is', () => {
  const [, whole] = statsLines([row]);
  assert.ok(whole!.startsWith(row.hotkey) && whole!.endsWith('2MB / 10TB'), whole);
  assert.deepEqual(statsLines([row], whole!.length)[1], whole);
  const narrow = statsLines([row], whole!.length - 1);
  assert.match(narrow[1]!, /^5FYoaB…m4jJ +123456 +1199 99\.9 % +1199 99\.9 % +0 – +Super Saiyan +2MB$/u);
  for (const line of narrow) assert.ok(line.length <= 80, line);
});
