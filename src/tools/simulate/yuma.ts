// What the chain makes of the validators' weights: Yuma consensus (opentensor/subtensor, docs/consensus.md and
// pallets/subtensor/src/epoch/run_epoch.rs), without bonds. A weight counts up to what at least half of the stake
// gives its miner; the miners' incentive is the stake-weighted sum of what is left. In float64, not the chain's fixed
// point: shares differ from the chain's in the ninth digit.

/** Share of stake that must be behind a weight. */
export const kappa = 0.5;

/**
 * @param weights one row per validator, one column per uid, each row summing to 1 or all zero
 * @param stake of each validator
 * @returns incentive of each uid; sums to 1, or all zeros without weights
 */
export function incentives(weights: readonly Float64Array[], stake: readonly number[]): Float64Array {
  const uids = weights[0]?.length ?? 0;
  // A validator that set nothing takes no part.
  const active = weights.map((row, v) => ({ row, stake: row.some((value) => value > 0) ? stake[v]! : 0 }));
  const whole = active.reduce((sum, one) => sum + one.stake, 0);
  const rank = new Float64Array(uids);
  if (whole === 0) return rank;
  let sum = 0;
  for (let uid = 0; uid < uids; uid++) {
    const backed = active
      .filter((one) => one.stake > 0)
      .map((one) => ({ weight: one.row[uid]!, stake: one.stake / whole }))
      .sort((a, b) => b.weight - a.weight);
    // The largest weight that at least half of the stake gives this miner, or more.
    let behind = 0;
    let consensus = 0;
    for (const one of backed) {
      behind += one.stake;
      if (behind >= kappa - 1e-12) {
        consensus = one.weight;
        break;
      }
    }
    for (const one of backed) rank[uid]! += one.stake * Math.min(one.weight, consensus);
    sum += rank[uid]!;
  }
  if (sum > 0) for (let uid = 0; uid < uids; uid++) rank[uid]! /= sum;
  return rank;
}
