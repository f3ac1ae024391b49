// Replaying a reward ledger: every entry's figures are computed again from the entries before and from the transcripts it
// names, and compared to the last bit. What an entry says is then taken over, so one false figure is told once. Attempts
// and successes are those of the transcripts, where they are here, whatever the entries say.

import { roundBlock, verifySelection } from '../economy/selection.js';
import { tierOf, windowCounts } from '../economy/tiers.js';
import { weightMax, weightsOf } from '../economy/weights.js';
import { signedText } from '../identity/sealed.js';
import { equalBytes, type PublicKey, toHex } from '../model/bytes.js';
import { nodeSize } from '../model/constants.js';
import { toFileTaoError } from '../model/errors.js';
import type { KindCounts, StatisticKind } from '../model/records.js';
import type { TierName } from '../model/tiers.js';
import type { VerifySignature } from '../ports/signer.js';
import type { ExchangeFact } from './exchange-fact.js';
import {
  type LedgerBody,
  type LedgerEntry,
  type LedgerMiner,
  ledgerKind,
  minerOf,
  minersMax,
  type Occasion,
  totalOf,
  unpackCounts,
  unpackFloat,
  unpackRules,
} from './ledger.js';
import { noCounts, type Rewarded, type Standing, Standings, wasCounted, withAnswer } from './standing.js';

export interface LedgerFinding {
  readonly sequence: number;
  /** `word`: nothing to check it against. `gap`: something is not here. Else what is wrong. */
  readonly about:
    | 'word'
    | 'gap'
    | 'chain'
    | 'signature'
    | 'transcript'
    | 'figure'
    | 'count'
    | 'selection'
    /** An exchange that counts, and is in no entry. */
    | 'omitted';
  readonly says: string;
}

/** What one entry did to one miner: for people who want to know why. */
export interface Change {
  readonly sequence: number;
  readonly atMs: number;
  readonly block: number;
  readonly event: LedgerBody['event'];
  readonly minerKey: PublicKey;
  readonly task: StatisticKind | null;
  readonly passed: boolean | null;
  readonly elapsedMs: number | null;
  readonly size: number | null;
  /** Of the exchange's transcript; hex. */
  readonly transcript: string | null;
  /** Recomputed: base, boost, speed. */
  readonly reward: Pick<Rewarded, 'base' | 'boost' | 'speed' | 'reward'> | null;
  readonly scoreBefore: number;
  readonly score: number;
  readonly tierBefore: TierName;
  readonly tier: TierName;
}

export interface Judged {
  readonly window: number;
  readonly atMs: number;
  readonly block: number;
  /** Recounted from the answers since the window before, by their transcripts. */
  readonly attempts: KindCounts;
  readonly successes: KindCounts;
  readonly totalSuccesses: number;
  readonly before: TierName;
  /** Recomputed, and what the entry says. */
  readonly tier: TierName;
  readonly said: TierName;
}

export interface Weighed {
  readonly block: number;
  readonly atMs: number;
  readonly uid: number;
  readonly score: number;
  /** Recomputed, of 65535. */
  readonly value: number;
}

/** Blocks whose hashes are remembered, the newest. */
const hashesMax = 100_000;

const sameCounts = (a: KindCounts, b: KindCounts): boolean =>
  a.store === b.store && a.challenge === b.challenge && a.retrieve === b.retrieve;

const countsText = (judged: Pick<Standing, 'attempts' | 'successes' | 'totalSuccesses'>): string =>
  `${totalOf(judged.successes)} of ${totalOf(judged.attempts)} and ${judged.totalSuccesses} in all`;

const standingOf = ({ score, tier, misses, asked, counts }: LedgerMiner): Standing => ({
  score: unpackFloat(score),
  tier,
  misses,
  asked,
  ...unpackCounts(counts),
});

