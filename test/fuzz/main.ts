// `npm run fuzz [-- --seconds N --seed S --case C]`: as long as asked, and then how many cases agreed.

import { parseArgs } from 'node:util';
import { cores } from '../domain/core/both-builds.js';
import { commandOf, fuzz, newSeed } from './fuzz.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    case: { type: 'string' },
  },
});

const wholeOf = (name: string, text: string): number => {
  if (/^\d{1,10}$/u.test(text)) return Number(text);
  process.stderr.write(`fuzz: --${name} takes a whole number, not "${text}"\n`);
  process.exit(2);
};

const seed = values.seed === undefined ? newSeed() : wholeOf('seed', values.seed);
const seconds = wholeOf('seconds', values.seconds);
const builds = cores.map(({ build }) => build).join(' and ');
process.stdout.write(`fuzzing ${builds}, seed ${seed}\n`);
const only = values.case === undefined ? {} : { only: wholeOf('case', values.case) };
const { cases, failure } = fuzz({ seed, seconds, ...only });
if (failure === null) process.stdout.write(`${cases} cases, no difference\n`);
else {
  const { number, subject, build, difference } = failure;
  process.stdout.write(`case ${number} (${subject}, build ${build}): ${difference}\n`);
  process.stdout.write(`again: ${commandOf(failure)}\n`);
  process.exitCode = 1;
}
