// Live pages by server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Who looks at a page
// gets the regions of it that have changed since it was last told, once a second at most; a page that several look at
// is made once. There are so many readers at most, and one that does not read is dropped: a dashboard must never cost the
// node its memory or its time.

import type { ServerResponse } from 'node:http';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Regions } from './html.js';

export interface LiveOptions {
  /** The regions of a page as they are now. Throws where there is no such page. */
  readonly regionsOf: (at: string) => Promise<Regions>;
  /** Grows when something was seen; without it pages are looked at anew every few seconds all the same. */
  readonly version: () => number;
  /** Readers at once; default 32. */
  readonly readersMax?: number;
  /** Milliseconds between two looks; default 1000. */
  readonly tickMs?: number;
  /** Milliseconds for which a reader may leave what it was sent unread; default 10,000. */
  readonly stalledMsMax?: number;
  readonly onProblem?: (error: unknown) => void;
}

const readersMaxDefault = 32;
const tickMsDefault = 1_000;
const stalledMsDefault = 10_000;
/** What is not reported by `version`, such as the chain's head, is seen this late. */
const quietMs = 4_000;
/** A page that takes long is made seldom: making it takes a twentieth of the time at most. */
const pauseShare = 20;
/** Well below the time after which idle connections are closed. */
const heartbeatMs = 15_000;
/** Milliseconds after which a browser that lost the stream asks again. */
const retryMs = 2_000;

interface Reader {
  readonly at: string;
  readonly response: ServerResponse;
  readonly sent: Map<string, string>;
  /** Since when there are bytes that it has not taken; null when it has taken all. */
  stalledSince: number | null;
  heardAt: number;
}

export class LiveHub {
  readonly #options: LiveOptions;
  readonly #readers = new Set<Reader>();
  readonly #pages = new Map<string, { version: number; madeAt: number; tookMs: number; regions: Regions }>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), options.tickMs ?? tickMsDefault);
    this.#timer.unref();
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Throws `busy` when there are too many. */
  requireRoom(): void {
    if (this.#readers.size >= (this.#options.readersMax ?? readersMaxDefault))
      throw new FileTaoError('busy', 'too many pages are open live: close some');
  }

  /** Takes over the response, whose headers have not been sent. */
  add(at: string, response: ServerResponse): void {
    const reader: Reader = { at, response, sent: new Map(), stalledSince: null, heardAt: performance.now() };
    this.#readers.add(reader);
    response.once('close', () => this.#readers.delete(reader));
    response.on('error', () => this.#drop(reader));
    response.on('drain', () => {
      reader.stalledSince = null;
    });
    this.#write(reader, `retry: ${retryMs}\n\n`);
    void this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { response } of this.#readers) response.end();
    this.#readers.clear();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const watched = new Set([...this.#readers].map(({ at }) => at));
      for (const at of this.#pages.keys()) if (!watched.has(at)) this.#pages.delete(at);
      for (const at of watched) await this.#refresh(at).catch(this.#options.onProblem ?? (() => {}));
      for (const reader of this.#readers) this.#tell(reader);
    } finally {
      this.#isLooking = false;
    }
  }

  async #refresh(at: string): Promise<void> {
    const version = this.#options.version();
    const known = this.#pages.get(at);
    const start = performance.now();
    if (known !== undefined) {
      const age = start - known.madeAt;
      if (age < pauseShare * known.tookMs || (known.version === version && age < quietMs)) return;
    }
    const regions = await this.#options.regionsOf(at);
    const madeAt = performance.now();
    this.#pages.set(at, { version, madeAt, tookMs: madeAt - start, regions });
  }

  #tell(reader: Reader): void {
    const now = performance.now();
    if (reader.stalledSince !== null) {
      if (now - reader.stalledSince > (this.#options.stalledMsMax ?? stalledMsDefault)) this.#drop(reader);
      return;
    }
    let message = '';
    for (const [id, text] of this.#pages.get(reader.at)?.regions ?? []) {
      if (reader.sent.get(id) === text) continue;
      reader.sent.set(id, text);
      message += `event: region\ndata: ${JSON.stringify({ id, html: text })}\n\n`;
    }
    if (message === '' && now - reader.heardAt > heartbeatMs) message = ': still here\n\n';
    if (message !== '') this.#write(reader, message);
  }

  #write(reader: Reader, message: string): void {
    reader.heardAt = performance.now();
    if (!reader.response.write(message)) reader.stalledSince ??= performance.now();
  }

  #drop(reader: Reader): void {
    this.#readers.delete(reader);
    reader.response.destroy();
  }
}
