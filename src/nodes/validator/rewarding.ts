// What miners earn: scores and tiers of all of them, kept in step with the reward ledger (domain/audit/ledger.ts).
//
// How the loop uses it:
//
//   const rewarding = await openRewarding(context, { log, rules, block });
//   const batch = collectAnswers(context);           // answers.ts
//   await challengeAll(batch.context, …);            // anything that stores, challenges or retrieves
//   await rewarding.step({ block, answers: batch.answers });          // one batch, ranked within each task
//   const away = await rewarding.monitor({ block, pings });           // who has not answered five times in a row
//   await rewarding.drop(block, hotkeys);            // hotkeys that left the subnet (two metagraphs compared)
//   await rewarding.rollIfDue(block);                // each time round; the window's end judges the tiers
//   weighing: { …, rewarding }                       // weighing.ts asks for scores and records the weights
//
// Every change is computed, written durably, and only then takes effect, so what a crash leaves is what the ledger
// says. Calls may overlap: they are taken one after another.

import type { RewardLog } from '../../adapters/observe/ledger-files.js';
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
  packFloat,
  packRules,
  readLedgerEntry,
} from '../../domain/audit/ledger.js';
import { LedgerReplay } from '../../domain/audit/ledger-replay.js';
import { type Answer, newcomer, type Rewarded, type Standing } from '../../domain/audit/standing.js';
import { encodeEntry } from '../../domain/audit/transcript.js';
import type { SelectionTask } from '../../domain/economy/selection.js';
import { tierOf, windowAt, windowCounts } from '../../domain/economy/tiers.js';
import { weightMax, weightsOf } from '../../domain/economy/weights.js';
import { sealMessage } from '../../domain/identity/sealed.js';
import { equalBytes, type PublicKey } from '../../domain/model/bytes.js';
import { nodeSize, protocolVersion } from '../../domain/model/constants.js';
import type { EconomyRules } from '../../domain/model/economy.js';
import type {
  KindCounts,
  MinerStatistics,
  StatisticKind,
  WindowJudgement,
} from '../../domain/model/records.js';
import { lowestTier, type TierName } from '../../domain/model/tiers.js';
import type { Neuron, Weight } from '../../domain/ports/chain.js';
import type { ValidatorContext } from './context.js';

/** How the miners of a batch were chosen, for auditors. */
export interface RecordedSelection {
  readonly task: SelectionTask;
  /** The round's block (`roundBlock`) and its hash. */
  readonly block: number;
  readonly blockHash: Uint8Array;
  readonly k: number;
  /** uids that could have been chosen, and those that were. */
  readonly candidates: readonly number[];
  readonly chosen: readonly number[];
}

export interface Batch {
  readonly block: number;
  /** Of one or more tasks: each task's answers are ranked among themselves. */
  readonly answers: readonly Answer[];
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
export type RewardingContext = Pick<ValidatorContext, 'clock' | 'index' | 'log' | 'party' | 'signer'>;

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
  const rewarding = new Rewarding(context, parts, replay);
  await rewarding.begin(parts.block);
  return rewarding;
}

