// Answering challenges (PROTOCOL 5.2 to 5.4): commit to everything, then open what ν names.

import { roundIdOf } from '../../adapters/observe/observer.js';
import { openSealed, sealMessage } from '../../domain/identity/sealed.js';
import { equalBytes, publicKeyOf } from '../../domain/model/bytes.js';
import { leafSize } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { HeldReplica } from '../../domain/model/records.js';
import {
  challengeKind,
  checkHeader,
  commitmentKind,
  openingKind,
  openingRequestKind,
} from '../../domain/protocol/messages.js';
import { checkRoundShape, chunkLength } from '../../domain/protocol/parameters.js';
import {
  commitmentBody,
  openingBody,
  openingBulk,
  outboardReaches,
  requestedIndices,
  roundKeys,
} from '../../domain/protocol/prover.js';
import { admit, replicaIdOf, requireBlock, requireReplica } from './admission.js';
import type { MinerContext } from './context.js';
import type { HeldRound } from './rounds.js';
import { examine } from './scrubbing.js';
import { keepsOutboard } from './storing.js';

export interface CommitmentAnswer {
  readonly sealed: Uint8Array;
  readonly resynced: boolean;
}

export async function answerChallenge(context: MinerContext, sealed: Uint8Array): Promise<CommitmentAnswer> {
  const { request: challenge, validatorKey } = await admit(context, challengeKind, sealed);
  const { root, size, prevLink, n } = challenge.value;
  const held = await requireReplica(context, replicaIdOf(context, validatorKey, root), size);
  checkRoundShape(challenge.value);
  await requireBlock(context, challenge.value);

  const round = await context.rounds.obtain(challenge.digest, () =>
    context.budget.spend(validatorKey, size, async (): Promise<HeldRound> => {
      const startedAtMs = context.clock.now();
      const keys = roundKeys(context.core, context.secret, challenge);
      const path = await context.replicas.path(held);
      const stake = (await context.view.neuron(validatorKey))?.stake ?? 0;
      const pass = await context.turns
        .run(stake, () =>
          context.prover.prove({
            path,
            size,
            key: keys.seed,
            chunkSize: challenge.value.chunkSize,
            blinding: keys.blinding,
          }),
        )
        .catch(async (error) => {
          if (toFileTaoError(error).code === 'damaged') await examine(context, held);
          throw error;
        });
      const body = commitmentBody(context.core, context.party, challenge, pass);
      const answer = sealMessage(commitmentKind, body, context.signer);
      const { digest, value } = openSealed(commitmentKind, answer, () => true);
      await context.index.noteAnswer(held, n, value.link);
      const elapsedMs = context.clock.now() - startedAtMs;
      context.observer?.step?.({
        step: 'commit',
        validatorKey,
        root: held.root,
        challengeId: challenge.digest,
        startedAtMs,
        elapsedMs,
        chunks: pass.count,
        bytes: size,
      });
      context.log.debug(
        {
          round: roundIdOf(challenge.digest),
          root: held.root,
          n,
          chunks: pass.count,
          ms: Math.round(pass.milliseconds),
        },
        'committed to a challenge',
      );
      return { challenge, commitmentDigest: digest, keys, pass, answer };
    }),
  );
  return { sealed: round.answer, resynced: !equalBytes(held.link, prevLink) };
}

export interface OpeningAnswer {
  readonly head: Uint8Array;
  readonly bulk: Uint8Array;
}

export async function answerOpening(context: MinerContext, sealed: Uint8Array): Promise<OpeningAnswer> {
  const { core, party, replicas } = context;
  const startedAtMs = context.clock.now();
  const request = openSealed(openingRequestKind, sealed, context.verify);
  checkHeader(party, request.value);
  const round = context.rounds.find(request.value.challengeId);
  if (round === null)
    throw new FileTaoError('unknown-round', 'the round is not here any more: send the challenge again');
  const indices = requestedIndices(core, round, request.value);
  const { root, size, chunkSize } = round.challenge.value;
  const validatorKey = publicKeyOf(request.value.sender);
  const held = await requireReplica(context, replicaIdOf(context, validatorKey, root), size);
  // The outboard may have to be rebuilt, which goes over the whole replica.
  const bulk = await context.budget.spend(validatorKey, size, async () => {
    const chunks: Uint8Array[] = [];
    for (const index of indices) {
      const start = index * chunkSize;
      chunks.push(await replicas.read(held, start, start + chunkLength(size, chunkSize, index)));
    }
    return openingBulk(core, round, indices, await checkedOutboard(context, held), chunks);
  });
  const elapsedMs = context.clock.now() - startedAtMs;
  const { challengeId } = request.value;
  context.observer?.step?.({
    step: 'open',
    validatorKey,
    root: held.root,
    challengeId,
    startedAtMs,
    elapsedMs,
    chunks: indices.length,
    bytes: bulk.length,
  });
  context.log.debug(
    { round: roundIdOf(challengeId), root: held.root, chunks: indices.length, ms: elapsedMs },
    'opened chunks of a round',
  );
  return {
    head: sealMessage(openingKind, openingBody(core, party, round.challenge, bulk), context.signer),
    bulk,
  };
}

/** The outboard, made from the replica where none is kept, it is missing or does not reach the root. */
export async function checkedOutboard(context: MinerContext, held: HeldReplica): Promise<Uint8Array> {
  const { core, replicas, prover, log } = context;
  const root = Buffer.from(held.root, 'hex');
  if (!keepsOutboard(held.size)) {
    const data = await replicas.read(held, 0, held.size);
    if (equalBytes(core.hash(data), root)) return core.chunkNodes(null, data, 0, leafSize);
    await examine(context, held);
    throw new FileTaoError('damaged', 'the replica is damaged on this disk');
  }
  const stored = await replicas.readOutboard(held, held.size);
  if (stored !== null && (stored.length === 32 || outboardReaches(core, stored, root))) return stored;
  const path = await replicas.path(held);
  const rebuilt = await prover.digest({ path, size: held.size, keys: [], outboard: true });
  if (!equalBytes(rebuilt.root, root)) {
    await examine(context, held);
    throw new FileTaoError('damaged', 'the replica is damaged on this disk');
  }
  await replicas.writeOutboard(held, rebuilt.outboard!);
  log.warn({ root: held.root }, 'rebuilt the outboard of a replica');
  return rebuilt.outboard!;
}
