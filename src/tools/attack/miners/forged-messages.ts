// Miners that do not answer as a node does: excuses, silence, delays, wrong signatures, and bytes that are no
// message at all.
import * as dagCbor from '@ipld/dag-cbor';
import { contentTypes, frameHead, splitFrame } from '../../../adapters/rpc/wire.js';
import { type MessageKind, readSealed, sealMessage, signedText } from '../../../domain/identity/sealed.js';
import { concatBytes, utf8 } from '../../../domain/model/bytes.js';
import { limits, signatureSize } from '../../../domain/model/constants.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { Signer } from '../../../domain/ports/signer.js';
import {
  acknowledgementKind,
  challengeKind,
  commitmentKind,
  type Header,
  headerTo,
  openingKind,
  openingRequestKind,
  type RefusalCode,
  refusalCodes,
  refusalKind,
} from '../../../domain/protocol/messages.js';
import type { MinerContext } from '../../../nodes/miner/context.js';
import { type Answered, type Asked, messageAnswer, type Peer, refusalAnswer } from '../carried-network.js';
import { type MinerCheat, sealRefusal } from '../cheat.js';
import { minerStrategy } from '../miner-strategy.js';
import type { Strategy } from '../strategy.js';

type Move = 'challenge' | 'open';
const kinds: Readonly<Record<Move, MessageKind<Header>>> = {
  challenge: challengeKind,
  open: openingRequestKind,
};
const isMove = (route: Asked['route']): route is Move => route === 'challenge' || route === 'open';

/**
 * Cheats in one move of each round, the commitment in even rounds and the opening in odd ones; `step` counts
 * the rounds in which it cheats in the same move.
 */
function alternating(
  cheat: (
    asked: Asked & { readonly route: Move },
    step: number,
    honest: Peer,
    self: MinerContext,
  ) => Promise<Answered>,
): MinerCheat {
  let rounds = -1;
  let known = '';
  return {
    async answer(asked, honest, self) {
      const { route } = asked;
      if (!isMove(route)) return honest(asked);
      if (route === 'challenge') {
        const id = Buffer.from(asked.head).toString('latin1');
        if (id !== known) rounds++;
        known = id;
      }
      if ((rounds % 2 === 0) !== (route === 'challenge')) return honest(asked);
      return cheat({ ...asked, route }, rounds >> 1, honest, self);
    },
  };
}

/** The signed head of an answer, changed; a bulk behind it stays. */
function withHead(asked: Asked, answered: Answered, change: (head: Uint8Array) => Uint8Array): Answered {
  if (asked.route === 'challenge') return { ...answered, bytes: change(answered.bytes) };
  const { head, bulk } = splitFrame(answered.bytes);
  return { ...answered, bytes: concatBytes(frameHead(change(head)), bulk) };
}

const answerTypes: Readonly<Record<Move, string>> = {
  challenge: commitmentKind.type,
  open: openingKind.type,
};

/** The same body under a signature made otherwise. */
const resigned =
  (sign: (signer: Signer, text: Uint8Array, other: Signer) => Uint8Array) =>
  (other: Signer): MinerCheat =>
    alternating(async (asked, _step, honest, self) =>
      withHead(asked, await honest(asked), (head) => {
        const body = head.subarray(signatureSize);
        return concatBytes(sign(self.signer, signedText(answerTypes[asked.route], body), other), body);
      }),
    );

const unsigned = resigned(() => new Uint8Array(signatureSize));
const signedByAnother = resigned((_own, text, other) => other.sign(text));
const wrapped = resigned((own, text) => own.sign(concatBytes(utf8('<Bytes>'), text, utf8('</Bytes>'))));

/** Codes that would have nothing to do with the miner, were they its to give. */
const excuses: readonly RefusalCode[] = refusalCodes.filter((code) => code !== 'busy' && code !== 'budget');

const problem = (code: string): Answered => ({
  status: 500,
  contentType: contentTypes.problem,
  resynced: false,
  bytes: utf8(JSON.stringify({ type: 'about:blank', title: code, status: 500, code, detail: 'so it says' })),
});
const unsignedExcuses = ['internal', 'io', 'full', 'cancelled', 'block', 'timeout', 'busy', 'unreachable'];

/** A body signed as it stands, whatever its encoding. */
const sealBytes = (self: MinerContext, type: string, body: Uint8Array): Uint8Array =>
  concatBytes(self.signer.sign(signedText(type, body)), body);

