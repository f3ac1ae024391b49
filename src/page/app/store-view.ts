// Storing: files in a row, one after the other, each with its progress and its end; and what was stored from here.

import type { Database, KeptKeys, KeptObject } from '../../browser/database.js';
import type { StoreProgress } from '../../client/put.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { acceptFiles } from './drop-zone.js';
import { button, byId, confirmed, identifier, make } from './elements.js';
import { type RunningJob, runJob } from './run-job.js';
import { countOf, dateInWords, errorInWords, sizeInWords } from './words.js';
import type { JobResult } from './worker/jobs.js';

interface Waiting {
  readonly file: File;
  readonly row: HTMLElement;
}

const idOf = ({ name, size, lastModified }: File): string => `${name}\n${size}\n${lastModified}`;

export class StoreView {
  readonly #database: Database | null;
  readonly #node: string;
  readonly #askForKeys: () => void;
  readonly #fetch: (cid: string) => void;
  readonly #list = byId('puts', HTMLElement);
  #keys: KeptKeys | null = null;
  #waiting: Waiting[] = [];
  #running: RunningJob<'put'> | null = null;

  constructor(options: {
    readonly database: Database | null;
    readonly node: string;
    readonly askForKeys: () => void;
    readonly fetch: (cid: string) => void;
  }) {
    this.#database = options.database;
    this.#node = options.node;
    this.#askForKeys = options.askForKeys;
    this.#fetch = options.fetch;
    acceptFiles(byId('drop', HTMLElement), byId('file', HTMLInputElement), (files) => this.#add(files));
    addEventListener('beforeunload', (event) => {
      if (this.#running !== null) event.preventDefault();
    });
  }

  async start(): Promise<void> {
    await this.#showUnfinished();
    await this.#showObjects();
  }

  use(keys: KeptKeys): void {
    this.#keys = keys;
    void this.#next();
  }

  #add(files: readonly File[]): void {
    for (const file of files) {
      const row = make('li', { class: 'transfer stack' });
      this.#list.prepend(row);
      this.#say(row, file, make('p', { role: 'status' }, 'Waiting for its turn'));
      this.#waiting.push({ file, row });
    }
    if (this.#keys === null) {
      for (const { row, file } of this.#waiting)
        this.#say(
          row,
          file,
          make('p', { role: 'status' }, 'Waiting for your keys: make them below, or bring them'),
        );
      this.#askForKeys();
    } else void this.#next();
  }

  #say(row: HTMLElement, file: File, ...children: readonly Node[]): void {
    row.replaceChildren(
      make('p', { class: 'title' }, make('strong', {}, file.name), ` ${sizeInWords(file.size)}`),
      ...children,
    );
  }

