// Many users who download at once from one API node: how evenly it serves them, and what it holds meanwhile.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { RunningNode } from '../../../src/nodes/running-node.js';

export interface SharedDownloads {
  /** Bytes each had received when the first of all was done. */
  readonly atFirstEnd: readonly number[];
  /** Jain's index of these: 1 where all have the same, 1/n where one has everything (Jain, Chiu, Hawe 1984). */
  readonly fairness: number;
  /** Milliseconds until the first and the last were done. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** The paths at once, each over a connection of its own; every one is read to its end and compared. */
export async function downloadAtOnce(
  node: Pick<RunningNode, 'address'>,
  paths: readonly { readonly path: string; readonly size: number }[],
  check: (path: string, parts: readonly Buffer[]) => void,
): Promise<SharedDownloads> {
  const received = paths.map(() => 0);
  let atFirstEnd: readonly number[] | null = null;
  const started = performance.now();
  const ends = await Promise.all(
    paths.map(
      ({ path, size }, i) =>
        new Promise<number>((resolve, reject) => {
          const options = { host: '127.0.0.1', port: node.address.port, path, agent: false };
          get(options, (response) => {
            assert.equal(response.statusCode, 200, path);
            const parts: Buffer[] = [];
            response.on('error', reject);
            response.on('data', (part: Buffer) => {
              received[i]! += part.length;
              parts.push(part);
            });
            response.on('end', () => {
              atFirstEnd ??= received.slice();
              assert.equal(received[i], size, path);
              check(path, parts);
              resolve(performance.now() - started);
            });
          }).on('error', reject);
        }),
    ),
  );
  const sum = atFirstEnd!.reduce((total, bytes) => total + bytes, 0);
  const squares = atFirstEnd!.reduce((total, bytes) => total + bytes * bytes, 0);
  return {
    atFirstEnd: atFirstEnd!,
    fairness: (sum * sum) / (paths.length * squares),
    firstMs: Math.min(...ends),
    lastMs: Math.max(...ends),
  };
}
