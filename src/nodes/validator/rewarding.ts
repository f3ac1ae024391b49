// What miners earn: scores and tiers of all of them, kept in step with the reward ledger (domain/audit/ledger.ts).
//
// How the loop uses it:
//
//   const rewarding = await openRewarding(context, { log, rules, block });
//   const batch = collectAnswers(context);           // answers.ts
//   await challengeAll(batch.context, …);            // anything that stores, challenges or retrieves
//   await rewarding.step({ block, occasion, answers: batch.answers }); // one batch, ranked within each task
//   await rewarding.takeWaiting(block);              // what API nodes asked, and what a crash left
//   const away = await rewarding.monitor({ block, pings });           // who has not answered five times in a row
//   await rewarding.drop(block, hotkeys);            // hotkeys that left the subnet (two metagraphs compared)
//   await rewarding.rollIfDue(block);                // each time round; the window's end judges the tiers
//   weighing: { …, rewarding }                       // weighing.ts asks for scores and records the weights
//
// Every change is computed, written durably, and only then takes effect, so what a crash leaves is what the ledger
// says. Calls may overlap: they are taken one after another.
//
// An answer is counted in the index as soon as its transcript is durable, and waits there until it is in the ledger:
// counts of the index are always those of the ledger and of what waits. Tiers are judged by the ledger's alone.

import type { RewardLog } from '../../adapters/observe/ledger-files.js';
import type { TranscriptLog } from '../../adapters/observe/transcript-log.js';
import {
  answersMax,
  bytesOf,
  emptyContent,
  type LedgerContent,
  type LedgerEntry,
  type LedgerEvent,
  ledgerKind,
  minerOf,
  minersMax,
  type Occasion,
  packCounts,
  packFloat,
  packRules,
  readLedgerEntry,
  totalOf,
} from '../../domain/audit/ledger.js';
import { LedgerReplay } from '../../domain/audit/ledger-replay.js';
import {
  type Answer,
  newcomer,
  type Rewarded,
  type Standing,
  wasCounted,
} from '../../domain/audit/standing.js';
import { encodeEntry } from '../../domain/audit/transcript.js';
import type { SelectionTask } from '../../domain/economy/selection.js';
import { tierOf, windowAt, windowCounts } from '../../domain/economy/tiers.js';
import { weightMax, weightsOf } from '../../domain/economy/weights.js';
import { sealMessage } from '../../domain/identity/sealed.js';
import { equalBytes, type PublicKey, toHex } from '../../domain/model/bytes.js';
import { nodeSize, protocolVersion } from '../../domain/model/constants.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import type {
  CountedAnswer,
  KindCounts,
  MinerStatistics,
  StatisticKind,
  WindowJudgement,
} from '../../domain/model/records.js';
import type { TierName } from '../../domain/model/tiers.js';
import type { Neuron, Weight } from '../../domain/ports/chain.js';
import { waitingAnswersMax } from '../../domain/ports/placement-index.js';
import type { ValidatorContext } from './context.js';

/** How the miners of a batch were chosen, for auditors. */
export interface RecordedSelection {
  readonly task: SelectionTask;
  /** The round's block (`roundBlock`) and its hash. */
  readonly block: number;
  readonly blockHash: Uint8Array;
  readonly k: number;
  /** uids that could have been chosen, and the neurons that were. */
  readonly candidates: readonly number[];
  readonly chosen: readonly Pick<Neuron, 'uid' | 'hotkey'>[];
}

export interface Batch {
  readonly block: number;
  /** Of one or more tasks: each task's answers are ranked among themselves. */
  readonly answers: readonly Answer[];
  readonly occasion: Exclude<Occasion, 'none'>;
  /** Of a draw. */
  readonly selection?: RecordedSelection;
}

export interface Pings {
  readonly block: number;
  readonly pings: readonly { readonly minerKey: PublicKey; readonly answered: boolean }[];
  readonly selection?: RecordedSelection;
}

export interface TierChange {
  readonly minerKey: PublicKey;
  readonly before: TierName;
  readonly after: TierName;
}

/** Who is to be weighed, and the chain's two numbers. */
export interface WeightsQuestion {
  readonly block: number;
  readonly neurons: readonly Pick<Neuron, 'uid' | 'hotkey'>[];
  readonly minAllowedWeights: number;
  /** Of 65535. */
  readonly maxWeightsLimit: number;
}

