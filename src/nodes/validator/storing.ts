// Storing a piece on miners (PROTOCOL 3 and 4): encode for each miner, send, check the receipt, record. A large piece
// lies in a file and is encoded while it is read, so nothing holds a second copy; a small one is in memory and spares
// the file, the worker thread and a new connection for each replica.

import { isAttributable } from '../../domain/audit/blame.js';
import { networkOf } from '../../domain/economy/placement.js';
import * as repairRules from '../../domain/economy/repair.js';
import type { Opened } from '../../domain/identity/sealed.js';
import {
  fromHex,
  type PieceId,
  type PublicKey,
  publicKeyOf,
  rootOf,
  toHex,
} from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import type { Cipher } from '../../domain/ports/cipher.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { NodeRequest } from '../../domain/ports/network.js';
import { replicaKey } from '../../domain/protocol/derivations.js';
import { type ReceiptBody, receiptKind, storeKind } from '../../domain/protocol/messages.js';
import { receiptFault, storeBody } from '../../domain/protocol/store.js';
import { sealPieceId } from '../../domain/protocol/store-seed.js';
import { ask, openAnswer, type ReachableNeuron, sealQuestion } from './asking.js';
import { verdictOf } from './blame.js';
import type { ValidatorContext } from './context.js';
import { type FailureCounts, locateMiner, placementCandidates } from './miners.js';
import { deleteReplicaOn } from './renewing.js';
import { changeReplica } from './replica-state.js';
import { Exchange, failed, passed, recordTranscript, type Verdict, voided } from './transcripts.js';
import type { WorkFiles } from './work-files.js';

/** Bytes of the largest piece that is best held in memory: hashing it takes less than handing it to a worker. */
export const heldPieceBytesMax = 256 * 1024;

/** A piece P to be stored: in a file, or its bytes themselves. */
export type PieceSource = {
  readonly pieceId: PieceId;
  readonly size: number;
  readonly expiry: number;
} & (
  | { readonly path: string; readonly bytes?: undefined }
  | { readonly bytes: Uint8Array; readonly path?: undefined }
);

/** E: what its digests are, and how it is sent. */
interface EncodedPiece {
  readonly root: Uint8Array;
  readonly keyedRoot: Uint8Array;
  readonly body: NonNullable<NodeRequest['body']>;
}

/** What came of one store: a record, or the verdict on why there is none. */
export interface StoreAttempt {
  readonly record: ReplicaRecord | null;
  readonly verdict: Verdict;
  readonly failure: FileTaoError | null;
  readonly elapsedMs: number;
  /** Whether the room that was promised is taken by the record now. */
  readonly promiseSettled?: boolean;
}

/** Stores one replica on one miner and records it; throws what went wrong. */
export async function storeReplicaOn(
  context: ValidatorContext,
  piece: PieceSource,
  miner: ReachableNeuron,
  signal?: AbortSignal,
): Promise<ReplicaRecord> {
  const { record, failure } = await attemptStore(context, piece, miner, { signal });
  if (record === null) throw failure;
  return record;
}

export interface AttemptOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the room it takes, settled with the record. */
  readonly promiseId?: string;
  /** Whether the miner has refused the block of this store once. */
  readonly again?: boolean;
}

