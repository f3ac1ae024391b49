// What a miner shows: its storage, the challenges it answered, whom it holds replicas for, and each of them.

import type { Numbered } from '../../adapters/observe/activity.js';
import type { StepSeen } from '../../adapters/observe/observer.js';
import type { HeldReplica } from '../../domain/model/records.js';
import {
  addressOf,
  countText,
  durationText,
  plural,
  shareText,
  shortName,
  sizeText,
  when,
  whenSeconds,
} from './figures.js';
import { type Html, html, region } from './html.js';
import { figure, figures, type Page } from './page.js';
import { throughput } from './round-page.js';
import type { HoldingSource } from './sources.js';
import { shareBar } from './spark.js';
import { cursorIn, nextPage, number, table, wide } from './table.js';

const stepsShown = 12;
const stepsMax = 100;
const replicasPerPage = 100;

export function holdingOverview(source: HoldingSource): Page {
  return {
    path: '/',
    name: 'Overview',
    async show() {
      const [used, free, height] = await Promise.all([
        source.index.usedBytes(),
        source.freeBytes(),
        source.height(),
      ]);
      const main = html`<h1>This miner at a glance</h1>
${source.isLeaving() && html`<p class="notice">This miner is leaving: it takes nothing new, and serves what it holds until its validators have moved it. <code>filetao miner exit --cancel</code> stays.</p>`}
${region('glance', glance(source, used, free, height))}
<section class="split">
<div>${region('validators', validators(source))}</div>
<div>${region('refusals', refusals(source))}</div>
</section>
<section>${region('steps', stepTable('Challenges as they are answered', source.activity.steps.newest.slice(0, stepsShown)))}
<p class="more"><a href="/work">All recent answers</a></p></section>`;
      return { title: 'Overview', main };
    },
  };
}

function glance(source: HoldingSource, used: number, free: number, height: number): Html {
  const { validators, isCounted } = source.totals();
  const replicas = validators.reduce((sum, held) => sum + held.replicas, 0);
  return figures(
    html`<div class="figure broad"><dt>Stored</dt><dd><span class="value">${sizeText(used)}</span><span class="note">${sizeText(free)} free · ${shareText(used / Math.max(1, used + free))} full</span>${shareBar([{ className: 'used', amount: used }], Math.max(1, used + free))}</dd></div>`,
    figure(
      'Replicas',
      isCounted ? countText(replicas) : '…',
      isCounted ? `for ${plural(validators.length, 'validator')}` : 'being counted',
    ),
    throughput(source.activity, `undertakes ${sizeText(source.rate)}/s`),
    figure('Block', countText(height)),
  );
}

const validators = (source: HoldingSource): Html =>
  table(
    'Whom it holds replicas for',
    ['Validator', number('Replicas'), number('Bytes'), number('Last expires')],
    [...source.totals().validators]
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, 100)
      .map(({ validator, replicas, bytes, lastExpiry }) => ({
        key: validator,
        cells: [
          shortName(addressOf(validator)),
          countText(replicas),
          sizeText(bytes),
          whenSeconds(lastExpiry),
        ],
      })),
    source.totals().isCounted
      ? 'It holds nothing yet. Validators choose where pieces go, newcomers too.'
      : 'Being counted.',
  );

const refusals = ({ activity }: HoldingSource): Html =>
  table(
    'Requests refused since the start',
    ['Why', number('Times')],
    [...activity.refusals]
      .sort(([, a], [, b]) => b - a)
      .map(([code, times]) => ({ key: code, cells: [code, countText(times)] })),
    'None was.',
  );

const stepTable = (caption: string, steps: readonly Numbered<StepSeen>[]): Html =>
  table(
    caption,
    ['When', wide('What'), 'Validator', 'Replica', number('Chunks'), number('Bytes'), number('Took')],
    steps.map((step) => ({
      key: String(step.number),
      cells: [
        when(step.startedAtMs),
        step.step === 'commit' ? 'committed to all chunks' : 'opened the chosen ones',
        shortName(addressOf(step.validatorKey)),
        shortName(step.root),
        countText(step.chunks),
        sizeText(step.bytes),
        durationText(step.elapsedMs),
      ],
    })),
    'No challenge has come since this miner started. Validators ask those that hold replicas.',
  );

export function workPage(source: HoldingSource): Page {
  return {
    path: '/work',
    name: 'Answers',
    async show() {
      const { newest, count } = source.activity.steps;
      const shown = newest.slice(0, stepsMax);
      const main = html`<h1>Challenges answered</h1>
${region('throughput', figures(throughput(source.activity, 'the last hour')))}
${region('steps', stepTable(`The last ${plural(shown.length, 'step')} of ${countText(count)} since the start`, shown))}`;
      return { title: 'Answers', main };
    },
  };
}

export function heldPage(source: HoldingSource): Page {
  return {
    path: '/replicas',
    name: 'Replicas',
    async show({ query }) {
      const { items, next } = await source.index.list(cursorIn(query), replicasPerPage);
      const main = html`<h1>Replicas</h1>
${region('replicas', html`${heldTable(items)}${nextPage('/replicas', next, 'More replicas')}`)}`;
      return { title: 'Replicas', main };
    },
  };
}

const heldTable = (replicas: readonly HeldReplica[]): Html =>
  table(
    'Replicas held',
    ['Replica', wide('Validator'), number('Size'), number('Last round'), number('Stored'), number('Expires')],
    replicas.map(({ root, validatorKey, size, lastN, storedAt, expiry }) => ({
      key: `${validatorKey} ${root}`,
      cells: [
        shortName(root, 10, 6),
        shortName(addressOf(validatorKey)),
        sizeText(size),
        lastN === 0 ? html`<span class="none">not asked</span>` : countText(lastN),
        whenSeconds(storedAt),
        whenSeconds(expiry),
      ],
    })),
    'It holds nothing yet.',
  );