export interface RewardingParts {
  readonly log: RewardLog;
  readonly rules: EconomyRules;
  /** The newest block. */
  readonly block: number;
  /** Told of each entry once it is durable and in effect. */
  readonly onEntry?: ((entry: LedgerEntry) => void) | undefined;
}

const kinds: readonly StatisticKind[] = ['store', 'challenge', 'retrieve'];

/** The part of a context that rewards need. */
export type RewardingContext = Pick<
  ValidatorContext,
  'clock' | 'index' | 'log' | 'party' | 'processId' | 'signer'
> & { readonly transcripts: Pick<TranscriptLog, 'ownAnswersSince'> };

/** Exchanges that a crash kept from being counted are looked for in so much of the time before the last entry. */
const lookBackMs = 3600_000;
/** Answers taken from the index at once. */
const waitingAtOnce = 4096;

/** Restores everybody's standing from the ledger, and brings the index to what the ledger says. */
export async function openRewarding(context: RewardingContext, parts: RewardingParts): Promise<Rewarding> {
  const replay = new LedgerReplay(null, null);
  const entries = await parts.log.fromLastState();
  for (const entry of entries)
    for (const { about, says, sequence } of replay.take(entry).findings)
      if (about !== 'word')
        context.log.error({ sequence, about, detail: says }, 'the reward ledger is damaged');
  const last = replay.last;
  if (last !== null) {
    // What the last run wrote and perhaps did not come to do: both do nothing when done already.
    const { event, judged, window, miners } = last.value;
    if (event === 'window') await context.index.rollWindow(window, judged.map(judgementOf));
    if (event === 'drop')
      for (const miner of miners) await context.index.putStatistics(noStatistics(minerOf(miner)));
  }
  if (last !== null) await countForgotten(context, parts.log, last.value.atMs - lookBackMs);
  const rewarding = new Rewarding(context, parts, replay);
  await rewarding.begin(parts.block);
  return rewarding;
}

/** A crash may come between an exchange's transcript and its count: then it is counted now. */
async function countForgotten(context: RewardingContext, log: RewardLog, sinceMs: number): Promise<void> {
  const known = await log.transcriptsNamedSince(sinceMs);
  let forgotten = 0;
  for await (const answer of context.transcripts.ownAnswersSince(sinceMs)) {
    if (known.has(toHex(answer.transcript))) continue;
    if (await context.index.count({ ...answer, asker: context.processId })) forgotten++;
  }
  if (forgotten > 0) context.log.info({ answers: forgotten }, 'counted what a crash had left uncounted');
}

export class Rewarding {
  readonly #context: RewardingContext;
  readonly #log: RewardLog;
  readonly #rules: EconomyRules;
  readonly #replay: LedgerReplay;
  readonly #onEntry: (entry: LedgerEntry) => void;
  #turn: Promise<unknown> = Promise.resolve();
  /** In the ledger, and perhaps waiting in the index still: settled before anything else is written. */
  #unsettled: Uint8Array[] = [];
  /** This process's own answers whose batch could not be written: they wait like those of others. Hex. */
  readonly #lost = new Set<string>();

  constructor(context: RewardingContext, { log, rules, onEntry }: RewardingParts, replay: LedgerReplay) {
    this.#context = context;
    this.#log = log;
    this.#rules = rules;
    this.#replay = replay;
    this.#onEntry = onEntry ?? (() => {});
  }

  /**
   * Writes the state that this run begins with, then takes what waits. Whoever the ledger has counted is what the ledger
   * says, and the index is brought to it; of others (an import) what the index says is taken over.
   */
  begin(block: number): Promise<void> {
    return this.#alone(async () => {
      const { index } = this.#context;
      const { standings } = this.#replay;
      const begun = await index.window();
      const miners = new Map<PublicKey, Standing>(standings.entries());
      const waiting = new Map<PublicKey, CountedAnswer[]>();
      for (const answer of await index.waitingAnswers(waitingAnswersMax)) {
        if (this.#replay.names(answer.transcript)) this.#unsettled.push(answer.transcript);
        else waiting.set(answer.minerKey, [...(waiting.get(answer.minerKey) ?? []), answer]);
      }
      const indexed = new Map((await index.listStatistics()).map((record) => [record.minerKey, record]));
      for (const minerKey of new Set([...indexed.keys(), ...miners.keys()])) {
        const record = indexed.get(minerKey) ?? noStatistics(minerKey);
        const known = miners.get(minerKey) ?? newcomer;
        const more = waiting.get(minerKey) ?? [];
        const standing = wasCounted(known) ? known : { ...known, ...countsOf(withAnswers(record, more, -1)) };
        if (wasCounted(standing)) miners.set(minerKey, standing);
        const should = withAnswers({ minerKey, ...countsOf(standing) }, more, 1);
        if (!sameStatistics(record, should)) await index.putStatistics(should);
      }
      // A first start begins the window the chain is in, and judges nobody by the part of it that is left.
      const window = begun > 0 ? begun : windowAt(block, this.#rules);
      if (begun === 0 && window > 0) await index.rollWindow(window, []);
      await this.#write('state', block, { miners: rowsOf(miners), rules: packRules(this.#rules) }, window);
      await this.#takeWaiting(block, () => true);
    });
  }

