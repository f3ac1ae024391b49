// A miner that is killed again and again: what it acknowledged reads back and proves, the rest is whole or absent, and
// leftovers are swept at start.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { placeOf } from '../../../src/adapters/replicas/layout.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { deleteReplicaOn, renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { seededRandom } from '../../adapters/seeded-random.js';
import { core, eventually, startNetwork, type TestNetwork } from '../../nodes/network.js';
import { Restarting } from './child.js';
import { assertChains, type CrashOptions, settled } from './world.js';

export async function crashMiner(
  t: TestContext,
  { rounds, killer, hasty }: CrashOptions & { readonly hasty?: boolean },
): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 0 });
  const seed = randomBytes(32);
  const minerKey = publicKeyOf(signerFromSeed(seed).publicKey);
  await network.chain.register(minerKey, {});
  const node = await Restarting.of(t, 'miner', network.folder, seed, ...(hasty ? ['hasty'] : []));
  const validator = await network.validator({ clock: node.clock() });
  const kept = new Map<string, { readonly replica: ReplicaRecord; readonly data: Uint8Array }>();
  let acknowledged = 0;
  let { child } = await killer.start(node, random);
  for (let round = 0; round < rounds; round++) {
    validator.view.forgetNeurons();
    killer.aim(child, random);
    const replicas = [...kept.values()].map(({ replica }) => replica);
    // Those that are deleted are dropped first: whether it succeeds is as may be.
    const underDeletion = new Set(replicas.slice(0, -4));
    for (const { root } of underDeletion) kept.delete(root);
    // One after another, so that wherever it dies some are acknowledged and some are not.
    const work: Promise<unknown>[] = Array.from({ length: 2 }, async () => {
      for (let i = 0; i < 2; i++) {
        const stored = await network.storePiece(validator, 1 + random.below(40_000));
        const [replica] = stored.replicas;
        kept.set(replica!.root, { replica: replica!, data: stored.data });
        acknowledged++;
      }
    });
    for (const [i, replica] of replicas.entries()) {
      if (underDeletion.has(replica)) work.push(deleteReplicaOn(validator, replica));
      else if (i % 3 === 0) work.push(renewReplicaOn(validator, replica, replica.expiry + round + 1));
      else if (i % 3 === 1)
        work.push(
          challengeReplica(validator, replica).then((result) => {
            if (result?.outcome === 'fail') assert.fail(`an honest miner failed: ${result.reason}`);
          }),
        );
      else work.push(fetchPiece(validator, replica.pieceId));
    }
    // Rounds under way go on with the miner that is started again; everything else fails and is forgotten.
    await Promise.race([settled(work), child.died]);
    await killer.finish(child);
    ({ child } = await killer.start(node, random));
    validator.view.forgetNeurons();
    await settled(work);
    for (const { replica, data } of kept.values()) {
      const result = await challengeReplica(validator, replica);
      assert.equal(result?.outcome, 'pass', `round ${round}: an acknowledged replica: ${result?.reason}`);
      const fetched = await fetchPiece(validator, replica.pieceId);
      assert.ok(Buffer.from(fetched.data).equals(data), 'an acknowledged replica reads back');
    }
    await assertWholeOrAbsent(network, new Set([...underDeletion].map(({ root }) => root)));
  }
  t.diagnostic(`miner: ${killer.summary}; ${acknowledged} replicas acknowledged`);
  t.diagnostic(await assertChains(network.folder));
}

/**
 * Every file is a whole replica that the index knows, every record has its file, nothing is left over. Only the record of
 * one that was being deleted may have none: it goes with the next delete or its expiry.
 */
async function assertWholeOrAbsent(network: TestNetwork, underDeletion: ReadonlySet<string>): Promise<void> {
  const directory = join(network.folder, 'miner', 'replicas');
  assert.deepEqual(await readdir(join(directory, 'incoming')), [], 'leftovers are swept at start');
  const replicas = await openReplicaFiles({ directory });
  const index = await openLmdbHoldingIndex(join(network.folder, 'miner', 'index'));
  try {
    for await (const { id } of replicas.list()) {
      const data = await readFile(placeOf(directory, id).file);
      assert.equal(Buffer.from(core.hash(data)).toString('hex'), id.root, 'what is there is whole');
      // In the background after a start.
      await eventually(async () => (await index.get(id)) !== null);
    }
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<typeof index.list>> = await index.list(cursor, 100);
      for (const held of page.items) {
        const hasFile = await replicas.path(held).then(
          () => true,
          () => false,
        );
        if (hasFile) continue;
        assert.ok(underDeletion.has(held.root), 'a record without a file');
        await index.remove(held);
      }
      cursor = page.next;
      if (cursor === null) break;
    }
  } finally {
    await index.close();
    await replicas.close();
  }
}
