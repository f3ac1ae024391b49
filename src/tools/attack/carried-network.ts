// The Network port inside one process: the same bytes as over HTTP reach the same routes of the same server, only
// no socket lies between (Fastify's `inject`), and deadlines run on virtual time. So a run repeats exactly, waits
// for nothing, and cannot fail because the machine is busy. What only a socket can do (bytes that are no HTTP, a
// peer that never reads) is played over real loopback connections instead (raw-peer.ts).
import { Readable } from 'node:stream';
import { readReply } from '../../adapters/rpc/client.js';
import type { NodeServer } from '../../adapters/rpc/server.js';
import { contentTypes, frameHead, resyncedHeader } from '../../adapters/rpc/wire.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Network, NodeReply, NodeRequest, NodeRoute } from '../../domain/ports/network.js';

export interface Asked {
  readonly route: NodeRoute;
  /** Signature ‖ body. */
  readonly head: Uint8Array;
  readonly body?: { readonly length: number; readonly parts: AsyncIterable<Uint8Array> };
}

export interface Answered {
  readonly status: number;
  readonly contentType: string;
  readonly resynced: boolean;
  readonly bytes: Uint8Array;
}

/** A node as the network sees it. Throws `unreachable` to drop the connection. */
export type Peer = (asked: Asked) => Promise<Answered>;

export const messageAnswer = (bytes: Uint8Array): Answered => ({
  status: 200,
  contentType: contentTypes.message,
  resynced: false,
  bytes,
});

export const refusalAnswer = (bytes: Uint8Array): Answered => ({
  status: 409,
  contentType: contentTypes.refusal,
  resynced: false,
  bytes,
});

/** The node's own HTTP routes. */
export function peerOf(server: NodeServer): Peer {
  return async ({ route, head, body }) => {
    const framed = frameHead(head);
    const response = await server.app.inject({
      method: 'POST',
      url: `/v1/${route}`,
      headers: {
        'content-type': contentTypes.message,
        'content-length': String(framed.length + (body?.length ?? 0)),
      },
      payload: body === undefined ? Buffer.from(framed) : Readable.from(chained(framed, body.parts)),
    });
    return {
      status: response.statusCode,
      contentType: String(response.headers['content-type'] ?? ''),
      resynced: response.headers[resyncedHeader] === '1',
      bytes: response.rawPayload,
    };
  };
}

async function* chained(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

const nameOf = ({ host, port }: NodeAddress): string => `${host}:${port}`;

export class CarriedNetwork implements Network {
  readonly #clock: Clock;
  readonly #peers = new Map<string, Peer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  attach(address: NodeAddress, peer: Peer): void {
    this.#peers.set(nameOf(address), peer);
  }

  peerAt(address: NodeAddress): Peer {
    const peer = this.#peers.get(nameOf(address));
    if (peer === undefined) throw new FileTaoError('unreachable', 'nobody listens there');
    return peer;
  }

  async request(request: NodeRequest): Promise<NodeReply> {
    const { address, route, head, body, timeoutMs, signal } = request;
    if (signal?.aborted) throw new FileTaoError('cancelled', 'cancelled');
    const clock = this.#clock;
    const start = clock.monotonic();
    const answered = await this.peerAt(address)({ route, head, ...(body === undefined ? {} : { body }) });
    const elapsed = clock.monotonic() - start;
    if (elapsed > timeoutMs) {
      throw new FileTaoError('timeout', `no answer within ${Math.round(timeoutMs)} ms`);
    }
    return readReply({
      status: answered.status,
      contentType: answered.contentType,
      resynced: answered.resynced,
      parts: once(answered.bytes),
      elapsedMs: () => elapsed,
    });
  }

  async close(): Promise<void> {}
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
