// filetao rewards explain: why a miner has the tier, score and weight it has, computed again from the ledger and the
// transcripts alone. filetao audit rewards: the same for everybody, and whether all figures hold.

import { type Occasion, totalOf } from '../../domain/audit/ledger.js';
import type { Change, Judged, Weighed } from '../../domain/audit/ledger-replay.js';
import type { Standing } from '../../domain/audit/standing.js';
import { windowCounts } from '../../domain/economy/tiers.js';
import { weightMax } from '../../domain/economy/weights.js';
import { wilsonScore } from '../../domain/economy/wilson.js';
import { encodeSs58, publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { fromHex, isHex32, type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { KindCounts } from '../../domain/model/records.js';
import { type Tier, type TierName, tierNamed } from '../../domain/model/tiers.js';
import { type RewardReplay, replayRewards } from './replay.js';

export interface Explanation {
  readonly hotkey: string;
  readonly validator: string | null;
  readonly tier: TierName;
  readonly score: number;
  /** Of the last time weights were made; null before. */
  readonly weight: Weighed | null;
  /** Why the tier is what it is, recounted from the transcripts; null before the miner's first window. */
  readonly judged: (Judged & { readonly wilson: number }) | null;
  /** Counted since, for the window that has begun. */
  readonly counting: Pick<Standing, 'attempts' | 'successes' | 'totalSuccesses'>;
  /** Changes of the miner's score and tier in all, and the last of them. */
  readonly changesCount: number;
  readonly changes: readonly Change[];
  /** Entries of the ledger that are wrong or missing, whomever they are about. */
  readonly findings: RewardReplay['findings'];
  readonly findingsCount: number;
  readonly words: RewardReplay['words'];
  readonly entries: number;
  readonly transcripts: number;
  readonly occasions: RewardReplay['occasions'];
  readonly notYet: number;
}

/** @param hotkey ss58 address or 64 hex digits */
export function readHotkey(hotkey: string): PublicKey {
  return isHex32(hotkey) ? (hotkey as PublicKey) : publicKeyOf(publicKeyFromSs58(hotkey));
}

export async function explainRewards(
  paths: readonly string[],
  hotkey: PublicKey,
  last: number,
  signal?: AbortSignal,
): Promise<Explanation> {
  const changes: Change[] = [];
  let changesCount = 0;
  const replayed = await replayRewards(paths, {
    ...(signal === undefined ? {} : { signal }),
    onChange(change) {
      if (change.minerKey !== hotkey) return;
      changesCount++;
      changes.push(change);
      if (changes.length > last) changes.shift();
    },
  });
  const { replay } = replayed;
  const judged = replay.judged.get(hotkey) ?? null;
  const { score, tier, asked, attempts, successes, totalSuccesses } = replay.standings.of(hotkey);
  if (!asked && changesCount === 0 && judged === null)
    throw new FileTaoError('not-found', 'neither ledger nor transcripts know this hotkey');
  return {
    hotkey: addressOf(hotkey),
    validator: replayed.validatorKey === null ? null : addressOf(replayed.validatorKey),
    // What the miner earned, should the ledger give it another.
    tier: judged !== null && tier === judged.said ? judged.tier : tier,
    score,
    weight: replay.weighed.get(hotkey) ?? null,
    judged: judged && { ...judged, wilson: wilsonOf(judged, replayed) },
    counting: { attempts, successes, totalSuccesses },
    changesCount,
    changes,
    findings: replayed.findings,
    findingsCount: replayed.findingsCount,
    words: replayed.words,
    entries: replayed.entries,
    transcripts: replayed.transcripts,
    occasions: replayed.occasions,
    notYet: replayed.notYet,
  };
}

export const addressOf = (key: PublicKey): string => encodeSs58(fromHex(key));

function wilsonOf(judged: Judged, { replay }: RewardReplay): number {
  const { attempts, successes } = windowCounts(judged);
  return wilsonScore(successes, attempts, replay.standings.rules.constants['tier.z']);
}

const perKind = (attempts: KindCounts, successes: KindCounts): string =>
  (['store', 'challenge', 'retrieve'] as const)
    .filter((kind) => attempts[kind] > 0)
    .map((kind) => `${successes[kind]} of ${attempts[kind]} ${kind}`)
    .join(', ');
const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

export function* explanationLines(told: Explanation, tiers: readonly Tier[]): Generator<string> {
  const { judged, weight, tier, score } = told;
  yield `miner      ${told.hotkey}`;
  if (told.validator !== null) yield `validator  ${told.validator}`;
  yield `tier       ${tier}, factor ${tierNamed(tiers, tier).factor}`;
  if (judged === null) yield '           no window has judged it yet';
  else {
    const { name, score: least, successes } = tierNamed(tiers, judged.tier);
    yield `           window ${judged.window}, block ${judged.block}: ${totalOf(judged.successes)} of ${totalOf(judged.attempts)} passed, Wilson score ${judged.wilson}, ${judged.totalSuccesses} successes in all`;
    yield `           ${name} asks for a score of ${least} and ${successes} successes${judged.before === judged.tier ? '' : `; it was in ${judged.before} before`}`;
    yield `           counted again by transcript: ${perKind(judged.attempts, judged.successes)}`;
    if (judged.said !== judged.tier) yield `           the ledger says ${judged.said}, which is false`;
  }
  const { attempts, successes, totalSuccesses } = told.counting;
  if (totalOf(attempts) > 0)
    yield `           since then ${perKind(attempts, successes)}; ${totalSuccesses} successes in all`;
  yield `score      ${score}`;
  yield weight === null
    ? 'weight     none was made yet'
    : `weight     ${weight.value} of ${weightMax} for uid ${weight.uid}, at block ${weight.block} from a score of ${weight.score}`;
  yield '';
  yield `last ${told.changes.length} of ${told.changesCount} changes:`;
  for (const change of told.changes) yield changeLine(change);
  yield '';
  yield* endLines(told);
}

function changeLine({ event, block, atMs, ...change }: Change): string {
  const at = `  block ${String(block).padStart(8)}  ${time(atMs)}`;
  if (event === 'step' && change.reward !== null) {
    const { base, boost, speed, reward } = change.reward;
    const made = change.passed
      ? `${base} × boost ${boost} × speed ${speed.toFixed(6)}, shared out`
      : 'penalty';
    const what = `${change.task} ${change.passed ? 'passed' : 'failed'} in ${change.elapsedMs} ms, ${change.size} bytes`;
    return `${at}  ${what}: reward ${reward} (${made}); score ${change.scoreBefore} → ${change.score}`;
  }
  if (event === 'monitor') return `${at}  away: score ${change.scoreBefore} → ${change.score}`;
  if (event === 'window') return `${at}  tier ${change.tierBefore} → ${change.tier}`;
  return `${at}  left the subnet: score and tier forgotten`;
}

const occasionTexts: Readonly<Record<Occasion, string>> = {
  none: '',
  draw: 'of miners drawn by block hash (each draw repeated)',
  all: 'with all miners asked',
  operator: 'asked by the operator',
  repair: 'of repairs',
  waiting: 'for users, or left behind by a crash',
};

function* endLines(
  told: Pick<
    Explanation,
    'entries' | 'transcripts' | 'occasions' | 'notYet' | 'findings' | 'findingsCount' | 'words'
  >,
) {
  yield `computed again from ${told.entries} ledger entries and ${told.transcripts} transcripts`;
  const asked = Object.entries(told.occasions).map(
    ([occasion, answers]) => `${answers} ${occasionTexts[occasion as Occasion]}`,
  );
  if (asked.length > 0) yield `answers: ${asked.join(', ')}`;
  if (told.notYet > 0) yield `${told.notYet} of the last hour are not in the ledger yet`;
  for (const { sequence, says } of told.words.slice(0, 10))
    yield `  on the validator's word, entry ${sequence}: ${says}`;
  if (told.findingsCount === 0) {
    yield 'every figure holds, to the last bit';
    return;
  }
  yield `${told.findingsCount} findings:`;
  for (const { sequence, about, says } of told.findings.slice(0, 50))
    yield `  entry ${sequence}: ${about}: ${says}`;
}

export interface RewardAudit {
  readonly ok: boolean;
  readonly validator: string | null;
  readonly entries: number;
  readonly answers: number;
  readonly transcripts: number;
  readonly occasions: RewardReplay['occasions'];
  readonly notYet: number;
  readonly window: number;
  readonly findingsCount: number;
  readonly findings: RewardReplay['findings'];
  readonly words: RewardReplay['words'];
  readonly miners: readonly {
    readonly hotkey: string;
    readonly tier: TierName;
    readonly score: number;
    readonly weight: number | null;
  }[];
}

export async function auditRewards(paths: readonly string[], signal?: AbortSignal): Promise<RewardAudit> {
  const { replay, ...told } = await replayRewards(paths, signal === undefined ? {} : { signal });
  const miners = [...replay.standings.entries()]
    .sort(([, a], [, b]) => b.score - a.score)
    .map(([key, { tier, score }]) => ({
      hotkey: addressOf(key),
      tier,
      score,
      weight: replay.weighed.get(key)?.value ?? null,
    }));
  return {
    ok: told.findingsCount === 0,
    validator: told.validatorKey === null ? null : addressOf(told.validatorKey),
    entries: told.entries,
    answers: told.answers,
    transcripts: told.transcripts,
    occasions: told.occasions,
    notYet: told.notYet,
    window: replay.standings.window,
    findingsCount: told.findingsCount,
    findings: told.findings,
    words: told.words,
    miners,
  };
}

export function* auditLines(audit: RewardAudit): Generator<string> {
  for (const { hotkey, tier, score, weight } of audit.miners)
    yield `${hotkey}  ${tier.padEnd(12)}  score ${score.toFixed(9).padStart(12)}  weight ${weight ?? '–'}`;
  yield '';
  yield* endLines(audit);
}
