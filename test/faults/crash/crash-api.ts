// An API node that is killed again and again: objects it acknowledged read back, and the spool is swept.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { createWallet, openWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../../src/client/api-connection.js';
import { nodeRuntime } from '../../../src/client/node-runtime.js';
import { retrieve } from '../../../src/client/retrieve.js';
import { store } from '../../../src/client/store.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import { seededRandom } from '../../adapters/seeded-random.js';
import { startNetwork } from '../../nodes/network.js';
import { Restarting } from './child.js';
import { assertChains, type CrashOptions, settled } from './world.js';

export async function crashApi(t: TestContext, { rounds, killer }: CrashOptions): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 2 });
  const seed = randomBytes(32);
  await network.chain.register(publicKeyOf(signerFromSeed(seed).publicKey), {
    stake: 1000,
    validatorPermit: true,
  });
  const names = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(names, { unencrypted: true });
  const wallet = await openWallet(names);
  const node = await Restarting.of(t, 'api', network.folder, seed);
  const objects = new Map<string, Uint8Array>();
  let acknowledged = 0;
  let { child, port } = await killer.start(node, random);
  const connect = () =>
    new ApiConnection(`http://127.0.0.1:${port}`, {
      signer: wallet.hotkey,
      random: systemRandom,
      nowMs: Date.now,
    });
  const retry = { attempts: 1, firstDelayMs: 1, delayMsMax: 1 };
  const put = async (connection: ApiConnection): Promise<void> => {
    const data = randomBytes(1 + random.below(120_000));
    const { cid } = await store(data, {
      connection,
      wallet,
      runtime: nodeRuntime(),
      retry,
      journalFolder: null,
      copies: 1 + random.below(2),
    });
    objects.set(cid, data);
    acknowledged++;
  };
  const get = async (connection: ApiConnection, cid: string): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    const object = await retrieve(cid, { connection, wallet, runtime: nodeRuntime(), retry });
    for await (const part of object.plaintext) parts.push(part);
    return Buffer.concat(parts);
  };
  for (let round = 0; round < rounds; round++) {
    killer.aim(child, random);
    const busy = connect();
    // One after another, so that wherever it dies some are acknowledged and some are not.
    const puts = async (): Promise<void> => {
      for (let i = 0; i < 2; i++) await put(busy);
    };
    const work = [puts(), puts(), ...[...objects.keys()].slice(0, 2).map((cid) => get(busy, cid))];
    await Promise.race([settled(work), child.died]);
    await killer.finish(child);
    await settled(work);
    await busy.close();
    ({ child, port } = await killer.start(node, random));
    assert.deepEqual(await readdir(join(network.folder, 'validator', 'spool')), [], 'the spool is swept');
    const connection = connect();
    for (const [cid, data] of objects)
      assert.ok((await get(connection, cid)).equals(data), 'an acknowledged object reads back');
    await connection.close();
    while (objects.size > 4) objects.delete(objects.keys().next().value!);
  }
  t.diagnostic(`API node: ${killer.summary}; ${acknowledged} objects acknowledged`);
  t.diagnostic(await assertChains(network.folder));
}
