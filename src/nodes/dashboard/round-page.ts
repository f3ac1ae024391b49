// Exchanges with miners as they happen: rounds, stores, retrievals; and how much is being proven.

import type { Activity, Minute, Numbered } from '../../adapters/observe/activity.js';
import type { RoundSeen } from '../../adapters/observe/observer.js';
import { outcomes } from '../../domain/audit/transcript.js';
import {
  addressOf,
  countText,
  durationText,
  minerName,
  plural,
  shareText,
  shortName,
  sizeText,
  when,
} from './figures.js';
import { clipped, type Html, html, region } from './html.js';
import { figure, figures, type Page, verdict } from './page.js';
import type { NodeSource } from './sources.js';
import { minuteBars } from './spark.js';
import { number, table, wide } from './table.js';

const kinds = ['challenge', 'store', 'retrieve', 'range', 'renew', 'delete'] as const;
const roundsMax = 100;

const sum = (minutes: readonly Minute[], of: (minute: Minute) => number): number =>
  minutes.reduce((total, minute) => total + of(minute), 0);

/** Proofs by the minute, of the last hour; what is told beside the bars is of the last five minutes. */
export function throughput({ minutes }: Activity, note: string): Html {
  const lately = minutes.slice(-5);
  const [passed, failed] = [sum(minutes, (minute) => minute.passed), sum(minutes, (minute) => minute.failed)];
  const perMinute = sum(lately, (minute) => minute.passed) / lately.length;
  const bytes = sum(lately, (minute) => minute.bytes) / (60 * lately.length);
  const about = `In the last hour ${plural(passed, 'proof')} passed and ${countText(failed)} failed, by the minute`;
  return html`<div class="figure broad"><dt>Proofs a minute</dt><dd><span class="value">${perMinute.toFixed(1)}</span><span class="note">${sizeText(bytes)}/s proven · ${note}</span>${minuteBars(minutes, about)}</dd></div>`;
}

export function outcomeOf({ outcome, reason }: Pick<RoundSeen, 'outcome' | 'reason'>): Html {
  if (outcome === 'pass') return verdict('good', 'passed');
  const why = html` <span class="note">${clipped(reason, 64)}</span>`;
  return outcome === 'void'
    ? html`${verdict('plain', 'void')}${why}`
    : html`${verdict('bad', 'failed')}${why}`;
}

export interface RoundTableShape {
  /** Whether miners are named, and linked to pages of theirs. */
  readonly miners: 'linked' | 'named' | 'none';
  /** With the numbers of rounds. */
  readonly isFull: boolean;
}

export const roundTable = (
  caption: string,
  rounds: readonly Numbered<RoundSeen>[],
  { miners, isFull }: RoundTableShape,
): Html =>
  table(
    caption,
    [
      'When',
      'What',
      ...(miners === 'none' ? [] : ['Miner']),
      wide('Outcome'),
      'Replica',
      ...(isFull ? [number('Round')] : []),
      number('Size'),
      number('Took'),
    ],
    rounds.map((round) => {
      const address = addressOf(round.minerKey);
      return {
        key: String(round.number),
        cells: [
          when(round.startedAtMs),
          round.kind,
          ...(miners === 'none' ? [] : [minerName(address, miners === 'linked')]),
          outcomeOf(round),
          shortName(round.root),
          ...(isFull ? [round.n === 0 ? html`<span class="none">–</span>` : countText(round.n)] : []),
          sizeText(round.size),
          durationText(round.elapsedMs),
        ],
      };
    }),
    'Nothing has happened since this node started. Rounds appear here while they are held.',
  );

/** @param hasMinerPages whether there are pages to link miners to */
export function roundsPage(source: NodeSource, { hasMinerPages }: { readonly hasMinerPages: boolean }): Page {
  return {
    path: '/rounds',
    name: 'Rounds',
    async show({ query }) {
      const kind = kinds.find((one) => one === query.get('kind')) ?? null;
      const outcome = outcomes.find((one) => one === query.get('outcome')) ?? null;
      const all = source.activity.rounds.newest;
      const found = all.filter(
        (round) => (kind === null || round.kind === kind) && (outcome === null || round.outcome === outcome),
      );
      const option = (value: string, name: string, chosen: string | null): Html =>
        html`<option value="${value}"${value === (chosen ?? '') && html` selected`}>${name}</option>`;
      const outcomeNames = { pass: 'passed', fail: 'failed', void: 'void' } as const;
      const main = html`<h1>Rounds</h1>
${region('throughput', roundFigures(source.activity, all))}
<form class="filter" action="/rounds" method="get" aria-label="Rounds">
<label>What <select name="kind">${option('', 'all', kind)}${kinds.map((one) => option(one, one, kind))}</select></label>
<label>Outcome <select name="outcome">${option('', 'all', outcome)}${outcomes.map((one) => option(one, outcomeNames[one], outcome))}</select></label>
<button type="submit">Show</button>
</form>
${region('rounds', roundTable(captionOf(found.length, source.activity.rounds.count, kind !== null || outcome !== null), found.slice(0, roundsMax), { miners: hasMinerPages ? 'linked' : 'named', isFull: true }))}
<p class="note">A void round is the validator’s own fault and counts for nobody. Transcripts of all of them, for ever: <code>filetao audit show</code>.</p>`;
      return { title: 'Rounds', main };
    },
  };
}

const captionOf = (found: number, count: number, isFiltered: boolean): string => {
  const shown = Math.min(found, roundsMax);
  return isFiltered
    ? `${plural(shown, 'such exchange')} of late`
    : `The last ${plural(shown, 'exchange')} of ${countText(count)} since the start`;
};

function roundFigures(activity: Activity, rounds: readonly RoundSeen[]): Html {
  const challenges = rounds.filter(({ kind, outcome }) => kind === 'challenge' && outcome !== 'void');
  const passed = challenges.filter(({ outcome }) => outcome === 'pass');
  const times = passed.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  const opened = rounds.reduce((total, { openedBytes }) => total + openedBytes, 0);
  return figures(
    throughput(activity, 'the last hour'),
    figure(
      'Passed',
      challenges.length === 0 ? '–' : shareText(passed.length / challenges.length),
      `${countText(passed.length)} of the last ${plural(challenges.length, 'challenge')}`,
    ),
    figure('Time of a proof', median === undefined ? '–' : durationText(median), 'half of them took less'),
    figure('Opened', sizeText(opened), `checked in the last ${plural(rounds.length, 'exchange')}`),
  );
}
