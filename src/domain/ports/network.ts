// How one node asks another: one signed head, optionally a stream of bytes behind it, and an answer that is
// read as it comes. Nothing here retries; who asks decides that.

import type { NodeAddress } from './chain.js';

export const nodeRoutes = [
  'store',
  'challenge',
  'open',
  'retrieve',
  'range',
  'renew',
  'delete',
  'inventory',
  'ping',
] as const;
export type NodeRoute = (typeof nodeRoutes)[number];

export interface NodeRequest {
  readonly address: NodeAddress;
  readonly route: NodeRoute;
  /** Signed message: signature ‖ body. */
  readonly head: Uint8Array;
  /**
   * Bytes behind the head, read once, with back-pressure. `whole` is all of them, where they are in memory: then they
   * can be sent again, and so go over a kept connection.
   */
  readonly body?: {
    readonly length: number;
    readonly parts: AsyncIterable<Uint8Array>;
    readonly whole?: Uint8Array;
  };
  /** Milliseconds from request flushed to answer received, all of it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface NodeReply {
  /** `refusal` when the node signed why it does not answer; the bytes are then a sealed refusal. */
  readonly kind: 'answer' | 'refusal';
  /** The miner's own chain of answers differed from the one named: reported, never an error. */
  readonly resynced: boolean;
  /** Bytes per second that the node says it proves. */
  readonly rate?: number;
  /** All bytes; throws `too-large` beyond `max`. */
  readAll(max: number): Promise<Uint8Array>;
  /** Parts as they arrive; ending early closes the connection. */
  readonly parts: AsyncIterable<Uint8Array>;
  /** Milliseconds from request flushed to now, or to the end of the answer. */
  elapsedMs(): number;
}

/** Throws `unreachable` or `timeout` when there is no answer, `bad-message` when it is no node's answer. */
export interface Network {
  request(request: NodeRequest): Promise<NodeReply>;
  close(): Promise<void>;
}
