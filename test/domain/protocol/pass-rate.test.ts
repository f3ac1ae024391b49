// A miner that lost d of N chunks, measured against the exact probability. It is given more than any real one
// can have: all values of all trees of every round. Only the lost chunks' bytes are missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeKind } from '../../../src/domain/protocol/messages.js';
import { detectionProbability } from '../../../src/domain/protocol/parameters.js';
import { commitmentFault, openingFaults } from '../../../src/domain/protocol/verifier.js';
import { answered, bytes32, challengeOf, commit, core, dataOf, open, unsigned } from './play.js';

const cases = [
  { count: 10, lost: 1, openings: 1, rounds: 800 },
  { count: 16, lost: 2, openings: 5, rounds: 800 },
  { count: 16, lost: 8, openings: 2, rounds: 800 },
  { count: 40, lost: 4, openings: 10, rounds: 600 },
];

for (const { count, lost, openings, rounds } of cases) {
  test(`${lost} of ${count} chunks lost, ${openings} opened: passes as often as theory says`, (t) => {
    const data = dataOf(count * 1024 - 24, count);
    const root = core.hash(data);
    const kept = data.slice();
    // the last chunk and every other one before it
    for (let i = 0; i < lost; i++) kept.fill(0, (count - 1 - 2 * i) * 1024, (count - 2 * i) * 1024);
    let passed = 0;
    for (let n = 1; n <= rounds; n++) {
      const nu = bytes32(1_000_000 + n);
      const terms = { root, size: data.length, chunkSize: 1024, openings, n, nu };
      const challenge = unsigned(challengeKind, challengeOf(terms));
      const committed = commit(challenge, data, undefined, unsigned);
      assert.equal(commitmentFault(core, challenge, committed.commitment.value), null);
      const opening = open(committed, data, nu, undefined, unsigned);
      let at = 0;
      const bulk = opening.bulk.slice();
      for (const index of opening.indices) {
        const bytes = kept.subarray(index * 1024, (index + 1) * 1024);
        bulk.set(bytes, at);
        at += bytes.length + 32;
      }
      const signed = { ...opening.opening.value, bulkDigest: core.hash(bulk) };
      const [fault] = openingFaults(core, [{ ...answered(committed, opening, nu), bulk, opening: signed }]);
      if (fault === null) passed++;
      else assert.equal(fault, 'content-path');
    }
    const expected = 1 - detectionProbability(count, lost, openings);
    const sigma = Math.sqrt((expected * (1 - expected)) / rounds);
    t.diagnostic(
      `passed ${(passed / rounds).toFixed(4)}, expected ${expected.toFixed(4)} ± ${sigma.toFixed(4)}`,
    );
    assert.ok(Math.abs(passed / rounds - expected) <= 5 * sigma);
  });
}
