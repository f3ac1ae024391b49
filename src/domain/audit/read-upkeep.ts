// What the messages of a store, retrieve, range, renew or delete prove without the replica itself (PROTOCOL 4, 6).

import type { ProofCore } from '../core/proof-core.js';
import type { MessageKind, Opened } from '../identity/sealed.js';
import { equalBytes } from '../model/bytes.js';
import {
  acknowledgementKind,
  deleteKind,
  type Header,
  type ReceiptBody,
  rangeAnswerKind,
  rangeKind,
  receiptKind,
  refusalKind,
  renewKind,
  retrieveKind,
  retrieveProofKind,
  storeKind,
} from '../protocol/messages.js';
import { acknowledgementFault } from '../protocol/renew.js';
import { openRange, retrieveProofFault } from '../protocol/retrieve.js';
import { receiptFault } from '../protocol/store.js';
import type { Checks } from './checks.js';
import type { Conversation } from './conversation.js';
import type { TranscriptHead } from './transcript.js';
import type { Proven } from './verdict.js';

/** One question, asked once or again, and at most one answer that ends the exchange. */
function questionAndAnswer<Question extends Header, Answer extends Header>(
  head: TranscriptHead,
  said: Conversation,
  asked: MessageKind<Question>,
  answered: MessageKind<Answer>,
  checks: Checks,
): { readonly question: Opened<Question>; readonly answer: Opened<Answer> } | Proven | null {
  const question = said.first(asked);
  const answers = said.all(answered);
  if (question === null) {
    if (head.messages.length === 0) return { says: 'nothing' };
    checks.breaks('order', 'the entry has answers and no question');
    return null;
  }
  if (said.placeOf(asked) !== 0 || answers.length > 1 || (answers.length === 1 && !said.isLast(answered))) {
    checks.breaks('order', 'question and answer are out of order');
    return null;
  }
  if (answers.length === 1) return { question, answer: answers[0]! };
  const refusal = said.lastRefusal([question]);
  if (refusal === null) return { says: 'nothing' };
  const times = said.all(refusalKind).length;
  return { says: 'refused', code: refusal.code, detail: refusal.detail, times };
}

const proof = (
  fault: string | null,
  says: string,
  checks: Checks,
  needsData: readonly string[] = [],
): Proven => {
  if (fault === null) {
    checks.ok('answer', says);
    return { says: 'pass', needsData };
  }
  checks.add(fault, 'fault', `NOT so: ${says}`);
  return { says: 'fail', reason: fault };
};

interface AboutReplica {
  readonly root: Uint8Array;
  readonly size?: number;
  readonly prevLink?: Uint8Array;
}

function isAbout(head: TranscriptHead, { root, size, prevLink }: AboutReplica, checks: Checks): boolean {
  const holds =
    equalBytes(root, head.root) &&
    (size === undefined || size === head.size) &&
    (prevLink === undefined || equalBytes(prevLink, head.prevLink));
  if (!holds) checks.breaks('question', 'the question is about another replica, or names another link');
  return holds;
}

/** What the receipt says about K_0 can only be compared by someone who holds E. */
export function readStore(
  core: ProofCore,
  head: TranscriptHead,
  said: Conversation,
  checks: Checks,
): { readonly proven: Proven | null; readonly receipt: Opened<ReceiptBody> | null } {
  const exchange = questionAndAnswer(head, said, storeKind, receiptKind, checks);
  if (exchange === null || 'says' in exchange) return { proven: exchange, receipt: null };
  const { question, answer } = exchange;
  if (!isAbout(head, question.value, checks)) return { proven: null, receipt: null };
  // The recorded fail tells at which check the validator, who held E, stopped.
  if (head.outcome === 'fail' && head.reason === 'keyed-root') {
    const before = receiptFault(core, question, answer.value.keyedRoot, answer.value);
    if (before === null || before === 'blinding-range' || before === 'commitment' || before === 'link') {
      return { proven: { says: 'pass', needsData: ['keyed-root'] }, receipt: answer };
    }
  }
  const fault = receiptFault(core, question, answer.value.keyedRoot, answer.value);
  const says = 'the receipt is for this store; commitment and link_0 follow from seed, K_0 and r';
  return { proven: proof(fault, says, checks, ['keyed-root']), receipt: answer };
}

export function readRetrieve(
  core: ProofCore,
  head: TranscriptHead,
  said: Conversation,
  checks: Checks,
): Proven | null {
  const exchange = questionAndAnswer(head, said, retrieveKind, retrieveProofKind, checks);
  if (exchange === null || 'says' in exchange) return exchange;
  const { question, answer } = exchange;
  if (!isAbout(head, question.value, checks)) return null;
  const fault = retrieveProofFault(core, question, answer.value);
  // Root and K are compared before the proof, by a validator that has the bytes.
  const needsData = ['root', 'keyed-root'];
  if (fault === 'proof' && head.outcome === 'fail' && needsData.includes(head.reason)) {
    return { says: 'pass', needsData };
  }
  return proof(fault, 'the proof follows from this request, prevLink and the signed K', checks, needsData);
}

export function readRange(
  core: ProofCore,
  head: TranscriptHead,
  said: Conversation,
  bulks: readonly (Uint8Array | null)[],
  checks: Checks,
): Proven | null {
  const exchange = questionAndAnswer(head, said, rangeKind, rangeAnswerKind, checks);
  if (head.bulks.length !== (exchange !== null && 'answer' in exchange ? 1 : 0)) {
    checks.breaks('order', 'bulks and answers do not match');
    return null;
  }
  if (exchange === null || 'says' in exchange) return exchange;
  const { question, answer } = exchange;
  if (!isAbout(head, { root: question.value.root, size: question.value.size }, checks)) return null;
  const bulk = bulks[0] ?? null;
  const says = 'the chunks lead to the root';
  if (!equalBytes(answer.value.requestDigest, question.digest)) return proof('wrong-request', says, checks);
  if (
    !equalBytes(answer.value.bulkDigest, head.bulks[0]!) ||
    (bulk !== null && bulk.length !== answer.value.bulkLength)
  ) {
    return proof('bulk-digest', says, checks);
  }
  if (bulk === null) {
    checks.add('range', 'pruned', 'chunks and proof were pruned');
    return { says: 'pruned', reasons: ['content-path', 'bulk-digest'] };
  }
  return proof(openRange(core, question.value, bulk) === null ? 'content-path' : null, says, checks);
}

export function readAcknowledged(head: TranscriptHead, said: Conversation, checks: Checks): Proven | null {
  const exchange =
    head.kind === 'renew'
      ? questionAndAnswer(head, said, renewKind, acknowledgementKind, checks)
      : questionAndAnswer(head, said, deleteKind, acknowledgementKind, checks);
  if (exchange === null || 'says' in exchange) return exchange;
  const { question, answer } = exchange;
  if (!isAbout(head, { root: question.value.root }, checks)) return null;
  const wished = 'expiry' in question.value ? (question.value.expiry as number) : 0;
  const fault = acknowledgementFault(question, wished, answer.value);
  return proof(fault, 'the miner acknowledged this very request', checks);
}
