// The dashboard in a real Chromium: without faults of access in light and dark, by keyboard alone, without JavaScript,
// kept up to date without losing its reader's place, on a telephone, and with a thousand miners.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { addressOf } from '../../src/nodes/dashboard/figures.js';
import { openScene, type Scene } from '../nodes/dashboard/scene.js';
import { accessible, newProfile, openPage, startChromium } from './chromium.js';

const ends: (() => unknown)[] = [];
const whole = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext;
let browser: Browser;
let scene: Scene;

before(async () => {
  browser = await startChromium(whole);
  scene = await openScene(whole, { miners: 30, minutes: 42, limits: { tickMs: 50 } });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

const pathsOf = ({ miners, cids }: Scene): string[] => [
  '/',
  '/miners',
  `/miners/${addressOf(miners[0]!)}`,
  '/rounds',
  '/objects',
  `/objects/${cids[0]}`,
  '/nowhere',
];

async function open(t: TestContext, path: string, options: BrowserContextOptions = {}) {
  const profile = await newProfile(browser, options);
  t.after(() => profile.close());
  const { page, complaints } = await openPage(profile, scene.origin + path);
  return { page, complaints };
}

const isLive = (page: Page) => page.waitForSelector('#live[data-state=live]');

for (const colorScheme of ['light', 'dark'] as const)
  test(`no page has a fault that axe finds, ${colorScheme}`, async (t) => {
    const { page } = await open(t, '/', { colorScheme });
    for (const path of pathsOf(scene)) {
      await page.goto(scene.origin + path);
      if (path !== '/nowhere') await isLive(page);
      await accessible(page);
    }
  });

test('axe finds a fault where there is one', async (t) => {
  const { page } = await open(t, '/');
  await page.evaluate(() => {
    document.querySelector('h1')!.style.color = '#ccc';
    document.documentElement.removeAttribute('lang');
  });
  await assert.rejects(accessible(page), (error: Error) =>
    ['color-contrast', 'html-has-lang'].every((id) => error.message.includes(id)),
  );
});

test('a page is worked by keyboard alone, and focus is seen', async (t) => {
  const { page, complaints } = await open(t, '/miners');
  await isLive(page);
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        what: element.id || element.textContent?.trim() || element.getAttribute('name') || element.tagName,
        tag: element.tagName,
        isSeen:
          outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && box.width > 0 && box.top >= 0,
      };
    });
  await page.keyboard.press('Tab');
  const skip = await focused();
  assert.deepEqual([skip.what, skip.isSeen], ['Skip to content', true]);
  await page.keyboard.press('Enter');
  assert.equal((await focused()).what, 'main');
  const walked: string[] = [];
  for (let i = 0; i < 16; i++) {
    await page.keyboard.press('Tab');
    const { what, tag, isSeen } = await focused();
    walked.push(
      tag === 'A' ? 'link' : tag === 'DIV' ? 'table' : what === 'find' ? 'search' : tag.toLowerCase(),
    );
    assert.ok(isSeen, `focus on ${what} is seen`);
  }
  // The form, the table as a thing that scrolls, its heads, its rows.
  assert.deepEqual(walked.slice(0, 5), ['select', 'select', 'search', 'button', 'table']);
  assert.ok(walked.slice(5).every((what) => what === 'link'));
  // A miner is looked for, found and opened without a mouse.
  await page.focus('input[name=find]');
  await page.keyboard.type(addressOf(scene.miners[4]!).slice(0, 20));
  await page.keyboard.press('Enter');
  await page.waitForURL(/find=/u);
  assert.equal(await page.locator('tbody tr').count(), 1);
  await page.focus('tbody a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/miners\/5/u);
  assert.match((await page.locator('h1').textContent()) ?? '', new RegExp(addressOf(scene.miners[4]!), 'u'));
  assert.deepEqual(complaints, []);
});

test('rounds appear as they happen, and the reader keeps the place', async (t) => {
  const { page, complaints } = await open(t, '/');
  await isLive(page);
  const rows = page.locator('#rounds tbody tr');
  const first = (await rows.first().getAttribute('data-key'))!;
  const link = page.locator(`#rounds tr[data-key="${first}"] a`);
  await link.focus();
  await page.evaluate(() => {
    (globalThis as { marked?: Element | null }).marked = document.activeElement;
  });
  scene.round(scene.miners[2]!, { outcome: 'fail', reason: '<b>made-up</b>' });
  scene.round(scene.miners[3]!);
  const third = `#rounds tbody tr:nth-child(3)[data-key="${first}"]`;
  await page.waitForSelector(third);
  assert.match((await rows.nth(1).textContent()) ?? '', /failed <b>made-up<\/b>/u);
  // The row is the same one, moved: the link in it has kept the focus.
  assert.ok(
    await page.evaluate(
      () =>
        (globalThis as { marked?: Element | null }).marked === document.activeElement &&
        document.activeElement?.tagName === 'A',
    ),
  );
  assert.match((await rows.first().locator('time').textContent()) ?? '', /^(just now|\d+ s ago)$/u);
  assert.equal(await rows.count(), 12);

  const pause = page.locator('#live-pause');
  await pause.click();
  await page.waitForSelector('#live[data-state=paused]');
  scene.round(scene.miners[5]!);
  await pause.click();
  await isLive(page);
  await page.waitForSelector(`#rounds tbody tr:nth-child(4)[data-key="${first}"]`);
  assert.deepEqual(complaints, []);
});

test('without JavaScript pages are whole, and forms and pages of lists work', async (t) => {
  const { page } = await open(t, '/', { javaScriptEnabled: false });
  assert.ok(await page.locator('#rounds tbody tr').count());
  assert.equal(await page.locator('#live').isVisible(), false);
  assert.match(
    (await page.locator('#rounds time').first().textContent()) ?? '',
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/u,
  );
  await page.locator('nav a', { hasText: 'Miners' }).click();
  await page.locator('select[name=health]').selectOption('failing');
  await page.locator('form button').click();
  await page.waitForURL(/health=failing/u);
  const failing = await page.locator('tbody tr').allTextContents();
  assert.ok(failing.length > 0 && failing.every((row) => row.includes('failing')));
  await page.locator('th .sort', { hasText: 'Score' }).click();
  assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'Score');
  await page.locator('tbody a').first().click();
  assert.match((await page.locator('#why').textContent()) ?? '', /Wilson score/u);
});

test('on a telephone no page is wider than it', async (t) => {
  const { page } = await open(t, '/', { viewport: { width: 360, height: 740 } });
  for (const path of pathsOf(scene)) {
    await page.goto(scene.origin + path);
    const wide = await page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth
        ? []
        : [...document.querySelectorAll('body *')]
            .filter(
              (element) =>
                element.getBoundingClientRect().right > innerWidth && !element.closest('.scroll, .who'),
            )
            .map((element) => `${element.tagName} ${element.className}`),
    );
    assert.deepEqual(wide, [], path);
  }
});

test('a node that goes away is said to be away', async (t) => {
  const gone = await openScene(t, { miners: 1, minutes: 0, objects: 0, limits: { tickMs: 50 } });
  const profile = await newProfile(browser);
  t.after(() => profile.close());
  const { page } = await openPage(profile, gone.origin);
  await isLive(page);
  await gone.dashboard.close();
  await page.waitForSelector('#live[data-state=disconnected]');
  // What it showed stays.
  assert.match((await page.locator('#glance').textContent()) ?? '', /Miners\s*1/u);
});
