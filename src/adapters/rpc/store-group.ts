// Many small stores in one HTTP request (route /v1/stores). Each is signed, carried out, answered and acknowledged as if
// it had come alone; only the request around them is shared, which cost more than a small replica's hashing and
// signing together.
//   request:  u32 little-endian length ‖ (framed head ‖ bytes), for each
//   answer:   u8 kind ‖ u32 little-endian length ‖ bytes, for each, in the same order

import { concatBytes } from '../../domain/model/bytes.js';
import { kibibyte, mebibyte } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { NodeReply, NodeRequest } from '../../domain/ports/network.js';
import { frameHead } from './wire.js';

/** Framed bytes of one store in a group; a larger one goes alone. */
export const groupedStoreBytesMax = 80 * kibibyte;
export const groupStoresMax = 64;
/** Bytes of a group, so that a miner need not wait for all of one for long. */
export const groupBytesMax = mebibyte;
/** Groups under way to one node; what comes meanwhile makes the next. */
const groupsAtOnce = 4;

/** What became of one store: a signed answer, a signed refusal, or a problem that nobody signed. */
export const groupKinds = ['answer', 'refusal', 'problem'] as const;

export interface GroupedAnswer {
  readonly kind: (typeof groupKinds)[number];
  readonly bytes: Uint8Array;
}

export function encodeGroupAnswer({ kind, bytes }: GroupedAnswer): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = groupKinds.indexOf(kind);
  new DataView(head.buffer).setUint32(1, bytes.length, true);
  return concatBytes(head, bytes);
}

/** Throws `bad-message` unless there are exactly `count` answers. */
export function decodeGroupAnswers(data: Uint8Array, count: number): readonly GroupedAnswer[] {
  const answers: GroupedAnswer[] = [];
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let at = 0;
  while (at + 5 <= data.length && answers.length < count) {
    const kind = groupKinds[data[at]!];
    const end = at + 5 + view.getUint32(at + 1, true);
    if (kind === undefined || end > data.length) break;
    answers.push({ kind, bytes: data.subarray(at + 5, end) });
    at = end;
  }
  if (answers.length !== count || at !== data.length)
    throw new FileTaoError('bad-message', 'the answer to a group of stores is not one');
  return answers;
}

/** The store's part of a group; null for what goes alone. */
export function groupedStore({ route, head, body }: NodeRequest): Uint8Array | null {
  if (route !== 'store' || body?.whole === undefined) return null;
  const length = 4 + head.length + body.length;
  if (length > groupedStoreBytesMax) return null;
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, length, true);
  return concatBytes(prefix, frameHead(head), body.whole);
}

interface Waiting {
  readonly request: NodeRequest;
  readonly part: Uint8Array;
  readonly resolve: (reply: NodeReply) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly waiting: Waiting[];
  underWay: number;
  isScheduled: boolean;
}

export interface GroupSenders {
  /** One request as it is. */
  alone(request: NodeRequest): Promise<NodeReply>;
  /** The body of a group, to the route of groups; throws `bad-message` where the node knows none. */
  group(request: Omit<NodeRequest, 'route' | 'head' | 'body'>, body: Uint8Array): Promise<NodeReply>;
}

/** Gathers small stores by the node they go to: those that come in one turn of the event loop, or while others are under way. */
export class StoreGroups {
  readonly #senders: GroupSenders;
  readonly #lanes = new Map<string, Lane>();
  /** Nodes that answered a group as none would that knows them. */
  readonly #without = new Set<string>();

  constructor(senders: GroupSenders) {
    this.#senders = senders;
  }

