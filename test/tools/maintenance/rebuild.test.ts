// Indexes that were lost: a miner's comes back from its replica files, a validator's knowledge of placement from its
// miners' signed inventories, and rounds and retrieval go on with both.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { decodeEntries, encodeEntry } from '../../../src/domain/protocol/inventory.js';
import { openPieceId, sealPieceId } from '../../../src/domain/protocol/store-seed.js';
import { decodeTerms, openTerms } from '../../../src/domain/protocol/terms.js';
import { rebuildHolding } from '../../../src/nodes/miner/adopting.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { recoverPlacement } from '../../../src/nodes/validator/inventories.js';
import { renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { all } from '../../adapters/index/consistency.js';
import { core, eventually, startNetwork, type TestMiner } from '../../nodes/network.js';

const holdingsOf = async (miner: TestMiner) => {
  const index = await openLmdbHoldingIndex(join(miner.directory, 'index'));
  try {
    return await all((cursor, limit) => index.list(cursor, limit), 100);
  } finally {
    await index.close();
  }
};

const rebuild = async (miner: TestMiner) => {
  const index = await openLmdbHoldingIndex(join(miner.directory, 'index'));
  const replicas = await openReplicaFiles({ directory: join(miner.directory, 'replicas') });
  try {
    return await rebuildHolding(replicas, index, publicKeyOf(miner.signer.publicKey), verifySr25519);
  } finally {
    await index.close();
    await replicas.close();
  }
};

test("a miner's index comes back from its replica files alone", async (context) => {
  const network = await startNetwork(context);
  const validator = await network.validator();
  const [miner] = network.miners as [TestMiner];
  const stored = [];
  for (const size of [100, 5000, 70_000]) stored.push(await network.storePiece(validator, size));
  const renewed = stored[1]!.replicas[0]!;
  await renewReplicaOn(validator, renewed, renewed.expiry + 5000);
  await miner.stop();
  const before = await holdingsOf(miner);
  assert.equal(before.length, 3);
  await rm(join(miner.directory, 'index'), { recursive: true });

  assert.deepEqual(await rebuild(miner), { files: 3, added: 3, known: 0, unproven: [] });
  const after = await holdingsOf(miner);
  assert.deepEqual(after, before, 'the same records, the renewed expiry included');
  assert.equal((await rebuild(miner)).known, 3, 'again: nothing to add');

  await miner.restart();
  for (const { replicas } of stored)
    assert.equal((await challengeReplica(validator, replicas[0]!))!.outcome, 'pass');
});

test('a file whose terms are missing, changed or of another replica is reported, not believed', async (context) => {
  const network = await startNetwork(context);
  const validator = await network.validator();
  const [miner] = network.miners as [TestMiner];
  const ids: ReplicaRecord[] = [];
  for (let i = 0; i < 4; i++) ids.push((await network.storePiece(validator, 2000)).replicas[0]!);
  await miner.stop();
  await rm(join(miner.directory, 'index'), { recursive: true });
  const terms = (i: number): string => `${network.fileOf(ids[i]!).file}.terms`;
  await rm(terms(0));
  const changed = await readFile(terms(1));
  changed[changed.length - 200]! ^= 1;
  await writeFile(terms(1), changed);
  await writeFile(terms(2), await readFile(terms(3)));
  const { added, unproven } = await rebuild(miner);
  assert.equal(added, 1);
  assert.deepEqual(
    [...unproven].sort(),
    ids
      .slice(0, 3)
      .map(({ root }) => root)
      .sort(),
  );
  assert.deepEqual(
    (await holdingsOf(miner)).map(({ root }) => root),
    [ids[3]!.root],
  );
});

test('a validator that lost its index finds its replicas and pieces by the inventories', async (context) => {
  const network = await startNetwork(context, { miners: 2 });
  const validator = await network.validator();
  const stored = [];
  for (let i = 0; i < 3; i++) stored.push(await network.storePiece(validator, 3000 + i, 2));
  const first = stored[0]!.replicas[0]!;
  assert.equal((await challengeReplica(validator, first))!.outcome, 'pass');
  await renewReplicaOn(validator, first, first.expiry + 7000);
  const foreign = await network.foreignValidator();
  // Miners know the new validator from the next block on.
  await eventually(() => network.storePiece(foreign, 1000, 1).catch(() => null));
  await validator.index.close();
  await rm(join(network.folder, 'validator', 'index'), { recursive: true });

  const again = await network.validator();
  assert.deepEqual(await recoverPlacement(again, 2), {
    miners: 2,
    silent: 0,
    replicas: 6,
    known: 0,
    refused: 0,
    expired: 0,
  });
  for (const { pieceId, replicas } of stored) {
    const found = await again.index.replicasOfPiece(pieceId);
    assert.deepEqual(found.map(({ root }) => root).sort(), replicas.map(({ root }) => root).sort());
  }
  assert.equal((await again.index.getReplica(first))!.expiry, first.expiry + 7000);
  assert.equal((await again.index.getReplica(first))!.n, 1, 'no round number comes again');
  assert.deepEqual((await again.index.underReplicatedPieces(null, 10)).items, []);
  for (const { replicas } of stored)
    for (const replica of replicas) {
      const record = (await again.index.getReplica(replica))!;
      assert.equal((await challengeReplica(again, record))!.outcome, 'pass', 'the chain begins anew');
    }
  assert.equal((await recoverPlacement(again, 2)).known, 6);

  await network.miners[0]!.stop();
  assert.equal((await recoverPlacement(again, 2)).silent, 1);
});

test('replicas of a retired hotkey are found too, even when it has left the subnet', async (context) => {
  const network = await startNetwork(context, { miners: 2 });
  const before = await network.validator();
  const { pieceId, replicas } = await network.storePiece(before, 4000, 2);
  const signer = signerFromSeed(randomBytes(32));
  await network.chain.register(publicKeyOf(signer.publicKey), { stake: 1000, validatorPermit: true });
  await before.index.close();
  await rm(join(network.folder, 'validator', 'index'), { recursive: true });

  const gone = signerFromSeed(randomBytes(32)); // one that never stored anything, and is not registered
  const after = await network.validator({ signer, retiredSigners: [network.validatorSigner, gone] });
  await eventually(() => after.view.neuron(publicKeyOf(signer.publicKey)));
  await network.chain.deregister(publicKeyOf(network.validatorSigner.publicKey));
  // Miners know both from the next block on.
  const recovered = await eventually(async () => {
    const result = await recoverPlacement(after, 2);
    return result.silent === 0 ? result : null;
  });
  assert.deepEqual(recovered, { ...recovered, miners: 2, silent: 0, refused: 0, expired: 0 });
  const found = await after.index.replicasOfPiece(pieceId);
  assert.deepEqual(found.map(({ root }) => root).sort(), replicas.map(({ root }) => root).sort());
  for (const replica of found) {
    assert.equal(replica.validatorKey, publicKeyOf(network.validatorSigner.publicKey));
    assert.equal((await challengeReplica(after, replica))!.outcome, 'pass');
  }
});

test('only the validator that sealed it finds the piece in a seed', async (context) => {
  const network = await startNetwork(context);
  const validator = await network.validator();
  const { pieceId, replicas } = await network.storePiece(validator, 1500);
  const terms = decodeTerms(await readFile(`${network.fileOf(replicas[0]!).file}.terms`));
  const { storeMessage } = openTerms(terms, verifySr25519);
  const { seed, expiry, blockNumber, blockHash, receiver } = storeMessage.value;
  const occasion = { minerKey: receiver, expiry, block: { number: blockNumber, hash: blockHash } };
  const open = (secret: Uint8Array) => Buffer.from(openPieceId(core, secret, occasion, seed)).toString('hex');
  assert.equal(open(validator.secret), pieceId);
  assert.notEqual(open(randomBytes(32)), pieceId);
  const seeds = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const id = randomBytes(32);
    const varied = { ...occasion, block: { number: i, hash: blockHash } };
    const sealed = sealPieceId(core, validator.secret, varied, id);
    assert.deepEqual(Buffer.from(openPieceId(core, validator.secret, varied, sealed)), id);
    seeds.add(Buffer.from(sealPieceId(core, validator.secret, varied, seed)).toString('hex'));
  }
  assert.equal(seeds.size, 100, 'another seed in every block');
  const entry = encodeEntry({ lastN: 2 ** 40, terms });
  assert.deepEqual(decodeEntries(entry), [{ lastN: 2 ** 40, terms }]);
  assert.throws(() => decodeEntries(entry.subarray(0, entry.length - 1)), { code: 'bad-message' });
  assert.throws(() => decodeEntries(entry.subarray(0, 5)), { code: 'bad-message' });
});
