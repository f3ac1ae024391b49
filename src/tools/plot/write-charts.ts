// Charts into a folder, one SVG file each. The folder is made; files of the same names are replaced.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File names without `.svg`, and what goes into them. */
export type Charts = ReadonlyMap<string, string>;

/** @returns the files written */
export async function writeCharts(folder: string, charts: Charts): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const [name, svg] of charts) {
    const file = join(folder, `${name}.svg`);
    await writeFile(file, svg);
    written.push(file);
  }
  return written;
}
