// What every part of a miner works with.

import type { Log } from '../../adapters/observe/log.js';
import type { Observer } from '../../adapters/observe/observer.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import type { Chain } from '../../domain/ports/chain.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { Prover } from '../../domain/ports/prover.js';
import type { Replicas } from '../../domain/ports/replicas.js';
import type { Signer, VerifySignature } from '../../domain/ports/signer.js';
import type { Party } from '../../domain/protocol/messages.js';
import type { ChainView } from '../chain-view.js';
import type { AccessRules, CallRates } from './access.js';
import type { WorkBudget } from './budget.js';
import type { Leaving } from './leaving.js';
import type { CarriedOut } from './replays.js';
import type { RoundTable } from './rounds.js';
import type { ScrubReports } from './scrub-reports.js';
import type { StakeTurns } from './turns.js';

export interface MinerContext {
  readonly party: Party;
  readonly signer: Signer;
  readonly verify: VerifySignature;
  /** derive("filetao v1 miner secret", secretKey) */
  readonly secret: Uint8Array;
  readonly core: ProofCore;
  readonly chain: Chain;
  readonly view: ChainView;
  readonly replicas: Replicas;
  readonly index: HoldingIndex;
  readonly prover: Prover;
  readonly rounds: RoundTable;
  readonly budget: WorkBudget;
  readonly access: AccessRules;
  readonly rates: CallRates;
  readonly turns: StakeTurns;
  readonly carriedOut: CarriedOut;
  readonly leaving: Leaving;
  readonly scrubReports: ScrubReports;
  /** Bytes per second this miner undertakes to prove; validators set their deadlines by it. */
  readonly rate: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Who is told of the work. */
  readonly observer?: Observer;
}
