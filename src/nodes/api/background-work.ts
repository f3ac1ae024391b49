// Work that goes on after its request was answered. What fails is logged; a node that ends stops it and waits.

import type { Log } from '../../adapters/observe/log.js';
import { toFileTaoError } from '../../domain/model/errors.js';

export class BackgroundWork {
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Fires when the node ends. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  start(what: string, work: (signal: AbortSignal) => Promise<void>): void {
    const running = work(this.signal)
      .catch((error) => {
        const { code, message } = toFileTaoError(error);
        if (!this.signal.aborted) this.#log.warn({ code, detail: message }, what);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }
}
