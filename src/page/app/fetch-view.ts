// Fetching: a CID in, a verified and decrypted file out.

import type { KeptKeys } from '../../browser/database.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import { button, byId, make } from './elements.js';
import { type RunningJob, runJob } from './run-job.js';
import { countOf, errorInWords, sizeInWords } from './words.js';

export class FetchView {
  readonly #node: string;
  readonly #tab: string;
  readonly #askForKeys: () => void;
  readonly #place = byId('fetched', HTMLElement);
  readonly #input = byId('cid', HTMLInputElement);
  #keys: KeptKeys | null = null;
  #running: RunningJob<'get'> | null = null;
  #url: string | null = null;

  constructor(options: { readonly node: string; readonly tab: string; readonly askForKeys: () => void }) {
    this.#node = options.node;
    this.#tab = options.tab;
    this.#askForKeys = options.askForKeys;
    byId('fetch-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.fetch(this.#input.value.trim());
    });
  }

  use(keys: KeptKeys): void {
    this.#keys = keys;
  }

  async fetch(cid: string): Promise<void> {
    this.#input.value = cid;
    if (this.#keys === null) return this.#askForKeys();
    this.#running?.cancel();
    byId('fetch', HTMLElement).scrollIntoView({ block: 'nearest' });
    const bar = make('progress', { max: '1', value: '0', 'aria-label': 'Fetching' });
    const text = make('p', { role: 'status' }, 'Asking the node');
    const running = runJob(
      { kind: 'get', node: this.#node, keys: this.#keys, cid, tab: this.#tab },
      ({ bytes, bytesTotal, piecesVerified, piecesTotal }) => {
        bar.value = bytesTotal === 0 ? 1 : bytes / bytesTotal;
        text.textContent = `${piecesVerified} of ${countOf(piecesTotal, 'piece')} verified and decrypted, ${sizeInWords(bytes)} of ${sizeInWords(bytesTotal)}`;
      },
    );
    this.#running = running;
    this.#place.replaceChildren(
      bar,
      text,
      button('Stop', () => running.cancel(), { class: 'small' }),
    );
    try {
      const { file, encrypted, owner, pieces } = await running.result;
      if (this.#url !== null) URL.revokeObjectURL(this.#url);
      this.#url = URL.createObjectURL(file);
      const save = make(
        'a',
        { href: this.#url, download: file.name, class: 'button primary', id: 'save' },
        `Save ${file.name}`,
      );
      this.#place.replaceChildren(
        make(
          'p',
          { class: 'verdict good', role: 'status' },
          `Verified. ${countOf(pieces, 'piece')} as ${owner} stored ${pieces === 1 ? 'it' : 'them'}, and the whole has this CID. ${encrypted ? 'Decrypted in this browser' : 'It was stored without encryption'}: ${sizeInWords(file.size)}.`,
        ),
        save,
      );
      save.focus();
    } catch (thrown) {
      const error = toFileTaoError(thrown);
      if (error.code === 'cancelled') this.#place.replaceChildren(make('p', { role: 'status' }, 'Stopped.'));
      else this.#place.replaceChildren(errorInWords(error));
    } finally {
      if (this.#running === running) this.#running = null;
    }
  }
}