/** DAG-CBOR with the map's keys in the reverse order: the same value, another encoding. */
function unsortedBody(value: object): Uint8Array {
  const names = Object.keys(dagCbor.decode(dagCbor.encode(value)) as object).reverse();
  const parts = names.flatMap((name) => [
    dagCbor.encode(name),
    dagCbor.encode((value as Readonly<Record<string, unknown>>)[name]),
  ]);
  return concatBytes(Uint8Array.of(0xa0 + names.length), ...parts);
}

/** Ways in which bytes can fail to be a message. */
const garbage: readonly ((
  honest: Uint8Array,
  self: MinerContext,
  random: (n: number) => Uint8Array,
) => Uint8Array)[] = [
  (_honest, _self, random) => random(300),
  () => new Uint8Array(0),
  (honest) => honest.subarray(0, honest.length - 1),
  (honest) => honest.subarray(0, signatureSize),
  (honest) => concatBytes(honest, new Uint8Array(1)),
  () => new Uint8Array(limits.messageBytesMax + 1),
  (_honest, _self, random) => concatBytes(Uint8Array.of(0xff, 0xff, 0, 0), random(70_000)),
  (honest, self) => {
    const { value } = readSealed(commitmentKind, honest);
    return sealBytes(self, 'commitment', unsortedBody(value));
  },
  (honest, self) => {
    const { value } = readSealed(commitmentKind, honest);
    return sealBytes(self, 'commitment', dagCbor.encode({ ...value, extra: 1 }));
  },
  (honest, self) => {
    const { value } = readSealed(commitmentKind, honest);
    return sealBytes(self, 'commitment', dagCbor.encode({ ...value, count: value.count + 0.5 }));
  },
  (honest, self) => {
    const { value } = readSealed(commitmentKind, honest);
    return sealBytes(self, 'commitment', dagCbor.encode({ ...value, link: null }));
  },
  (honest, self) => {
    const { version: _version, ...rest } = readSealed(commitmentKind, honest).value;
    return sealBytes(self, 'commitment', dagCbor.encode(rest));
  },
];

/** Garbage in place of an opening: the frame itself, or what is in it. */
const openingGarbage: readonly ((honest: Uint8Array, random: (n: number) => Uint8Array) => Uint8Array)[] = [
  (_honest, random) => random(300),
  (honest) => honest.subarray(0, 3),
  (honest) => honest.subarray(0, honest.length - 1),
  (honest) => concatBytes(honest, new Uint8Array(1)),
  (honest) => concatBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff), honest.subarray(4)),
  () => new Uint8Array(limits.openingBytesMax + limits.messageBytesMax + 1),
  (honest, random) => concatBytes(honest.subarray(0, -1000), random(1000)),
];

