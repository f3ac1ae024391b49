// Feeds every subject of inputs.ts: its samples, the kept corpus, and changes of both, until time is up. Case `number` of a
// seed is always the same input to the same subject, number `number` modulo how many there are. Bounded time and memory per input: one that takes seconds of processor time, or leaves the process much larger, is a fault.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mebibyte } from '../../src/domain/model/constants.js';
import { caseRandom } from './case-random.js';
import { inputSubjects } from './inputs.js';
import type { InputSubject } from './judging.js';
import { mutate } from './mutate.js';

/** Inputs worth keeping, by kind; what fails is added. Compiled, this file stands in dist/test/fuzz. */
const corpusFolder = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url));
const processorMsMax = 3000;
const residentBytesMax = 1024 * mebibyte;
/**
 * Each subject in turn has so many milliseconds: with as many inputs for each, three of 68 (age headers, reward ledgers,
 * encrypted keyfiles) took a third of the time.
 */
const sliceMs = 4;

export interface InputFailure {
  readonly subject: string;
  readonly seed: number;
  readonly number: number;
  readonly says: string;
  readonly input: Uint8Array;
}

export interface InputFuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Only this case. */
  readonly only?: number;
  /** Processor time that one input may take. */
  readonly processorMs?: number;
  /** Default: all. */
  readonly subjects?: Readonly<Record<string, InputSubject>>;
}

const corpora = new Map<InputSubject['corpus'], readonly Uint8Array[]>(
  (['cbor', 'json', 'text'] as const).map((kind) => [
    kind,
    readdirSync(join(corpusFolder, kind))
      .sort()
      .map((name) => new Uint8Array(readFileSync(join(corpusFolder, kind, name)))),
  ]),
);

/** The corpus as it is, then its own and changed samples; the same for the same seed and number. */
export function inputOf(
  subject: InputSubject,
  round: number,
  random: ReturnType<typeof caseRandom>,
): Uint8Array {
  const given = [...subject.samples, ...corpora.get(subject.corpus)!];
  const asIs = given[round];
  if (asIs !== undefined) return asIs;
  // Mostly from genuine samples: what is far from them is refused early.
  const pool = random.below(8) === 0 ? given : subject.samples;
  return mutate(pool[random.below(pool.length)]!, given, random);
}

export async function fuzzInputs(
  options: InputFuzzOptions,
): Promise<{ readonly cases: number; readonly failure: InputFailure | null }> {
  const { seed, seconds, only, subjects = inputSubjects, processorMs = processorMsMax } = options;
  const names = Object.keys(subjects);
  const end = performance.now() + 1000 * seconds;
  let cases = 0;
  const judge = async (number: number): Promise<InputFailure | null> => {
    cases++;
    const name = names[number % names.length]!;
    const random = caseRandom(seed, number);
    const input = inputOf(subjects[name]!, Math.floor(number / names.length), random);
    const before = process.cpuUsage();
    let says = await judged(subjects[name]!, input, random);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > processorMs) says ??= `took ${Math.round((user + system) / 1000)} ms`;
    if (cases % 512 === 0 && process.memoryUsage.rss() > residentBytesMax)
      says ??= `${Math.round(process.memoryUsage.rss() / mebibyte)} MiB of memory are in use`;
    return says === null ? null : { subject: name, seed, number, says, input };
  };
  if (only !== undefined) return { failure: await judge(only), cases };
  const nexts = names.map((_, i) => i);
  while (performance.now() < end)
    for (let i = 0; i < names.length && performance.now() < end; i++) {
      const slice = performance.now() + sliceMs;
      do {
        const failure = await judge(nexts[i]!);
        if (failure !== null) return { cases, failure };
        nexts[i]! += names.length;
      } while (performance.now() < slice);
    }
  return { cases, failure: null };
}

async function judged(
  subject: InputSubject,
  input: Uint8Array,
  random: ReturnType<typeof caseRandom>,
): Promise<string | null> {
  try {
    return await subject.judge(input, random);
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** Adds a failing input to the corpus, where every later run begins with it; returns its path. */
export function keepInput({ subject, seed, number, input }: InputFailure): string {
  const folder = join(corpusFolder, inputSubjects[subject]!.corpus);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${subject.replaceAll(/[^a-z0-9]+/gi, '-')}-${seed}-${number}`);
  writeFileSync(path, input);
  return path;
}
