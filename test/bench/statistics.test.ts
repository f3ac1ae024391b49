import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, UsageError } from '../../bench/frame/arguments.js';
import { evaluateGates } from '../../bench/frame/gates.js';
import { type Measured, measure } from '../../bench/frame/measure.js';
import { suiteChart } from '../../bench/frame/plot.js';
import { cpuLines, type ResultLine, wallLines } from '../../bench/frame/results.js';
import { spreadOf } from '../../bench/frame/statistics.js';
import { formatRate, formatRatio, gateTable, suiteTable, tableWidthMax } from '../../bench/frame/table.js';

test('median, least and greatest', () => {
  assert.deepEqual(spreadOf([3]), { median: 3, min: 3, max: 3 });
  assert.deepEqual(spreadOf([5, 1, 3]), { median: 3, min: 1, max: 5 });
  assert.deepEqual(spreadOf([4, 1, 3, 100]), { median: 3.5, min: 1, max: 100 });
  assert.deepEqual(spreadOf([10, 9, 100]), { median: 10, min: 9, max: 100 });
  assert.throws(() => spreadOf([]), RangeError);
});

test('passes are interleaved, start with another contender each time, and count what was done', async () => {
  const order: string[] = [];
  const contender = (impl: string) => ({
    impl,
    amount: 10,
    isPass: true as const,
    once: () => {
      order.push(impl);
      const end = performance.now() + 2;
      while (performance.now() < end);
    },
  });
  const fixed = {
    impl: 'c',
    rate: async () => {
      order.push('c');
      return 7;
    },
  };
  const cases = [
    { name: 'one', unit: 'x/s', contenders: [contender('a'), contender('b')] },
    { name: 'two', unit: 'x/s', contenders: [fixed] },
  ];
  const measured = await measure(cases, { passes: 5, passMs: 1 });
  // 'c' times itself and so is not warmed up.
  assert.deepEqual(order.slice(0, 2), ['a', 'b']);
  assert.equal(order.slice(2).join(''), 'abcbcacababcbca');
  assert.deepEqual(
    measured.map(({ case: name, impl, passes }) => [name, impl, passes]),
    [
      ['one', 'a', 5],
      ['one', 'b', 5],
      ['two', 'c', 5],
    ],
  );
  const [a, , c] = measured as [Measured, Measured, Measured];
  // 10 units in at least 2 ms.
  assert.ok(a.wall.max <= 5000 && a.wall.min > 0 && a.cpu !== null);
  assert.deepEqual([c.wall, c.cpu], [{ median: 7, min: 7, max: 7 }, null]);
});

test('short calls are repeated until a pass is long enough', async () => {
  let calls = 0;
  const contender = { impl: 'filetao', amount: 1, once: () => calls++ };
  const [result] = await measure([{ name: 'n', unit: 'calls/s', contenders: [contender] }], {
    passes: 5,
    passMs: 3,
  });
  assert.ok(calls > 1000, `${calls} calls`);
  assert.ok(result!.wall.median > 10_000);
});

const measured = (impl: string, median: number, cpu: number | null = median): Measured => {
  const spread = (value: number) => ({ median: value, min: value * 0.9, max: value * 1.1 });
  return {
    case: 'batch 4096',
    impl,
    unit: 'commits/s',
    passes: 5,
    wall: spread(median),
    cpu: cpu === null ? null : spread(cpu),
  };
};

test('gates are ratios of medians in the same case, and say what was not measured', () => {
  const all = [
    measured('filetao', 200_000),
    measured('filetao simd', 20_000),
    measured('@noble/curves ristretto255', 2000, 1000),
  ];
  const run = {
    node: 'v20.20.2',
    core: 'fma' as const,
    results: wallLines('commit', all),
    cpuTime: cpuLines('commit', all),
  };
  const [fast, plain, unmeasured] = evaluateGates(run);
  assert.deepEqual([fast!.ratio, fast!.cpuRatio, fast!.atLeast, fast!.met], [100, 200, 70, true]);
  assert.deepEqual([plain!.ratio, plain!.met], [10, false]);
  assert.deepEqual([unmeasured!.ratio, unmeasured!.met], [null, null]);
  assert.equal(evaluateGates({ ...run, node: 'v24.1.0' })[0]!.atLeast, 90);
  // Where there is no fused multiply-add, the fast build's gate is nobody's.
  assert.equal(evaluateGates({ ...run, core: 'simd' })[0]!.atLeast, 30);
  assert.match(gateTable(evaluateGates(run)), /100×\s+200×\s+70×\s+met/u);
});

test('tables fit a terminal of 100 columns', () => {
  const long = '@noble/curves ristretto255 with a name that is far too long for a table';
  const rows = [
    measured('filetao', 12_345_678.9),
    measured('node:http copy', 12.3456, null),
    measured(long, 3),
  ];
  const run = { node: 'v20.20.2', core: 'fma' as const, results: [], cpuTime: [] };
  for (const line of (suiteTable(rows) + gateTable(evaluateGates(run))).split('\n')) {
    assert.ok(line.length <= tableWidthMax, line);
  }
  // Columns stay apart.
  assert.match(suiteTable(rows), / 12,300,000 +11,100,000 +13,600,000 /u);
});

test('rates have three digits', () => {
  assert.deepEqual([266_049, 2.0449, 0.041777, 99.96, 1e7, 0].map(formatRate), [
    '266,000',
    '2.04',
    '0.0418',
    '100',
    '10,000,000',
    '0',
  ]);
  assert.deepEqual([93.44, 2.2, 0.2245, 123.4, 0.012].map(formatRatio), [
    '93.4×',
    '2.20×',
    '0.225×',
    '123×',
    '0.012×',
  ]);
});

test('a chart is well-formed, and escapes names', () => {
  const lines: ResultLine[] = wallLines('commit', [measured('filetao', 9), measured('a<b & "c"', 3)]);
  const svg = suiteChart('Title <&>', lines, 'machine');
  assert.match(svg, /^<svg [^>]*viewBox="0 0 \d+ \d+"/u);
  assert.match(svg, /a&lt;b &amp; &quot;c&quot;/u);
  assert.match(svg, /prefers-color-scheme: dark/u);
  assert.match(svg, /filetao is 3\.00×/u);
  assert.equal(svg.match(/<rect/gu)!.length, 2);
});

test('the command line', () => {
  const names = ['hash', 'commit'];
  const all = readArguments([], names);
  assert.deepEqual([all.suites, all.quick, all.json, all.plot], [names, false, null, null]);
  const some = readArguments(['commit', 'hash', '--quick', '--json', 'x', '--plot', 'y'], names);
  assert.deepEqual([some.suites, some.quick, some.json, some.plot], [names, true, 'x', 'y']);
  assert.throws(() => readArguments(['hsh'], names), UsageError);
  assert.throws(() => readArguments(['--profile', 'hsh'], names), UsageError);
  assert.throws(() => readArguments(['--nonsense'], names), UsageError);
});
