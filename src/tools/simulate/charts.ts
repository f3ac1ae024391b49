// A simulation's result as charts.

import { tierClass } from '../../adapters/observe/plot/svg.js';
import { barChart } from '../plot/bar-chart.js';
import { lineChart, stackedChart } from '../plot/line-chart.js';
import { groupScatter } from '../plot/scatter.js';
import type { Charts } from '../plot/write-charts.js';
import { hoursText } from './report.js';
import type { MinerPoint, SimulationResult } from './result.js';

const gibibyte = 1024 ** 3;

export function simulationCharts(result: SimulationResult): Charts {
  const { samples, scenario, seed, miners, validators } = result;
  const where = `${scenario}, seed ${seed}: ${miners} miners, ${validators} validators`;
  const over = (value: (sample: (typeof samples)[number]) => number) =>
    samples.map((sample) => ({ x: sample.epoch, y: value(sample) }));
  const charts = new Map<string, string>();
  charts.set(
    'tiers',
    stackedChart(
      {
        title: 'Miners in each tier',
        subtitle: `${where}; the mean over the validators`,
        x: 'epoch',
        y: 'miners',
      },
      result.tierNames
        .map((name, tier) => ({
          name,
          className: tierClass(tier),
          points: over(({ tiers }) => tiers[tier]!),
        }))
        .reverse()
        .filter(({ points }) => points.some(({ y }) => y > 0)),
    ),
  );
  charts.set(
    'time-to-tier',
    barChart(
      'Hours to each tier',
      `${where}; miners that do all they should`,
      [...result.reach]
        .reverse()
        .filter(({ successes }) => successes > 0)
        .map(({ tier, seedHours, formulaHours, medianHours }) => ({
          name: tier,
          values: [seedHours, formulaHours, medianHours],
        })),
      ["the seed's estimate", 'its formula, one validator', 'median here'],
      hoursText,
    ),
  );
  charts.set(
    'reward-by-group',
    barChart(
      'What one miner earns, against the mean of all',
      where,
      result.rewards.map(({ group, relative }) => ({ name: group, values: [relative] })),
      ['one miner'],
      (value) => `${value.toFixed(2)}×`,
    ),
  );
  charts.set('reward-by-speed', speedChart(result.points, where));
  charts.set(
    'repair-traffic',
    lineChart(
      { title: 'Repair traffic so far', subtitle: `${where}; read and written`, x: 'epoch', y: 'GiB' },
      [{ name: 'repair', points: over(({ repairBytes }) => repairBytes / gibibyte) }],
    ),
  );
  return charts;
}

/** Times span decades: their logarithm is what spreads them. */
const speedChart = (points: readonly MinerPoint[], where: string): string =>
  groupScatter(
    {
      title: 'Reward and speed',
      subtitle: `${where}; one dot a miner`,
      x: 'milliseconds for a round over 3 MiB, logarithmic',
      y: 'reward against the mean',
    },
    points.map(({ group, typicalMs, relative }) => ({
      group,
      x: Math.log10(Math.max(1, typicalMs)),
      y: relative,
    })),
    (value) => String(Number((10 ** value).toPrecision(2))),
  );
