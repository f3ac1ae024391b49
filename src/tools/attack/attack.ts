// Plays strategies one after another, each in an arena of its own, and judges what was counted.
import { loadCore } from '../../adapters/proving/load-core.js';
import { createProver } from '../../adapters/proving/prover.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { Arena } from './arena.js';
import { chosen } from './catalogue.js';
import { judge, type Outcome, type Strategy } from './strategy.js';

export interface AttackOptions {
  /** All strategies when empty. */
  readonly names: readonly string[];
  /** Of each strategy; its own number if not given. */
  readonly rounds?: number;
  readonly seed: string;
  readonly signal?: AbortSignal;
  readonly onBegin?: (strategy: Strategy, rounds: number) => void;
  readonly onOutcome?: (outcome: Outcome, seconds: number) => void;
}

export const defaultSeed = '1';
export const roundsMax = 1_000_000;

export interface AttackResult {
  readonly ok: boolean;
  readonly strategies: readonly Outcome[];
}

export async function runAttack(options: AttackOptions): Promise<AttackResult> {
  const { signal, seed, onBegin, onOutcome } = options;
  if (options.rounds !== undefined && !(options.rounds >= 1 && options.rounds <= roundsMax)) {
    throw new FileTaoError('bad-input', `--rounds: 1 to ${roundsMax}`);
  }
  const played = chosen(options.names);
  const machinery = { core: loadCore(), prover: createProver({ threads: 1 }) };
  const outcomes: Outcome[] = [];
  try {
    for (const strategy of played) {
      signal?.throwIfAborted();
      const rounds = options.rounds ?? strategy.rounds;
      onBegin?.(strategy, rounds);
      const start = performance.now();
      const arena = await Arena.open(machinery, seed, strategy.name);
      try {
        const outcome = judge(strategy, await strategy.play(arena, rounds));
        outcomes.push(outcome);
        onOutcome?.(outcome, (performance.now() - start) / 1000);
      } finally {
        await arena.close();
      }
    }
  } finally {
    await machinery.prover.close();
  }
  return { ok: outcomes.every(({ ok }) => ok), strategies: outcomes };
}
