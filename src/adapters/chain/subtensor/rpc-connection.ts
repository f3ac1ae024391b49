// JSON-RPC 2.0 over one WebSocket to one of several endpoints. A call that may be repeated survives a lost or
// hanging connection: it is asked again, of the next endpoint, until its time is up. Endpoints are changed with
// growing pauses; one that serves another chain than the first is never used.
//
// polkadot-js brings a provider of its own; it repeats nothing, reconnects at a fixed pace, leaves a hanging
// connection open, and does not notice that the next endpoint serves another chain.

import WebSocket from 'ws';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { Log } from '../../observe/log.js';

export interface ConnectionLimits {
  /** Until an endpoint has answered the first call. */
  readonly connectMs: number;
  /** Until an endpoint counts as hanging and the next one is asked. */
  readonly answerMs: number;
  /** Until a call fails for good. */
  readonly callMs: number;
  /** Pause before the second round over all endpoints; doubled for each further one … */
  readonly pauseMsMin: number;
  /** … up to this. */
  readonly pauseMsMax: number;
}

export const defaultLimits: ConnectionLimits = {
  connectMs: 10_000,
  answerMs: 15_000,
  callMs: 60_000,
  pauseMsMin: 250,
  pauseMsMax: 30_000,
};

/** One answer: a metagraph or the metadata, each below 4 MiB today. */
const payloadBytesMax = 64 * 1024 * 1024;

/** What the node itself said about a call. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: string;

  constructor(code: number, message: string, data: string) {
    super(data === '' ? message : `${message}: ${data}`);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

/** The call may or may not have reached the node. */
export class ConnectionLost extends Error {}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Link {
  readonly endpoint: string;
  readonly socket: WebSocket;
  readonly pending: Map<number, Pending>;
}

export class RpcConnection {
  readonly #endpoints: readonly string[];
  readonly #clock: Clock;
  readonly #log: Log | null;
  readonly #limits: ConnectionLimits;
  /** Endpoints of another chain. */
  readonly #foreign = new Set<string>();
  readonly #closing = new AbortController();
  #next = 0;
  #lastId = 0;
  #link: Link | null = null;
  #connecting: Promise<Link> | null = null;
  #genesis: string | null = null;