export class Rewarding {
  readonly #context: RewardingContext;
  readonly #log: RewardLog;
  readonly #rules: EconomyRules;
  readonly #replay: LedgerReplay;
  readonly #onEntry: (entry: LedgerEntry) => void;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(context: RewardingContext, { log, rules, onEntry }: RewardingParts, replay: LedgerReplay) {
    this.#context = context;
    this.#log = log;
    this.#rules = rules;
    this.#replay = replay;
    this.#onEntry = onEntry ?? (() => {});
  }

  /** Writes the state that this run begins with. Tiers are those of the index: what placement goes by. */
  begin(block: number): Promise<void> {
    return this.#alone(async () => {
      const { index } = this.#context;
      const { standings } = this.#replay;
      const begun = await index.window();
      const miners = new Map<PublicKey, Standing>(standings.entries());
      for (const { minerKey, tier } of await index.listStatistics()) {
        const known = miners.get(minerKey);
        if (known !== undefined || tier !== lowestTier)
          miners.set(minerKey, { ...(known ?? newcomer), tier });
      }
      // A first start begins the window the chain is in, and judges nobody by the part of it that is left.
      const window = begun > 0 ? begun : windowAt(block, this.#rules);
      if (begun === 0 && window > 0) await index.rollWindow(window, []);
      await this.#write('state', block, { miners: rowsOf(miners), rules: packRules(this.#rules) }, window);
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
  step({ block, answers, selection }: Batch): Promise<readonly Rewarded[]> {
    return this.#alone(async () => {
      const rewarded: Rewarded[] = [];
      for (const task of kinds) {
        const ofTask = answers.filter((answer) => answer.task === task);
        for (let at = 0; at < ofTask.length; at += answersMax) {
          const batch = ofTask.slice(at, at + answersMax);
          const rewards = this.#replay.standings.reward(task, batch);
          await this.#write('step', block, {
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
            selection: selection === undefined ? [] : [selection],
          });
          rewarded.push(...rewards);
        }
      }
      return rewarded;
    });
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
        selection: selection === undefined ? [] : [selection],
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
        const { attempts, totalSuccesses, tier } = await index.statistics(hotkey);
        const isCounted = totalSuccesses > 0 || tier !== lowestTier || sum(attempts) > 0;
        if (isCounted || this.standingOf(hotkey) !== newcomer) known.push(hotkey);
      }
      for (let at = 0; at < known.length; at += minersMax) {
        const some = known.slice(at, at + minersMax);
        await this.#write('drop', block, {
          miners: some.map((hotkey) => rowOf(hotkey, this.standingOf(hotkey))),
        });
        for (const hotkey of some) await index.putStatistics(noStatistics(hotkey));
      }
    });
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
      const judged = (await index.listStatistics())
        .filter(({ attempts }) => sum(attempts) > 0)
        // Those with the most attempts, should there ever be more than an entry holds; the others keep their counts.
        .sort((a, b) => sum(b.attempts) - sum(a.attempts))
        .slice(0, minersMax)
        .map((record) => this.#judge(record));
      const rows = judged.map(({ record, before, after }) => ({
        minerKey: bytesOf(record.minerKey),
        attempts: record.attempts,
        successes: record.successes,
        totalSuccesses: record.totalSuccesses,
        before,
        after,
      }));
      await this.#write('window', block, { judged: rows }, window);
      await index.rollWindow(window, rows.map(judgementOf));
      // Restoring begins at a state, so that it never has more than a window to read.
      await this.#write('state', block, {
        miners: rowsOf(new Map(standings.entries())),
        rules: packRules(this.#rules),
      });
      const changes = judged
        .filter(({ before, after }) => before !== after)
        .map(({ record, before, after }) => ({ minerKey: record.minerKey, before, after }));
      this.#context.log.info(
        { window, miners: judged.length, changes: changes.length },
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

  #judge(record: MinerStatistics): { record: MinerStatistics; before: TierName; after: TierName } {
    const before = this.standingOf(record.minerKey).tier;
    return {
      record,
      before,
      after: tierOf(windowCounts(record), record.totalSuccesses, before, this.#rules),
    };
  }

  /** Durable, then in effect: the entry itself is replayed, so memory cannot come to differ from the ledger. */
  async #write(event: LedgerEvent, block: number, content: LedgerContent, window?: number): Promise<void> {
    const { party, signer, clock, log } = this.#context;
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

const sum = ({ store, challenge, retrieve }: KindCounts): number => store + challenge + retrieve;

const noCounts: KindCounts = { store: 0, challenge: 0, retrieve: 0 };
const noStatistics = (minerKey: PublicKey): MinerStatistics => ({
  minerKey,
  attempts: noCounts,
  successes: noCounts,
  totalSuccesses: 0,
  tier: lowestTier,
});

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

const rowOf = (minerKey: PublicKey, { score, tier, misses, asked }: Standing, away = false) => ({
  minerKey: bytesOf(minerKey),
  tier,
  score: packFloat(score),
  misses,
  asked,
  away,
});

/** Those with the largest scores, should there be more than an entry holds; a subnet has 256 miners. */
const rowsOf = (miners: ReadonlyMap<PublicKey, Standing>) =>
  [...miners]
    .sort(([, a], [, b]) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, minersMax)
    .map(([minerKey, standing]) => rowOf(minerKey, standing));
