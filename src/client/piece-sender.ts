// Pieces on their way to an API node: a few at a time, none that the node has confirmed a second time, and in memory that is
// used again.

import type { PieceId } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { ApiNode } from './api-node.js';
import { type RetryPolicy, retrying } from './retry.js';

/** Pieces on their way at once. With the one being filled this bounds memory: 4 × 16 MiB by default. */
const piecesInFlight = 3;

/** Bytes of a piece that went out, or that the node had already. */
export interface Confirmed {
  readonly sent: number;
  readonly skipped: number;
}

export interface PieceSenderParts {
  readonly connection: ApiNode;
  readonly retry: RetryPolicy;
  /** Ends all requests; fired here by the first failure. */
  readonly ended: AbortController;
  /** Whether a piece may come twice: only what is not encrypted can hold one twice, and it is sent once. */
  readonly mayRepeat: boolean;
  readonly onConfirmed: (confirmed: Confirmed) => void;
}

/** What is wanted of each piece: its replicas, and unix seconds until when. */
export interface PieceWish {
  readonly copies: number;
  readonly expiry: number;
}

export class PieceSender {
  readonly #parts: PieceSenderParts;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #idleBuffers: Uint8Array[] = [];
  readonly #begun = new Map<PieceId, Promise<Confirmed>>();
  #failure: unknown = null;

  constructor(parts: PieceSenderParts) {
    this.#parts = parts;
  }

  /** What went wrong first; what is cancelled because of it is no news. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when nothing is on its way any more, however it went. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  /** Memory for a piece, all of one size; it comes back by `send`. */
  buffer(size: number): Uint8Array {
    // Its own ArrayBuffer, so that a view leads back to the whole of it.
    return this.#idleBuffers.pop() ?? new Uint8Array(size);
  }

  /**
   * Starts sending a piece; waits while others are on their way.
   * @param mayBeThere whether an earlier try may have brought it
   */
  async send(pieceId: PieceId, piece: Uint8Array, wish: PieceWish, mayBeThere: boolean): Promise<void> {
    const { ended, mayRepeat, onConfirmed } = this.#parts;
    while (this.#inFlight.size >= piecesInFlight) await Promise.race(this.#inFlight);
    ended.signal.throwIfAborted();
    const earlier = this.#begun.get(pieceId);
    const confirmed = earlier ?? this.#send(pieceId, piece, wish, mayBeThere);
    if (mayRepeat) this.#begun.set(pieceId, confirmed);
    const sending = confirmed
      .then((found) => onConfirmed(earlier === undefined ? found : { sent: 0, skipped: piece.length }))
      .catch((error) => {
        this.#failure ??= error;
        ended.abort();
      })
      .finally(() => {
        this.#inFlight.delete(sending);
        this.#idleBuffers.push(new Uint8Array(piece.buffer));
      });
    this.#inFlight.add(sending);
  }

  /** Sends a piece that may be there, while nothing else is on its way; throws what went wrong. */
  async sendAlone(pieceId: PieceId, piece: Uint8Array, wish: PieceWish): Promise<void> {
    this.#parts.onConfirmed(await this.#send(pieceId, piece, wish, true));
  }

  #send(pieceId: PieceId, piece: Uint8Array, wish: PieceWish, mayBeThere: boolean): Promise<Confirmed> {
    const { connection, retry, ended } = this.#parts;
    return retrying(retry, ended.signal, async (attempt) => {
      // After a failed attempt too: the node may have stored it and only the answer was lost.
      if (mayBeThere || attempt > 1) {
        const replicas = await connection.confirmedReplicas(pieceId, wish.copies, ended.signal);
        if (replicas !== null) return { sent: 0, skipped: piece.length };
      }
      const { replicas } = await connection.putPiece(pieceId, piece, wish, ended.signal);
      assertCopies(replicas, wish.copies, connection.url);
      return { sent: piece.length, skipped: 0 };
    });
  }
}

/** Throws `partial` where a node made fewer replicas than were asked for. */
export function assertCopies(replicas: number, copies: number, url: string): void {
  if (replicas >= copies) return;
  throw new FileTaoError('partial', `${url} made ${replicas} of ${copies} replicas: put it again`);
}