  /** Scores of all miners that were ever asked. */
  get scores(): ReadonlyMap<PublicKey, number> {
    return new Map(
      [...this.#replay.standings.entries()]
        .filter(([, { asked }]) => asked)
        .map(([minerKey, { score }]) => [minerKey, score]),
    );
  }

  /** Number of the tier window that has begun last. */
  get window(): number {
    return this.#replay.standings.window;
  }

  standingOf(minerKey: PublicKey): Standing {
    return this.#replay.standings.of(minerKey);
  }

  /** Rewards a batch; resolves when it is durable. Rewards in the order of tasks, and of answers within each. */
  step(batch: Batch): Promise<readonly Rewarded[]> {
    return this.#alone(async () => {
      try {
        return await this.#step(batch);
      } catch (error) {
        for (const { transcript } of batch.answers) this.#lost.add(toHex(transcript));
        throw error;
      }
    });
  }

  /** Rewards what other nodes of the validator asked since the last time; returns it with what it earned. */
  takeWaiting(block: number): Promise<readonly (CountedAnswer & { readonly reward: number })[]> {
    return this.#alone(() => this.#takeWaiting(block, (answer) => this.#isOthers(answer)));
  }

  /** Counts pings; returns who counts as away now, and has paid for it. Writes only what changes anything. */
  monitor({ block, pings, selection }: Pings): Promise<readonly PublicKey[]> {
    return this.#alone(async () => {
      const { standings } = this.#replay;
      const pinged = [...new Map(pings.map((ping) => [ping.minerKey, ping])).values()]
        .filter(({ minerKey, answered }) => !answered || standings.of(minerKey).misses > 0)
        .map(({ minerKey, answered }) => standings.ping(minerKey, answered));
      if (pinged.length === 0) return [];
      await this.#write('monitor', block, {
        miners: pinged.map(({ minerKey, standing, away }) => rowOf(minerKey, standing, away)),
        selection: packSelection(selection),
      });
      return pinged.filter(({ away }) => away).map(({ minerKey }) => minerKey);
    });
  }

  /** Forgets hotkeys that left the subnet: score, tier and counts. Whoever comes back begins anew. */
  drop(block: number, hotkeys: readonly PublicKey[]): Promise<void> {
    return this.#alone(async () => {
      const { index } = this.#context;
      const known: PublicKey[] = [];
      for (const hotkey of new Set(hotkeys)) {
        const isCounted = wasCounted({ ...newcomer, ...countsOf(await index.statistics(hotkey)) });
        if (isCounted || this.standingOf(hotkey) !== newcomer) known.push(hotkey);
      }
      for (let at = 0; at < known.length; at += minersMax) {
        const some = known.slice(at, at + minersMax);
        await this.#write('drop', block, {
          miners: some.map((hotkey) => rowOf(hotkey, this.standingOf(hotkey))),
        });
        const waiting = await index.waitingAnswers(waitingAnswersMax);
        for (const hotkey of some) {
          // What came in meanwhile is counted when it is in the ledger.
          const late = waiting.filter(
            (answer) => answer.minerKey === hotkey && !this.#replay.names(answer.transcript),
          );
          await index.putStatistics(withAnswers(noStatistics(hotkey), late, 1));
        }
      }
    });
  }

  /** Forgets whoever has a standing and is not on the subnet; returns them. An empty subnet is not believed. */
  async dropMissing(block: number, registered: ReadonlySet<PublicKey>): Promise<readonly PublicKey[]> {
    if (registered.size === 0) return [];
    const missing = [...this.#replay.standings.entries()]
      .map(([minerKey]) => minerKey)
      .filter((minerKey) => !registered.has(minerKey));
    if (missing.length > 0) await this.drop(block, missing);
    return missing;
  }

  /**
   * Judges all miners when a window has ended since the last time, however long ago; null when none has. The index
   * has the new tiers when this resolves.
   */
  rollIfDue(block: number): Promise<readonly TierChange[] | null> {
    if (windowAt(block, this.#rules) <= this.#replay.standings.window) return Promise.resolve(null);
    return this.#alone(async () => {
      const { index } = this.#context;
      const { standings } = this.#replay;
      const window = windowAt(block, this.#rules);
      if (window <= standings.window) return null;
      // What users' requests brought belongs to the window that ends.
      await this.#takeWaiting(block, (answer) => this.#isOthers(answer));
      const rows = [...standings.entries()]
        .filter(([, { attempts }]) => totalOf(attempts) > 0)
        // Those with the most attempts, should there ever be more than an entry holds; the others keep their counts.
        .sort(([, a], [, b]) => totalOf(b.attempts) - totalOf(a.attempts))
        .slice(0, minersMax)
        .map(([minerKey, standing]) => ({
          minerKey: bytesOf(minerKey),
          attempts: standing.attempts,
          successes: standing.successes,
          totalSuccesses: standing.totalSuccesses,
          before: standing.tier,
          after: tierOf(windowCounts(standing), standing.totalSuccesses, standing.tier, this.#rules),
        }));
      await this.#write('window', block, { judged: rows }, window);
      await index.rollWindow(window, rows.map(judgementOf));
      // Restoring begins at a state, so that it never has more than a window to read.
      await this.#write('state', block, {
        miners: rowsOf(new Map(standings.entries())),
        rules: packRules(this.#rules),
      });
      const changes = rows
        .filter(({ before, after }) => before !== after)
        .map((row) => ({ minerKey: minerOf(row), before: row.before, after: row.after }));
      this.#context.log.info(
        { window, miners: rows.length, changes: changes.length },
        'a tier window has begun',
      );
      return changes;
    });
  }

  /** Makes weights of the scores as they are now, and records both, so that they can be made again. */
  weigh({ block, neurons, minAllowedWeights, maxWeightsLimit }: WeightsQuestion): Promise<readonly Weight[]> {
    return this.#alone(async () => {
      const scored = neurons.map(({ uid, hotkey }) => ({ uid, hotkey, ...this.standingOf(hotkey) }));
      const weights = weightsOf(scored, { minAllowedWeights, maxWeight: maxWeightsLimit / weightMax });
      const values = new Map(weights.map(({ uid, value }) => [uid, value]));
      await this.#write('weights', block, {
        neurons: scored.map(({ uid, hotkey, score, asked }) => ({
          uid,
          minerKey: bytesOf(hotkey),
          score: packFloat(score),
          asked,
          value: values.get(uid) ?? 0,
        })),
        minAllowedWeights,
        maxWeightsLimit,
      });
      return weights;
    });
  }

  /** Resolves when all that was asked for is done. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #step({ block, occasion, answers, selection }: Batch): Promise<readonly Rewarded[]> {
    const rewarded: Rewarded[] = [];
    for (const task of kinds) {
      const ofTask = answers.filter((answer) => answer.task === task);
      for (let at = 0; at < ofTask.length; at += answersMax) {
        const batch = ofTask.slice(at, at + answersMax);
        const rewards = this.#replay.standings.reward(task, batch);
        await this.#write('step', block, {
          occasion,
          // Field by field: whoever collects answers may know more of them than the ledger holds.
          answers: batch.map(({ minerKey, passed, elapsedMs, size, transcript }, i) => ({
            task,
            minerKey: bytesOf(minerKey),
            passed,
            elapsedMs,
            size,
            transcript,
            reward: packFloat(rewards[i]!.reward),
            score: packFloat(rewards[i]!.score),
          })),
          selection: packSelection(selection),
        });
        this.#unsettled.push(...batch.map(({ transcript }) => transcript));
        await this.#settle().catch((error) => {
          this.#context.log.warn({ err: error }, 'could not settle answers in the index: tried again later');
        });
        rewarded.push(...rewards);
      }
    }
    return rewarded;
  }

  #isOthers({ asker, transcript }: CountedAnswer): boolean {
    return asker !== this.#context.processId || this.#lost.has(toHex(transcript));
  }

  async #takeWaiting(block: number, which: (answer: CountedAnswer) => boolean) {
    await this.#settle();
    const taken = (await this.#context.index.waitingAnswers(waitingAtOnce))
      .filter((answer) => which(answer) && !this.#replay.names(answer.transcript))
      .sort((a, b) => kinds.indexOf(a.task) - kinds.indexOf(b.task));
    if (taken.length === 0) return [];
    const rewards = await this.#step({ block, occasion: 'waiting', answers: taken });
    for (const { transcript } of taken) this.#lost.delete(toHex(transcript));
    return taken.map((answer, i) => ({ ...answer, reward: rewards[i]!.reward }));
  }

  async #settle(): Promise<void> {
    if (this.#unsettled.length === 0) return;
    await this.#context.index.settleAnswers(this.#unsettled);
    this.#unsettled = [];
  }

  /** Durable, then in effect: the entry itself is replayed, so memory cannot come to differ from the ledger. */
  async #write(event: LedgerEvent, block: number, content: LedgerContent, window?: number): Promise<void> {
    const { party, signer, clock, log } = this.#context;
    // At most the last entry's answers are unsettled when a crash comes: those a restart knows from the ledger.
    await this.#settle();
    const last = this.#replay.last;
    const follows = last !== null && equalBytes(last.value.validatorKey, party.publicKey) ? last : null;
    const sealed = sealMessage(
      ledgerKind,
      {
        ...emptyContent,
        version: protocolVersion,
        event,
        genesis: party.genesis,
        netuid: party.netuid,
        validatorKey: party.publicKey,
        sequence: (follows?.value.sequence ?? 0) + 1,
        previous: follows?.digest ?? new Uint8Array(nodeSize),
        atMs: clock.now(),
        block,
        window: window ?? this.#replay.standings.window,
        ...content,
      },
      signer,
    );
    await this.#log.append(encodeEntry(sealed, []));
    const entry = readLedgerEntry(sealed);
    for (const { about, says } of this.#replay.take(entry).findings)
      if (about !== 'word')
        log.error({ event, about, detail: says }, 'an entry of the reward ledger is wrong');
    this.#onEntry(entry);
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** Tier and counts of an index record or of a standing. */
const countsOf = ({
  tier,
  attempts,
  successes,
  totalSuccesses,
}: Omit<MinerStatistics, 'minerKey'>): Omit<MinerStatistics, 'minerKey'> => ({
  tier,
  attempts,
  successes,
  totalSuccesses,
});

const noStatistics = (minerKey: PublicKey): MinerStatistics => ({ minerKey, ...countsOf(newcomer) });

/** Counts with these answers in them (1), or without (−1). */
function withAnswers(
  record: MinerStatistics,
  answers: readonly CountedAnswer[],
  sign: 1 | -1,
): MinerStatistics {
  const moved = (counts: KindCounts, of: readonly CountedAnswer[]): KindCounts => {
    const next = { ...counts };
    for (const { task } of of) next[task] = Math.max(0, next[task] + sign);
    return next;
  };
  const passed = answers.filter((answer) => answer.passed);
  return {
    ...record,
    attempts: moved(record.attempts, answers),
    successes: moved(record.successes, passed),
    totalSuccesses: Math.max(0, record.totalSuccesses + sign * passed.length),
  };
}

const sameStatistics = (a: MinerStatistics, b: MinerStatistics): boolean =>
  a.tier === b.tier &&
  a.totalSuccesses === b.totalSuccesses &&
  kinds.every((kind) => a.attempts[kind] === b.attempts[kind] && a.successes[kind] === b.successes[kind]);

const packSelection = (selection: RecordedSelection | undefined) =>
  selection === undefined
    ? []
    : [
        {
          ...selection,
          chosen: selection.chosen.map(({ uid, hotkey }) => ({ uid, minerKey: bytesOf(hotkey) })),
        },
      ];

const judgementOf = (row: {
  readonly minerKey: Uint8Array;
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  readonly after: TierName;
}): WindowJudgement => ({
  minerKey: minerOf(row),
  attempts: row.attempts,
  successes: row.successes,
  tier: row.after,
});

const rowOf = (minerKey: PublicKey, standing: Standing, away = false) => ({
  minerKey: bytesOf(minerKey),
  tier: standing.tier,
  counts: packCounts(standing),
  score: packFloat(standing.score),
  misses: standing.misses,
  asked: standing.asked,
  away,
});

/** Those with the largest scores, should there be more than an entry holds; a subnet has 256 miners. */
const rowsOf = (miners: ReadonlyMap<PublicKey, Standing>) =>
  [...miners]
    .sort(([, a], [, b]) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, minersMax)
    .map(([minerKey, standing]) => rowOf(minerKey, standing));
