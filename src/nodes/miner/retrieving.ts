// Giving a replica back (PROTOCOL 6): whole with a proof behind it, or a range of chunks with its multiproof.

import { sealMessage } from '../../domain/identity/sealed.js';
import { concatBytes } from '../../domain/model/bytes.js';
import { leafSize } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import { retrieveSeed } from '../../domain/protocol/derivations.js';
import {
  headerTo,
  rangeAnswerKind,
  rangeKind,
  retrieveKind,
  retrieveProofKind,
} from '../../domain/protocol/messages.js';
import { checkRoundShape } from '../../domain/protocol/parameters.js';
import { rangeBytes, rangeProof, retrieveProofBody } from '../../domain/protocol/retrieve.js';
import { admit, replicaIdOf, requireReplica } from './admission.js';
import { checkedOutboard, type OpeningAnswer } from './challenging.js';
import type { MinerContext } from './context.js';
import { examine } from './scrubbing.js';

export interface RetrieveAnswer {
  /** E, then the signed proof. */
  readonly parts: AsyncGenerator<Uint8Array>;
  /** To be called when the answer has ended, however it did: parts that were never asked for end nowhere else. */
  readonly end: () => void;
}

/** Checks run before the first byte is yielded. */
export async function retrieveReplica(context: MinerContext, sealed: Uint8Array): Promise<RetrieveAnswer> {
  const { request, validatorKey } = await admit(context, retrieveKind, sealed);
  const { root, size } = request.value;
  const held = await requireReplica(context, replicaIdOf(context, validatorKey, root), size);
  await context.replicas.path(held);
  const end = context.budget.take(validatorKey, size);
  const parts = (async function* () {
    const keyed = context.core.createHasher({ kind: 'keyed', key: retrieveSeed(context.core, request.body) });
    try {
      for await (const part of context.replicas.stream(held, 0, size)) {
        keyed.update(part);
        yield part;
      }
    } catch (error) {
      if (toFileTaoError(error).code === 'damaged') await examine(context, held);
      throw error;
    }
    const proof = retrieveProofBody(context.core, context.party, request, keyed.digest());
    yield sealMessage(retrieveProofKind, proof, context.signer);
  })();
  return { parts, end };
}

export async function retrieveRange(context: MinerContext, sealed: Uint8Array): Promise<OpeningAnswer> {
  const { core, party, replicas, signer } = context;
  const { request, validatorKey } = await admit(context, rangeKind, sealed);
  const { root, size, chunkSize, chunks } = request.value;
  const held = await requireReplica(context, replicaIdOf(context, validatorKey, root), size);
  checkRoundShape({ size, chunkSize, openings: 1 });
  const range = rangeBytes(request.value);
  if (range === null) throw new FileTaoError('bad-message', `${chunks} chunks reach past the replica`);
  return context.budget.spend(validatorKey, range.end - range.start, async () => {
    const data = await replicas.read(held, range.start, range.end);
    const nodes = core.foldNodes(null, await checkedOutboard(context, held), chunkSize / leafSize);
    const bulk = concatBytes(data, rangeProof(core, request.value, nodes));
    const answer = {
      ...headerTo(party, request.value.sender),
      requestDigest: request.digest,
      bulkDigest: core.hash(bulk),
      bulkLength: bulk.length,
    };
    return { head: sealMessage(rangeAnswerKind, answer, signer), bulk };
  });
}
