// What a long run of a validator tells: a table of the miners, what was done how often, and the repair log.

import type { TranscriptHead } from '../../src/domain/audit/transcript.js';
import { encodeSs58 } from '../../src/domain/identity/ss58.js';
import { fromHex, type PublicKey, publicKeyOf } from '../../src/domain/model/bytes.js';
import type { MinerStatistics } from '../../src/domain/model/records.js';
import type { auditRewards, Explanation } from '../../src/tools/rewards/explain.js';
import { columns } from '../../src/tools/rewards/text-columns.js';

export interface HoursEvent {
  readonly task_name: string;
  readonly block: number;
  readonly down?: readonly PublicKey[];
  readonly deregistered?: readonly PublicKey[];
  readonly tiers?: readonly { readonly hotkey: string; readonly before: string; readonly after: string }[];
  readonly pieces?: readonly {
    readonly pieceId: string;
    readonly copies: number;
    readonly before: number;
    readonly after: number;
    readonly retired: number;
    readonly outcome: string;
    readonly reason: string;
  }[];
}

export interface Told {
  readonly blocks: number;
  /** Of chain time. */
  readonly hours: number;
  /** Of the wall clock. */
  readonly seconds: number;
  readonly story: readonly string[];
  readonly heads: readonly TranscriptHead[];
  readonly events: readonly HoursEvent[];
  readonly miners: readonly {
    readonly minerKey: PublicKey;
    readonly name: string;
    /** null when it is not registered any more. */
    readonly uid: number | null;
    readonly statistics: MinerStatistics;
    readonly explained: Explanation;
  }[];
  /** By uid, as the chain has them. */
  readonly weights: ReadonlyMap<number, number>;
  readonly weightsFile: { readonly outcome: string; readonly reason: string | null; readonly block: number };
  readonly audit: Awaited<ReturnType<typeof auditRewards>>;
}

/** Pieces of the repair log that are shown at most. */
const repairsShown = 60;

export function* hoursReport(told: Told): Generator<string> {
  const { heads, events, miners } = told;
  yield `${told.blocks} blocks, ${told.hours.toFixed(2)} hours of chain time in ${told.seconds.toFixed(0)} s`;
  yield* told.story;

  yield 'exchanges of each miner, passed/asked (void), and what came of them:';
  const cell = (minerKey: PublicKey, kind: string): string => {
    const own = heads.filter((head) => head.kind === kind && publicKeyOf(head.minerKey) === minerKey);
    const count = (outcome: string): number => own.filter((head) => head.outcome === outcome).length;
    return `${count('pass')}/${count('pass') + count('fail')} (${count('void')})`;
  };
  yield* columns(
    ['miner', 'uid', 'store', 'challenge', 'retrieve', 'successes', 'tier', 'score', 'weight'],
    miners.map(({ minerKey, name, uid, statistics, explained }) => [
      name,
      uid === null ? '–' : String(uid),
      cell(minerKey, 'store'),
      cell(minerKey, 'challenge'),
      cell(minerKey, 'retrieve'),
      String(statistics.totalSuccesses),
      statistics.tier,
      explained.score.toFixed(6),
      uid === null ? '–' : String(told.weights.get(uid) ?? 0),
    ]),
  );

  const failures = new Map<string, number>();
  for (const { kind, outcome, reason, minerKey } of heads.filter((head) => head.outcome !== 'pass')) {
    const name = miners.find((miner) => miner.minerKey === publicKeyOf(minerKey))?.name;
    const what = `${name}: ${kind} ${outcome}, ${reason}`;
    failures.set(what, (failures.get(what) ?? 0) + 1);
  }
  yield `what did not pass: ${[...failures].map(([what, count]) => `${count} × ${what}`).join('; ')}`;

  const nameOf = (hotkey: string): string =>
    miners.find(({ minerKey }) => encodeSs58(fromHex(minerKey)) === hotkey)?.name ?? hotkey;
  for (const { block, tiers } of events.filter(({ task_name: task }) => task === 'tiers'))
    yield `block ${block}: a tier window ended; ${
      tiers!.map(({ hotkey, before, after }) => `${nameOf(hotkey)} ${before} → ${after}`).join(', ') ||
      'everybody stays'
    }`;
  const tasks = new Map<string, number>();
  for (const { task_name: task } of events) tasks.set(task, (tasks.get(task) ?? 0) + 1);
  yield `steps that did something: ${[...tasks].map(([task, count]) => `${task} ${count}`).join(', ')}`;
  const { outcome, reason, block } = told.weightsFile;
  yield `weights: set ${tasks.get('weights') ?? 0} times; the last time, at block ${block}: ${outcome}${reason === null ? '' : `, ${reason}`}`;
  const { entries, answers, transcripts, findingsCount } = told.audit;
  yield `rewards: ${entries} ledger entries, ${answers} answers, ${transcripts} transcripts; ${findingsCount} findings`;

  const repairs = events.flatMap((event) => (event.pieces ?? []).map((piece) => ({ ...piece, ...event })));
  const stored = repairs.reduce((sum, { before, after }) => sum + Math.max(0, after - before), 0);
  const retired = repairs.reduce((sum, piece) => sum + piece.retired, 0);
  yield `repair log: ${repairs.length} lines, ${stored} replicas stored anew, ${retired} given up`;
  yield* columns(
    ['block', 'piece', 'replicas', 'given up', 'outcome'],
    repairs
      .filter(({ copies }) => copies > 0)
      .slice(0, repairsShown)
      .map((piece) => [
        String(piece.block),
        piece.pieceId.slice(0, 8),
        `${piece.before} → ${piece.after} of ${piece.copies}`,
        String(piece.retired),
        `${piece.outcome}${piece.reason === '' ? '' : `: ${piece.reason}`}`,
      ]),
  );
}
