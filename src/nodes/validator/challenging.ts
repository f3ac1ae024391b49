// One challenge round against one replica (PROTOCOL 5), from opening the round in the index to its verdict.
// A sent challenge ends in exactly one of pass, fail, void. Only identical bodies are ever sent again, inside
// the deadline; nothing is redrawn.

import { roundIdOf } from '../../adapters/observe/observer.js';
import { splitFrame } from '../../adapters/rpc/wire.js';
import { isAttributable } from '../../domain/audit/blame.js';
import type { Outcome } from '../../domain/audit/transcript.js';
import type { Opened } from '../../domain/identity/sealed.js';
import { equalBytes, fromHex } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { KeptRound, ReplicaId, ReplicaRecord } from '../../domain/model/records.js';
import type { BlockRef } from '../../domain/ports/chain.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { roundSeed } from '../../domain/protocol/derivations.js';
import {
  type ChallengeBody,
  type CommitmentBody,
  challengeKind,
  commitmentKind,
  headerTo,
  openingKind,
  openingRequestKind,
  type RefusalCode,
} from '../../domain/protocol/messages.js';
import { chunkCount, defaultChunkSize, openingsFor } from '../../domain/protocol/parameters.js';
import {
  challengeBody,
  commitmentFault,
  openingFaults,
  type ProofFault,
} from '../../domain/protocol/verifier.js';
import { ask, openAnswer, type ReachableNeuron, Refused, sealQuestion } from './asking.js';
import { verdictOf } from './blame.js';
import type { ValidatorContext } from './context.js';
import { speakingAs } from './key-ring.js';
import { locateMiner, lookUpMiner } from './miners.js';
import { changeReplica, wasGivenUp } from './replica-state.js';
import { Exchange, failed, passed, recordTranscript, type Verdict } from './transcripts.js';

export interface RoundResult {
  readonly id: ReplicaId;
  readonly n: number;
  /** What the logs of both sides call this round; empty when no challenge was sent. */
  readonly round: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly attributable: boolean;
  readonly chunks: number;
  readonly openings: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** Failures that show that the data is not there or the miner cheats, rather than that it is slow or away. */
const dataIsGone: ReadonlySet<string> = new Set<ProofFault | 'commitment-changed' | RefusalCode>([
  'count',
  'link',
  'content-path',
  'keyed-path',
  'commitment-path',
  'opening-length',
  'blinding-range',
  'commitment-changed',
  'unknown-replica',
  'damaged',
]);

/** How long to wait before the identical body is sent again, in milliseconds. */
const resendAfterMs = [200, 500, 1000, 2000, 4000] as const;
/** Attempts of one move, and how often a miner may say it lost the round; together below a transcript's limit. */
const attemptsMax = 8;
const recommitsMax = 3;
/** No attempt is begun with less time than this left. */
const lastAttemptMs = 500;

/** A commitment whose faults are known, with all that was said so far. */
class RoundFailure extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict.reason);
  }
}

/** @param queuedBytes bytes of other rounds under way on the same miner: they share its time */
export async function challengeReplica(
  validator: ValidatorContext,
  id: ReplicaId,
  queuedBytes = 0,
  signal?: AbortSignal,
): Promise<RoundResult | null> {
  const context = speakingAs(validator, id.validatorKey);
  // What may fail on this side is asked before a round is open: a chain that is away is not the miner's fault.
  const block = await context.view.head();
  await lookUpMiner(context, id.minerKey);
  const live = roundKey(id);
  if (context.liveRounds.has(live)) return null;
  // Before the index knows of the round, so that nobody in this process takes it for abandoned.
  context.liveRounds.add(live);
  try {
    const replica = await openRound(context, id);
    return replica === null ? null : await holdRound(context, replica, block, queuedBytes, signal);
  } finally {
    context.liveRounds.delete(live);
  }
}

export const roundKey = ({ minerKey, root }: ReplicaId): string => `${minerKey}/${root}`;

