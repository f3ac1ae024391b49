// What one simulated validator would have written into its event records, for the same charts as a real one's.

import {
  type EventFile,
  type EventPoint,
  pointsMax,
  type ScoreSample,
  samplesMax,
  type TaskTotals,
  type TierSample,
} from '../plot/event-file.js';
import { Thinned } from '../plot/thinned.js';
import type { BatchAnswer, SimulatedValidator } from './validators.js';

export class ObservedValidator {
  readonly #points = new Thinned<EventPoint>(pointsMax);
  readonly #scores = new Thinned<ScoreSample>(samplesMax);
  readonly #tiers = new Thinned<TierSample>(samplesMax);
  readonly #tasks = new Map<string, TaskTotals>();
  #events = 0;

  constructor(readonly validator: SimulatedValidator) {}

  noteBatch(task: string, block: number, answers: readonly BatchAnswer[], rewards: readonly number[]): void {
    if (answers.length === 0) return;
    this.#events++;
    const totals = this.#tasks.get(task) ?? { answers: 0, successes: 0, seconds: 0, timed: 0, rewards: 0 };
    this.#tasks.set(task, totals);
    for (const [i, { uid, passed, elapsedMs }] of answers.entries()) {
      const seconds = elapsedMs / 1000;
      const reward = rewards[i]!;
      totals.answers++;
      if (passed) totals.successes++;
      totals.seconds += seconds;
      totals.timed++;
      totals.rewards += reward;
      this.#points.add({ task, block, uid, reward, seconds, successful: passed });
    }
  }

  noteScores(block: number): void {
    const scores = new Map(Array.from(this.validator.scores, (score, uid) => [`uid ${uid}`, score]));
    this.#scores.add({ block, scores });
  }

  noteTiers(block: number, registered: readonly number[]): void {
    const counts = new Map<string, number>();
    for (const uid of registered) {
      const tier = this.validator.tierName(uid);
      counts.set(tier, (counts.get(tier) ?? 0) + 1);
    }
    this.#tiers.add({ block, counts });
  }

  get events(): EventFile {
    return {
      events: this.#events,
      skipped: 0,
      points: this.#points.items,
      scores: this.#scores.items,
      tiers: this.#tiers.items,
      tasks: this.#tasks,
      uids: new Map(),
    };
  }
}
