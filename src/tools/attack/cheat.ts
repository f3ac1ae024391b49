// What a cheating miner may replace in the real one: a part it is composed of, a round between proof and answer,
// or whole answers. A cheat is the real miner with one of these steps changed; all else runs as shipped.
import { frameHead, splitFrame } from '../../adapters/rpc/wire.js';
import { type MessageKind, type Opened, readSealed, sealMessage } from '../../domain/identity/sealed.js';
import { concatBytes } from '../../domain/model/bytes.js';
import { nextLink, roundSeed } from '../../domain/protocol/derivations.js';
import {
  type CommitmentBody,
  commitmentKind,
  type Header,
  headerTo,
  openingKind,
  openingRequestKind,
  type RefusalCode,
  refusalKind,
} from '../../domain/protocol/messages.js';
import { decodeOpening, encodeOpening, type OpeningBulk } from '../../domain/protocol/opening.js';
import { requestedIndices } from '../../domain/protocol/prover.js';
import type { MinerContext } from '../../nodes/miner/context.js';
import type { HeldRound } from '../../nodes/miner/rounds.js';
import { type Answered, type Asked, messageAnswer, type Peer, refusalAnswer } from './carried-network.js';

export interface MinerCheat {
  /** Parts put in place of the honest ones. */
  parts?(honest: MinerContext): Partial<MinerContext>;
  /** The round as the miner keeps it: what it committed to, and from what it will open. */
  round?(round: HeldRound, self: MinerContext): HeldRound | Promise<HeldRound>;
  /** Whole answers, with the honest node at hand. */
  answer?(asked: Asked, honest: Peer, self: MinerContext): Promise<Answered>;
}

/** The round with another commitment body, signed as such: later openings follow from it. */
export function recommitted(
  round: HeldRound,
  self: MinerContext,
  change: Partial<CommitmentBody>,
): HeldRound {
  const { value } = readSealed(commitmentKind, round.answer);
  const answer = sealMessage(commitmentKind, { ...value, ...change }, self.signer);
  return { ...round, answer, commitmentDigest: readSealed(commitmentKind, answer).digest };
}

/** The round with other roots and the link that belongs to them: everything consistent but the roots. */
export function withRoots(
  round: HeldRound,
  self: MinerContext,
  roots: { readonly keyedRoot?: Uint8Array; readonly commitmentRoot?: Uint8Array },
): HeldRound {
  const { value } = readSealed(commitmentKind, round.answer);
  const keyedRoot = roots.keyedRoot ?? value.keyedRoot;
  const commitmentRoot = roots.commitmentRoot ?? value.commitmentRoot;
  const seed = roundSeed(self.core, round.challenge.body);
  const link = nextLink(self.core, round.challenge.value.prevLink, seed, keyedRoot, commitmentRoot);
  return recommitted(round, self, { keyedRoot, commitmentRoot, link });
}

/** Only asked on the named route; everything else is answered honestly. */
export const onRoute =
  (route: Asked['route'], answer: NonNullable<MinerCheat['answer']>): NonNullable<MinerCheat['answer']> =>
  (asked, honest, self) =>
    asked.route === route ? answer(asked, honest, self) : honest(asked);

/** Signs an opening over any bulk at all. */
export function sealOpening(
  self: MinerContext,
  receiver: Uint8Array,
  challengeId: Uint8Array,
  bulk: Uint8Array,
): Answered {
  const head = sealMessage(
    openingKind,
    {
      ...headerTo(self.party, receiver),
      challengeId,
      bulkDigest: self.core.hash(bulk),
      bulkLength: bulk.length,
    },
    self.signer,
  );
  return messageAnswer(concatBytes(frameHead(head), bulk));
}

/** The opening asked for: the round, the indices that ν names, and the honest bulk. */
export interface AskedOpening {
  readonly round: HeldRound;
  readonly indices: readonly number[];
  readonly bulk: OpeningBulk;
}

/** Answers honestly, then changes the opening's bulk and signs what came of it. */
export function withOpening(
  change: (opening: AskedOpening, self: MinerContext) => OpeningBulk | Uint8Array,
): NonNullable<MinerCheat['answer']> {
  return onRoute('open', async (asked, honest, self) => {
    const answered = await honest(asked);
    const opening = readOpening(asked, answered, self);
    if (opening === null) return answered;
    const changed = change(opening, self);
    const { sender } = opening.round.challenge.value;
    const bulk = changed instanceof Uint8Array ? changed : encodeOpening(changed);
    return sealOpening(self, sender, opening.round.challenge.digest, bulk);
  });
}

function readOpening(asked: Asked, answered: Answered, self: MinerContext): AskedOpening | null {
  const request = readSealed(openingRequestKind, asked.head);
  const round = self.rounds.find(request.value.challengeId);
  if (round === null || answered.status !== 200) return null;
  const indices = requestedIndices(self.core, round, request.value);
  const bulk = decodeOpening(self.core, round.challenge.value, indices, splitFrame(answered.bytes).bulk);
  return bulk === null ? null : { round, indices, bulk };
}

/** A refusal this miner signs. */
export function sealRefusal(
  self: MinerContext,
  request: Opened<Header>,
  code: RefusalCode,
  retryAfter = 0,
): Answered {
  return refusalAnswer(
    sealMessage(
      refusalKind,
      {
        ...headerTo(self.party, request.value.sender),
        requestDigest: request.digest,
        code,
        detail: 'so it says',
        retryAfter,
        blockNumber: 0,
      },
      self.signer,
    ),
  );
}

/** Changes the signed message in an answer without bulk, or the head of one with bulk. */
export function resign<Value>(
  kind: MessageKind<Value>,
  sealed: Uint8Array,
  self: MinerContext,
  change: (value: Value) => Value,
): Uint8Array {
  return sealMessage(kind, change(readSealed(kind, sealed).value), self.signer);
}

/** The part with some methods replaced; the others stay bound to the original. */
export function overriding<Part extends object>(part: Part, changes: Partial<Part>): Part {
  return new Proxy(part, {
    get(target, name) {
      const changed = Reflect.get(changes, name);
      if (changed !== undefined) return changed;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