async function holdRound(
  context: ValidatorContext,
  replica: ReplicaRecord,
  block: BlockRef,
  queuedBytes: number,
  signal: AbortSignal | undefined,
): Promise<RoundResult> {
  const { n, size, link: prevLink, receipt } = replica;
  const exchange = new Exchange(context.clock);
  const nu = context.random.bytes(32);
  const wished = openingsFor(limits.openingsMax, context.audit);
  const chunkSize = defaultChunkSize(size, wished);
  const chunks = chunkCount(size, chunkSize);
  const openings = Math.min(wished, chunks);
  let passedRound: PassedRound | null = null;
  let verdict: Verdict;
  const isNuReleased = () => exchange.messages.some(({ type }) => type === openingRequestKind.type);
  try {
    const challenge = sealQuestion(context, {
      kind: challengeKind,
      body: challengeBody(context.core, context.party, fromHex(replica.minerKey), {
        root: fromHex(replica.root),
        size,
        n,
        prevLink,
        block,
        nonce: context.random.bytes(32),
        chunkSize,
        openings,
        nu,
      }),
    });
    const miner = await locateMiner(context, replica.minerKey);
    const round = new Round(context, miner, challenge, nu, exchange, queuedBytes, signal);
    const commitment = await round.commit();
    await round.open(commitment);
    const { link, keyedRoot } = commitment.value;
    passedRound = { link, kept: { n, seed: roundSeed(context.core, challenge.body), keyedRoot } };
    verdict = passed;
  } catch (error) {
    verdict =
      error instanceof RoundFailure
        ? error.verdict
        : // Once ν is released no `block` is agreed: the challenge had been accepted.
          await verdictOf(context, exchange, error, {
            named: isNuReleased() ? undefined : block,
            replica,
            signal,
          });
  }
  await recordTranscript(
    context,
    {
      kind: 'challenge',
      id: replica,
      size,
      n,
      prevLink,
      receipt,
      nu: isNuReleased() ? nu : new Uint8Array(),
    },
    exchange,
    verdict,
  );
  await closeRound(context, replica, n, verdict, passedRound);
  const { challengeId } = exchange;
  const round = challengeId === null ? '' : roundIdOf(challengeId);
  return { id: replica, n, round, ...verdict, chunks, openings, bytes: size, elapsedMs: exchange.elapsedMs };
}

/** Seconds before its expiry in which a replica is left in peace: a miner may drop it then, and clocks differ. */
const expiryMarginSeconds = 120;

/**
 * Takes the next round number, durably, before anything is sent; null when a round is open, or the replica gone
 * or about to go.
 */
function openRound(context: ValidatorContext, id: ReplicaId): Promise<ReplicaRecord | null> {
  return changeReplica(context, id, (current) => {
    if (current.openRound !== null || current.state !== 'active') return null;
    if (current.expiry <= unixSeconds(context.clock) + expiryMarginSeconds) return null;
    const n = current.n + 1;
    return { ...current, n, openRound: { n, startedAtMs: context.clock.now(), owner: context.processId } };
  });
}

/** What a pass moves forward. */
export interface PassedRound {
  readonly link: Uint8Array;
  readonly kept: KeptRound;
}

/** Writes the verdict into the record; nothing happens unless round n is the open one. */
export async function closeRound(
  context: ValidatorContext,
  id: ReplicaId,
  n: number,
  verdict: Verdict,
  passedRound: PassedRound | null,
): Promise<void> {
  const now = unixSeconds(context.clock);
  await changeReplica(context, id, (current) => {
    if (current.openRound?.n !== n) return null;
    const closed = { ...current, openRound: null };
    if (verdict.outcome === 'void') return closed;
    if (verdict.outcome === 'fail') {
      return {
        ...closed,
        state: dataIsGone.has(verdict.reason) ? 'failed' : current.state,
        failedRounds: current.failedRounds + 1,
        lastFailure: wasGivenUp(current) ? current.lastFailure : { at: now, reason: verdict.reason },
      };
    }
    return {
      ...closed,
      link: passedRound!.link,
      kept: [...current.kept, passedRound!.kept].slice(-limits.keptRounds),
      passed: current.passed + 1,
      lastPassAt: now,
    };
  });
}

/** The two moves of a round, with their deadlines and resends. */
class Round {
  #miner: ReachableNeuron;
  /** One `busy` may postpone a round, not one at every move. */
  #wasBusy = false;
  #recommits = 0;

  constructor(
    readonly context: ValidatorContext,
    miner: ReachableNeuron,
    readonly challenge: Opened<ChallengeBody>,
    readonly nu: Uint8Array,
    readonly exchange: Exchange,
    readonly queuedBytes: number,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#miner = miner;
  }

  /** The checked commitment; ν is still secret. */
  commit(): Promise<Opened<CommitmentBody>> {
    return this.#commit(this.#deadlineMs(this.challenge.value.size));
  }

