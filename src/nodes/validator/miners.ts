// The miners a validator can ask: from the metagraph, with the failures seen of late.

import { networkOf, type PlacementCandidate } from '../../domain/economy/placement.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Neuron } from '../../domain/ports/chain.js';
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
  return neurons.filter((neuron) => !neuron.validatorPermit && neuron.hotkey !== own).filter(isReachable);
}

/** The miner's current address; throws `unreachable` when it left or never announced one. */
export async function locateMiner(context: ValidatorContext, hotkey: PublicKey): Promise<ReachableNeuron> {
  const neuron = await context.view.neuron(hotkey);
  if (neuron === null) throw new FileTaoError('unreachable', 'the miner is not registered any more');
  if (!isReachable(neuron)) throw new FileTaoError('unreachable', 'the miner has announced no address');
  return neuron;
}

export async function placementCandidates(
  context: ValidatorContext,
  failures: FailureCounts,
  exclude: ReadonlySet<PublicKey>,
): Promise<readonly PlacementCandidate[]> {
  const miners = (await reachableMiners(context)).filter(({ hotkey }) => !exclude.has(hotkey));
  return Promise.all(
    miners.map(async ({ hotkey, address }) => ({
      hotkey,
      network: networkOf(address.host),
      usedBytes: await context.index.usedBytes(hotkey),
      failures: failures.of(hotkey),
    })),
  );
}
