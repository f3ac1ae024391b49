// Getting a piece back (PROTOCOL 6): from one replica after the other until one verifies. Bytes that do not
// verify are never passed on. A replica that fails is recorded as failed, and awaits repair.

import { PartReader } from '../../adapters/rpc/wire.js';
import { isAttributable } from '../../domain/audit/blame.js';
import { retrievalOrder } from '../../domain/economy/placement.js';
import { equalBytes, fromHex, type PieceId, type PublicKey } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { replicaKey, retrieveSeed } from '../../domain/protocol/derivations.js';
import { headerTo, retrieveKind, retrieveProofKind } from '../../domain/protocol/messages.js';
import { retrieveFault } from '../../domain/protocol/retrieve.js';
import { ask, openAnswer, sealQuestion } from './asking.js';
import { ownLag, verdictOf } from './blame.js';
import type { ValidatorContext } from './context.js';
import { speakingAs } from './key-ring.js';
import { locateMiner } from './miners.js';
import { markFailed } from './replica-state.js';
import { beginToSettle } from './settling.js';
import { Exchange, failed, passed, recordTranscript, type Verdict, voided } from './transcripts.js';

/** Failures that show that the replica cannot be had from this miner. */
const gone: ReadonlySet<string> = new Set([
  'root',
  'keyed-root',
  'proof',
  'wrong-request',
  'unknown-replica',
  'damaged',
]);

/** Failures that say nothing about the replica: its miner may give it to whoever asks again. */
const away: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'busy', 'budget']);

/** How often a replica is asked for whose answer this node was too busy to take. */
const ownLagAttempts = 3;

export interface FetchedPiece {
  readonly data: Uint8Array;
  readonly from: PublicKey;
  /** Replicas asked before that failed. */
  readonly failures: readonly { readonly hotkey: PublicKey; readonly reason: string }[];
}

/**
 * The piece's bytes, verified against pieceId. Throws `not-found`; when every replica failed `unreachable` where it was
 * for its miners being away, else `integrity`.
 * @param memory where the bytes are put if there is room for them; else in a buffer of their own
 */
export async function fetchPiece(
  context: ValidatorContext,
  pieceId: PieceId,
  signal?: AbortSignal,
  memory?: Uint8Array,
): Promise<FetchedPiece> {
  const replicas = retrievalOrder(await context.index.replicasOfPiece(pieceId));
  if (replicas.length === 0) throw new FileTaoError('not-found', 'no replica of this piece is known');
  const failures: { readonly hotkey: PublicKey; readonly reason: string }[] = [];
  for (const replica of replicas) {
    try {
      const own = speakingAs(context, replica.validatorKey);
      const data = await fetchReplica(own, replica, signal, memory);
      return { data, from: replica.minerKey, failures };
    } catch (error) {
      signal?.throwIfAborted();
      const { code, message, details } = toFileTaoError(error);
      const reason = typeof details.reason === 'string' ? details.reason : code;
      failures.push({ hotkey: replica.minerKey, reason });
      context.log.warn(
        { miner: replica.minerKey, root: replica.root, reason, detail: message },
        'a replica could not be retrieved; turning to the next',
      );
    }
  }
  const reasons = failures.map(({ reason }) => reason);
  const details = { reasons: reasons.join(', ') };
  if (reasons.every((reason) => away.has(reason)))
    throw new FileTaoError(
      'unreachable',
      `the miners that hold the piece do not answer (${details.reasons})`,
      {
        details,
      },
    );
  throw new FileTaoError('integrity', `none of ${replicas.length} replicas gave the piece back`, { details });
}

/** What came of one retrieval: P, or the verdict on why not. */
export interface FetchAttempt {
  readonly data: Uint8Array | null;
  readonly verdict: Verdict;
  readonly failure: FileTaoError | null;
  readonly elapsedMs: number;
}

