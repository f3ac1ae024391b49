// What rot does to a file.
import { randomBytes } from 'node:crypto';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { SeededRandom } from '../adapters/seeded-random.js';

export type Rot = (path: string, random: SeededRandom) => Promise<void>;

export const rots = {
  flip: async (path, random) => {
    const data = await readFile(path);
    data[random.below(data.length)]! ^= 1 << random.below(8);
    await writeFile(path, data);
  },
  truncate: async (path, random) => {
    await truncate(path, random.below((await readFile(path)).length));
  },
  lengthen: async (path) => writeFile(path, Buffer.concat([await readFile(path), randomBytes(10)])),
  delete: async (path) => rm(path),
} as const satisfies Record<string, Rot>;

export type RotName = keyof typeof rots;
