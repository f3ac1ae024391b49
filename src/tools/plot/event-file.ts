// Reading a validator's event records (docs/duty.md): one JSON object a line, of whatever length, in bounded memory.
// Of a file with more points than a chart can show every second, fourth, … one is kept.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { FileTaoError } from '../../domain/model/errors.js';
import { Thinned } from './thinned.js';

/** One miner's part of one step. */
export interface EventPoint {
  readonly task: string;
  readonly block: number;
  readonly uid: number;
  readonly reward: number | null;
  /** Seconds; null when there was no answer. */
  readonly seconds: number | null;
  readonly successful: boolean;
}

/** Scores of all miners after one step, by a key of their own. */
export interface ScoreSample {
  readonly block: number;
  readonly scores: ReadonlyMap<string, number>;
}

/** Miners in each tier, by the tier's name, when a window ended. */
export interface TierSample {
  readonly block: number;
  readonly counts: ReadonlyMap<string, number>;
}

export interface TaskTotals {
  answers: number;
  successes: number;
  seconds: number;
  /** Answers with a time. */
  timed: number;
  rewards: number;
}

export interface EventFile {
  readonly events: number;
  /** Lines that are no event record: a crash may cut the last one short. */
  readonly skipped: number;
  readonly points: readonly EventPoint[];
  readonly scores: readonly ScoreSample[];
  readonly tiers: readonly TierSample[];
  readonly tasks: ReadonlyMap<string, TaskTotals>;
  /** uid of each score's key, where the file says it. */
  readonly uids: ReadonlyMap<string, number>;
}

export const pointsMax = 60_000;
export const samplesMax = 400;
/** A line holds a number for each miner asked, and a score for each miner there is. */
const lineCharactersMax = 16 * 1024 * 1024;

export type Fields = Readonly<Record<string, unknown>>;

/** One record: what it is of, and all that stands in it. */
export interface EventRecord {
  readonly task: string;
  readonly block: number;
  readonly fields: Fields;
}

export const listAt = (fields: Fields, name: string): readonly unknown[] => {
  const value = fields[name];
  return Array.isArray(value) ? value : [];
};

export const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** Throws `not-found`, or `bad-input` for a file without a single event record. */
export async function readEvents(path: string): Promise<EventFile> {
  const points = new Thinned<EventPoint>(pointsMax);
  const scores = new Thinned<ScoreSample>(samplesMax);
  const tiers = new Thinned<TierSample>(samplesMax);
  const tasks = new Map<string, TaskTotals>();
  const uids = new Map<string, number>();
  let events = 0;
  let skipped = 0;
  for await (const record of eventRecords(path)) {
    if (record === null) {
      skipped++;
      continue;
    }
    events++;
    const { fields, task, block } = record;
    addPoints(fields, task, block, points, tasks, uids);
    const sample = scoresIn(fields.moving_averaged_scores);
    if (sample.size > 0) scores.add({ block, scores: sample });
    const counts = tierCounts(fields.tiers);
    if (counts.size > 0) tiers.add({ block, counts });
  }
  if (events === 0) throw noRecords(path, skipped);
  return { events, skipped, points: points.items, scores: scores.items, tiers: tiers.items, tasks, uids };
}

/** Records in order, null for a line that is none. Throws `not-found`. */
export async function* eventRecords(path: string): AsyncGenerator<EventRecord | null> {
  for await (const line of linesOf(path)) {
    if (line.trim() === '') continue;
    const fields = line.length > lineCharactersMax ? null : parsed(line);
    const block = fields === null ? null : finite(fields.block);
    const task = fields?.task_name;
    yield fields === null || block === null || typeof task !== 'string' ? null : { task, block, fields };
  }
}

export const noRecords = (path: string, skipped: number): FileTaoError =>
  new FileTaoError(
    'bad-input',
    `${path} holds no event records: ${skipped === 0 ? 'it is empty' : `none of its ${skipped} lines is one`}`,
  );

async function* linesOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, { encoding: 'utf8' });
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    yield* lines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FileTaoError(
      'not-found',
      `there is no event file ${path}: a validator writes it (--neuron.events_file)`,
    );
  } finally {
    stream.destroy();
  }
}

function parsed(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

function addPoints(
  fields: Fields,
  task: string,
  block: number,
  points: Thinned<EventPoint>,
  tasks: Map<string, TaskTotals>,
  uids: Map<string, number>,
): void {
  const rewards = listAt(fields, 'rewards');
  const times = listAt(fields, 'completion_times');
  const successful = listAt(fields, 'successful');
  const hotkeys = listAt(fields, 'hotkeys');
  const totals = tasks.get(task) ?? { answers: 0, successes: 0, seconds: 0, timed: 0, rewards: 0 };
  tasks.set(task, totals);
  for (const [i, value] of listAt(fields, 'uids').entries()) {
    const uid = finite(value);
    const seconds = finite(times[i]);
    const reward = finite(rewards[i]);
    totals.answers++;
    if (successful[i] === true) totals.successes++;
    if (seconds !== null) {
      totals.seconds += seconds;
      totals.timed++;
    }
    totals.rewards += reward ?? 0;
    if (uid === null) continue;
    if (typeof hotkeys[i] === 'string') uids.set(hotkeys[i], uid);
    points.add({ task, block, uid, reward, seconds, successful: successful[i] === true });
  }
}

/** Scores by hotkey, or, as the reference writes them, in the order of uids. */
function scoresIn(value: unknown): ReadonlyMap<string, number> {
  if (Array.isArray(value))
    return scoresIn(Object.fromEntries(value.map((score, uid) => [`uid ${uid}`, score])));
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, score]) =>
      finite(score) === null ? [] : [[key, score as number] as const],
    ),
  );
}

/** Tiers of miners by hotkey, counted; or counts by tier. */
function tierCounts(value: unknown): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return counts;
  for (const [key, one] of Object.entries(value)) {
    if (typeof one === 'string') counts.set(one, (counts.get(one) ?? 0) + 1);
    else if (finite(one) !== null) counts.set(key, one as number);
  }
  return counts;
}
