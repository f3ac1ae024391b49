// A user of the page, as far as several tests need one.
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';

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

export const chooseFile = (page: Page, path: string): Promise<void> =>
  page.getByLabel('Drop files here').setInputFiles(path);

/** The file chosen last. */
export const putRow = (page: Page): Locator => page.locator('#puts > li').first();

/** Chooses a file and waits until it is stored; its CID. */
export async function storeFile(page: Page, path: string): Promise<string> {
  await chooseFile(page, path);
  await putRow(page).getByText('Stored.').waitFor();
  return putRow(page).locator('code').innerText();
}

/** Has a transcript replayed; the verdict. */
export async function replay(
  page: Page,
  file: { readonly name: string; readonly buffer: Buffer },
): Promise<string> {
  await page.locator('#audit-result').evaluate((place) => place.replaceChildren());
  await page
    .getByLabel("Drop a validator's")
    .setInputFiles({ ...file, mimeType: 'application/octet-stream' });
  return page.locator('#audit-verdict').innerText();
}

/** What the page offers to save, saved. */
export async function downloadOf(page: Page): Promise<Buffer> {
  const save = page.locator('#save');
  await save.waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  return readFile(await download.path());
}
