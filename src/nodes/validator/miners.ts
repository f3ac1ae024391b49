// The miners a validator can ask: from the metagraph, with the failures seen of late.

import { networkOf, type PlacementCandidate } from '../../domain/economy/placement.js';
import { isAskable } from '../../domain/economy/selection.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Neuron } from '../../domain/ports/chain.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { ReachableNeuron } from './asking.js';
import type { ValidatorContext } from './context.js';

/** Consecutive failures of a miner, forgotten by its next success. */
export class FailureCounts {
  readonly #counts = new Map<PublicKey, number>();

  of(hotkey: PublicKey): number {
    return this.#counts.get(hotkey) ?? 0;
  }

  note(hotkey: PublicKey, success: boolean): void {
    if (success) this.#counts.delete(hotkey);
    else this.#counts.set(hotkey, this.of(hotkey) + 1);
  }
}

const isReachable = (neuron: Neuron): neuron is ReachableNeuron => neuron.address !== null;

/** Registered miners that announced an address: everyone but validators. */
export async function reachableMiners(context: ValidatorContext): Promise<readonly ReachableNeuron[]> {
  const own = publicKeyOf(context.party.publicKey);
  const neurons = await context.view.neurons();
  return neurons
    .filter((neuron) => isAskable(neuron, context.vpermitTaoLimit) && neuron.hotkey !== own)
    .filter(isReachable);
}

/**
 * The miner as the view knows it. Before it counts as away the chain itself is asked: another node of this validator
 * may have seen it come, and stored on it, since the view was made.
 */
export async function lookUpMiner(
  { view }: Pick<ValidatorContext, 'view'>,
  hotkey: PublicKey,
): Promise<Neuron | null> {
  const known = await view.neuron(hotkey);
  return known !== null && isReachable(known) ? known : view.neuronNow(hotkey);
}

/** The miner's current address; throws `unreachable` when it left or never announced one. */
export async function locateMiner(context: ValidatorContext, hotkey: PublicKey): Promise<ReachableNeuron> {
  const neuron = await lookUpMiner(context, hotkey);
  if (neuron === null) throw new FileTaoError('unreachable', 'the miner is not registered any more');
  if (!isReachable(neuron)) throw new FileTaoError('unreachable', 'the miner has announced no address');
  return neuron;
}

/** Miners that may be given so many bytes: there, staying, with room, and within the limit of their tier. */
export async function placementCandidates(
  context: ValidatorContext,
  failures: FailureCounts,
  exclude: ReadonlySet<PublicKey>,
  bytes: number,
): Promise<readonly PlacementCandidate[]> {
  const { index, presence } = context;
  const now = unixSeconds(context.clock);
  const miners = (await reachableMiners(context)).filter(
    ({ hotkey }) =>
      !exclude.has(hotkey) &&
      !presence.isDown(hotkey) &&
      !presence.isLeaving(hotkey) &&
      presence.hasRoom(hotkey, bytes),
  );
  const candidates = await Promise.all(
    miners.map(async ({ hotkey, address }) => {
      const usedBytes = (await index.usedBytes(hotkey)) + (await index.promisedBytes(hotkey, now));
      if (usedBytes + bytes > (await context.storageLimit(hotkey))) return null;
      return { hotkey, network: networkOf(address.host), usedBytes, failures: failures.of(hotkey) };
    }),
  );
  return candidates.filter((candidate) => candidate !== null);
}
