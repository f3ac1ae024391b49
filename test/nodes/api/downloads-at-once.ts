// Many users who download at once from one API node: how evenly it serves them, and what it holds meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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

export interface WantedObject {
  readonly path: string;
  readonly size: number;
  /** Its bytes' SHA-256, in hex. */
  readonly sha256: string;
}

/** The objects at once, each over a connection of its own; every one is read to its end and compared. */
export async function downloadAtOnce(
  node: Pick<RunningNode, 'address'>,
  wanted: readonly WantedObject[],
): Promise<SharedDownloads> {
  const received = wanted.map(() => 0);
  let atFirstEnd: readonly number[] | null = null;
  const started = performance.now();
  const ends = await Promise.all(
    wanted.map(
      ({ path, size, sha256 }, i) =>
        new Promise<number>((resolve, reject) => {
          const options = { host: '127.0.0.1', port: node.address.port, path, agent: false };
          get(options, (response) => {
            const hash = createHash('sha256');
            let refusal = '';
            response.on('error', reject);
            response.on('data', (part: Buffer) => {
              if (response.statusCode !== 200) refusal += part;
              received[i]! += part.length;
              hash.update(part);
            });
            response.on('end', () => {
              if (response.statusCode !== 200)
                return reject(new Error(`${path}: ${response.statusCode} ${refusal}`));
              atFirstEnd ??= received.slice();
              assert.equal(received[i], size, path);
              assert.equal(hash.digest('hex'), sha256, path);
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
    fairness: (sum * sum) / (wanted.length * squares),
    firstMs: Math.min(...ends),
    lastMs: Math.max(...ends),
  };
}
