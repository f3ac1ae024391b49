// A validator that changes its hotkey: what the old one stored stays in proof and can be read, and is stored anew
// under the new one; a miner's advertised rate sets its deadline.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { signerFromSeed } from '../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../src/domain/model/bytes.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { FailureCounts } from '../../src/nodes/validator/miners.js';
import { MinerRates } from '../../src/nodes/validator/rates.js';
import { rotateReplicas } from '../../src/nodes/validator/rotating.js';
import { startNetwork } from './network.js';

test('replicas of a retired hotkey are proven, read, and stored anew', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const signer = signerFromSeed(randomBytes(32));
  await network.chain.register(publicKeyOf(signer.publicKey), { stake: 1000, validatorPermit: true });
  const before = await network.validator();
  const { pieceId, data, replicas } = await network.storePiece(before, 200_000, 3);

  const stranger = await network.validator({ signer, processId: 'without' });
  await assert.rejects(
    challengeReplica(stranger, replicas[0]!),
    (error) => error instanceof FileTaoError && error.code === 'wrong-wallet',
  );

  const after = await network.validator({
    signer,
    retiredSigners: [network.validatorSigner],
    processId: 'after',
  });
  for (const replica of replicas) assert.equal((await challengeReplica(after, replica))?.outcome, 'pass');
  assert.deepEqual(Buffer.from((await fetchPiece(after, pieceId)).data), data);

  const gone = await rotateReplicas(
    after,
    join(network.folder, 'rotation'),
    new FailureCounts(),
    new AbortController().signal,
  );
  assert.equal(gone, 3, JSON.stringify(network.logged));
  const now = await after.index.replicasOfPiece(pieceId);
  assert.equal(now.length, 3);
  assert.ok(now.every((replica) => replica.validatorKey === publicKeyOf(signer.publicKey)));
  assert.equal(new Set(now.map((replica) => replica.minerKey)).size, 3, 'on distinct miners');
  // Nothing is left of the old hotkey: the new one reads it alone.
  const alone = await network.validator({ signer, processId: 'alone' });
  assert.deepEqual(Buffer.from((await fetchPiece(alone, pieceId)).data), data);
  for (const replica of now) assert.equal((await challengeReplica(alone, replica))?.outcome, 'pass');
  assert.equal(
    await rotateReplicas(
      after,
      join(network.folder, 'rotation'),
      new FailureCounts(),
      new AbortController().signal,
    ),
    0,
  );
});

test('the rate a miner advertises sets its deadline, within bounds', async (t) => {
  const mebibyte = 1024 * 1024;
  const network = await startNetwork(t, { miners: 1, minerParts: () => ({ rate: 2 * mebibyte }) });
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, 5000, 1);
  const { minerKey } = replicas[0]!;
  const deadlines = { baseMs: 1000, bytesPerSecond: 4 * mebibyte };
  assert.equal(validator.rates.deadlineMs(deadlines, minerKey, 8 * mebibyte), 5000);

  const rates = new MinerRates();
  assert.equal(
    rates.deadlineMs(deadlines, minerKey, 8 * mebibyte),
    3000,
    'the default until it says otherwise',
  );
  for (const [said, expected] of [
    [1, 9000],
    [1e15, 1125],
    [undefined, 1125],
  ] as const) {
    rates.note(minerKey, said);
    assert.equal(rates.deadlineMs(deadlines, minerKey, 8 * mebibyte), expected);
  }
});
