// One random history of a replica, and everything that must hold during and after it (PROTOCOL 9, invariant 3).
import { Chains } from '../../../src/domain/audit/chain.js';
import { Replayer } from '../../../src/domain/audit/replay.js';
import { toHex } from '../../../src/domain/model/bytes.js';
import type { HeldReplica, ReplicaRecord } from '../../../src/domain/model/records.js';
import { challengeReplica, type RoundResult } from '../../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { recoverRounds } from '../../../src/nodes/validator/recovery.js';
import { renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import type { Backup } from './stores.js';
import { calm, storm } from './weather.js';
import { type Mutations, World } from './world.js';

export interface HistoryOptions {
  readonly mutations?: Mutations;
  readonly steps?: number;
}

export interface History {
  readonly seed: number;
  /** What did not hold. */
  readonly violations: readonly string[];
  readonly steps: readonly string[];
  readonly rounds: number;
  readonly retrievals: number;
}

/** What a network and crashes may do to an honest miner: be taken for away. Nothing it signed. */
const excusable: ReadonlySet<string> = new Set(['timeout', 'unreachable']);

export async function playHistory(seed: number, options: HistoryOptions = {}): Promise<History> {
  const world = new World({
    seed,
    ...(options.mutations === undefined ? {} : { mutations: options.mutations }),
  });
  const { dice, schedule } = world;
  const violations: string[] = [];
  const steps: string[] = [];
  let rounds = 0;
  let retrievals = 0;
  let validator = world.validator();
  let api = world.validator('api');
  let indexWentBack = false;
  await world.store();
  const minerBackups: Backup<HeldReplica>[] = [world.holdings.backup()];
  const validatorBackups: Backup<ReplicaRecord>[] = [world.placements.backup()];
  let under: Promise<unknown>[] = [];

  const round = async (): Promise<RoundResult | null> => {
    const before = world.disturbances;
    const result = await challengeReplica(validator, world.id);
    if (result === null) return null;
    rounds++;
    steps.push(`round ${result.n}: ${result.outcome} ${result.reason}`);
    if (result.outcome === 'fail') {
      if (result.attributable || !excusable.has(result.reason)) {
        violations.push(`round ${result.n} failed an honest miner: ${result.reason}`);
      } else if (world.disturbances === before) {
        violations.push(`round ${result.n} failed (${result.reason}) although nothing disturbed it`);
      }
    }
    return result;
  };
  const retrieve = async (): Promise<void> => {
    const before = world.disturbances;
    try {
      const { data } = await fetchPiece(api, world.record.pieceId);
      retrievals++;
      if (toHex(world.core.hash(data)) !== world.record.pieceId) violations.push('retrieved another piece');
    } catch (error) {
      if (world.disturbances === before) violations.push(`retrieval failed undisturbed: ${String(error)}`);
    }
  };
  const restartValidator = async (): Promise<void> => {
    under = [];
    validator = world.validator();
    api = world.validator('api');
    await schedule.until(recoverRounds(validator));
  };

  const moves: Readonly<Record<string, () => void | Promise<void>>> = {
    round: () => void under.push(round()),
    'round again': () => void under.push(round()),
    retrieve: () => void under.push(retrieve()),
    renew: () => {
      const renewing = renewReplicaOn(validator, world.record, world.record.expiry + 60);
      under.push(renewing.catch(() => {}));
    },
    'old message': () => world.replay(),
    'miner crashes': () => world.crashMiner(),
    'miner restored': () => world.crashMiner(dice.pick(minerBackups)),
    'validator crashes': async () => {
      world.crashValidator();
      await restartValidator();
    },
    'validator restored': async () => {
      indexWentBack = true;
      world.crashValidator(dice.pick(validatorBackups));
      await restartValidator();
    },
    backup: () => {
      minerBackups.push(world.holdings.backup());
      validatorBackups.push(world.placements.backup());
    },
    'weather turns': () => {
      world.weather = dice.chance(0.5) ? storm : calm;
    },
    'time passes': () => schedule.advance(dice.below(30_000)),
  };
  // Going back in time is rare: most histories have an index that only goes forward.
  const names = Object.keys(moves).filter((name) => name !== 'validator restored' || seed % 4 === 0);
  for (let i = 0; i < (options.steps ?? 24); i++) {
    const name = dice.pick(names);
    steps.push(name);
    await moves[name]!();
    await schedule.advance(dice.chance(0.7) ? dice.below(200) : dice.below(8000));
  }

  // The storm is over; whatever is under way ends, and the next round must pass.
  world.weather = calm;
  await schedule.until(Promise.all(under));
  await schedule.advance(60_000);
  await schedule.until(recoverRounds(validator));
  const last = await schedule.until(round());
  if (last?.outcome !== 'pass') {
    violations.push(
      `the honest miner did not pass the next round: ${last?.outcome ?? 'none held'} ${last?.reason ?? ''}`,
    );
  }
  await schedule.until(retrieve());
  violations.push(...audit(world, indexWentBack));
  return { seed, violations, steps, rounds, retrievals };
}

/** The transcripts of any history verify, and tell what the index says. */
function audit(world: World, indexWentBack: boolean): string[] {
  const violations: string[] = [];
  const replays = new Replayer(world.core, world.keys.verify).replay(world.entries());
  const chains = new Chains(0.1);
  for (const replay of replays) {
    chains.add(replay);
    if (replay.blame === 'miner') violations.push('the transcripts blame an honest miner');
    if (!replay.broken) continue;
    const { kind, n } = replay.entry.head.value;
    const broken = replay.checks.filter(({ result }) => result === 'broken');
    violations.push(`${kind} ${n}: ${broken.map(({ about, says }) => `${about}: ${says}`).join('; ')}`);
  }
  const reports = [...chains.reports()];
  if (reports.length !== 1) violations.push(`${reports.length} chains for one store`);
  const repeats = chains.hasRepeats ? ['rounds of the same n'] : [];
  const findings = [...reports.flatMap((report) => report.findings.map(({ says }) => says)), ...repeats];
  // An index from a backup does use numbers again: the audit must then say so, else say nothing.
  if (!indexWentBack) {
    violations.push(...findings);
    if (world.numbersUsedAgain > 0) violations.push('two challenges of the same n left the validator');
  }
  return violations;
}
