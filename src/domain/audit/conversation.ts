// The messages of one entry: which kinds may occur, who must have signed each, for whom and on which network.

import { type MessageKind, type Opened, openSealed } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import { toFileTaoError } from '../model/errors.js';
import type { VerifySignature } from '../ports/signer.js';
import {
  acknowledgementKind,
  challengeKind,
  commitmentKind,
  deleteKind,
  type Header,
  openingKind,
  openingRequestKind,
  type Party,
  type RefusalBody,
  rangeAnswerKind,
  rangeKind,
  receiptKind,
  refusalKind,
  renewKind,
  retrieveKind,
  retrieveProofKind,
  storeKind,
} from '../protocol/messages.js';
import type { Checks } from './checks.js';
import type { TranscriptHead } from './transcript.js';

interface Script {
  /** Signed by the validator. */
  readonly asked: readonly MessageKind<Header>[];
  /** Signed by the miner, beside refusals. */
  readonly answered: readonly MessageKind<Header>[];
}

const scripts: Readonly<Record<TranscriptHead['kind'], Script>> = {
  store: { asked: [storeKind], answered: [receiptKind] },
  challenge: { asked: [challengeKind, openingRequestKind], answered: [commitmentKind, openingKind] },
  retrieve: { asked: [retrieveKind], answered: [retrieveProofKind] },
  range: { asked: [rangeKind], answered: [rangeAnswerKind] },
  renew: { asked: [renewKind], answered: [acknowledgementKind] },
  delete: { asked: [deleteKind], answered: [acknowledgementKind] },
};

/** Whether a header is from the one to the other, on the network of the entry. */
export const isBetween = (
  network: Pick<Party, 'genesis' | 'netuid'>,
  { sender, receiver, genesis, netuid }: Header,
  from: Uint8Array,
  to: Uint8Array,
): boolean =>
  equalBytes(sender, from) &&
  equalBytes(receiver, to) &&
  equalBytes(genesis, network.genesis) &&
  netuid === network.netuid;

interface Said {
  readonly type: string;
  readonly opened: Opened<Header>;
}

/** The messages of an entry, all of them genuine. */
export class Conversation {
  readonly #said: readonly Said[];

  private constructor(said: readonly Said[]) {
    this.#said = said;
  }

  /** null when a message is not what the entry's kind allows; the checks then say which and why. */
  static open(head: TranscriptHead, verify: VerifySignature, checks: Checks): Conversation | null {
    const { asked, answered } = scripts[head.kind];
    const said: Said[] = [];
    const sentBefore = new Map<string, Uint8Array>();
    let lastMs = 0;
    for (const [i, { type, atMs, bytes }] of head.messages.entries()) {
      const name = `message ${i + 1} (${type})`;
      const question = asked.find((kind) => kind.type === type);
      const answer = [...answered, refusalKind as MessageKind<Header>].find((kind) => kind.type === type);
      const kind = question ?? answer;
      if (kind === undefined) {
        checks.breaks('messages', `${name}: no ${head.kind} has a message of this type`);
        return null;
      }
      let opened: Opened<Header>;
      try {
        opened = openSealed(kind, bytes, verify);
      } catch (error) {
        checks.breaks('messages', `${name}: ${toFileTaoError(error).message}`);
        return null;
      }
      const [from, to] =
        question === undefined ? [head.minerKey, head.validatorKey] : [head.validatorKey, head.minerKey];
      if (!isBetween(head, opened.value, from, to)) {
        checks.breaks('messages', `${name} is not between the miner and the validator of this entry`);
        return null;
      }
      if (question !== undefined) {
        const before = sentBefore.get(type);
        if (before !== undefined && !equalBytes(before, bytes)) {
          checks.breaks('messages', `${name} differs from the one sent before: nothing may be asked twice`);
          return null;
        }
        sentBefore.set(type, bytes);
      }
      if (atMs < lastMs || atMs > head.elapsedMs) {
        checks.breaks('messages', `${name} stands at ${atMs} ms, which does not fit the entry's times`);
        return null;
      }
      lastMs = atMs;
      said.push({ type, opened });
    }
    checks.ok(
      'messages',
      said.length === 0
        ? 'nothing was said'
        : `${said.length} messages, each signed by its sender for its receiver on this network`,
    );
    return new Conversation(said);
  }

  /** All messages of the kind, in order. */
  all<Body extends Header>(kind: MessageKind<Body>): readonly Opened<Body>[] {
    return this.#said
      .filter(({ type }) => type === kind.type)
      .map(({ opened }) => opened as unknown as Opened<Body>);
  }

  first<Body extends Header>(kind: MessageKind<Body>): Opened<Body> | null {
    return this.all(kind)[0] ?? null;
  }

  /** Place of the first message of the kind; Infinity without one. */
  placeOf(kind: MessageKind<never> | { readonly type: string }): number {
    const place = this.#said.findIndex(({ type }) => type === kind.type);
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  }

  isLast(kind: { readonly type: string }): boolean {
    return this.#said.at(-1)?.type === kind.type;
  }

  /** The refusal that had the last word, if it refuses one of these questions. */
  lastRefusal(questions: readonly (Opened<Header> | null)[]): RefusalBody | null {
    if (!this.isLast(refusalKind)) return null;
    const { value } = this.all(refusalKind).at(-1)!;
    return questions.some((asked) => asked !== null && equalBytes(asked.digest, value.requestDigest))
      ? value
      : null;
  }
}
