// Chromium for tests of pages: the one that is installed, driven by playwright-core. What a page complains of (console
// errors, exceptions, violations of its policy) is collected, so that a test can demand that there is none.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { findChromium } from './find-chromium.js';

/** Milliseconds until a page that shows nothing new has failed: generous, because machines are busy. */
export const patienceMs = 120_000;

/** A browser of the test's own, ended with it. */
export async function startChromium(context: Pick<TestContext, 'after'>): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    timeout: patienceMs,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  context.after(() => browser.close());
  return browser;
}

/** A profile of its own: storage, keys and downloads are shared by its pages only. */
export async function newProfile(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const profile = await browser.newContext({ acceptDownloads: true, ...options });
  profile.setDefaultTimeout(patienceMs);
  return profile;
}

export interface WatchedPage {
  readonly page: Page;
  /** What the page or its workers complained of, in order. */
  readonly complaints: string[];
}

export async function openPage(profile: BrowserContext, url: string): Promise<WatchedPage> {
  const page = await profile.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy violated: ${violatedDirective} by ${blockedURI}`),
    );
  });
  await page.goto(url);
  return { page, complaints };
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Demands what axe-core can tell of WCAG 2.2 A and AA: names, roles, contrast, order. */
export async function accessible(page: Page): Promise<void> {
  // Evaluated, not added as an element: the page's policy allows no scripts but its own.
  await page.evaluate(readFileSync(axe, 'utf8'));
  const violations = await page.evaluate(async () => {
    const { axe: checker } = window as unknown as {
      readonly axe: {
        run(options: unknown): Promise<{
          readonly violations: readonly {
            readonly id: string;
            readonly help: string;
            readonly nodes: readonly { readonly html: string }[];
          }[];
        }>;
      };
    };
    const runOnly = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] };
    return (await checker.run({ runOnly })).violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  });
  assert.deepEqual(violations, []);
}