export async function attemptStore(
  context: ValidatorContext,
  piece: PieceSource,
  miner: ReachableNeuron,
  { signal, promiseId, again = false }: AttemptOptions = {},
): Promise<StoreAttempt> {
  const { core, party, index } = context;
  const minerKey = fromHex(miner.hotkey);
  const key = replicaKey(core, context.secret, fromHex(piece.pieceId), minerKey);
  const block = await context.view.head();
  const occasion = { minerKey, expiry: piece.expiry, block };
  const seed = sealPieceId(core, context.secret, occasion, fromHex(piece.pieceId));
  const encoded = await encodePiece(context, piece, seed, key, signal);
  const { root, keyedRoot } = encoded;
  const body = storeBody(party, minerKey, {
    root,
    size: piece.size,
    seed,
    expiry: piece.expiry,
    block,
  });
  const question = sealQuestion(context, { kind: storeKind, body });
  const id = {
    validatorKey: publicKeyOf(party.publicKey),
    minerKey: miner.hotkey,
    root: rootOf(root),
  };
  const exchange = new Exchange(context.clock);
  let receipt: Opened<ReceiptBody> | null = null;
  let verdict: Verdict;
  let failure: FileTaoError | null = null;
  try {
    const reply = await ask(
      context,
      miner,
      question,
      {
        route: 'store',
        kind: storeKind,
        timeoutMs: context.rates.deadlineMs(context.deadlines, miner.hotkey, piece.size),
        bytes: encoded.body,
        ...(signal === undefined ? {} : { signal }),
      },
      exchange,
    );
    const bytes = await reply.readAll(limits.messageBytesMax);
    receipt = openAnswer(context, minerKey, receiptKind, bytes, exchange);
    const fault = receiptFault(core, question, keyedRoot, receipt.value);
    verdict = fault === null ? passed : failed(fault, isAttributable(fault));
    if (fault !== null) failure = new FileTaoError('integrity', `the miner's receipt is wrong: ${fault}`);
  } catch (error) {
    failure = toFileTaoError(error);
    verdict = await verdictOf(context, exchange, error, { named: block, signal });
  }
  // A piece that was stored, deleted and forgotten within one block is the same message, which the miner rightly takes for a
  // replay (miner/replays.ts) and nobody here remembers: it is asked again in other words, and who refuses twice fails.
  const isAskedAgain = !again && verdict.outcome === 'fail' && verdict.reason === 'block';
  if (isAskedAgain) verdict = voided('block');
  await recordTranscript(context, { kind: 'store', id, size: piece.size }, exchange, verdict);
  if (isAskedAgain) {
    const anew = { ...piece, expiry: piece.expiry + 1 };
    return attemptStore(context, anew, miner, {
      signal,
      ...(promiseId === undefined ? {} : { promiseId }),
      again: true,
    });
  }
  const { elapsedMs } = exchange;
  if (failure !== null || receipt === null) return { record: null, verdict, failure, elapsedMs };
  const record: ReplicaRecord = {
    ...id,
    pieceId: piece.pieceId,
    size: piece.size,
    expiry: piece.expiry,
    storedAt: unixSeconds(context.clock),
    state: 'active',
    n: 0,
    link: receipt.value.link,
    // K_0 was recomputed from E just now: nothing about the store is left to check.
    kept: [],
    receipt: receipt.bytes.slice(),
    openRound: null,
    passed: 0,
    failedRounds: 0,
    lastPassAt: null,
    lastFailure: null,
    version: 1,
  };
  const done = { verdict, failure: null, elapsedMs } as const;
  if (await index.addReplica(record, promiseId))
    return { ...done, record, promiseSettled: promiseId !== undefined };
  // Stored before, and lost perhaps: the miner has it (again). n, link and the receipt they started from stay.
  const restored = await changeReplica(context, id, (current) => ({
    ...current,
    state: 'active',
    expiry: Math.max(current.expiry, piece.expiry),
  }));
  return { ...done, record: restored ?? record };
}

async function encodePiece(
  { core, cipher, prover, workFiles }: ValidatorContext,
  { path, bytes, size }: PieceSource,
  seed: Uint8Array,
  key: Uint8Array,
  signal?: AbortSignal,
): Promise<EncodedPiece> {
  if (bytes !== undefined) {
    const encoded = cipher.aes256Ctr(key).apply(bytes);
    const keyedRoot = core.createHasher({ kind: 'keyed', key: seed }).update(encoded).digest();
    const parts = (async function* () {
      yield encoded;
    })();
    return { root: core.hash(encoded), keyedRoot, body: { length: size, parts, whole: encoded } };
  }
  const request = { path, size, keys: [seed], outboard: false, encodeKey: key };
  const { root, keyed } = await prover.digest(request, signal);
  const body = { length: size, parts: encodedParts(cipher, workFiles, path, key) };
  return { root, keyedRoot: keyed[0]!, body };
}

async function* encodedParts(
  cipher: Cipher,
  workFiles: WorkFiles,
  path: string,
  key: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const stream = cipher.aes256Ctr(key);
  // What is sent is the cipher's own.
  for await (const part of workFiles.read(path)) yield stream.apply(part);
}

/** Seconds a promise outlives the deadline of its store: a slow miner may take its bytes for so long. */
const promiseGraceSeconds = 900;

/**
 * Stores one replica where it has room under the limit of the miner's tier; the room counts as taken meanwhile, so
 * stores at once cannot exceed it. Throws `full` when there is none, and `unreachable` for a miner without address.
 * @param instead a failed replica of the piece on this miner, deleted there first: the miner keeps what it has
 */
