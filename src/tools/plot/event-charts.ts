// A validator's event records as charts.

import { tierClass } from '../../adapters/observe/plot/svg.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import { tierNames } from '../../domain/model/tiers.js';
import { barChart } from './bar-chart.js';
import { sigmoidChart, tierTableChart } from './economy-charts.js';
import type { EventFile, EventPoint, ScoreSample } from './event-file.js';
import { heatMap } from './heat-map.js';
import { stackedChart } from './line-chart.js';
import { scatterChart } from './scatter.js';
import type { Charts } from './write-charts.js';

export function eventCharts(file: EventFile, rules: EconomyRules): Charts {
  const charts = new Map<string, string>();
  const from = `${file.events} event records`;
  const answered = file.points.filter(({ task }) => task.toLowerCase() !== 'monitor');
  const rewards = answered.filter((point): point is EventPoint & { reward: number } => point.reward !== null);
  const timed = answered.filter(
    (point): point is EventPoint & { seconds: number } => point.seconds !== null && point.successful,
  );
  charts.set(
    'rewards',
    scatterChart(
      { title: 'Rewards', subtitle: `${from}; one dot an answer, by uid`, x: 'block', y: 'reward' },
      rewards.map(({ block, uid, reward }) => ({ x: block, y: reward, owner: uid })),
      'uid',
    ),
  );
  charts.set(
    'completion-times',
    scatterChart(
      {
        title: 'Completion times',
        subtitle: `${from}; one dot a good answer, by uid`,
        x: 'block',
        y: 'seconds',
      },
      timed.map(({ block, uid, seconds }) => ({ x: block, y: seconds, owner: uid })),
      'uid',
    ),
  );
  const map = scoreMap(file);
  if (map.rows.length > 0) {
    charts.set(
      'moving-averages',
      heatMap({ title: 'Moving averages of rewards', subtitle: from, x: 'block', y: 'uid' }, map, 'score'),
    );
  }
  const tasks = [...file.tasks].filter(([, { answers }]) => answers > 0);
  if (tasks.length > 0) {
    charts.set(
      'tasks',
      barChart(
        'Averages of each task',
        `${from}; seconds of an answer, reward of an answer, share of good ones`,
        tasks.map(([task, { answers, successes, seconds, timed: times, rewards: sum }]) => ({
          name: `${task} (${answers})`,
          values: [times === 0 ? null : seconds / times, sum / answers, successes / answers],
        })),
        ['seconds', 'reward', 'share good'],
        (value) => String(Number(value.toPrecision(3))),
      ),
    );
  }
  if (file.tiers.length > 1) charts.set('tiers', tierChart(file, from));
  charts.set('tier-table', tierTableChart(rules));
  charts.set('sigmoid', sigmoidChart(rules));
  return charts;
}

const tierChart = ({ tiers }: EventFile, from: string): string =>
  stackedChart(
    { title: 'Miners in each tier', subtitle: from, x: 'block', y: 'miners' },
    tierNames
      .map((name, tier) => ({
        name,
        className: tierClass(tier),
        points: tiers.map(({ block, counts }) => ({ x: block, y: counts.get(name) ?? 0 })),
      }))
      .reverse()
      .filter(({ points }) => points.some(({ y }) => y > 0)),
  );

/** Rows by uid; hotkeys whose uid the file does not say come last, numbered on. */
function scoreMap({ scores, uids }: EventFile): Parameters<typeof heatMap>[1] {
  const keys = [...new Set(scores.flatMap((sample: ScoreSample) => [...sample.scores.keys()]))];
  const known = (key: string): number | null => {
    const numbered = /^uid (\d+)$/.exec(key);
    return numbered === null ? (uids.get(key) ?? null) : Number(numbered[1]);
  };
  const highest = keys.reduce((max, key) => Math.max(max, known(key) ?? -1), -1);
  let next = highest + 1;
  const rows = keys.map((key) => ({ key, uid: known(key) ?? next++ })).sort((a, b) => a.uid - b.uid);
  const columns = scores.map(({ block }) => block);
  const last = columns.at(-1) ?? 0;
  return {
    rows: rows.map(({ uid }) => uid),
    columns,
    end: last + Math.max(1, last - (columns.at(-2) ?? last)),
    values: rows.map(({ key }) => scores.map((sample) => sample.scores.get(key) ?? Number.NaN)),
  };
}
