// Replaying transcripts: every exchange with its verdict as it is computed, and what all of it comes to.

import type { AuditTotals } from '../../domain/audit/audit.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { acceptFiles } from './drop-zone.js';
import { button, byId, make } from './elements.js';
import { type RunningJob, runJob } from './run-job.js';
import { countOf, errorInWords, sizeInWords } from './words.js';
import type { JobResult, RoundLine } from './worker/jobs.js';

/** Rows shown: of those that hold the newest, of those that do not the first. */
const rowsMax = 200;
const findingsShownMax = 100;

export class TranscriptView {
  readonly #place = byId('audit-result', HTMLElement);
  #running: RunningJob<'audit'> | null = null;

  constructor() {
    const zone = byId('transcript-drop', HTMLElement);
    acceptFiles(zone, byId('transcripts', HTMLInputElement), (files) => void this.#audit(files));
  }

  async #audit(files: readonly File[]): Promise<void> {
    this.#running?.cancel();
    const bar = make('progress', { max: '1', value: '0', 'aria-label': 'Replaying transcripts' });
    const text = make('p', { role: 'status' }, 'Starting');
    const rows = new RoundRows();
    let replayed = 0;
    const running = runJob({ kind: 'audit', files }, ({ bytes, bytesTotal, rounds }) => {
      bar.value = bytesTotal === 0 ? 0 : bytes / bytesTotal;
      replayed += rounds.length;
      text.textContent = `${countOf(replayed, 'exchange')} replayed, ${sizeInWords(bytes)} of ${sizeInWords(bytesTotal)} read`;
      rows.add(rounds);
    });
    this.#running = running;
    const head = make(
      'div',
      { class: 'stack' },
      bar,
      text,
      button('Stop', () => running.cancel(), { class: 'small' }),
    );
    this.#place.replaceChildren(head, rows.element);
    try {
      head.replaceChildren(...summaryOf(await running.result));
    } catch (thrown) {
      const error = toFileTaoError(thrown);
      head.replaceChildren(
        error.code === 'cancelled' ? make('p', { role: 'status' }, 'Stopped.') : errorInWords(error),
      );
    } finally {
      if (this.#running === running) this.#running = null;
    }
  }
}

const figure = (value: number, label: string, kind = ''): HTMLElement =>
  make('div', { class: `figure ${kind}` }, make('dt', {}, label), make('dd', {}, value.toLocaleString()));

function summaryOf({ totals, replicas, replicasLeftOut, build, elapsedMs }: JobResult['audit']): Node[] {
  const verdict = totals.ok
    ? make(
        'p',
        { class: 'verdict good', id: 'audit-verdict', role: 'status' },
        'Everything holds: every signature, seed, index, path, commitment, link and verdict was computed again.',
      )
    : make(
        'p',
        { class: 'verdict bad', id: 'audit-verdict', role: 'alert' },
        `This does not hold: ${countOf(totals.findings.length + totals.findingsLeftOut, 'finding')}.`,
      );
  return [
    verdict,
    make(
      'dl',
      { class: 'figures' },
      figure(totals.passed, 'passed'),
      figure(totals.failedByMiner, 'failed, proved by the miner’s own signature'),
      figure(totals.failedByWord, 'failed, on the validator’s word'),
      figure(totals.voids, 'void'),
      figure(totals.pruned, 'opened bytes pruned'),
      figure(totals.broken, 'broken', totals.broken > 0 ? 'bad' : ''),
      figure(totals.gaps, 'gaps', totals.gaps > 0 ? 'bad' : ''),
    ),
    make(
      'p',
      { class: 'quiet' },
      `${countOf(totals.entries, 'exchange')}, ${totals.rounds.toLocaleString()} of them rounds, over ${countOf(totals.replicas, 'replica')}, signed by ${totals.validators.join(', ') || 'nobody'}. Replayed in ${(elapsedMs / 1000).toFixed(1)} s on the WebAssembly core (build ${build}), the same as in the nodes.`,
    ),
    findingsOf(totals),
    replicaTable(replicas, replicasLeftOut),
    make(
      'p',
      { class: 'quiet' },
      'Not checkable from a transcript: that block hashes are on chain, elapsed times, K of store and retrieve, that roots encode objects, that nothing was left out at the end of a chain, collusion of validator and miner.',
    ),
  ];
}

function findingsOf({ findings, findingsLeftOut }: AuditTotals): HTMLElement {
  const shown = findings.slice(0, findingsShownMax);
  const left = findings.length - shown.length + findingsLeftOut;
  return make(
    'ul',
    { class: 'findings' },
    ...shown.map(({ where, about, says }) => make('li', {}, make('code', {}, where), `: ${about}: ${says}`)),
    left > 0 ? make('li', {}, `… and ${left} more`) : null,
  );
}

function replicaTable(replicas: JobResult['audit']['replicas'], leftOut: number): HTMLElement {
  const rows = replicas.map(({ root, miner, first, last, passed, failed, voids, miss }) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, make('code', { title: root }, root.slice(0, 12))),
      make('td', {}, make('code', { title: miner }, `${miner.slice(0, 8)}…`)),
      make('td', {}, last === 0 ? 'none' : `${first}…${last}`),
      make('td', { class: 'number' }, String(passed)),
      make('td', { class: 'number' }, String(failed)),
      make('td', { class: 'number' }, String(voids)),
      make('td', { class: 'number' }, miss === null ? '–' : `${(100 * (1 - miss)).toFixed(2)} %`),
    ),
  );
  return make(
    'div',
    { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Replicas' },
    make(
      'table',
      {},
      make('caption', {}, `Replicas${leftOut > 0 ? `, the first ${replicas.length}` : ''}`),
      make(
        'thead',
        {},
        make(
          'tr',
          {},
          ...[
            'Replica',
            'Miner',
            'Rounds',
            'Passed',
            'Failed',
            'Void',
            'A loss of 10 % would have been caught',
          ].map((title) => make('th', { scope: 'col' }, title)),
        ),
      ),
      make('tbody', {}, ...rows),
    ),
  );
}