  async #next(): Promise<void> {
    if (this.#running !== null || this.#keys === null) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { file, row } = next;
    const bar = make('progress', { max: '1', value: '0', 'aria-label': `Storing ${file.name}` });
    const text = make('p', { role: 'status' }, 'Starting');
    this.#running = runJob(
      { kind: 'put', node: this.#node, keys: this.#keys, file, id: idOf(file) },
      (progress) => {
        bar.value = shareOf(progress);
        text.textContent = inWords(progress);
      },
    );
    const running = this.#running;
    this.#say(
      row,
      file,
      bar,
      text,
      button('Stop', () => running.cancel(), { class: 'small' }),
    );
    try {
      this.#say(row, file, ...this.#stored(await running.result));
    } catch (thrown) {
      const again = button('Try again', () => {
        row.remove();
        this.#add([file]);
      });
      this.#say(row, file, errorInWords(toFileTaoError(thrown)), again);
    }
    this.#running = null;
    await this.start();
    await this.#next();
  }

  #stored({ cid, pieces, replicas, miners, bytesSent, bytesSkipped }: JobResult['put']): Node[] {
    const skipped =
      bytesSkipped === 0 ? '' : `, ${sizeInWords(bytesSkipped)} were there already from an earlier try`;
    return [
      make(
        'p',
        { class: 'verdict good', role: 'status' },
        `Stored. ${countOf(pieces, 'piece')}, ${countOf(replicas, 'copy', 'copies')} of each, on ${countOf(miners.length, 'miner')}. ${sizeInWords(bytesSent)} sent${skipped}.`,
      ),
      make('p', {}, 'CID ', identifier(cid, 'CID')),
      button('Fetch back and verify', () => this.#fetch(cid), { class: 'small' }),
    ];
  }

  async #showUnfinished(): Promise<void> {
    const unfinished = (await this.#database?.all('unfinished')) ?? [];
    const place = byId('unfinished', HTMLElement);
    const rows = unfinished.map(({ id, name, size, piecesConfirmed, piecesTotal }) =>
      make(
        'li',
        {},
        `${name} (${sizeInWords(size)}): ${piecesConfirmed}${piecesTotal === null ? '' : ` of ${piecesTotal}`} pieces confirmed. `,
        button(
          'Forget',
          async () => {
            await this.#database?.remove('unfinished', id);
            await this.#showUnfinished();
          },
          { class: 'small', 'aria-label': `Forget the unfinished ${name}` },
        ),
      ),
    );
    place.hidden = rows.length === 0;
    if (rows.length === 0) place.replaceChildren();
    else
      place.replaceChildren(
        make(
          'p',
          {},
          make('strong', {}, 'Not finished. '),
          'Choose the same file again and it goes on: nothing that was confirmed is sent twice.',
        ),
        make('ul', {}, ...rows),
      );
  }

  async #showObjects(): Promise<void> {
    const objects = [...((await this.#database?.all('objects')) ?? [])].sort(
      (a, b) => b.storedAt - a.storedAt,
    );
    byId('objects', HTMLElement).hidden = objects.length === 0;
    byId('object-rows', HTMLElement).replaceChildren(...objects.map((object) => this.#objectRow(object)));
  }

  #objectRow({ cid, name, size, storedAt, expiry }: KeptObject): HTMLElement {
    const state = make('div', { role: 'status' });
    const withKeys = async (act: (keys: KeptKeys) => Promise<void>): Promise<void> => {
      if (this.#keys === null) return this.#askForKeys();
      state.textContent = '…';
      try {
        await act(this.#keys);
      } catch (error) {
        state.replaceChildren(errorInWords(toFileTaoError(error)));
      }
    };
    const look = button(
      'Status',
      () =>
        withKeys(async (keys) => {
          const status = await runJob({ kind: 'status', node: this.#node, keys, cid }).result;
          const { health, replicas, confidence } = status;
          const sure =
            confidence === null || confidence === 0
              ? 'not proven yet'
              : `a loss of 10 % would have been caught with ${(100 * confidence).toFixed(2)} %`;
          state.textContent = `${health}, ${countOf(replicas, 'copy', 'copies')}; ${sure}`;
        }),
      { class: 'small', 'aria-label': `Status of ${name}` },
    );
    const remove = button(
      'Delete',
      () =>
        withKeys(async (keys) => {
          state.textContent = '';
          if (!(await confirmed(`Delete ${name} from the network? This cannot be undone.`, 'Delete'))) return;
          await runJob({ kind: 'remove', node: this.#node, keys, cid }).result;
          await this.#showObjects();
        }),
      { class: 'small', 'aria-label': `Delete ${name}` },
    );
    const fetchBack = button('Fetch', () => this.#fetch(cid), {
      class: 'small',
      'aria-label': `Fetch ${name}`,
    });
    return make(
      'tr',
      {},
      make('th', { scope: 'row' }, name, make('div', { class: 'quiet' }, identifier(cid, `CID of ${name}`))),
      make('td', { class: 'number', 'data-label': 'Size' }, sizeInWords(size)),
      make('td', { 'data-label': 'Stored' }, dateInWords(storedAt)),
      make('td', { 'data-label': 'Kept until' }, dateInWords(expiry)),
      make('td', {}, make('div', { class: 'row' }, fetchBack, look, remove), state),
    );
  }
}

/** Of the step at hand. What counts of sending is what the node has confirmed. */
function shareOf({ phase, bytes, bytesTotal, piecesConfirmed, piecesTotal }: StoreProgress): number {
  if (phase === 'fingerprint') return bytesTotal === null || bytesTotal === 0 ? 0 : bytes / bytesTotal;
  return piecesTotal === null || piecesTotal === 0 ? 0 : piecesConfirmed / piecesTotal;
}

function inWords(progress: StoreProgress): string {
  const { phase, bytes, bytesTotal, piecesConfirmed, piecesTotal, bytesSkipped } = progress;
  if (phase === 'fingerprint')
    return `Step 1 of 2, reading: ${sizeInWords(bytes)} of ${sizeInWords(bytesTotal ?? bytes)}`;
  if (phase === 'confirm') return 'All pieces are confirmed; signing the manifest';
  const there = bytesSkipped === 0 ? '' : `, ${sizeInWords(bytesSkipped)} were there already`;
  return `Step 2 of 2, encrypting and sending: ${piecesConfirmed} of ${piecesTotal ?? '?'} pieces confirmed${there}`;
}