export const forgedMessages: readonly Strategy[] = [
  minerStrategy({
    name: 'unsigned',
    what: 'Answers rightly under 64 zero bytes for a signature',
    cheat: ({ arena }) => ({ cheat: unsigned(arena.signer()) }),
  }),
  minerStrategy({
    name: 'wrong-signature',
    what: 'Answers rightly, signed by another key',
    cheat: ({ arena }) => ({ cheat: signedByAnother(arena.signer()) }),
  }),
  minerStrategy({
    name: 'wrapped-signature',
    what: 'Signs the text wrapped in <Bytes>, which lenient verifiers accept',
    cheat: ({ arena }) => ({ cheat: wrapped(arena.signer()) }),
  }),
  minerStrategy({
    name: 'opening-before-commitment',
    what: 'Sends an opening, a refusal of another request, or an acknowledgement for a commitment',
    cheat: ({ arena }) => {
      let step = 0;
      return {
        cheat: {
          async answer(asked, honest, self) {
            if (asked.route !== 'challenge') return honest(asked);
            const { value, digest } = readSealed(challengeKind, asked.head);
            const to = headerTo(self.party, value.sender);
            switch (step++ % 3) {
              case 0: {
                const opening = {
                  ...to,
                  challengeId: digest,
                  bulkDigest: arena.random.bytes(32),
                  bulkLength: 0,
                };
                return messageAnswer(sealMessage(openingKind, opening, self.signer));
              }
              case 1: {
                const requestDigest = arena.random.bytes(32);
                const code = 'block' as const;
                const refusal = { ...to, requestDigest, code, detail: '', retryAfter: 0, blockNumber: 0 };
                return refusalAnswer(sealMessage(refusalKind, refusal, self.signer));
              }
              default: {
                const acknowledgement = { ...to, requestDigest: digest, root: value.root, expiry: 0 };
                return messageAnswer(sealMessage(acknowledgementKind, acknowledgement, self.signer));
              }
            }
          },
        },
      };
    },
  }),
  minerStrategy({
    name: 'false-busy',
    what: 'Says busy whenever it is asked',
    cheat: () => ({
      cheat: alternating(async (asked, _step, _honest, self) =>
        sealRefusal(self, readSealed(kinds[asked.route], asked.head), 'busy', limits.retryAfterSecondsMax),
      ),
    }),
  }),
  minerStrategy({
    name: 'busy-in-both-moves',
    what: 'Says busy once for the commitment and once more after ν, to buy time',
    cheat: () => {
      const seen = new Set<string>();
      return {
        cheat: {
          async answer(asked, honest, self) {
            if (!isMove(asked.route)) return honest(asked);
            const id = Buffer.from(asked.head).toString('latin1');
            if (seen.has(id)) return honest(asked);
            seen.add(id);
            const request = readSealed(kinds[asked.route], asked.head);
            return sealRefusal(self, request, 'busy', limits.retryAfterSecondsMax);
          },
        },
      };
    },
  }),
  minerStrategy({
    name: 'false-unknown',
    what: 'Says it never had the replica it signed for',
    cheat: () => ({
      cheat: alternating(async (asked, _step, _honest, self) =>
        sealRefusal(self, readSealed(kinds[asked.route], asked.head), 'unknown-replica'),
      ),
    }),
  }),
  minerStrategy({
    name: 'signed-excuses',
    what: 'Refuses with every code there is: internal error, full, block, expired …',
    rounds: 2 * excuses.length * 2,
    cheat: () => ({
      cheat: alternating(async (asked, step, _honest, self) =>
        sealRefusal(self, readSealed(kinds[asked.route], asked.head), excuses[step % excuses.length]!),
      ),
    }),
  }),
  minerStrategy({
    name: 'unsigned-excuses',
    what: 'Answers with unsigned error documents, codes of the validator’s own faults among them',
    rounds: 2 * unsignedExcuses.length * 2,
    cheat: () => ({
      cheat: alternating(async (_asked, step) => problem(unsignedExcuses[step % unsignedExcuses.length]!)),
    }),
  }),
  minerStrategy({
    name: 'late',
    what: 'Answers everything rightly, a second after the deadline',
    cheat: ({ arena }) => ({
      cheat: alternating(async (asked, _step, honest) => {
        const answered = await honest(asked);
        arena.clock.advance(62_000);
        return answered;
      }),
    }),
  }),
  minerStrategy({
    name: 'silent',
    what: 'Drops every connection',
    cheat: () => ({
      cheat: alternating(async () => {
        throw new FileTaoError('unreachable', 'the miner hung up');
      }),
    }),
  }),
  minerStrategy({
    name: 'transcript-flood',
    what: 'Forgets the round again and again, so that its transcript would overflow',
    rounds: 20,
    // The longest deadline there is: time for many resends.
    queuedBytes: limits.replicaSizeMax,
    cheat: () => {
      let said = 0;
      return {
        cheat: {
          async answer(asked, honest, self) {
            if (asked.route !== 'open') return honest(asked);
            const request = readSealed(openingRequestKind, asked.head);
            const refusal = {
              ...headerTo(self.party, request.value.sender),
              requestDigest: request.digest,
              code: 'unknown-round' as const,
              detail: `lost it for the ${++said}th time`,
              retryAfter: 0,
              blockNumber: said,
            };
            return refusalAnswer(sealMessage(refusalKind, refusal, self.signer));
          },
        },
      };
    },
  }),
  minerStrategy({
    name: 'garbage',
    what: 'Random, truncated, oversized, empty or non-canonical bytes for a message',
    rounds: 2 * garbage.length * 2,
    cheat: ({ arena }) => {
      const random = (length: number): Uint8Array => arena.random.bytes(length);
      return {
        cheat: alternating(async (asked, step, honest, self) => {
          const answered = await honest(asked);
          const bytes =
            asked.route === 'challenge'
              ? garbage[step % garbage.length]!(answered.bytes, self, random)
              : openingGarbage[step % openingGarbage.length]!(answered.bytes, random);
          return { ...answered, bytes };
        }),
      };
    },
  }),
];
