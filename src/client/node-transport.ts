// The client's HTTP in Node: node:http with a keep-alive agent. It streams both ways with backpressure and needs no
// dependency.

import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { FileTaoError } from '../domain/model/errors.js';
import { printableUrl } from './api-node.js';
import {
  brokenConnection,
  defaultTimeouts,
  type HttpAnswer,
  type HttpRequest,
  type HttpTransport,
  type Timeouts,
  timedBody,
} from './http-transport.js';

export class NodeTransport implements HttpTransport {
  readonly #base: URL;
  readonly #url: string;
  readonly #timeouts: Timeouts;
  readonly #agent: PlainAgent | TlsAgent;

  constructor(base: URL, timeouts: Partial<Timeouts> = {}) {
    this.#base = base;
    this.#url = printableUrl(base);
    this.#timeouts = { ...defaultTimeouts, ...timeouts };
    const agentOptions = { keepAlive: true, maxSockets: 16, scheduling: 'lifo' as const };
    this.#agent = base.protocol === 'https:' ? new TlsAgent(agentOptions) : new PlainAgent(agentOptions);
  }

  close(): void {
    this.#agent.destroy();
  }

  async send({ method, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const { connectMs, answerMs } = this.#timeouts;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = this.#base.protocol === 'https:' ? tlsRequest : plainRequest;
      const request = send({
        agent: this.#agent,
        protocol: this.#base.protocol,
        hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
        port: this.#base.port,
        method,
        path,
        headers: body === undefined ? headers : { ...headers, 'content-length': String(body.length) },
        ...(signal === undefined ? {} : { signal }),
      });
      const connectTimer = setTimeout(() => {
        request.destroy(
          new FileTaoError('timeout', `${this.#url} does not take the connection: is it the right address?`),
        );
      }, connectMs);
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => clearTimeout(connectTimer));
        else clearTimeout(connectTimer);
      });
      request.setTimeout(answerMs, () => {
        request.destroy(new FileTaoError('timeout', `${this.#url} gave no answer for ${answerMs / 1000} s`));
      });
      request.on('response', (head) => {
        clearTimeout(connectTimer);
        // From here on silence is measured by whoever reads the body: a slow reader is no fault of the node.
        request.setTimeout(0);
        resolve(head);
      });
      request.on('error', (error) => {
        clearTimeout(connectTimer);
        reject(this.#failure(error));
      });
      if (body === undefined) request.end();
      else request.end(body);
    });
    return {
      status: response.statusCode ?? 0,
      header: (name) => {
        const value = response.headers[name];
        return value === undefined ? null : String(value);
      },
      body: this.#bodyOf(response, signal),
      drop: () => response.destroy(),
    };
  }

  #bodyOf(response: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    return timedBody(
      response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
      this.#timeouts,
      this.#url,
      {
        drop: (why) => response.destroy(why),
        failure: (thrown) =>
          signal?.aborted === true
            ? new FileTaoError('cancelled', 'cancelled', { cause: thrown })
            : this.#failure(thrown),
      },
    );
  }

  #failure(thrown: unknown): FileTaoError {
    const { code } = thrown as { code?: string };
    if (
      !(thrown instanceof FileTaoError) &&
      (code === 'ECONNREFUSED' ||
        code === 'ENOTFOUND' ||
        code === 'EHOSTUNREACH' ||
        code === 'ENETUNREACH' ||
        code === 'EAI_AGAIN')
    ) {
      return new FileTaoError(
        'unreachable',
        `no API node at ${this.#url} (${code}): start one with 'filetao run api' or name another with --api.url`,
        { cause: thrown, details: { node: this.#url } },
      );
    }
    return brokenConnection(this.#url, thrown, code);
  }
}
