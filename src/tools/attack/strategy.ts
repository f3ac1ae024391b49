// A strategy: who cheats, how, and what theory says of it. And the judgement on what was counted.
import type { Arena } from './arena.js';
import { agrees } from './theory.js';

export const parties = ['miner', 'validator', 'client', 'nobody'] as const;
/** Who cheats. `nobody`: honest parties under bad conditions, who must pass. */
export type Party = (typeof parties)[number];

export interface Strategy {
  readonly name: string;
  readonly who: Party;
  /** One line for people. */
  readonly what: string;
  /** Rounds of the default run. */
  readonly rounds: number;
  play(arena: Arena, rounds: number): Promise<Tally>;
}

/** What was counted. A cheat `passes` when the other side believes it or is harmed by it. */
export interface Tally {
  readonly rounds: number;
  readonly passed: number;
  /** Chance of a pass by theory; exactly 0, exactly 1, or hypergeometric. */
  readonly expected: number;
  /** Rounds that ended in neither pass nor fail: a cheater must not get any. */
  readonly voided: number;
  /** Rounds of honest parties beside the cheat, and what went wrong in them. */
  readonly honest: { readonly rounds: number; readonly failures: readonly string[] };
  /** Why it did not pass, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface Outcome extends Tally {
  readonly name: string;
  readonly who: Party;
  readonly what: string;
  /** `held`, or what did not. */
  readonly verdict: string;
  readonly ok: boolean;
}

export function judge(strategy: Strategy, tally: Tally): Outcome {
  const { name, who, what } = strategy;
  const faults: string[] = [];
  const { rounds, passed, expected, voided, honest } = tally;
  if (!agrees(passed, rounds, expected)) {
    faults.push(
      expected === 0
        ? `passes ${passed} of ${rounds} rounds where it never may`
        : expected === 1
          ? `an honest party failed ${rounds - passed} of ${rounds} rounds`
          : `passes ${passed} of ${rounds} rounds, more than 5 σ from theory`,
    );
  }
  if (voided > 0) faults.push(`escapes ${voided} verdicts`);
  if (honest.failures.length > 0) {
    faults.push(`harms an honest party ${honest.failures.length} times (${honest.failures[0]})`);
  }
  if (rounds === 0) faults.push('was not played');
  return {
    name,
    who,
    what,
    ...tally,
    verdict: faults.length === 0 ? 'held' : faults.join('; '),
    ok: faults.length === 0,
  };
}

/** Counts while a strategy is played. */
export class Counter {
  rounds = 0;
  passed = 0;
  voided = 0;
  honestRounds = 0;
  readonly failures: string[] = [];
  readonly #reasons = new Map<string, number>();

  /** One round of the cheat: `reason` says why it did not pass. */
  count(outcome: 'pass' | 'fail' | 'void', reason: string): void {
    this.rounds++;
    if (outcome === 'pass') this.passed++;
    else {
      if (outcome === 'void') this.voided++;
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
  }

  /** One round of an honest party beside it; null when all was well. */
  honest(failure: string | null): void {
    this.honestRounds++;
    if (failure !== null) this.failures.push(failure);
  }

  tally(expected: number): Tally {
    const { rounds, passed, voided, honestRounds, failures } = this;
    const reasons = Object.fromEntries([...this.#reasons].sort((a, b) => b[1] - a[1]));
    return { rounds, passed, voided, expected, honest: { rounds: honestRounds, failures }, reasons };
  }
}
