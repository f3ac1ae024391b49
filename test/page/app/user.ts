// A user of the page, as far as several tests need one.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';

export interface Phrases {
  readonly hotkey: string;
  readonly coldkey: string;
}

/** Makes new keys and keeps them in the browser. */
export async function makeKeys(page: Page): Promise<Phrases> {
  await page.getByRole('button', { name: 'Make new keys' }).click();
  const hotkey = await page.locator('#hotkey-phrase').innerText();
  const coldkey = await page.locator('#coldkey-phrase').innerText();
  await page.getByLabel('I have them in a safe place').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Your address:').waitFor();
  return { hotkey, coldkey };
}

/** Chooses a file and waits until it is stored; its CID. */
export async function storeFile(page: Page, path: string): Promise<string> {
  await page.getByLabel('Drop files here').setInputFiles(path);
  const row = page.locator('#puts > li').first();
  await row.getByText('Stored.').waitFor();
  return row.locator('code').innerText();
}

/** What the page offers to save, saved. */
export async function downloadOf(page: Page): Promise<Buffer> {
  const save = page.locator('#save');
  await save.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  return readFile(await download.path());
}
