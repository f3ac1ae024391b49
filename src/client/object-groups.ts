// Gathers small objects that are put at the same time into one request, which costs as much as one of them alone would:
// those that come within a millisecond, or while earlier groups are under way.

import { groupObjectsMax, groupRequestBytesMax } from '../domain/content/object-group.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { StoredObject } from './api-answers.js';

/** Groups under way at once: the node works at one while the next is read. */
const groupsAtOnce = 2;

interface Waiting {
  readonly framed: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (stored: StoredObject) => void;
  readonly reject: (error: unknown) => void;
}

/** What became of each object of a group, in order. */
export type SendGroup = (
  framed: readonly Uint8Array[],
  signal: AbortSignal,
) => Promise<readonly (StoredObject | FileTaoError)[]>;

export class ObjectGroups {
  readonly #send: SendGroup;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(send: SendGroup) {
    this.#send = send;
  }

  put(framed: Uint8Array, signal?: AbortSignal): Promise<StoredObject> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ framed, signal, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= groupsAtOnce) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      while (this.#waiting.length > 0 && this.#underWay < groupsAtOnce) {
        this.#underWay++;
        void this.#sendGroup(this.#take()).finally(() => {
          this.#underWay--;
          if (this.#waiting.length > 0) this.#schedule();
        });
      }
    }, 0);
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { framed } of this.#waiting) {
      if (count === groupObjectsMax || (count > 0 && bytes + framed.length > groupRequestBytesMax)) break;
      bytes += framed.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Settles every object of the group; never rejects. */
  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    const ended = new AbortController();
    let left = group.length;
    const stays = group.map(({ signal, reject }) => {
      const leave = (): void => {
        reject(new FileTaoError('cancelled', 'cancelled'));
        if (--left === 0) ended.abort();
      };
      if (signal?.aborted === true) leave();
      signal?.addEventListener('abort', leave, { once: true });
      return () => signal?.removeEventListener('abort', leave);
    });
    try {
      if (left === 0) return;
      const results = await this.#send(
        group.map(({ framed }) => framed),
        ended.signal,
      );
      for (const [i, { resolve, reject }] of group.entries()) {
        const result = results[i]!;
        if (result instanceof FileTaoError) reject(result);
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const stay of stays) stay();
    }
  }
}
