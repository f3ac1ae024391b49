// How a request to an API node travels: the seam between the contract (api-node.ts) and what sends bytes where it
// runs, node:http in Node (node-transport.ts) and fetch in a browser.

import type { RequestMethod } from '../domain/identity/request.js';
import { FileTaoError, toFileTaoError } from '../domain/model/errors.js';

export interface HttpRequest {
  readonly method: RequestMethod;
  /** Absolute path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By its lower-case name; null where there is none. */
  header(name: string): string | null;
  /** The body, once. Ended early, the connection is dropped; one that breaks off throws `unreachable`. */
  readonly body: AsyncGenerator<Uint8Array, void>;
  /** Drops the connection, for whoever does not begin to read the body. */
  drop(): void;
}

export interface HttpTransport {
  /** Resolves with the head of the answer. Throws `unreachable`, `timeout`, `cancelled`. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

export interface Timeouts {
  readonly connectMs: number;
  /** Silence while the node is at work on an answer. Storing three replicas of a piece takes its time. */
  readonly answerMs: number;
  /** Silence in the middle of a body. */
  readonly bodyMs: number;
}

export const defaultTimeouts: Timeouts = { connectMs: 10_000, answerMs: 180_000, bodyMs: 60_000 };

/** The body's parts, as long as they come; `drop` is called at the end, however it ends. */
export async function* timedBody(
  parts: AsyncIterator<Uint8Array>,
  { bodyMs }: Timeouts,
  url: string,
  {
    drop,
    failure,
  }: { readonly drop: (why?: FileTaoError) => void; readonly failure: (thrown: unknown) => FileTaoError },
): AsyncGenerator<Uint8Array, void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      timer = setTimeout(
        () => drop(new FileTaoError('timeout', `${url} sent nothing for ${bodyMs / 1000} s`)),
        bodyMs,
      );
      const next = await parts.next();
      clearTimeout(timer);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw failure(error);
  } finally {
    clearTimeout(timer);
    drop();
  }
}

/** A connection that broke off, or never was one, as an error of ours. `code` is the system's, where it has one. */
export function brokenConnection(url: string, thrown: unknown, code?: string): FileTaoError {
  const error = toFileTaoError(thrown);
  if (thrown instanceof FileTaoError || error.code === 'cancelled') return error;
  const said = code ?? (thrown as { message?: string } | null)?.message ?? 'unknown';
  const kind = error.code === 'timeout' ? 'timeout' : 'unreachable';
  return new FileTaoError(kind, `the connection to ${url} broke off (${said})`, {
    cause: thrown,
    details: { node: url },
  });
}
