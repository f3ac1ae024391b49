// Rounds that the validator's operator asks for (operator-requests.ts).

import { decodeCid } from '../../domain/content/cid.js';
import type { Cid } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { collectAnswers } from './answers.js';
import { type RoundResult, roundKey } from './challenging.js';
import type { ValidatorContext } from './context.js';
import { rewardAnswers } from './duty/rewards.js';
import type { OperatorRequests } from './operator-requests.js';
import type { Rewarding } from './rewarding.js';
import { activeReplicas, challengeAll } from './rounds.js';

export const roundsRoute = '/v1/operator/rounds';

const pollMs = 50;
/** How often a sweep may be faster before a replica is left out. */
const askedTriesMax = 10;

/** Asks for one round over all active replicas, or over those of one object. */
export interface RoundsRequest {
  readonly cid?: string;
}

/** One line of the answer (NDJSON). */
export interface RoundLine extends Omit<RoundResult, 'id'> {
  readonly minerKey: string;
  readonly root: string;
}

/** Rounds asked for count like any others. */
export function addRoundsRoute(
  requests: OperatorRequests,
  context: ValidatorContext,
  rewardingNow: () => Pick<Rewarding, 'step'>,
): void {
  requests.route(roundsRoute, async ({ cid }) => {
    if (cid !== undefined && typeof cid !== 'string')
      throw new FileTaoError('bad-input', 'cid: expected text');
    if (cid !== undefined) decodeCid(cid);
    const pages = cid === undefined ? activeReplicas(context) : await objectReplicas(context, cid);
    const rewarding = rewardingNow();
    return async (write, signal) => {
      for await (const replicas of pages) {
        const batch = collectAnswers(context);
        try {
          await holdAsked(batch.context, replicas, (result) => write(lineOf(result)), signal);
        } finally {
          const { number: block } = await context.view.head();
          await rewardAnswers(rewarding, block, batch.answers, 'operator');
        }
      }
    };
  });
}

/** One round of each, also of those in a round right now, as in a sweep: that one is waited for. */
async function holdAsked(
  context: ValidatorContext,
  replicas: readonly ReplicaRecord[],
  onResult: (result: RoundResult) => void,
  signal: AbortSignal,
): Promise<void> {
  let left = replicas;
  for (let tries = 0; left.length > 0 && tries < askedTriesMax; tries++) {
    while (left.some((replica) => context.liveRounds.has(roundKey(replica)))) {
      await context.clock.sleep(pollMs, signal);
    }
    const held = new Set<string>();
    await challengeAll(
      context,
      left,
      (result) => {
        held.add(roundKey(result.id));
        onResult(result);
      },
      signal,
    );
    left = left.filter((replica) => !held.has(roundKey(replica)));
  }
}

function lineOf({ id, ...result }: RoundResult): RoundLine {
  return { ...result, minerKey: id.minerKey, root: id.root };
}

async function objectReplicas(
  context: ValidatorContext,
  cid: string,
): Promise<AsyncGenerator<readonly ReplicaRecord[]>> {
  const claims = await context.index.claimsOf(cid as Cid, limits.claimsPerObject);
  if (claims.length === 0)
    throw new FileTaoError('not-found', 'no object of this CID is known to this validator');
  return (async function* () {
    for (const pieceId of new Set(claims.flatMap(({ pieceIds }) => pieceIds))) {
      yield (await context.index.replicasOfPiece(pieceId)).filter((replica) => replica.state === 'active');
    }
  })();
}
