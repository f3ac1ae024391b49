// What docs/simulation.md says of scenario files against the schema.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  behaviours,
  defaultGroup,
  defaultScenario,
  defaultValidatorGroup,
} from '../../src/tools/simulate/scenario.js';

const docs = new URL('../../../docs/', import.meta.url);
const page = readFileSync(new URL('simulation.md', docs), 'utf8');

test('every key of a scenario, and every behaviour, is explained', () => {
  const parts = [
    defaultScenario,
    defaultGroup,
    defaultValidatorGroup,
    defaultScenario.cadence,
    defaultScenario.objects,
  ];
  for (const key of [...parts.flatMap((part) => Object.keys(part)), ...behaviours]) {
    assert.ok(page.includes(`\`${key}\``), key);
  }
});

test('every chart a section shows is there', () => {
  const shown = [...page.matchAll(/\]\((simulation\/[^)]+\.svg)\)/g)].map(([, path]) => path!);
  assert.ok(shown.length > 8);
  assert.deepEqual(
    shown.filter((path) => !existsSync(new URL(path, docs))),
    [],
  );
});