/** The table of exchanges, bounded however many there are. */
class RoundRows {
  readonly element: HTMLElement;
  readonly #bad = make('tbody');
  readonly #good = make('tbody');

  constructor() {
    const titles = ['Exchange', 'Replica', 'Miner', 'Recorded', 'Replayed'];
    this.element = make(
      'div',
      {
        class: 'scroll tall',
        tabindex: '0',
        role: 'region',
        'aria-label': 'Exchanges, as they are replayed',
      },
      make(
        'table',
        {},
        make('caption', {}, `Exchanges: what does not hold first, then the last ${rowsMax}`),
        make('thead', {}, make('tr', {}, ...titles.map((title) => make('th', { scope: 'col' }, title)))),
        this.#bad,
        this.#good,
      ),
    );
  }

  add(rounds: readonly RoundLine[]): void {
    const fresh = document.createDocumentFragment();
    for (const round of rounds) {
      if (round.broken) {
        if (this.#bad.childElementCount < rowsMax) this.#bad.append(rowOf(round));
      } else fresh.prepend(rowOf(round));
    }
    this.#good.prepend(fresh);
    while (this.#good.childElementCount > rowsMax) this.#good.lastElementChild!.remove();
  }
}

function rowOf(round: RoundLine): HTMLElement {
  const [mark, words] = verdictOf(round);
  const checks = round.checks.map(({ about, result, says }) =>
    make('li', { class: result === 'broken' ? 'bad' : '' }, `${result}: ${about}: ${says}`),
  );
  return make(
    'tr',
    { class: mark },
    make('th', { scope: 'row', title: round.source }, round.what),
    make('td', {}, make('code', { title: round.root }, round.root.slice(0, 12))),
    make('td', {}, make('code', { title: round.miner }, `${round.miner.slice(0, 8)}…`)),
    make('td', {}, round.reason === '' ? round.outcome : `${round.outcome}: ${round.reason}`),
    make('td', {}, make('details', {}, make('summary', {}, words), make('ul', {}, ...checks))),
  );
}

function verdictOf({ broken, outcome, blame, pruned }: RoundLine): readonly [string, string] {
  if (broken) return ['bad', '✗ does not hold'];
  if (outcome === 'void') return ['quiet', '○ void, counts for nobody'];
  if (outcome === 'pass')
    return ['good', pruned ? '✓ holds, as far as signed heads go' : '✓ holds, computed again'];
  return [
    'warn',
    blame === 'miner' ? '✓ failed, the miner’s signature proves it' : '✓ failed, on the validator’s word',
  ];
}
