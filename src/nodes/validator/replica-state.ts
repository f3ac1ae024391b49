// Changing a replica record that several processes share: read, change, compare-and-set, again if another was
// faster.

import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId, ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ValidatorContext } from './context.js';

const triesMax = 20;

/** Applies the change to the current record; null when the replica is gone or `change` returns null. */
export async function changeReplica(
  context: Pick<ValidatorContext, 'index'>,
  id: ReplicaId,
  change: (current: ReplicaRecord) => ReplicaRecord | null,
): Promise<ReplicaRecord | null> {
  for (let tries = 0; tries < triesMax; tries++) {
    const current = await context.index.getReplica(id);
    const changed = current === null ? null : change(current);
    if (current === null || changed === null) return null;
    const next = { ...changed, version: current.version + 1 };
    if (await context.index.updateReplica(next)) return next;
  }
  throw new FileTaoError('conflict', 'the replica record changes too fast');
}

/** Takes the replica out of use; repair replaces it. */
export async function markFailed(context: ValidatorContext, id: ReplicaId, reason: string): Promise<void> {
  await changeReplica(context, id, (current) =>
    wasGivenUp(current)
      ? null
      : { ...current, state: 'failed', lastFailure: { at: unixSeconds(context.clock), reason } },
  );
}

/** Why a replica is out of use that nobody needs any more. */
export const givenUp = 'given-up';

/** That stays so whatever else fails: the miner may have deleted it as it was told. */
export const wasGivenUp = ({ state, lastFailure }: ReplicaRecord): boolean =>
  state === 'failed' && lastFailure?.reason === givenUp;

/**
 * Takes a replica out of use before its miner is told to delete it: whoever asks for it meanwhile, in this process or
 * another, learns from the index that the miner does as it was told.
 */
export async function giveUpReplica(context: ValidatorContext, id: ReplicaId): Promise<void> {
  await markFailed(context, id, givenUp);
}

export async function isGivenUp({ index }: Pick<ValidatorContext, 'index'>, id: ReplicaId): Promise<boolean> {
  const record = await index.getReplica(id);
  return record === null || wasGivenUp(record);
}
