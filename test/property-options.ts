// fast-check runs that can be repeated: the seed is printed, and FILETAO_TEST_SEED repeats a run.
import type { TestContext } from 'node:test';
import type { Parameters } from 'fast-check';

export function propertyOptions<Values>(context: TestContext, numRuns: number): Parameters<Values> {
  const given = process.env.FILETAO_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  context.diagnostic(`FILETAO_TEST_SEED=${seed}`);
  return { seed, numRuns };
}
