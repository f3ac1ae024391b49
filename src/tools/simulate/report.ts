// A simulation's result for people, 100 columns wide at most, and as one line of JSON.

import { formatBytes } from '../../adapters/config/byte-size.js';
import type { SimulationResult } from './result.js';

type Cell = string | number;

/** Columns by their widest cell; the first to the left, the others to the right. */
function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...texts.map((row) => [...row[i]!].length)));
  return texts.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`.trimEnd(),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function hoursText(hours: number | null): string {
  if (hours === null) return 'not reached';
  if (hours === 0) return '0';
  if (hours < 1) return `${Math.max(1, Math.round(60 * hours))} min`;
  if (hours < 100) return `${hours.toFixed(1)} h`;
  return `${(hours / 24).toFixed(1)} d`;
}

const times = (value: number | null): string => (value === null ? '–' : `${value.toFixed(2)}×`);

export function reportText(result: SimulationResult): string {
  const { samples, tierNames } = result;
  const hours = (result.blocks * 12) / 3600;
  const lines = [
    `${result.scenario}, seed ${result.seed}: ${result.miners} miners, ${result.validators} validators, ${result.epochs} epochs (${hoursText(hours)} of chain time), a step every ${result.stepBlocks} blocks`,
    '',
    'Miners in each tier, the mean over the validators',
    ...table(
      ['epoch', ...tierNames],
      sampled(samples, 8).map(({ epoch, tiers }) => [epoch, ...tiers.map((count) => count.toFixed(1))]),
    ),
    '',
    'Time to each tier, of miners that do all they should',
    ...table(
      ['tier', 'successes', "seed's estimate", 'its formula here', 'first', 'median', 'got there'],
      result.reach.map((reach) => [
        reach.tier,
        reach.successes,
        hoursText(reach.seedHours),
        hoursText(reach.formulaHours),
        hoursText(reach.firstHours),
        hoursText(reach.medianHours),
        percent(reach.share),
      ]),
    ),
    '',
    'Rewards: shares of the incentive, and one miner against the mean',
    ...table(
      ['group', 'miners', 'share', 'one miner', 'failures'],
      result.rewards.map(({ group, miners, share, relative, failures }) => [
        group,
        miners,
        percent(share),
        times(relative),
        failures,
      ]),
    ),
    ...table(
      ['tier at the end', 'miners', 'one miner'],
      result.tierRewards
        .filter(({ miners }) => miners > 0)
        .map(({ tier, miners, relative }) => [tier, miners, times(relative)]),
    ),
    `  rank correlation of reward with speed ${correlation(result.rewardFollows.speed)}, with tier ${correlation(result.rewardFollows.tier)}`,
    '',
    `Wrongly punished: ${result.wronglyPunished.miners} of ${result.wronglyPunished.of} miners that do all they should, ${result.wronglyPunished.events} times${reasons(result)}`,
  ];
  if (result.detection.length > 0) {
    lines.push(
      '',
      'Cheats: from the first lost chunk to the first verdict on it',
      ...table(
        ['group', 'miners', 'caught', 'median', 'longest'],
        result.detection.map(({ group, miners, caught, medianHours, longestHours }) => [
          group,
          miners,
          caught,
          hoursText(medianHours),
          hoursText(longestHours),
        ]),
      ),
    );
  }
  const { objects, repair } = result;
  lines.push(
    '',
    `Objects: ${objects.stored} stored (${formatBytes(objects.bytes)}), ${objects.refused} refused, ${objects.lost} lost`,
    `Repair: ${repair.replicas} replicas in ${repair.repairs} repairs, ${formatBytes(repair.readBytes)} read, ${formatBytes(repair.writtenBytes)} written, ${repair.short} times short`,
    `Asked: ${Object.entries(result.tasks)
      .map(
        ([task, { asked, passed }]) =>
          `${task} ${asked} (${asked === 0 ? '–' : percent(passed / asked)} good)`,
      )
      .join(', ')}${result.voids === 0 ? '' : `; void ${result.voids}`}`,
    `Replicas at once: ${result.replicasAtOnce}`,
  );
  if (result.real !== null) {
    const { rounds, damaged, passed, expected, deviation, agree, mismatches } = result.real;
    lines.push(
      '',
      `Real rounds: ${rounds}, ${damaged} of them over damage; ${passed} passed, the model expects ${expected.toFixed(1)} ± ${deviation.toFixed(1)}: ${agree ? 'they agree' : 'THEY DO NOT AGREE'}`,
      ...mismatches.map((mismatch) => `  ${mismatch}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

const correlation = (value: number | null): string => (value === null ? 'not defined' : value.toFixed(2));

const reasons = ({ wronglyPunished }: SimulationResult): string => {
  const counted = Object.entries(wronglyPunished.reasons).sort(([a], [b]) => (a < b ? -1 : 1));
  return counted.length === 0
    ? ''
    : ` (${counted.map(([reason, count]) => `${reason} ${count}`).join(', ')})`;
};

/** So many of them, evenly, the last always. */
function sampled<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.round(((i + 1) * items.length) / count) - 1]!);
}

/** Equal bytes for equal seeds: nothing of the machine or the time is in it. */
export const jsonLine = (result: SimulationResult): string => JSON.stringify(result);
