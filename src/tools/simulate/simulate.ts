// Plays a scenario: block by block, each validator's steps when they are due, tiers and weights as the economy has them,
// and at the end of every epoch the chain's consensus. The same scenario and seed give the same result, to the byte.

import type { ProofCore } from '../../domain/core/proof-core.js';
import { windowAt } from '../../domain/economy/tiers.js';
import { tierNames } from '../../domain/model/tiers.js';
import type { EventFile } from '../plot/event-file.js';
import { ForwardStep } from './forward-step.js';
import { SimulatedNetwork } from './network.js';
import { ObservedValidator } from './observed-validator.js';
import { RealRounds } from './real-rounds.js';
import { resultOf, type SimulationResult } from './result.js';
import type { Scenario } from './scenario.js';
import { UserPieces } from './user-pieces.js';
import { incentives } from './yuma.js';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly seed: string;
  /** A share of the rounds held by the real core, and the core; none without it. */
  readonly real?: { readonly share: number; readonly core: ProofCore };
  /** Whether the first validator's answers are kept for charts. */
  readonly observe?: boolean;
  readonly onEpoch?: (epoch: number) => void;
  /** Asked once an epoch: others of this process go on, and a stop is heard. */
  readonly pause?: () => Promise<void>;
}

export interface Simulation {
  readonly result: SimulationResult;
  /** Of the first validator; null unless observed. */
  readonly events: EventFile | null;
}

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { scenario, seed, real, observe = false, onEpoch, pause } = options;
  const network = new SimulatedNetwork(scenario, seed);
  const pieces = new UserPieces(network);
  const rounds =
    real === undefined ? null : new RealRounds(real.core, network.draws.real, real.share, network.passes);
  const { validators, measured } = network;
  const observed = observe ? new ObservedValidator(validators[0]!) : null;
  const step = new ForwardStep(network, pieces, rounds, observed);
  const { stepBlocks } = scenario.cadence;
  // Validators take their steps at different blocks, as real ones do.
  const phases = validators.map((_, i) => 1 + Math.floor((i * stepBlocks) / validators.length));
  let window = 0;
  for (let block = 1; block <= scenario.epochs * scenario.tempo; block++) {
    for (const uid of network.advance(block)) pieces.noteLeft(uid);
    pieces.put(1);
    for (const [i, validator] of validators.entries()) {
      if (block % stepBlocks === phases[i]! % stepBlocks) step.run(validator);
    }
    if (windowAt(block, scenario.rules) > window) {
      window = windowAt(block, scenario.rules);
      for (const validator of validators) {
        validator.judgeTiers((uid, tier) =>
          measured.noteTier(validator.number, network.miners[uid]!, tier, block),
        );
      }
    }
    if (block % scenario.tempo === 0) {
      endEpoch(network, pieces, block / scenario.tempo);
      observed?.noteScores(block);
      observed?.noteTiers(block, network.registered);
      onEpoch?.(block / scenario.tempo);
      await pause?.();
    }
  }
  return { result: resultOf(network, pieces, rounds?.report() ?? null), events: observed?.events ?? null };
}

function endEpoch(network: SimulatedNetwork, pieces: UserPieces, epoch: number): void {
  const { validators, measured, miners } = network;
  const rows = validators.map((validator) => {
    const { mode, favours } = validator.group;
    return validator.weights(
      mode === 'disagreeing' && favours !== null
        ? (uid) => miners[uid]!.group.name === favours && miners[uid]!.isRegistered(network.block)
        : null,
    );
  });
  measured.noteIncentives(
    incentives(
      rows,
      validators.map(({ group }) => group.stake),
    ),
  );
  const tiers = tierNames.map(
    (_, tier) =>
      validators.reduce(
        (sum, validator) => sum + network.registered.filter((uid) => validator.tiers[uid] === tier).length,
        0,
      ) / validators.length,
  );
  measured.samples.push({
    epoch,
    tiers,
    registered: network.registered.length,
    liveReplicas: network.replicas.live,
    repairBytes: pieces.repairs.readBytes + pieces.repairs.writtenBytes,
    lostObjects: pieces.countLost(),
  });
}
