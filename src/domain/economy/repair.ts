// What the repair of a piece decides, without doing it: which replicas count towards its copies, whom to ask for
// another one, and which replicas may be given up once all copies are there. Shared by the validator and the simulation.

import type { PublicKey } from '../model/bytes.js';
import type { ReplicaRecord, ReplicaState } from '../model/records.js';
import { type PlacementCandidate, placementOrder } from './placement.js';

/** What is known of a replica's miner: `down` misses its pings, `leaving` said so. */
export type MinerStanding = 'there' | 'down' | 'leaving';

/** Whether a replica counts towards the copies of its piece: in use, long enough, on a miner that stays. */
export const countsTowards = (
  replica: { readonly state: ReplicaState; readonly expiry: number },
  standing: MinerStanding,
  pieceExpiry: number,
): boolean => replica.state === 'active' && replica.expiry >= pieceExpiry && standing === 'there';

/**
 * Whom to ask for a replica, best first: the order of placement, with those that lost this piece before at the end.
 * @param salt secret, so that nobody can choose a piece for a miner
 */
export function repairOrder(
  candidates: readonly PlacementCandidate[],
  salt: Uint8Array,
  networksInUse: ReadonlySet<string>,
  lostBefore: ReadonlySet<PublicKey>,
): readonly PlacementCandidate[] {
  const order = placementOrder(candidates, salt, networksInUse);
  return [
    ...order.filter(({ hotkey }) => !lostBefore.has(hotkey)),
    ...order.filter(({ hotkey }) => lostBefore.has(hotkey)),
  ];
}

/** A replica this young may belong to a store that is still under way. */
const settledSeconds = 900;

/**
 * Replicas beyond the copies, as two stores of one piece at once may leave them. Only when nothing of the piece is
 * new, and only as far as those that stay have each proven themselves.
 * @param good replicas that count towards the copies
 */
export function excessReplicas<
  Replica extends Pick<ReplicaRecord, 'storedAt' | 'lastPassAt' | 'failedRounds'>,
>(good: readonly Replica[], copies: number, nowSeconds: number): readonly Replica[] {
  if (good.length <= copies) return [];
  if (good.some(({ storedAt }) => storedAt > nowSeconds - settledSeconds)) return [];
  const proven = (replica: Replica): number => Number(replica.lastPassAt !== null);
  const best = [...good].sort(
    (a, b) => proven(b) - proven(a) || a.failedRounds - b.failedRounds || a.storedAt - b.storedAt,
  );
  return best.slice(0, copies).every(proven) ? best.slice(copies) : [];
}
