// An index opened for one test, and the errors it may answer with.
import type { TestContext } from 'node:test';
import { FileTaoError } from '../../../../src/domain/model/errors.js';
import type { HoldingIndex } from '../../../../src/domain/ports/holding-index.js';
import type { PlacementIndex } from '../../../../src/domain/ports/placement-index.js';
import { openHoldingAt, openPlacementAt } from '../backends.js';
import type { IndexBackend } from '../writer-crash.js';

export const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof FileTaoError && error.code === code;

/** The index, closed after the test, and its address. */
export async function openedPlacement(
  backend: IndexBackend,
  context: TestContext,
): Promise<[PlacementIndex, string]> {
  const address = await backend.prepare(context);
  const index = await openPlacementAt(address);
  context.after(() => index.close());
  return [index, address];
}

export async function openedHolding(
  backend: IndexBackend,
  context: TestContext,
): Promise<[HoldingIndex, string]> {
  const address = await backend.prepare(context);
  const index = await openHoldingAt(address);
  context.after(() => index.close());
  return [index, address];
}
