// The colours that all pages share read well: contrasts computed from tokens.css itself, in light and dark.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const sheet = readFileSync(new URL('../../../src/page/tokens.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = sheet.split('@media (prefers-color-scheme: dark)');

const coloursIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex]),
  );

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const schemes = { light: coloursIn(light), dark: { ...coloursIn(light), ...coloursIn(dark) } };

for (const [scheme, colours] of Object.entries(schemes)) {
  test(`text and marks have contrast in the ${scheme} scheme`, () => {
    const pairs: [string, string, number][] = [
      ...['ink', 'ink-quiet', 'accent', 'good', 'warn', 'bad'].flatMap((ink) =>
        ['paper', 'surface', 'sunk'].map((ground): [string, string, number] => [ink, ground, 4.5]),
      ),
      ...['accent', 'good', 'warn', 'bad'].map((ink): [string, string, number] => [ink, `${ink}-wash`, 4.5]),
      ['on-accent', 'accent', 4.5],
      // borders of what can be operated, and the ring of focus
      ...['rule-strong', 'focus'].flatMap((mark) =>
        ['paper', 'surface', 'sunk'].map((ground): [string, string, number] => [mark, ground, 3]),
      ),
    ];
    for (const [a, b, least] of pairs) {
      assert.ok(colours[a] && colours[b], `${a} or ${b} is missing`);
      const found = contrast(colours[a], colours[b]);
      assert.ok(found >= least, `${a} on ${b}: ${found.toFixed(2)} : 1, at least ${least}`);
    }
  });
}

test('the dark scheme names every colour anew', () => {
  assert.deepEqual(Object.keys(coloursIn(dark)).sort(), Object.keys(coloursIn(light)).sort());
});

test('contrast is what WCAG says', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});
