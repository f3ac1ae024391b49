// A validator that is killed again and again: pieces it said were stored are challenged and read back, no round's number is
// used twice, and no honest miner fails.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import { seededRandom } from '../../adapters/seeded-random.js';
import { startNetwork } from '../../nodes/network.js';
import type { Child } from './child.js';
import { Restarting } from './child.js';
import { assertChains, type CrashOptions } from './world.js';

export async function crashValidator(t: TestContext, { rounds, killer }: CrashOptions): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 2 });
  const seed = randomBytes(32);
  await network.chain.register(publicKeyOf(signerFromSeed(seed).publicKey), {
    stake: 1000,
    validatorPermit: true,
  });
  const node = await Restarting.of(t, 'validator', network.folder, seed);
  const pieces = new Set<string>();
  let acknowledged = 0;
  /** Root → the last round that was said to be over. */
  const said = new Map<string, number>();
  let { child } = await killer.start(node, random);
  const piece = async (): Promise<{ path: string; size: number }> => {
    const data = randomBytes(1 + random.below(30_000));
    const path = join(network.folder, `piece-${randomBytes(6).toString('hex')}`);
    await writeFile(path, data);
    return { path, size: data.length };
  };
  const rowsOf = async (from: Child): Promise<string[] | null> => {
    from.say('rounds');
    const rows: string[] = [];
    for (;;) {
      const line = await from.next('round', 'rounds', 'failed');
      if (line === null) return null;
      if (line.startsWith('failed')) continue;
      if (line === 'rounds') return rows;
      const [, root, n, outcome, reason] = line.split(' ');
      assert.notEqual(outcome, 'fail', `an honest miner failed: ${reason}`);
      assert.ok(Number(n) > (said.get(root!) ?? 0), 'no number is used twice');
      said.set(root!, Number(n));
      rows.push(line);
    }
  };
  for (let round = 0; round < rounds; round++) {
    killer.aim(child, random);
    const rows = rowsOf(child);
    // Two at a time, so that wherever it dies some are acknowledged and some are not.
    for (let i = 0; i < 2; i++) {
      for (const { path, size } of [await piece(), await piece()]) child.say(`store ${path} ${size}`);
      for (let answers = 0; answers < 2; answers++) {
        const line = await child.next('stored', 'failed');
        if (line?.startsWith('stored')) {
          pieces.add(line.split(' ')[1]!);
          acknowledged++;
        }
      }
    }
    await rows;
    await killer.finish(child);
    ({ child } = await killer.start(node, random));
    const after = await rowsOf(child);
    assert.ok(after !== null);
    for (const row of after) assert.equal(row.split(' ')[3], 'pass', `after a crash: ${row}`);
    assert.ok(after.length >= pieces.size, 'every acknowledged piece is challenged');
    for (const pieceId of pieces) {
      child.say(`fetch ${pieceId}`);
      const line = await child.next('fetched', 'failed');
      assert.equal(line, `fetched ${pieceId}`, 'an acknowledged piece reads back');
    }
    // Few at a time keep the rounds short; what is dropped here stays in the index and in its rounds.
    while (pieces.size > 3) pieces.delete(pieces.values().next().value!);
  }
  await child.kill();
  t.diagnostic(`validator: ${killer.summary}; ${acknowledged} pieces acknowledged`);
  t.diagnostic(await assertChains(network.folder));
}