  constructor(
    endpoints: readonly string[],
    clock: Clock,
    log: Log | null = null,
    limits: Partial<ConnectionLimits> = {},
  ) {
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#log = log;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Where calls go at the moment, for people. */
  get endpoint(): string {
    return this.#link?.endpoint ?? this.#endpoints[this.#next % this.#endpoints.length]!;
  }

  /** Connects to the first endpoint that answers, trying each once; returns its genesis hash, `0x…`. */
  async open(): Promise<string> {
    this.#link = await this.#tryAll();
    return this.#genesis!;
  }

  /** Asks, and asks again where the connection is lost meanwhile: for calls that change nothing. */
  async call<Result>(method: string, params: readonly unknown[] = []): Promise<Result> {
    const deadline = this.#clock.monotonic() + this.#limits.callMs;
    for (;;) {
      const link = await this.#connected(deadline);
      try {
        return (await this.#ask(link, method, params, this.#limits.answerMs)) as Result;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        if (this.#clock.monotonic() >= deadline) throw this.#unreachable(error.message);
      }
    }
  }

  /** Asks once; throws ConnectionLost when nobody knows whether the node heard it. */
  async callOnce<Result>(method: string, params: readonly unknown[]): Promise<Result> {
    const link = await this.#connected(this.#clock.monotonic() + this.#limits.callMs);
    return (await this.#ask(link, method, params, this.#limits.answerMs)) as Result;
  }

  close(): void {
    this.#closing.abort();
    if (this.#link !== null) this.#drop(this.#link, 'closed');
  }

  async #connected(deadline: number): Promise<Link> {
    if (this.#closing.signal.aborted) throw new FileTaoError('cancelled', 'the chain connection is closed');
    if (this.#link !== null) return this.#link;
    this.#connecting ??= this.#reconnect(deadline).finally(() => {
      this.#connecting = null;
    });
    this.#link = await this.#connecting;
    return this.#link;
  }

  async #reconnect(deadline: number): Promise<Link> {
    let pauseMs = this.#limits.pauseMsMin;
    for (;;) {
      try {
        return await this.#tryAll();
      } catch (error) {
        if (this.#closing.signal.aborted || this.#clock.monotonic() + pauseMs >= deadline) throw error;
      }
      await this.#clock.sleep(pauseMs, this.#closing.signal);
      pauseMs = Math.min(2 * pauseMs, this.#limits.pauseMsMax);
    }
  }

  async #tryAll(): Promise<Link> {
    const reasons: string[] = [];
    for (let tried = 0; tried < this.#endpoints.length; tried++) {
      const endpoint = this.#endpoints[this.#next % this.#endpoints.length]!;
      if (this.#foreign.has(endpoint)) this.#next++;
      else {
        try {
          return await this.#connect(endpoint);
        } catch (error) {
          reasons.push(`${endpoint}: ${(error as Error).message}`);
          this.#next++;
        }
      }
    }
    throw this.#unreachable(reasons.join('; '));
  }

  #unreachable(why: string): FileTaoError {
    const what = this.#endpoints.length === 1 ? 'the chain endpoint does' : 'no chain endpoint does';
    return new FileTaoError(
      'unreachable',
      `${what}${this.#endpoints.length === 1 ? ' not' : ''} answer (${why}): check --subtensor.network and --subtensor.chain_endpoint`,
    );
  }

  async #connect(endpoint: string): Promise<Link> {
    const { connectMs } = this.#limits;
    const started = this.#clock.monotonic();
    const socket = new WebSocket(endpoint, {
      handshakeTimeout: connectMs,
      maxPayload: payloadBytesMax,
      perMessageDeflate: false,
    });
    const link: Link = { endpoint, socket, pending: new Map() };
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', (error) => reject(new Error(reasonOf(error))));
      socket.once('close', () => reject(new Error('closed at once')));
    });
    socket.on('message', (data) => this.#receive(link, String(data)));
    socket.on('error', () => {});
    socket.on('close', () => this.#drop(link, 'the connection was lost'));
    const left = Math.max(1, connectMs - (this.#clock.monotonic() - started));
    const genesis = String(await this.#ask(link, 'chain_getBlockHash', [0], left));
    if (this.#genesis !== null && this.#genesis !== genesis) {
      this.#foreign.add(endpoint);
      this.#drop(link, 'another chain');
      this.#log?.warn({ endpoint, genesis }, 'this endpoint serves another chain and is not used');
      throw new Error(`serves another chain (genesis ${genesis.slice(0, 10)}…)`);
    }
    if (this.#genesis !== null) this.#log?.info({ endpoint }, 'connected to the chain again');
    this.#genesis = genesis;
    return link;
  }

  #ask(link: Link, method: string, params: readonly unknown[], timeoutMs: number): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // A node that leaves one call unanswered is not asked further ones.
        this.#drop(link, `${method} was not answered within ${timeoutMs / 1000} s`);
      }, timeoutMs);
      link.pending.set(id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      link.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  #receive(link: Link, text: string): void {
    let answer: {
      id?: unknown;
      result?: unknown;
      error?: { code?: unknown; message?: unknown; data?: unknown };
    };
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch {
      this.#drop(link, 'the endpoint does not speak JSON-RPC');
      return;
    }
    if (typeof answer?.id !== 'number') return;
    const waiting = link.pending.get(answer.id);
    if (waiting === undefined) return;
    link.pending.delete(answer.id);
    const { error } = answer;
    if (error === undefined || error === null) waiting.resolve(answer.result);
    else {
      const data = error.data === undefined || error.data === null ? '' : String(error.data);
      waiting.reject(new RpcError(Number(error.code), String(error.message), data));
    }
  }

  #drop(link: Link, why: string): void {
    if (this.#link === link) {
      this.#link = null;
      this.#next++;
      if (!this.#closing.signal.aborted) this.#log?.warn({ endpoint: link.endpoint, why }, 'lost the chain');
    }
    link.socket.removeAllListeners('close');
    link.socket.terminate();
    const waiting = [...link.pending.values()];
    link.pending.clear();
    for (const { reject } of waiting) reject(new ConnectionLost(why));
  }
}

/** `ws` speaks of an "Unexpected server response: 404"; Node of codes. */
function reasonOf(error: Error & { code?: string }): string {
  const byCode: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'the host name could not be looked up',
    ETIMEDOUT: 'it did not answer in time',
    ECONNRESET: 'it closed the connection',
  };
  return (error.code === undefined ? undefined : byCode[error.code]) ?? error.message;
}
