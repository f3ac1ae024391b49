// A miner's dashboard: what it holds and how it answers.

import type { HoldingCensus } from '../census.js';
import { type DashboardWish, openDashboard, type RunningDashboard } from '../dashboard/dashboard.js';
import { heldPage, holdingOverview, workPage } from '../dashboard/holding-pages.js';
import type { HoldingSource } from '../dashboard/sources.js';
import type { MinerContext } from './context.js';

export function openMinerDashboard(
  context: MinerContext,
  wish: DashboardWish,
  census: HoldingCensus,
): Promise<RunningDashboard> {
  const { index, view, replicas, leaving, clock, rate } = context;
  const source: HoldingSource = {
    index,
    rate,
    activity: wish.activity,
    now: () => clock.now(),
    height: async () => (await view.head()).number,
    totals: () => ({
      isCounted: census.isCounted,
      validators: [...census.validators].map(([validator, held]) => ({ validator, ...held })),
    }),
    freeBytes: () => replicas.freeBytes(),
    isLeaving: () => leaving.isLeaving,
  };
  const pages = [holdingOverview(source), workPage(source), heldPage(source)];
  return openDashboard({ ...wish, context, role: 'miner', pages });
}
