// The parts a simulation is made of, each against what is known of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { detectionProbability } from '../../../src/domain/protocol/parameters.js';
import { PassProbabilities } from '../../../src/tools/simulate/exchange.js';
import { PairLists } from '../../../src/tools/simulate/pair-lists.js';
import { RealRounds } from '../../../src/tools/simulate/real-rounds.js';
import { ReplicaTable, replicaStates } from '../../../src/tools/simulate/replica-table.js';
import { rankCorrelation } from '../../../src/tools/simulate/result.js';
import { Draws } from '../../../src/tools/simulate/seeded-draws.js';
import { incentives } from '../../../src/tools/simulate/yuma.js';

test('draws repeat, streams are independent, moments are right', () => {
  const [a, b, other] = [new Draws('1', 'x'), new Draws('1', 'x'), new Draws('1', 'y')];
  assert.deepEqual([a.next(), a.next()], [b.next(), b.next()]);
  assert.notEqual(a.next(), other.next());
  const draws = new Draws('7', 'moments');
  const count = 20_000;
  const mean = (draw: () => number) =>
    Array.from({ length: count }, draw).reduce((sum, value) => sum + value, 0) / count;
  assert.ok(Math.abs(mean(() => draws.next()) - 0.5) < 0.02);
  assert.ok(Math.abs(mean(() => draws.normal())) < 0.05);
  assert.ok(Math.abs(mean(() => draws.normal() ** 2) - 1) < 0.08);
  assert.ok(Math.abs(mean(() => draws.exponential(3)) - 3) < 0.2);
  assert.ok(Math.abs(mean(() => draws.binomial(50, 0.1)) - 5) < 0.1);
  assert.deepEqual([draws.binomial(9, 0), draws.binomial(9, 1)], [0, 9]);
  for (const k of [0, 1, 9, 10]) assert.equal(new Set(draws.distinct(k, 10)).size, k);
});

test('a round passes with the exact hypergeometric probability', () => {
  const passes = new PassProbabilities();
  for (const [count, openings, lost] of [
    [3072, 44, 1],
    [3072, 44, 300],
    [44, 44, 1],
    [100, 1, 99],
  ] as const) {
    assert.equal(passes.of({ count, openings }, lost), 1 - detectionProbability(count, lost, openings));
  }
  assert.deepEqual(
    [passes.of({ count: 10, openings: 3 }, 0), passes.of({ count: 10, openings: 3 }, 10)],
    [1, 0],
  );
});

test('a model that is wrong does not agree with the real core', () => {
  const wrong = { of: () => 0.9 } as unknown as PassProbabilities;
  const rounds = new RealRounds(loadCore(), new Draws('1', 'real'), 1, wrong);
  for (let i = 0; i < 60; i++) rounds.offer({ count: 50, openings: 20 }, 10);
  const { agree, mismatches, rounds: held } = rounds.report();
  assert.deepEqual([agree, held, mismatches.length], [false, 60, 1]);
});

test('a miner’s replicas are asked about in cycles, each once', () => {
  const table = new ReplicaTable();
  const lists = new PairLists(1, 1);
  const draws = new Draws('1', 'cycles');
  const ids = Array.from({ length: 7 }, () => {
    const id = table.add();
    lists.add(table, id);
    return id;
  });
  const cycle = () => Array.from({ length: lists.of(0, 0).length }, () => lists.next(table, 0, 0, draws)!);
  assert.deepEqual(cycle().sort(), ids);
  assert.deepEqual(cycle().sort(), ids);
  const begun = [lists.next(table, 0, 0, draws)!, lists.next(table, 0, 0, draws)!];
  table.retire(begun[0]!, lists, replicaStates.failed);
  const rest = Array.from({ length: 5 }, () => lists.next(table, 0, 0, draws)!);
  assert.deepEqual([...rest, ...begun].sort(), ids, 'what was asked in this cycle is not asked again');
  for (const id of ids) table.retire(id, lists, replicaStates.failed);
  assert.equal(lists.next(table, 0, 0, draws), null);
});

test('consensus: what less than half of the stake says for itself does not count', () => {
  const honest = Float64Array.from([0.5, 0.5, 0]);
  const friends = Float64Array.from([0, 0, 1]);
  const three = incentives([honest, honest, friends], [1, 1, 1]);
  assert.deepEqual([...three], [0.5, 0.5, 0]);
  const bought = incentives([honest, friends], [1, 3]);
  assert.ok(bought[2]! > 0.9);
  assert.deepEqual(
    [...incentives([new Float64Array(2), Float64Array.from([1, 0])], [9, 1])],
    [1, 0],
    'who sets nothing has no say',
  );
  assert.deepEqual([...incentives([new Float64Array(2)], [1])], [0, 0]);
});

test('rank correlation', () => {
  assert.equal(rankCorrelation([1, 2, 3], [10, 20, 30]), 1);
  assert.equal(rankCorrelation([1, 2, 3], [3, 2, 1]), -1);
  assert.equal(rankCorrelation([1, 2, 3], [5, 5, 5]), null);
});
