// A quarter of a minute of the fuzzer, from another seed each time; the seed and the way to repeat a failure are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import { caseRandom } from './case-random.js';
import { commandOf, fuzz, newSeed } from './fuzz.js';
import { subjects } from './subjects.js';

test('both builds agree with the references', (t) => {
  const given = process.env.FILETAO_TEST_SEED;
  const seed = given === undefined ? newSeed() : Number(given);
  const { cases, failure } = fuzz({ seed, seconds: 3 });
  t.diagnostic(`npm run fuzz -- --what core --seed ${seed}: ${cases} cases`);
  assert.equal(failure, null, failure === null ? '' : `${failure.difference}\nagain: ${commandOf(failure)}`);
});

test('a case depends on its seed and number alone', () => {
  const bytes = (seed: number, number: number) => caseRandom(seed, number).bytes(40).join();
  assert.equal(bytes(5, 9), bytes(5, 9));
  assert.notEqual(bytes(5, 9), bytes(5, 10));
  assert.notEqual(bytes(5, 9), bytes(6, 9));
});

test('every subject sees a core that is wrong in one bit', () => {
  const core = loadCore();
  const flip = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 4;
    return bytes;
  };
  const wrong = new Proxy(core, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const result = value.apply(target, args) as unknown;
        if (result instanceof Uint8Array) return flip(result);
        if (name !== 'startProof') return result;
        const pass = result as ReturnType<ProofCore['startProof']>;
        return {
          inputs: pass.inputs,
          absorb: pass.absorb,
          finish: () => {
            const proof = pass.finish();
            return { ...proof, keyedRoot: flip(proof.keyedRoot) };
          },
        };
      };
    },
  });
  for (const [name, subject] of Object.entries(subjects)) {
    assert.equal(subject(core, caseRandom(1, 1)), null, name);
    assert.notEqual(subject(wrong, caseRandom(1, 1)), null, name);
  }
});
