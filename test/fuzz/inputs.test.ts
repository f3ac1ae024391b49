// Three quarters of a minute of input fuzzing, a minute with fuzz.test.ts, from another seed each time; the way to repeat
// a failure is printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSeed } from './fuzz.js';
import { fuzzHttp } from './fuzz-http.js';
import { fuzzInputs } from './fuzz-inputs.js';
import { inputSubjects } from './inputs.js';

const given = process.env.FILETAO_TEST_SEED;
const seed = given === undefined ? newSeed() : Number(given);

test('decoders refuse garbage, or take it as it may be', async (t) => {
  const { cases, failure } = await fuzzInputs({ seed, seconds: 5 });
  t.diagnostic(
    `npm run fuzz -- --what inputs --seed ${seed}: ${cases} inputs to ${Object.keys(inputSubjects).length} subjects`,
  );
  const says = failure === null ? '' : `${failure.subject}, case ${failure.number}: ${failure.says}`;
  assert.equal(failure, null, says);
});

test('running nodes answer or close whatever comes', async (t) => {
  const { cases, failure } = await fuzzHttp(t, { seed, seconds: 4 });
  t.diagnostic(`npm run fuzz -- --what http --seed ${seed}: ${cases} requests`);
  assert.equal(
    failure,
    null,
    failure === null ? '' : `${failure.route}, case ${failure.number}: ${failure.says}`,
  );
});

test('a decoder that trusts, throws or hangs is caught', async () => {
  const samples = [new Uint8Array([1, 2, 3])];
  const wrong = {
    trusting: { samples, corpus: 'cbor', judge: () => 'accepted what nobody signed' },
    throwing: {
      samples,
      corpus: 'cbor',
      judge: () => {
        throw new TypeError('x is undefined');
      },
    },
    slow: {
      samples,
      corpus: 'cbor',
      judge: () => {
        const before = process.cpuUsage();
        for (let spent = 0; spent < 150_000; spent = process.cpuUsage(before).user)
          for (let i = 0; i < 1e6; i++);
        return null;
      },
    },
  } as const;
  for (const [name, subject] of Object.entries(wrong)) {
    const { failure } = await fuzzInputs({
      seed,
      seconds: 2,
      only: 0,
      processorMs: 100,
      subjects: { [name]: subject },
    });
    assert.ok(failure !== null, name);
  }
});
