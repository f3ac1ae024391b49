// filetao rewards explain: why a miner has the tier, score and weight it has, computed again from the ledger and the
// transcripts alone. filetao audit rewards: the same for everybody, and whether all figures hold.

import type { Change, Judged, Weighed } from '../../domain/audit/ledger-replay.js';
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
  /** Why the tier is what it is; null before the miner's first window. */
  readonly judged: (Judged & { readonly wilson: number; readonly shown: Shown }) | null;
  /** Changes of the miner's score and tier in all, and the last of them. */
  readonly changesCount: number;
  readonly changes: readonly Change[];
  /** Entries of the ledger that are wrong or missing, whomever they are about. */
  readonly findings: RewardReplay['findings'];
  readonly findingsCount: number;
  readonly words: RewardReplay['words'];
  readonly entries: number;
  readonly transcripts: number;
}

/** What the transcripts at hand show of the exchanges a window was judged by. */
export interface Shown {
  readonly attempts: number;
  readonly successes: number;
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
  const exchanges: { readonly endMs: number; readonly passed: boolean }[] = [];
  const replayed = await replayRewards(paths, {
    ...(signal === undefined ? {} : { signal }),
    onChange(change) {
      if (change.minerKey !== hotkey) return;
      changesCount++;
      changes.push(change);
      if (changes.length > last) changes.shift();
    },
    onExchange(fact, endMs) {
      const isCounted = fact.kind === 'store' || fact.kind === 'challenge' || fact.kind === 'retrieve';
      if (fact.minerKey === hotkey && isCounted) exchanges.push({ endMs, passed: fact.outcome === 'pass' });
    },
  });
  const { replay } = replayed;
  const judged = replay.judged.get(hotkey) ?? null;
  const { score, tier, asked } = replay.standings.of(hotkey);
  if (!asked && changesCount === 0 && judged === null && exchanges.length === 0)
    throw new FileTaoError('not-found', 'neither ledger nor transcripts know this hotkey');
  return {
    hotkey: addressOf(hotkey),
    validator: replayed.validatorKey === null ? null : addressOf(replayed.validatorKey),
    tier,
    score,
    weight: replay.weighed.get(hotkey) ?? null,
    judged: judged && {
      ...judged,
      wilson: wilsonOf(judged, replayed),
      shown: shownIn(exchanges, judged.fromMs, judged.atMs),
    },
    changesCount,
    changes,
    findings: replayed.findings,
    findingsCount: replayed.findingsCount,
    words: replayed.words,
    entries: replayed.entries,
    transcripts: replayed.transcripts,
  };
}

export const addressOf = (key: PublicKey): string => encodeSs58(fromHex(key));

function wilsonOf(judged: Judged, { replay }: RewardReplay): number {
  const { attempts, successes } = windowCounts(judged);
  return wilsonScore(successes, attempts, replay.standings.rules.constants['tier.z']);
}

function shownIn(
  exchanges: readonly { readonly endMs: number; readonly passed: boolean }[],
  fromMs: number,
  untilMs: number,
): Shown {
  const within = exchanges.filter(({ endMs }) => endMs > fromMs && endMs <= untilMs);
  return { attempts: within.length, successes: within.filter(({ passed }) => passed).length };
}

const sum = ({ store, challenge, retrieve }: KindCounts): number => store + challenge + retrieve;
const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

export function* explanationLines(told: Explanation, tiers: readonly Tier[]): Generator<string> {
  const { judged, weight, tier, score } = told;
  yield `miner      ${told.hotkey}`;
  if (told.validator !== null) yield `validator  ${told.validator}`;
  yield `tier       ${tier}, factor ${tierNamed(tiers, tier).factor}`;
  if (judged === null) yield '           no window has judged it yet';
  else {
    const { name, score: least, successes } = tierNamed(tiers, judged.tier);
    yield `           window ${judged.window}, block ${judged.block}: ${sum(judged.successes)} of ${sum(judged.attempts)} passed, Wilson score ${judged.wilson}, ${judged.totalSuccesses} successes in all`;
    yield `           ${name} asks for a score of ${least} and ${successes} successes${judged.before === judged.tier ? '' : `; it was in ${judged.before} before`}`;
    const { shown } = judged;
    const differs = shown.attempts !== sum(judged.attempts) || shown.successes !== sum(judged.successes);
    yield `           the transcripts here show ${shown.successes} of ${shown.attempts} in that window${differs ? ' (the others are of other nodes, or at its very edge)' : ''}`;
  }
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

function* endLines(
  told: Pick<Explanation, 'entries' | 'transcripts' | 'findings' | 'findingsCount' | 'words'>,
) {
  yield `computed again from ${told.entries} ledger entries and ${told.transcripts} transcripts`;
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