export class LedgerReplay {
  readonly standings = new Standings();
  /** The last word on each miner. */
  readonly judged = new Map<PublicKey, Judged>();
  readonly weighed = new Map<PublicKey, Weighed>();
  /** Answers by the occasion they were asked on. */
  readonly occasions = new Map<Occasion, number>();
  #last: LedgerEntry | null = null;
  /** Transcripts that entries have named; hex. */
  readonly #named = new Set<string>();
  /** Hashes of blocks by the entries and transcripts seen so far; hex. */
  readonly #hashes = new Map<number, string>();
  readonly #verify: VerifySignature | null;
  readonly #factOf: ((digest: Uint8Array) => ExchangeFact | null) | null;
  #findings: LedgerFinding[] = [];
  #changes: Change[] = [];
  readonly #replay: Readonly<Record<LedgerBody['event'], (body: LedgerBody) => void>> = {
    state: (body) => this.#state(body),
    step: (body) => this.#step(body),
    monitor: (body) => this.#monitor(body),
    window: (body) => this.#window(body),
    drop: (body) => this.#drop(body),
    weights: (body) => this.#weights(body),
  };

  /**
   * @param verify null leaves signatures unchecked: for one's own ledger
   * @param factOf null leaves transcripts unchecked
   */
  constructor(verify: VerifySignature | null, factOf: ((digest: Uint8Array) => ExchangeFact | null) | null) {
    this.#verify = verify;
    this.#factOf = factOf;
  }

  get last(): LedgerEntry | null {
    return this.#last;
  }

  /** Whether an entry names the transcript; without `verify` only since the window began. */
  names(transcript: Uint8Array): boolean {
    return this.#named.has(toHex(transcript));
  }

  /** The next entry in order; what is wrong with it, and what it changed. */
  take(entry: LedgerEntry): {
    readonly findings: readonly LedgerFinding[];
    readonly changes: readonly Change[];
  } {
    this.#findings = [];
    this.#changes = [];
    const { value } = entry;
    const signed =
      this.#verify === null ||
      this.#verify(signedText(ledgerKind.type, entry.body), entry.signature, value.validatorKey);
    if (!signed) this.#note(value, 'signature', 'is not signed by the validator it names: it was changed');
    else {
      this.#chain(entry);
      this.#selection(value);
      try {
        this.#replay[value.event](value);
      } catch (error) {
        this.#note(value, 'figure', `cannot be replayed: ${toFileTaoError(error).message}`);
      }
      this.#last = entry;
    }
    return { findings: this.#findings, changes: this.#changes };
  }

  #note({ sequence }: LedgerBody, about: LedgerFinding['about'], says: string): void {
    this.#findings.push({ sequence, about, says });
  }

  #demand(body: LedgerBody, holds: boolean, says: string): void {
    if (!holds) this.#note(body, 'figure', says);
  }

  #chain({ value }: LedgerEntry): void {
    const last = this.#last;
    if (last === null) {
      if (value.event !== 'state')
        this.#note(value, 'gap', 'the ledger does not begin with a state: what came before is not here');
      else if (value.sequence > 1)
        this.#note(value, 'word', 'what came before is not here: its standings are taken as given');
      else if (!equalBytes(value.previous, new Uint8Array(nodeSize)))
        this.#note(value, 'chain', 'is the first and names one before');
      return;
    }
    const before = last.value;
    if (
      !equalBytes(before.validatorKey, value.validatorKey) &&
      value.event === 'state' &&
      value.sequence === 1
    ) {
      this.#note(value, 'word', 'another hotkey goes on with these standings');
      return;
    }
    if (value.sequence <= before.sequence)
      this.#note(value, 'chain', `follows ${before.sequence}: the ledger forks`);
    else if (value.sequence > before.sequence + 1)
      this.#note(value, 'gap', `entries ${before.sequence + 1} to ${value.sequence - 1} are missing`);
    else if (!equalBytes(value.previous, last.digest))
      this.#note(value, 'chain', 'does not name the entry before it');
  }

  /** Whoever answered or was pinged must be among those that the hash of the round's first block chose. */
  #selection(body: LedgerBody): void {
    const wrong = (says: string): void => this.#note(body, 'selection', says);
    const isStep = body.event === 'step';
    if (isStep && (body.occasion === 'draw') !== body.selection.length > 0)
      wrong('its miners were drawn and it does not say how, or the other way round');
    for (const { task, block, blockHash, k, candidates, chosen } of body.selection) {
      const uids = chosen.map(({ uid }) => uid);
      if (!verifySelection(blockHash, task, candidates, k, uids))
        wrong(`the miners asked are not those that block ${block} chose`);
      if (block !== roundBlock(body.block))
        wrong(
          `block ${block} chose, and the round of block ${body.block} begins at ${roundBlock(body.block)}`,
        );
      if (task !== (isStep ? body.answers[0]?.task : 'monitor'))
        wrong(`the draw was for another task: ${task}`);
      this.#hash(body, block, toHex(blockHash));
      const drawn = new Set(chosen.map(minerOf));
      for (const miner of isStep ? body.answers : body.miners)
        if (!drawn.has(minerOf(miner))) wrong(`${minerOf(miner)} was asked and not chosen`);
    }
  }

  /** A block has one hash: the one that miners, who watch the chain themselves, have accepted in challenges too. */
  #hash(body: LedgerBody, block: number, hash: string): void {
    const known = this.#hashes.get(block);
    if (known === undefined) this.#hashes.set(block, hash);
    else if (known !== hash) this.#note(body, 'selection', `block ${block} has had another hash before`);
    if (this.#hashes.size > hashesMax) this.#hashes.delete(this.#hashes.keys().next().value!);
  }

  #state(body: LedgerBody): void {
    this.standings.rules = unpackRules(body.rules);
    const { standings } = this;
    if (this.#last !== null) {
      const given = new Set(body.miners.map(minerOf));
      for (const [key] of standings.entries())
        this.#demand(body, given.has(key), `${key} has lost its standing`);
      for (const miner of body.miners) {
        const key = minerOf(miner);
        const known = standings.of(key);
        const same =
          Object.is(unpackFloat(miner.score), known.score) &&
          miner.misses === known.misses &&
          miner.asked === known.asked;
        this.#demand(body, same, `the score of ${key} is not the one it had`);
        this.#sameCounts(body, miner, known);
      }
      if (body.window !== standings.window)
        this.#note(body, 'word', `window ${body.window} has begun outside the ledger`);
    }
    standings.clear();
    for (const miner of body.miners) standings.set(minerOf(miner), standingOf(miner));
    standings.window = body.window;
    // One's own ledger is read for what comes next; only an auditor must know of all.
    if (this.#verify === null) this.#named.clear();
  }

  /** Counts may come from outside only for a miner that was never counted: an import. */
  #sameCounts(body: LedgerBody, miner: LedgerMiner, known: Standing): void {
    const key = minerOf(miner);
    const { tier } = miner;
    const { attempts, successes, totalSuccesses } = unpackCounts(miner.counts);
    const same =
      tier === known.tier &&
      sameCounts(attempts, known.attempts) &&
      sameCounts(successes, known.successes) &&
      totalSuccesses === known.totalSuccesses;
    if (same) return;
    const told = `${tier}, ${totalSuccesses} successes`;
    if (wasCounted(known))
      this.#note(body, 'count', `tier and counts of ${key} became ${told} and no answer made them so`);
    else this.#note(body, 'word', `tier and counts of ${key} were set outside the ledger: ${told}`);
  }

  #step(body: LedgerBody): void {
    const { standings } = this;
    const task = body.answers[0]?.task;
    if (task === undefined) return;
    this.#demand(
      body,
      body.answers.every((answer) => answer.task === task),
      'mixes tasks',
    );
    this.occasions.set(body.occasion, (this.occasions.get(body.occasion) ?? 0) + body.answers.length);
    const answers = body.answers.map((answer) => ({ ...answer, minerKey: minerOf(answer) }));
    const rewarded = standings.reward(task, answers);
    for (const [i, answer] of body.answers.entries()) {
      const passed = this.#transcript(body, answer);
      const computed = rewarded[i]!;
      const [reward, score] = [unpackFloat(answer.reward), unpackFloat(answer.score)];
      this.#demand(
        body,
        Object.is(reward, computed.reward) && Object.is(score, computed.score),
        `reward ${reward} and score ${score} of ${computed.minerKey} should be ${computed.reward} and ${computed.score}`,
      );
      const before = standings.of(computed.minerKey);
      if (passed !== null)
        standings.set(computed.minerKey, withAnswer({ ...before, score, asked: true }, task, passed));
      this.#changes.push({
        sequence: body.sequence,
        atMs: body.atMs,
        block: body.block,
        event: 'step',
        minerKey: computed.minerKey,
        task,
        passed: answer.passed,
        elapsedMs: answer.elapsedMs,
        size: answer.size,
        transcript: toHex(answer.transcript),
        reward: computed,
        scoreBefore: before.score,
        score,
        tierBefore: before.tier,
        tier: before.tier,
      });
    }
  }

  /** Whether it passed, by its transcript where that is here; null for one that was counted before. */
  #transcript(body: LedgerBody, answer: LedgerBody['answers'][number]): boolean | null {
    const digest = toHex(answer.transcript);
    const name = `transcript ${digest.slice(0, 16)}`;
    if (this.#named.has(digest)) {
      this.#note(body, 'count', `${name} was counted before`);
      return null;
    }
    this.#named.add(digest);
    if (this.#factOf === null) return answer.passed;
    const fact = this.#factOf(answer.transcript);
    if (fact === null) {
      this.#note(body, 'gap', `${name} is not here`);
      return answer.passed;
    }
    if (fact.named !== null) this.#hash(body, fact.named.block, fact.named.hash);
    const holds =
      fact.kind === answer.task &&
      fact.minerKey === minerOf(answer) &&
      fact.outcome === (answer.passed ? 'pass' : 'fail') &&
      fact.elapsedMs === answer.elapsedMs &&
      fact.size === answer.size;
    if (!holds)
      this.#note(body, 'transcript', `${name} says something else than the answer that was rewarded`);
    return fact.outcome === 'pass';
  }

  #monitor(body: LedgerBody): void {
    for (const miner of body.miners) {
      const key = minerOf(miner);
      const before = this.standings.of(key);
      // Answered or not is the validator's word; what follows from it is not.
      const pinged = this.standings.ping(key, miner.misses === 0 && !miner.away);
      const score = unpackFloat(miner.score);
      this.#demand(
        body,
        pinged.away === miner.away &&
          pinged.standing.misses === miner.misses &&
          Object.is(pinged.standing.score, score) &&
          miner.tier === before.tier,
        `the monitor's figures of ${key} do not follow from those before`,
      );
      const standing = { ...before, score, misses: miner.misses, asked: miner.asked };
      this.standings.set(key, standing);
      if (miner.away)
        this.#changes.push(this.#plainChange(body, key, before.score, score, before.tier, before.tier));
    }
  }

  #window(body: LedgerBody): void {
    const { standings } = this;
    this.#demand(body, body.window > standings.window, `window ${body.window} has begun before`);
    const given = new Set(body.judged.map(minerOf));
    for (const [key, { attempts }] of standings.entries())
      if (totalOf(attempts) > 0 && !given.has(key) && given.size < minersMax)
        this.#note(body, 'count', `${key} was asked ${totalOf(attempts)} times and not judged`);
    for (const judged of body.judged) {
      const key = minerOf(judged);
      const before = standings.of(key);
      const { attempts, successes, totalSuccesses } = before;
      const tier = tierOf(windowCounts(before), totalSuccesses, before.tier, standings.rules);
      if (
        !sameCounts(judged.attempts, attempts) ||
        !sameCounts(judged.successes, successes) ||
        judged.totalSuccesses !== totalSuccesses
      )
        this.#note(
          body,
          'count',
          `${key} was judged by ${countsText(judged)}, and its transcripts are ${countsText(before)}`,
        );
      this.#demand(
        body,
        judged.before === before.tier,
        `${key} was in ${before.tier}, not in ${judged.before}`,
      );
      this.#demand(body, judged.after === tier, `${key} earned ${tier}, not ${judged.after}`);
      standings.set(key, { ...before, tier: judged.after, attempts: noCounts, successes: noCounts });
      this.judged.set(key, {
        window: body.window,
        atMs: body.atMs,
        block: body.block,
        attempts,
        successes,
        totalSuccesses,
        before: before.tier,
        tier,
        said: judged.after,
      });
      if (judged.after !== before.tier)
        this.#changes.push(
          this.#plainChange(body, key, before.score, before.score, before.tier, judged.after),
        );
    }
    standings.window = body.window;
  }

  #drop(body: LedgerBody): void {
    for (const miner of body.miners) {
      const key = minerOf(miner);
      const before = this.standings.of(key);
      this.standings.forget(key);
      this.judged.delete(key);
      this.weighed.delete(key);
      this.#changes.push(
        this.#plainChange(body, key, before.score, 0, before.tier, this.standings.of(key).tier),
      );
    }
  }

  #weights(body: LedgerBody): void {
    const neurons = body.neurons.map((neuron) => ({ ...neuron, score: unpackFloat(neuron.score) }));
    const computed = weightsOf(neurons, {
      minAllowedWeights: body.minAllowedWeights,
      maxWeight: body.maxWeightsLimit / weightMax,
    });
    const values = new Map(computed.map(({ uid, value }) => [uid, value]));
    for (const neuron of neurons) {
      const key = minerOf(neuron);
      const { score, asked } = this.standings.of(key);
      this.#demand(
        body,
        Object.is(score, neuron.score) && asked === neuron.asked,
        `uid ${neuron.uid} was weighed by a score of ${neuron.score}, and has ${score}`,
      );
      const value = values.get(neuron.uid) ?? 0;
      this.#demand(
        body,
        value === neuron.value,
        `uid ${neuron.uid} earned a weight of ${value}, not ${neuron.value}`,
      );
      this.weighed.set(key, {
        block: body.block,
        atMs: body.atMs,
        uid: neuron.uid,
        score,
        value,
      });
    }
  }

  #plainChange(
    { sequence, atMs, block, event }: LedgerBody,
    minerKey: PublicKey,
    scoreBefore: number,
    score: number,
    tierBefore: TierName,
    tier: TierName,
  ): Change {
    const nothing = { task: null, passed: null, elapsedMs: null, size: null, transcript: null, reward: null };
    return { sequence, atMs, block, event, minerKey, ...nothing, scoreBefore, score, tierBefore, tier };
  }
}
