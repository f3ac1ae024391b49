// The differential fuzzer: case after case, each build of the core against the references, until time is up.

import { cores } from '../domain/core/both-builds.js';
import { caseRandom } from './case-random.js';
import { subjects } from './subjects.js';

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Only this case. */
  readonly only?: number;
}

export interface FuzzFailure {
  readonly seed: number;
  readonly number: number;
  readonly subject: string;
  readonly build: string;
  readonly difference: string;
}

export interface FuzzResult {
  readonly cases: number;
  readonly failure: FuzzFailure | null;
}

const names = Object.keys(subjects);

/** Case `number` of a seed is always the same, whatever ran before. */
export function fuzz({ seed, seconds, only }: FuzzOptions): FuzzResult {
  const end = performance.now() + 1000 * seconds;
  let number = only ?? 0;
  for (; only === undefined ? performance.now() < end : number === only; number++) {
    const subject = names[number % names.length]!;
    for (const core of cores) {
      let difference: string | null;
      try {
        difference = subjects[subject]!(core, caseRandom(seed, number));
      } catch (error) {
        difference = `threw ${error instanceof Error ? error.stack : String(error)}`;
      }
      if (difference !== null) {
        return { cases: number, failure: { seed, number, subject, build: core.build, difference } };
      }
    }
  }
  return { cases: only === undefined ? number : 1, failure: null };
}

export const commandOf = ({ seed, number }: FuzzFailure): string =>
  `npm run fuzz -- --what core --seed ${seed} --case ${number}`;

/** A new one for every run. */
export const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);
