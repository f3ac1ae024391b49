// Many users who download at once from one API node: how evenly it serves them, and what it holds meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningNode } from '../../../src/nodes/running-node.js';

export interface SharedDownloads {
  /** Bytes each had received when the first of all was done. */
  readonly atFirstEnd: readonly number[];
  /** Jain's index of these: 1 where all have the same, 1/n where one has everything (Jain, Chiu, Hawe 1984). */
  readonly fairness: number;
  /** Jain's index of the rates at which the whole objects came. */
  readonly rateFairness: number;
  /** Milliseconds until the first and the last were done. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** How often the node asked somebody to come again. */
  readonly postponed: number;
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
  let postponed = 0;
  const started = performance.now();
  const ends = await Promise.all(
    wanted.map(async (object, i) => {
      for (;;) {
        const retryAfter = await download(node, object, (bytes) => {
          received[i]! += bytes;
        });
        if (retryAfter === null) break;
        postponed++;
        await sleep(1000 * retryAfter);
      }
      atFirstEnd ??= received.slice();
      assert.equal(received[i], object.size, object.path);
      return performance.now() - started;
    }),
  );
  return {
    atFirstEnd: atFirstEnd!,
    fairness: jain(atFirstEnd!),
    rateFairness: jain(ends.map((endMs, i) => wanted[i]!.size / endMs)),
    firstMs: Math.min(...ends),
    lastMs: Math.max(...ends),
    postponed,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const jain = (shares: readonly number[]): number =>
  sum(shares) ** 2 / (shares.length * sum(shares.map((share) => share * share)));

/** Resolves when all of it has come, with null, or with the seconds to wait where the node says it is busy. */
const download = (
  { address }: Pick<RunningNode, 'address'>,
  { path, sha256 }: WantedObject,
  onBytes: (bytes: number) => void,
): Promise<number | null> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: address.port, path, agent: false }, (response) => {
      const { statusCode, headers } = response;
      const hash = createHash('sha256');
      let refusal = '';
      response.on('error', reject);
      response.on('data', (part: Buffer) => {
        if (statusCode !== 200) {
          refusal += part;
          return;
        }
        onBytes(part.length);
        hash.update(part);
      });
      response.on('end', () => {
        if (statusCode === 503) return resolve(Number(headers['retry-after']));
        if (statusCode !== 200) return reject(new Error(`${path}: ${statusCode} ${refusal}`));
        assert.equal(hash.digest('hex'), sha256, path);
        resolve(null);
      });
    }).on('error', reject);
  });
