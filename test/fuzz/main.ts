// `npm run fuzz [-- --seconds N --seed S --what core|inputs|http --case C]`: as long as asked, and then how many cases
// were well. Without --what each of the three has a third of the time.

import type { TestContext } from 'node:test';
import { parseArgs } from 'node:util';
import { cores } from '../domain/core/both-builds.js';
import { commandOf, fuzz, newSeed } from './fuzz.js';

const whats = ['core', 'inputs', 'http'] as const;
type What = (typeof whats)[number];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    case: { type: 'string' },
    what: { type: 'string' },
  },
});

function refuse(message: string): never {
  process.stderr.write(`fuzz: ${message}\n`);
  process.exit(2);
}

const wholeOf = (name: string, text: string): number =>
  /^\d{1,10}$/u.test(text) ? Number(text) : refuse(`--${name} takes a whole number, not "${text}"`);

if (values.what !== undefined && !whats.includes(values.what as What))
  refuse(`--what takes ${whats.join(', ')}, not "${values.what}"`);
if (values.case !== undefined && values.what === undefined) refuse('--case needs --what');
const chosen = values.what === undefined ? whats : [values.what as What];
const seed = values.seed === undefined ? newSeed() : wholeOf('seed', values.seed);
const seconds = wholeOf('seconds', values.seconds) / chosen.length;
const only = values.case === undefined ? {} : { only: wholeOf('case', values.case) };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function fuzzCore(): Promise<boolean> {
  const builds = cores.map(({ build }) => build).join(' and ');
  say(`fuzzing ${builds}, seed ${seed}`);
  const { cases, failure } = fuzz({ seed, seconds, ...only });
  if (failure === null) {
    say(`${cases} cases, no difference`);
    return true;
  }
  const { number, subject, build, difference } = failure;
  say(`case ${number} (${subject}, build ${build}): ${difference}`);
  say(`again: ${commandOf(failure)}`);
  return false;
}

async function fuzzDecoders(): Promise<boolean> {
  const { fuzzInputs, keepInput } = await import('./fuzz-inputs.js');
  say(`fuzzing decoders, seed ${seed}`);
  const { cases, failure } = await fuzzInputs({ seed, seconds, ...only });
  if (failure === null) {
    say(`${cases} inputs, each refused or taken as it may be`);
    return true;
  }
  say(`case ${failure.number} (${failure.subject}): ${failure.says}`);
  say(`the input is kept: ${keepInput(failure)}`);
  say(`again: npm run fuzz -- --what inputs --seed ${seed} --case ${failure.number}`);
  return false;
}

async function fuzzRoutes(): Promise<boolean> {
  const { fuzzHttp } = await import('./fuzz-http.js');
  say(`fuzzing HTTP routes of running nodes, seed ${seed}`);
  const ends: (() => unknown)[] = [];
  try {
    const { cases, failure } = await fuzzHttp(
      { after: (end?: unknown) => void ends.push(end as () => unknown) } as Pick<TestContext, 'after'>,
      { seed, seconds, ...only },
    );
    if (failure === null) {
      say(`${cases} requests, each answered or closed`);
      return true;
    }
    say(`case ${failure.number} (${failure.route}): ${failure.says}`);
    say(`again: npm run fuzz -- --what http --seed ${seed} --case ${failure.number}`);
    return false;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const runs: Readonly<Record<What, () => Promise<boolean>>> = {
  core: fuzzCore,
  inputs: fuzzDecoders,
  http: fuzzRoutes,
};
for (const what of chosen) if (!(await runs[what]())) process.exitCode = 1;
process.exit();