async function fetchReplica(
  context: ValidatorContext,
  replica: ReplicaRecord,
  signal?: AbortSignal,
  memory?: Uint8Array,
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    const { data, verdict, failure } = await attemptFetch(context, replica, signal, memory);
    if (data !== null) return data;
    if (verdict.reason !== ownLag || attempt === ownLagAttempts || signal?.aborted === true) throw failure;
  }
}

/** P of one replica of `context`'s own hotkey; every outcome leaves a transcript. */
export async function attemptFetch(
  context: ValidatorContext,
  replica: ReplicaRecord,
  signal?: AbortSignal,
  memory: Uint8Array = new Uint8Array(),
): Promise<FetchAttempt> {
  const { core, party } = context;
  const minerKey = fromHex(replica.minerKey);
  const exchange = new Exchange(context.clock);
  let body: PartReader | null = null;
  let verdict: Verdict;
  let failure: FileTaoError | null = null;
  const data =
    memory.length >= replica.size ? memory.subarray(0, replica.size) : new Uint8Array(replica.size);
  try {
    const miner = await locateMiner(context, replica.minerKey);
    const question = sealQuestion(context, {
      kind: retrieveKind,
      body: {
        ...headerTo(party, minerKey),
        root: fromHex(replica.root),
        size: replica.size,
        prevLink: replica.link,
        nonce: context.random.bytes(32),
      },
    });
    const reply = await ask(
      context,
      miner,
      question,
      {
        route: 'retrieve',
        kind: retrieveKind,
        timeoutMs: context.rates.deadlineMs(context.deadlines, replica.minerKey, replica.size),
        ...(signal === undefined ? {} : { signal }),
      },
      exchange,
    );
    const content = core.createHasher({ kind: 'hash' });
    const keyed = core.createHasher({ kind: 'keyed', key: retrieveSeed(core, question.body) });
    // Decoded as it arrives: a piece is held once, and passed on only when all of it has been verified.
    const decoder = context.cipher.aes256Ctr(keyOf(context, replica));
    body = new PartReader(reply.parts);
    let at = 0;
    for await (const part of body.stream(replica.size)) {
      content.update(part);
      keyed.update(part);
      data.set(decoder.apply(part), at);
      at += part.length;
    }
    const tail = await body.takeRest(limits.messageBytesMax);
    const proof = openAnswer(context, minerKey, retrieveProofKind, tail, exchange);
    const keyedRoot = keyed.digest();
    const fault = retrieveFault(core, question, content.digest(), keyedRoot, proof.value);
    // Wrong bytes are the miner's own signed word if it signed K of these very bytes. And if E is right by its
    // root but decodes to another piece, that is the validator's own doing.
    const signedTheseBytes = fault !== 'root' || equalBytes(proof.value.keyedRoot, keyedRoot);
    if (fault !== null) verdict = failed(fault, isAttributable(fault) && signedTheseBytes);
    else if (!equalBytes(core.hash(data), fromHex(replica.pieceId))) verdict = voided('piece-id');
    else verdict = passed;
    if (verdict.outcome !== 'pass') {
      const { reason } = verdict;
      failure = new FileTaoError('integrity', `the replica does not verify: ${reason}`, {
        details: { reason },
      });
    }
  } catch (error) {
    failure = toFileTaoError(error);
    verdict = await verdictOf(context, exchange, error, { replica, signal });
  } finally {
    await body?.close();
  }
  const { size, link: prevLink, receipt } = replica;
  const subject = { kind: 'retrieve', id: replica, size, prevLink, receipt } as const;
  await recordTranscript(context, subject, exchange, verdict);
  if (verdict.outcome === 'fail' && gone.has(verdict.reason))
    await markFailed(context, replica, verdict.reason);
  const { elapsedMs } = exchange;
  if (failure !== null) return { data: null, verdict, failure, elapsedMs };
  await beginToSettle(context, replica, data, keyOf(context, replica));
  return { data, verdict, failure: null, elapsedMs };
}

const keyOf = ({ core, secret }: ValidatorContext, { pieceId, minerKey }: ReplicaRecord): Uint8Array =>
  replicaKey(core, secret, fromHex(pieceId), fromHex(minerKey));
