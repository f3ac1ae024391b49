// Puts and gets that are interrupted at random points, in every way a client can notice, and then simply done again.
// What is counted: bytes of pieces that were confirmed and are sent once more.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FileTaoClient } from '../../src/client/client.js';
import type { RetryPolicy } from '../../src/client/retry.js';
import { manifestKind } from '../../src/domain/content/manifest.js';
import { openSealed } from '../../src/domain/identity/sealed.js';
import { toHex } from '../../src/domain/model/bytes.js';
import type { ContractApiNode } from './contract-api-node.js';
import { noise, runtime, startNode, testFolder, testWallet } from './fixtures.js';

const noRetry: RetryPolicy = { attempts: 1, firstDelayMs: 1, delayMsMax: 1 };

async function place(): Promise<{
  readonly node: ContractApiNode;
  readonly folder: string;
  readonly client: () => FileTaoClient;
}> {
  const [node, folder, wallet] = [await startNode(), testFolder(), await testWallet()];
  node.pieceSize = 16 * 1024 * randomInt(1, 9);
  // Every try is a client of its own: nothing is remembered but what is on disk.
  const client = (): FileTaoClient =>
    new FileTaoClient({ url: node.url, wallet, hashFolder: join(folder, 'hashes'), retry: noRetry });
  return { node, folder, client };
}

/** Returns the bytes of confirmed pieces that were sent again. */
export async function interruptedPuts(rounds: number): Promise<number> {
  let again = 0;
  for (let round = 0; round < rounds; round++) {
    const { node, folder, client } = await place();
    const data = noise(randomInt(1, 1_500_000));
    const path = join(folder, 'file');
    writeFileSync(path, data);
    const kind = (['file', 'bytes', 'stream', 'plain'] as const)[round % 4]!;
    const put = (signal?: AbortSignal): Promise<{ cid: string }> => {
      const input =
        kind === 'file' || kind === 'plain' ? path : kind === 'bytes' ? data : Readable.from([data]);
      const given = client();
      return given
        .put(input, { encrypt: kind !== 'plain', ...(signal === undefined ? {} : { signal }) })
        .finally(() => given.close());
    };
    const tries = randomInt(1, 4);
    for (let attempt = 0; attempt < tries; attempt++) {
      const stop = new AbortController();
      const at = node.puts + randomInt(0, 12);
      const way = randomInt(3);
      let done = false;
      node.faults.beforePut = async (index) => {
        if (index < at) return;
        if (!done) {
          done = true;
          if (way === 0) await node.kill();
          else if (way === 1) stop.abort();
        }
        // Not confirmed behind the client's back either, or it would rightly be asked for again.
        throw 'hang up';
      };
      await put(stop.signal).catch(() => {});
      delete node.faults.beforePut;
      if (done && way === 0) await node.start();
    }
    const { cid } = await put();
    again += node.bytesReceivedAgain;
    for (const times of node.accepted.values()) assert.equal(times, 1);
    const copy = join(folder, 'copy');
    await client().getToFile(cid, copy);
    assert.ok(readFileSync(copy).equals(data), `${kind}, ${data.length} bytes`);
    await node.kill();
  }
  return again;
}

/** Returns the bytes of pieces that the client had kept and that were sent again. */
export async function interruptedGets(rounds: number): Promise<number> {
  let again = 0;
  for (let round = 0; round < rounds; round++) {
    const { node, folder, client } = await place();
    const data = noise(randomInt(1, 1_500_000));
    const encrypt = round % 3 !== 2;
    const { cid, manifest } = await client().put(data, { encrypt });
    const ids = openSealed(manifestKind, manifest, runtime.verify).value.pieceIds.map(toHex);
    let kept = 0;
    const get = async (signal?: AbortSignal, onPiece?: (pieces: number) => void): Promise<void> => {
      const before = node.served.length;
      const keptBefore = kept;
      const given = client();
      try {
        await given.getToFile(cid, join(folder, 'copy'), {
          ...(signal === undefined ? {} : { signal }),
          onProgress: ({ piecesVerified }) => {
            // One piece needs no keeping.
            if (ids.length > 1) kept = Math.max(kept, piecesVerified);
            onPiece?.(piecesVerified);
          },
        });
      } finally {
        given.close();
        for (const { id, length } of node.served.slice(before))
          if (ids.indexOf(id) < keptBefore) again += length;
      }
    };
    for (let attempt = randomInt(1, 4); attempt > 0; attempt--) {
      const stop = new AbortController();
      const way = randomInt(2);
      const at = kept + randomInt(0, 6);
      if (way === 0) node.faults.breakDownloadsAt = [randomInt(0, 400_000)];
      await get(stop.signal, (pieces) => way === 1 && pieces > at && stop.abort()).then(
        () => {
          kept = 0;
        },
        () => {},
      );
      node.faults.breakDownloadsAt = [];
      if (readdirSync(folder).includes('copy')) break;
    }
    if (!readdirSync(folder).includes('copy')) await get();
    assert.ok(readFileSync(join(folder, 'copy')).equals(data), `${data.length} bytes`);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('filetao-part')),
      [],
    );
    await node.kill();
  }
  return again;
}
