// Bit rot from its beginning to its end: every kind of file of one miner is flipped, cut, lengthened, swapped and deleted,
// stopped and live. Users get the very bytes all the while; the miner finds what rotted by itself and says it once; the
// validator finds it missing and stores it anew from the other replicas; and then everything proves and reads back.
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { lmdbSchemaVersion } from '../../src/adapters/index/lmdb/tables.js';
import { createLog } from '../../src/adapters/observe/log.js';
import { openReplicaFiles } from '../../src/adapters/replicas/replica-files.js';
import { openLmdbEnvironment } from '../../src/adapters/system/lmdb-environment.js';
import { verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import { type PublicKey, publicKeyOf } from '../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import { type RebuiltHolding, rebuildHolding } from '../../src/nodes/miner/adopting.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { FailureCounts } from '../../src/nodes/validator/miners.js';
import type { RepairLine } from '../../src/nodes/validator/repairing.js';
import { Repairs } from '../../src/nodes/validator/repairs.js';
import { challengeAll } from '../../src/nodes/validator/rounds.js';
import { salvageIndex } from '../../src/tools/maintenance/salvage-index.js';
import { seededRandom } from '../adapters/seeded-random.js';
import { eventually, type StoredPiece, startNetwork } from '../nodes/network.js';
import { type RotName, rots } from './rot.js';
import { scrubBeside } from './scrub-beside.js';

async function assertAllRead(validator: ValidatorContext, pieces: readonly StoredPiece[]): Promise<void> {
  for (const { pieceId, data } of pieces)
    assert.ok(Buffer.from((await fetchPiece(validator, pieceId)).data).equals(data), 'the very bytes');
}

/** A bit of one entry of the miner's index, past its sums. */
async function rotIndexEntry(directory: string, root: string, at: number): Promise<void> {
  const environment = await openLmdbEnvironment({
    directory,
    kind: 'holding index',
    schemaVersion: lmdbSchemaVersion,
    tables: ['replicas'],
  });
  const table = environment.tables.replicas!;
  const all = [...table.getRange({})].map(
    ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
  );
  const [key, value] = all.find(([name]) => name.toString('hex').endsWith(root))!;
  value[at % value.length]! ^= 4;
  await environment.write(() => void table.put(key, value));
  await environment.close();
}

/** The index of a miner that stands, from its files. */
async function rebuildBeside(directory: string, minerKey: PublicKey): Promise<RebuiltHolding> {
  const replicas = await openReplicaFiles({ directory: join(directory, 'replicas') });
  const index = await openLmdbHoldingIndex(join(directory, 'index'));
  try {
    return await rebuildHolding(replicas, index, minerKey, verifySr25519);
  } finally {
    await index.close();
    await replicas.close();
  }
}

for (const isLive of [false, true]) {
  test(`every kind of file rots on a miner that ${isLive ? 'runs' : 'stands'}, and is repaired`, async (t) => {
    const random = seededRandom(t);
    const logged: Record<string, unknown>[] = [];
    const log = createLog({ level: 'warn', json: true, write: (line) => logged.push(JSON.parse(line)) });
    const network = await startNetwork(t, { miners: 3, minerParts: (i) => (i === 0 ? { log } : {}) });
    const validator = await network.validator();
    const [miner] = network.miners;
    const key = publicKeyOf(miner!.signer.publicKey);
    const names = Object.keys(rots) as RotName[];
    const pieces: StoredPiece[] = [];
    const own = (): ReplicaRecord[] =>
      pieces.flatMap(({ replicas }) => replicas.filter(({ minerKey }) => minerKey === key));
    while (own().length < 3 * names.length + 3)
      pieces.push(await network.storePiece(validator, 17_000 + random.below(20_000), 2));
    const scrubbing = {
      file: join(network.folder, 'scrub.json'),
      bytesPerSecond: 1e9,
      everySeconds: 1,
    };
    if (!isLive) await miner!.stop();

    const files = own().map((replica) => network.fileOf(replica));
    for (const [i, name] of names.entries()) {
      await rots[name](files[i]!.file, random);
      await rots[name](files[names.length + i]!.outboard, random);
      await rots[name](`${files[2 * names.length + i]!.file}.terms`, random);
    }
    const [a, b] = files.slice(3 * names.length).map(({ file }) => file) as [string, string];
    await rename(a, `${a}.swap`);
    await rename(b, a);
    await rename(`${a}.swap`, b);
    const lost = new Set(
      [...own().slice(0, names.length), ...own().slice(3 * names.length, 3 * names.length + 2)].map(
        ({ root }) => root,
      ),
    );
    await assertAllRead(validator, pieces);
    if (!isLive) await miner!.restart({ scrubbing });

    // One that starts looks by itself; beside one that runs, `filetao miner scrub` looks, and what users ask for shows.
    const told = (): unknown[] =>
      logged.filter(({ msg }) => /damaged on this disk|is missing/.test(String(msg))).map(({ root }) => root);
    const found = new Set<unknown>();
    await eventually(async () => {
      for (const root of told()) found.add(root);
      if (isLive)
        for (const { fault, root } of await scrubBeside(network))
          if (fault !== 'terms' && fault !== 'outboard') found.add(root);
      return found.size >= lost.size;
    });
    assert.deepEqual([...found].sort(), [...lost].sort(), 'what is lost, and nothing else');
    await assertAllRead(validator, pieces);

    // The validator finds out by asking for proofs, and repairs.
    for (let turn = 0; ; turn++) {
      assert.ok(turn < 5, 'it comes to an end');
      const outcomes: string[] = [];
      const replicas = (await validator.index.replicasOfMiner(key, null, 1000)).items;
      await challengeAll(
        validator,
        replicas.filter(({ state }) => state === 'active'),
        ({ id, outcome }) => outcomes.push(lost.has(id.root) ? `lost ${outcome}` : outcome),
      );
      if (turn === 0) {
        assert.ok(!outcomes.includes('lost pass'), 'what is lost does not prove');
        assert.ok(!outcomes.includes('fail'), 'what is whole does');
      }
      const lines: RepairLine[] = [];
      await new Repairs(validator, {
        folder: join(network.folder, 'repair'),
        failures: new FailureCounts(),
        piecesAtOnce: 2,
        bytesPerSecond: 1e9,
      }).pass((line) => lines.push(line), { patient: false });
      if (lines.length === 0 && outcomes.every((outcome) => outcome.endsWith('pass'))) break;
      for (const { outcome, reason } of lines) assert.equal(outcome, 'repaired', String(reason));
    }
    for (const { pieceId } of pieces) {
      const active = (await validator.index.replicasOfPiece(pieceId)).filter(
        ({ state }) => state === 'active',
      );
      assert.equal(active.length, 2, 'as many replicas as wanted');
      await challengeAll(validator, active, ({ outcome, reason }) => assert.equal(outcome, 'pass', reason));
    }
    await assertAllRead(validator, pieces);
    assert.equal(new Set(told()).size, told().length, 'each is said once');

    // Its index too: the entry is refused, and a rebuild saves the rest and adopts the file again by its terms.
    await miner!.stop();
    const directory = join(miner!.directory, 'index');
    await rotIndexEntry(directory, own()[names.length]!.root, random.below(100));
    assert.equal((await salvageIndex({ backend: 'lmdb', directory }))?.damaged, 1);
    assert.equal((await rebuildBeside(miner!.directory, key)).added, 1);
    await miner!.restart();
    const held = (await validator.index.replicasOfMiner(key, null, 1000)).items;
    await challengeAll(validator, held, ({ outcome, reason }) => assert.equal(outcome, 'pass', reason));
    await assertAllRead(validator, pieces);
  });
}