export async function storeWithinLimit(
  context: ValidatorContext,
  piece: PieceSource,
  hotkey: PublicKey,
  {
    instead,
    signal,
  }: { readonly instead?: ReplicaRecord | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<StoreAttempt> {
  const { clock, deadlines, index, rates } = context;
  const miner = await locateMiner(context, hotkey);
  if (instead !== undefined) await deleteReplicaOn(context, instead);
  const now = unixSeconds(clock);
  const promise = {
    minerKey: hotkey,
    id: toHex(context.random.bytes(32)),
    bytes: piece.size,
    until: now + Math.ceil(rates.deadlineMs(deadlines, hotkey, piece.size) / 1000) + promiseGraceSeconds,
  };
  if (!(await index.promise(promise, now, await context.storageLimit(hotkey))))
    throw new FileTaoError('full', 'the miner has reached the storage limit of its tier');
  let isSettled = false;
  try {
    const attempt = await attemptStore(context, later(piece, instead), miner, {
      signal,
      promiseId: promise.id,
    });
    isSettled = attempt.promiseSettled === true;
    return attempt;
  } finally {
    if (!isSettled) await index.releasePromise(hotkey, promise.id);
  }
}

/**
 * With an expiry after that of the replica it replaces: a store of the same piece in the same block would be the same
 * message, and the miner takes one that it carried out before for a replay (miner/replays.ts).
 */
function later(piece: PieceSource, instead: ReplicaRecord | undefined): PieceSource {
  return instead === undefined ? piece : { ...piece, expiry: Math.max(piece.expiry, instead.expiry + 1) };
}

export interface Placement {
  readonly replicas: readonly ReplicaRecord[];
  /** Of these, the ones stored now. */
  readonly stored: readonly ReplicaRecord[];
  /** Why miners were passed over, newest last. */
  readonly failures: readonly { readonly hotkey: PublicKey; readonly reason: string }[];
}

/** Whether a replica counts towards the copies of its piece: in use, long enough, on a miner that stays. */
export const countsTowards = (
  { presence }: ValidatorContext,
  replica: ReplicaRecord,
  expiry: number,
): boolean => repairRules.countsTowards(replica, presence.standingOf(replica.minerKey), expiry);

/**
 * Brings a piece to `copies` active replicas on distinct miners, counting those it has that last as long. Miners
 * that fail are replaced by others until none is left; those that lost this piece before come last.
 */
export async function placePiece(
  context: ValidatorContext,
  piece: PieceSource,
  copies: number,
  failureCounts: FailureCounts,
  signal?: AbortSignal,
): Promise<Placement> {
  // Replicas of an old hotkey are about to be replaced: they neither count nor keep their miner from being chosen.
  const own = publicKeyOf(context.party.publicKey);
  const existing = (await context.index.replicasOfPiece(piece.pieceId)).filter(
    (replica) => replica.validatorKey === own,
  );
  const replicas = existing.filter((replica) => countsTowards(context, replica, piece.expiry));
  const failedOn = new Map(
    existing.filter(({ state }) => state === 'failed').map((replica) => [replica.minerKey, replica]),
  );
  const tried = new Set(existing.map(({ minerKey }) => minerKey).filter((miner) => !failedOn.has(miner)));
  const stored: ReplicaRecord[] = [];
  const failures: { readonly hotkey: PublicKey; readonly reason: string }[] = [];
  const networks = new Set<string>();
  for (const replica of replicas) {
    const neuron = await context.view.neuron(replica.minerKey);
    if (neuron?.address) networks.add(networkOf(neuron.address.host));
  }
  // Secret, so that nobody can choose a piece for a miner; the same after a crash, so that what was begun is
  // finished where it was begun.
  const salt = context.core.keyed(context.secret, fromHex(piece.pieceId));
  while (replicas.length < copies) {
    const candidates = await placementCandidates(context, failureCounts, tried, piece.size);
    const lostBefore = new Set(failedOn.keys());
    const order = repairRules.repairOrder(candidates, salt, networks, lostBefore);
    const chosen = order.slice(0, copies - replicas.length);
    if (chosen.length === 0) break;
    const results = await Promise.allSettled(
      chosen.map(async ({ hotkey }) => {
        tried.add(hotkey);
        const instead = failedOn.get(hotkey);
        const { record, failure } = await storeWithinLimit(context, piece, hotkey, { instead, signal });
        if (record === null) throw failure;
        return record;
      }),
    );
    for (const [i, result] of results.entries()) {
      const { hotkey, network } = chosen[i]!;
      failureCounts.note(hotkey, result.status === 'fulfilled');
      if (result.status === 'fulfilled') {
        replicas.push(result.value);
        stored.push(result.value);
        networks.add(network);
      } else {
        const { code, message } = toFileTaoError(result.reason);
        failures.push({ hotkey, reason: code });
        context.log.warn(
          { miner: hotkey, piece: piece.pieceId, code, detail: message },
          'a miner did not store',
        );
      }
    }
    signal?.throwIfAborted();
  }
  return { replicas, stored, failures };
}
