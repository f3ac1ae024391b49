// A validator's dashboard: everything it knows of its network.

import { recentLedgerEntries } from '../../adapters/observe/ledger-files.js';
import { isAskable } from '../../domain/economy/selection.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import { networkView } from '../../domain/view/network.js';
import type { PlacementCensus } from '../census.js';
import { type DashboardWish, openDashboard, type RunningDashboard } from '../dashboard/dashboard.js';
import { minerPage } from '../dashboard/miner-page.js';
import { minersPage, overviewPage } from '../dashboard/network-pages.js';
import { objectPage, objectsPage } from '../dashboard/object-pages.js';
import { roundsPage } from '../dashboard/round-page.js';
import type { NetworkSource } from '../dashboard/sources.js';
import type { ValidatorContext } from './context.js';
import { LedgerFollower } from './ledger-follower.js';
import type { Rewarding } from './rewarding.js';

/** Bytes of the reward ledger that miners' stories are read back from. */
const ledgerBytesMax = 8 * mebibyte;

/** A follower of the ledger in the folder of transcripts. */
export const followLedger = (directory: string): LedgerFollower =>
  new LedgerFollower(() => recentLedgerEntries(directory, ledgerBytesMax));

export interface ValidatorDashboardParts {
  readonly wish: DashboardWish;
  readonly census: PlacementCensus;
  readonly rewarding: Rewarding;
  readonly follower: LedgerFollower;
  readonly rules: EconomyRules;
}

export async function openValidatorDashboard(
  context: ValidatorContext,
  parts: ValidatorDashboardParts,
): Promise<RunningDashboard> {
  const { wish } = parts;
  const source = sourceOf(context, parts);
  return openDashboard({
    ...wish,
    context,
    role: 'validator',
    pages: [
      overviewPage(source),
      minersPage(source),
      minerPage(source),
      roundsPage(source, { hasMinerPages: true }),
      objectsPage(source),
      objectPage(source, { hasMinerPages: true }),
    ],
  });
}

function sourceOf(
  context: ValidatorContext,
  { wish, census, rewarding, follower, rules }: ValidatorDashboardParts,
): NetworkSource {
  const { index, audit, view, presence, vpermitTaoLimit, clock, liveRounds } = context;
  const own = publicKeyOf(context.party.publicKey);
  return {
    index,
    audit,
    tiers: rules.tiers,
    activity: wish.activity,
    now: () => clock.now(),
    height: async () => (await view.head()).number,
    totals: () => census,
    openRounds: () => liveRounds.size,
    window: () => ({ number: rewarding.window, blocks: rules.constants['tier.window'] }),
    story: (miner) => follower.of(miner),
    async network() {
      const [neurons, statistics] = await Promise.all([view.neurons(), index.listStatistics()]);
      return networkView({
        neurons: neurons.filter((neuron) => isAskable(neuron, vpermitTaoLimit) && neuron.hotkey !== own),
        statistics,
        holdings: census.holdings,
        lastPass: wish.activity.lastPass,
        standingOf: (miner) => rewarding.standingOf(miner),
        isDown: (miner) => presence.isDown(miner),
        isLeaving: (miner) => presence.isLeaving(miner),
        tiers: rules.tiers,
      });
    },
  };
}
