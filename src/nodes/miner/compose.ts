// Puts a miner's context together from its parts.

import { minerSecret } from '../../domain/protocol/derivations.js';
import { defaultDeadlines } from '../../domain/protocol/parameters.js';
import { ChainView } from '../chain-view.js';
import { WorkBudget } from './budget.js';
import type { MinerContext } from './context.js';
import { CarriedOut } from './replays.js';
import { RoundTable } from './rounds.js';

export type MinerContextParts = Pick<
  MinerContext,
  'signer' | 'verify' | 'chain' | 'core' | 'replicas' | 'index' | 'prover' | 'clock' | 'log'
> & { readonly rate?: number };

export function composeMiner(parts: MinerContextParts): MinerContext {
  const { signer, chain, clock } = parts;
  return {
    ...parts,
    party: { genesis: chain.genesis, netuid: chain.netuid, publicKey: signer.publicKey },
    secret: minerSecret(signer),
    view: new ChainView(chain, clock),
    rounds: new RoundTable(() => clock.monotonic()),
    budget: new WorkBudget(),
    rate: parts.rate ?? defaultDeadlines.bytesPerSecond,
    carriedOut: new CarriedOut(),
  };
}
