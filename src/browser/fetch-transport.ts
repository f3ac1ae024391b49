// The client's HTTP in a browser: fetch. A request's body is sent whole (browsers stream bodies over HTTP/2 only),
// which for pieces of 16 MiB is no loss; an answer's body is read as it comes.

import { printableUrl } from '../client/api-node.js';
import {
  brokenConnection,
  defaultTimeouts,
  type HttpAnswer,
  type HttpRequest,
  type HttpTransport,
  type Timeouts,
  timedBody,
} from '../client/http-transport.js';
import { kibibyte } from '../domain/model/constants.js';
import { FileTaoError } from '../domain/model/errors.js';

/** fetch does not tell how far a body has got: a line slower than this is taken for one that broke. */
const slowestBytesPerSecond = 16 * kibibyte;

export class FetchTransport implements HttpTransport {
  readonly #base: URL;
  readonly #url: string;
  readonly #timeouts: Timeouts;
  readonly #closed = new AbortController();

  constructor(base: URL, timeouts: Partial<Timeouts> = {}) {
    this.#base = base;
    this.#url = printableUrl(base);
    this.#timeouts = { ...defaultTimeouts, ...timeouts };
  }

  /** Breaks off what is under way. */
  close(): void {
    this.#closed.abort();
  }

  async send({ method, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const ending = new AbortController();
    const ends = [ending.signal, this.#closed.signal];
    if (signal !== undefined) ends.push(signal);
    const answerMs =
      this.#timeouts.answerMs + Math.ceil((1000 * (body?.length ?? 0)) / slowestBytesPerSecond);
    let timedOut: FileTaoError | null = null;
    const drop = (why?: FileTaoError): void => {
      timedOut ??= why ?? null;
      ending.abort();
    };
    const failure = (thrown: unknown): FileTaoError => {
      if (signal?.aborted === true) return new FileTaoError('cancelled', 'cancelled', { cause: thrown });
      return timedOut ?? brokenConnection(this.#url, thrown);
    };
    const timer = setTimeout(
      () => drop(new FileTaoError('timeout', `${this.#url} gave no answer for ${answerMs / 1000} s`)),
      answerMs,
    );
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers,
        signal: AbortSignal.any(ends),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      });
    } catch (error) {
      throw failure(error);
    } finally {
      clearTimeout(timer);
    }
    const reader = response.body?.getReader() ?? null;
    const parts: AsyncIterator<Uint8Array> = {
      async next() {
        const read = await reader?.read();
        return read === undefined || read.done
          ? { done: true, value: undefined }
          : { done: false, value: read.value };
      },
    };
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: timedBody(parts, this.#timeouts, this.#url, { drop, failure }),
      drop,
    };
  }
}
