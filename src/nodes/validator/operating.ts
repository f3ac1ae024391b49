// What a validator's own operator may ask it over HTTP: to hold rounds now. Signed by the validator's hotkey.

import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { bodyParts, contentLength, type NodeServer } from '../../adapters/rpc/server.js';
import { PartReader } from '../../adapters/rpc/wire.js';
import type { Answer } from '../../domain/audit/standing.js';
import { decodeCid } from '../../domain/content/cid.js';
import { checkContent, RequestVerifier } from '../../domain/identity/request.js';
import { type Cid, publicKeyOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { collectAnswers } from './answers.js';
import { type RoundResult, roundKey } from './challenging.js';
import type { ValidatorContext } from './context.js';
import { activeReplicas, challengeAll } from './rounds.js';

const bodyBytesMax = 4096;
const pollMs = 50;
/** How often a sweep may be faster before a replica is left out. */
const askedTriesMax = 3;

/** Asks for one round over all active replicas, or over those of one object. */
export interface RoundsRequest {
  readonly cid?: string;
}

/** One line of the answer (NDJSON). */
export interface RoundLine extends Omit<RoundResult, 'id'> {
  readonly minerKey: string;
  readonly root: string;
}

export interface OperatorRoutes {
  /** Resolves when no rounds asked for are under way. */
  settled(): Promise<void>;
}

/**
 * @param stopping ends the rounds under way
 * @param reward is given the answers of rounds asked for: they count like any others
 */
export function addOperatorRoutes(
  { app }: NodeServer,
  context: ValidatorContext,
  stopping: AbortSignal,
  reward: (answers: readonly Answer[]) => Promise<void>,
): OperatorRoutes {
  const underWay = new Set<Promise<void>>();
  const verifier = new RequestVerifier({
    genesis: context.party.genesis,
    netuid: context.party.netuid,
    receiver: context.party.publicKey,
    verify: context.verify,
  });
  app.post('/v1/operator/rounds', async (request, reply) => {
    const asked = await readRoundsRequest(context, verifier, request);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([stopping, gone.signal]);
    const pages =
      asked.cid === undefined ? activeReplicas(context) : await objectReplicas(context, asked.cid);
    const lines = new Readable({ read() {} });
    const run = async (): Promise<void> => {
      for await (const replicas of pages) {
        const batch = collectAnswers(context);
        await holdAsked(batch.context, replicas, (result) => lines.push(`${lineOf(result)}\n`), signal);
        await reward(batch.answers);
      }
      signal.throwIfAborted();
      lines.push(null);
    };
    const running = run()
      .catch((error) => void lines.destroy(error))
      .finally(() => underWay.delete(running));
    underWay.add(running);
    return reply.type('application/x-ndjson').send(lines);
  });
  return {
    async settled() {
      await Promise.all(underWay);
    },
  };
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

function lineOf({ id, ...result }: RoundResult): string {
  const line: RoundLine = { ...result, minerKey: id.minerKey, root: id.root };
  return JSON.stringify(line);
}

async function readRoundsRequest(
  context: ValidatorContext,
  verifier: RequestVerifier,
  request: FastifyRequest,
): Promise<RoundsRequest> {
  const authorised = verifier.check(
    request.headers.authorization,
    request.method,
    request.raw.url ?? '',
    context.clock.now(),
  );
  if (authorised.sender !== publicKeyOf(context.party.publicKey)) {
    throw new FileTaoError('forbidden', 'only the validator’s own hotkey may ask for this');
  }
  const length = contentLength(request) ?? 0;
  if (length > bodyBytesMax)
    throw new FileTaoError('too-large', `the body has more than ${bodyBytesMax} bytes`);
  const body =
    length === 0 ? new Uint8Array() : await new PartReader(bodyParts(request)).takeRest(bodyBytesMax);
  checkContent(authorised, context.core.hash(body));
  if (body.length === 0) return {};
  let asked: unknown;
  try {
    asked = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw new FileTaoError('bad-input', 'the body is not JSON', { cause: error });
  }
  const { cid } = (asked ?? {}) as { cid?: unknown };
  if (cid === undefined) return {};
  if (typeof cid !== 'string') throw new FileTaoError('bad-input', 'cid: expected text');
  decodeCid(cid);
  return { cid };
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