  /** null where the request is none to be grouped. */
  request(request: NodeRequest): Promise<NodeReply> | null {
    const part = groupedStore(request);
    const node = nodeOf(request.address);
    if (part === null || this.#without.has(node)) return null;
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.get(node) ?? { waiting: [], underWay: 0, isScheduled: false };
      this.#lanes.set(node, lane);
      lane.waiting.push({ request, part, resolve, reject });
      this.#schedule(node, lane);
    });
  }

  #schedule(node: string, lane: Lane): void {
    if (lane.isScheduled || lane.underWay >= groupsAtOnce) return;
    lane.isScheduled = true;
    setImmediate(() => {
      lane.isScheduled = false;
      while (lane.waiting.length > 0 && lane.underWay < groupsAtOnce) {
        lane.underWay++;
        void this.#send(node, takeGroup(lane.waiting)).finally(() => {
          lane.underWay--;
          if (lane.waiting.length > 0) this.#schedule(node, lane);
          else if (lane.underWay === 0 && !lane.isScheduled) this.#lanes.delete(node);
        });
      }
    });
  }

  /** Settles every store of the group; never rejects. */
  async #send(node: string, all: readonly Waiting[]): Promise<void> {
    const group = all.filter(({ request: { signal }, reject }) => {
      if (signal?.aborted === true) reject(cancelled());
      return signal?.aborted !== true;
    });
    if (group.length === 0) return;
    if (group.length === 1) return this.#sendAlone(group[0]!);
    const ended = new AbortController();
    let left = group.length;
    const leavers = group.map(({ request: { signal }, reject }) => {
      const leave = (): void => {
        reject(cancelled());
        if (--left === 0) ended.abort();
      };
      signal?.addEventListener('abort', leave, { once: true });
      return () => signal?.removeEventListener('abort', leave);
    });
    const { address } = group[0]!.request;
    const timeoutMs = Math.max(...group.map(({ request }) => request.timeoutMs));
    try {
      const body = concatBytes(...group.map(({ part }) => part));
      const reply = await this.#senders.group({ address, timeoutMs, signal: ended.signal }, body);
      const data = await reply.readAll(group.length * (groupedStoreBytesMax + 5));
      const answers = decodeGroupAnswers(data, group.length);
      const elapsedMs = reply.elapsedMs();
      for (const [i, { resolve, reject }] of group.entries()) {
        const { kind, bytes } = answers[i]!;
        if (kind === 'problem')
          reject(new FileTaoError('bad-message', `the node answered without signing: ${problemText(bytes)}`));
        else resolve(replyOf(kind, bytes, reply.rate, elapsedMs));
      }
    } catch (error) {
      if (error instanceof FileTaoError && error.code === 'bad-message' && left > 0) {
        // Whatever the node makes of groups: each store is asked, and judged, by itself.
        this.#without.add(node);
        await Promise.all(group.map((waiting) => this.#sendAlone(waiting)));
      } else for (const { reject } of group) reject(error);
    } finally {
      for (const stay of leavers) stay();
    }
  }

  async #sendAlone({ request, resolve, reject }: Waiting): Promise<void> {
    await this.#senders.alone(request).then(resolve, reject);
  }
}

function takeGroup(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { part } of waiting) {
    if (count === groupStoresMax || (count > 0 && bytes + part.length > groupBytesMax)) break;
    bytes += part.length;
    count++;
  }
  return waiting.splice(0, count);
}

function replyOf(
  kind: 'answer' | 'refusal',
  bytes: Uint8Array,
  rate: number | undefined,
  elapsedMs: number,
): NodeReply {
  return {
    kind,
    resynced: false,
    ...(rate === undefined ? {} : { rate }),
    async readAll(max) {
      if (bytes.length > max) throw new FileTaoError('too-large', `more than ${max} bytes`);
      return bytes;
    },
    parts: (async function* () {
      yield bytes;
    })(),
    elapsedMs: () => elapsedMs,
  };
}

const nodeOf = ({ host, port }: NodeAddress): string => `${host} ${port}`;

const cancelled = (): FileTaoError => new FileTaoError('cancelled', 'cancelled');

const problemText = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(0, 300)).replaceAll(/\p{Cc}/gu, ' ');