  async #commit(timeoutMs: number): Promise<Opened<CommitmentBody>> {
    const { context, challenge, exchange } = this;
    const bytes = await this.#insideDeadline(timeoutMs, async (remainingMs) => {
      const reply = await ask(
        context,
        this.#miner,
        challenge,
        { route: 'challenge', kind: challengeKind, timeoutMs: remainingMs, ...this.#abortable() },
        exchange,
      );
      const answer = await reply.readAll(limits.messageBytesMax);
      if (reply.resynced) {
        context.log.info({ miner: this.#miner.hotkey, n: challenge.value.n }, 'the miner was resynced');
      }
      return answer;
    });
    const commitment = openAnswer(context, challenge.value.receiver, commitmentKind, bytes, exchange);
    const fault = commitmentFault(context.core, challenge, commitment.value);
    if (fault !== null) throw new RoundFailure(failed(fault, isAttributable(fault)));
    return commitment;
  }

  async open(commitment: Opened<CommitmentBody>): Promise<void> {
    const { context, challenge, nu, exchange } = this;
    const request = sealQuestion(context, {
      kind: openingRequestKind,
      body: { ...headerTo(context.party, challenge.value.receiver), challengeId: challenge.digest, nu },
    });
    const { size, chunkSize, openings } = challenge.value;
    // Time enough to go over the replica again: a miner that lost the round in a restart recomputes it.
    const timeoutMs = this.#deadlineMs(size + openings * chunkSize);
    const framed = await this.#insideDeadline(timeoutMs, async (remainingMs) => {
      try {
        const reply = await ask(
          context,
          this.#miner,
          request,
          { route: 'open', kind: openingRequestKind, timeoutMs: remainingMs, ...this.#abortable() },
          exchange,
        );
        return await reply.readAll(limits.openingBytesMax + limits.messageBytesMax);
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== 'unknown-round') throw error;
        if (++this.#recommits > recommitsMax) throw error;
        // The miner lost the round, in a restart perhaps: the identical challenge must bring the identical body.
        const again = await this.#commit(remainingMs);
        if (!equalBytes(again.body, commitment.body))
          throw new RoundFailure(failed('commitment-changed', true));
        throw new FileTaoError('unreachable', 'the round was recomputed; ask for the opening again');
      }
    });
    const { head, bulk } = splitFrame(framed);
    const opening = openAnswer(context, challenge.value.receiver, openingKind, head, exchange);
    exchange.bulk(context.core.hash(bulk), bulk);
    const [fault] = openingFaults(context.core, [
      { challenge, commitment, nu, opening: opening.value, bulk },
    ]);
    if (fault) throw new RoundFailure(failed(fault, isAttributable(fault)));
  }

  /** A miner that was restarted may listen elsewhere now. */
  async #locateAgain(): Promise<void> {
    this.context.view.forgetNeurons();
    this.#miner = await locateMiner(this.context, this.#miner.hotkey);
  }

  #deadlineMs(bytes: number): number {
    const { rates, deadlines } = this.context;
    return rates.deadlineMs(deadlines, this.#miner.hotkey, this.queuedBytes + bytes);
  }

  #abortable(): { readonly signal?: AbortSignal } {
    return this.signal === undefined ? {} : { signal: this.signal };
  }

  /**
   * Tries until the deadline: the connection may break and be made again, and one `busy` may postpone the
   * deadline by what it asks for, at most a minute. Everything else ends the round.
   */
  async #insideDeadline<Result>(
    timeoutMs: number,
    attempt: (remainingMs: number) => Promise<Result>,
  ): Promise<Result> {
    const { clock } = this.context;
    let until = clock.monotonic() + timeoutMs;
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(Math.max(1, until - clock.monotonic()));
      } catch (error) {
        if (error instanceof RoundFailure) throw error;
        const failure = toFileTaoError(error);
        let waitMs: number = resendAfterMs[Math.min(tries, resendAfterMs.length - 1)]!;
        if (error instanceof Refused) {
          if ((failure.code !== 'busy' && failure.code !== 'budget') || this.#wasBusy) throw error;
          this.#wasBusy = true;
          waitMs = 1000 * Math.max(1, error.refusal.value.retryAfter);
          until += waitMs;
        } else if (failure.code !== 'unreachable') throw error;
        else {
          // A miner that is started anew may be there just before the deadline: pauses get shorter towards it.
          const remainingMs = until - clock.monotonic();
          if (tries + 1 >= attemptsMax || remainingMs < lastAttemptMs) throw error;
          waitMs = Math.min(waitMs, remainingMs / 2);
        }
        await clock.sleep(waitMs, this.signal);
        if (failure.code === 'unreachable') await this.#locateAgain();
      }
    }
  }
}
