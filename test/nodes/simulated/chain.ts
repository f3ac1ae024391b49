// A chain of simulated time: a block every 12 s, hashes from their numbers, and the neurons it is given. Weights, balances
// and registration are no part of a replica's history.
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { type PublicKey, utf8 } from '../../../src/domain/model/bytes.js';
import type { Chain, Neuron, NodeAddress } from '../../../src/domain/ports/chain.js';
import type { Schedule } from './schedule.js';

const blockMs = 12_000;

export interface SimulatedNeuron {
  readonly hotkey: PublicKey;
  readonly isValidator: boolean;
  readonly address: NodeAddress | null;
}

export interface SimulatedChainParts {
  readonly core: ProofCore;
  readonly schedule: Schedule;
  /** In the order of uids. */
  neurons(): readonly SimulatedNeuron[];
  /** Blocks by which whoever asks is behind. */
  lag?(): number;
}

export function simulatedChain({ core, schedule, neurons, lag = () => 0 }: SimulatedChainParts): Chain {
  const hashOf = (number: number): Uint8Array => core.hash(utf8(`block ${number}`));
  const head = (): number => 100 + Math.floor(schedule.clock.monotonic() / blockMs) - lag();
  const all = (): Neuron[] =>
    neurons().map(({ hotkey, isValidator, address }, uid) => ({
      uid,
      hotkey,
      stake: isValidator ? 1000 : 0,
      validatorPermit: isValidator,
      address,
      lastUpdate: 0,
    }));
  return {
    network: 'simulated',
    netuid: 21,
    genesis: hashOf(0),
    blockIntervalMs: blockMs,
    finalisedHead: async () => ({ number: head(), hash: hashOf(head()) }),
    blockHash: async (number) => (number <= head() ? hashOf(number) : null),
    neurons: async () => all(),
    neuron: async (hotkey) => all().find((neuron) => neuron.hotkey === hotkey) ?? null,
    serve: async () => {},
    close: async () => {},
  };
}
