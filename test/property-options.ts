// fast-check runs that can be repeated and made longer: the seed is printed, FILETAO_TEST_SEED repeats a run, and
// FILETAO_TEST_TIMES=100 draws a hundred times as many cases, for what fails once in many thousand.
import type { TestContext } from 'node:test';
import type { Parameters } from 'fast-check';

export function propertyOptions<Values>(context: TestContext, numRuns: number): Parameters<Values> {
  const given = process.env.FILETAO_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  context.diagnostic(`FILETAO_TEST_SEED=${seed}`);
  return { seed, numRuns: numRuns * Number(process.env.FILETAO_TEST_TIMES ?? 1) };
}
