// Puts a miner's context together from its parts.

import { minerSecret } from '../../domain/protocol/derivations.js';
import { defaultDeadlines } from '../../domain/protocol/parameters.js';
import { ChainView } from '../chain-view.js';
import { type AccessRules, CallRates, openAccess } from './access.js';
import { WorkBudget } from './budget.js';
import type { MinerContext } from './context.js';
import { Leaving } from './leaving.js';
import { CarriedOut } from './replays.js';
import { RoundTable } from './rounds.js';
import { ScrubReports } from './scrub-reports.js';
import { StakeTurns } from './turns.js';

export type MinerContextParts = Pick<
  MinerContext,
  'signer' | 'verify' | 'chain' | 'core' | 'replicas' | 'index' | 'prover' | 'clock' | 'log' | 'observer'
> & {
  /** Bytes per second this miner undertakes to prove. */
  readonly rate?: number;
  /** Default: everyone with a permit, without rate limit. */
  readonly access?: AccessRules;
  /** Proofs made at once; default 4. */
  readonly proofsAtOnce?: number;
  /** Default: the miner stays. */
  readonly leaving?: Leaving;
};

const proofsAtOnceDefault = 4;

export function composeMiner(parts: MinerContextParts): MinerContext {
  const { signer, chain, clock, access = openAccess, proofsAtOnce = proofsAtOnceDefault } = parts;
  return {
    ...parts,
    access,
    rates: new CallRates(access, chain.blockIntervalMs),
    turns: new StakeTurns(proofsAtOnce, () => clock.monotonic()),
    party: { genesis: chain.genesis, netuid: chain.netuid, publicKey: signer.publicKey },
    secret: minerSecret(signer),
    view: new ChainView(chain, clock),
    rounds: new RoundTable(() => clock.monotonic()),
    budget: new WorkBudget(),
    rate: parts.rate ?? defaultDeadlines.bytesPerSecond,
    carriedOut: new CarriedOut(),
    leaving: parts.leaving ?? Leaving.staying(),
    scrubReports: new ScrubReports(parts.log),
  };
}
