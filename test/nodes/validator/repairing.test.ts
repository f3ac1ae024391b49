// Repair over real miners: what is lost is stored anew from what verifies, and nothing is given up before.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PieceId, type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { monitorMiners, settleDeregistered } from '../../../src/nodes/validator/monitoring.js';
import type { RepairLine } from '../../../src/nodes/validator/repairing.js';
import { Repairs } from '../../../src/nodes/validator/repairs.js';
import { challengeAll } from '../../../src/nodes/validator/rounds.js';
import { flipByte } from '../../../src/tools/demo/damage.js';
import { eventually, type StoredPiece, startNetwork, type TestNetwork } from '../network.js';

const size = 100_000;
const keysOf = ({ miners }: TestNetwork): PublicKey[] =>
  miners.map(({ signer }) => publicKeyOf(signer.publicKey));

async function active(validator: ValidatorContext, pieceId: PieceId): Promise<ReplicaRecord[]> {
  return (await validator.index.replicasOfPiece(pieceId)).filter(({ state }) => state === 'active');
}

const repairsOf = (network: TestNetwork, validator: ValidatorContext, bytesPerSecond = 1e9): Repairs =>
  new Repairs(validator, {
    folder: join(network.folder, 'repair'),
    failures: new FailureCounts(),
    piecesAtOnce: 2,
    bytesPerSecond,
  });

async function passOf(repairs: Repairs): Promise<RepairLine[]> {
  const lines: RepairLine[] = [];
  await repairs.pass((line) => lines.push(line), { patient: false });
  return lines;
}

async function monitorUntilDown(network: TestNetwork, validator: ValidatorContext): Promise<PublicKey[]> {
  const down: PublicKey[] = [];
  for (let i = 0; i < validator.presence.missesMax; i++) {
    const found = await monitorMiners(validator, keysOf(network), 2000);
    down.push(...found.down);
  }
  return down;
}

async function assertWhole(validator: ValidatorContext, pieces: readonly StoredPiece[], copies: number) {
  for (const { pieceId, data } of pieces) {
    const replicas = await active(validator, pieceId);
    assert.equal(replicas.length, copies);
    assert.equal(new Set(replicas.map(({ minerKey }) => minerKey)).size, copies, 'on distinct miners');
    assert.ok(Buffer.from((await fetchPiece(validator, pieceId)).data).equals(data));
  }
}

test('a dead miner is noticed after five successive misses, its pieces are whole again, and it is taken back', async (t) => {
  const network = await startNetwork(t, { miners: 5 });
  const validator = await network.validator();
  const repairs = repairsOf(network, validator);
  const pieces = [];
  for (let i = 0; i < 3; i++) pieces.push(await network.storePiece(validator, size, 3));
  assert.deepEqual(await passOf(repairs), [], 'nothing to do');
  const dead = network.minerOf(pieces[0]!.replicas[0]!);
  const deadKey = publicKeyOf(dead.signer.publicKey);
  const held = (await validator.index.replicasOfMiner(deadKey, null, 100)).items.length;

  // Four misses and an answer are no reason to act.
  await dead.stop();
  for (let i = 0; i < 4; i++) await monitorMiners(validator, keysOf(network), 2000);
  await dead.restart();
  assert.deepEqual((await monitorMiners(validator, keysOf(network), 2000)).down, []);
  await dead.stop();
  assert.deepEqual(await monitorUntilDown(network, validator), [deadKey]);

  const lines = await passOf(repairs);
  assert.equal(lines.length, held);
  assert.ok(
    lines.every(({ outcome, before, after }) => outcome === 'repaired' && before === 2 && after === 3),
  );
  await assertWhole(validator, pieces, 3);
  assert.deepEqual(await passOf(repairs), [], 'and then there is nothing to do');

  await dead.restart();
  assert.deepEqual((await monitorMiners(validator, keysOf(network), 2000)).back, [deadKey]);
  assert.equal((await active(validator, pieces[0]!.pieceId)).length, 4, 'one too many, until all is settled');
});

test('a damaged replica is replaced, then deleted; a false byte is never the source', async (t) => {
  const network = await startNetwork(t, { miners: 4 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 3);
  const [bad, other] = piece.replicas;
  await flipByte(network.fileOf(bad!).file, size);
  await challengeAll(validator, [bad!], () => {});
  // The round may have opened other chunks; the retrieval certainly sees it.
  await flipByte(network.fileOf(other!).file, size);
  // A store of the same replica in the same block would be the same message, which a miner takes for a repetition.
  const { number } = await network.chain.finalisedHead();
  await eventually(async () => (await network.chain.finalisedHead()).number > number);
  const [line] = await (async () => {
    for (const replica of [bad!, other!]) {
      const current = (await validator.index.getReplica(replica))!;
      if (current.state === 'active')
        await validator.index.updateReplica({ ...current, state: 'failed', version: current.version + 1 });
    }
    return passOf(repairsOf(network, validator));
  })();
  // Four miners, one of which has the only good replica: both bad ones are stored again, one of them where it was.
  assert.equal(line!.outcome, 'repaired', `${line!.reason} ${JSON.stringify(network.logged)}`);
  assert.equal(line!.after, 3);
  await assertWhole(validator, [piece], 3);
  const left = await validator.index.replicasOfPiece(piece.pieceId);
  assert.equal(left.filter(({ state }) => state === 'failed').length, 0, 'what failed is given up');
  const results: string[] = [];
  await challengeAll(validator, await active(validator, piece.pieceId), ({ outcome }) =>
    results.push(outcome),
  );
  assert.deepEqual(results, ['pass', 'pass', 'pass']);
});

test('a miner that left the subnet is found by the index, also after a restart of the validator', async (t) => {
  const network = await startNetwork(t, { miners: 4 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 3);
  const gone = piece.replicas[0]!.minerKey;
  await network.chain.deregister(gone);
  validator.view.forgetNeurons();
  assert.deepEqual(await settleDeregistered(validator), [gone]);
  assert.deepEqual(await settleDeregistered(validator), [], 'once');
  const [line] = await passOf(repairsOf(network, validator));
  assert.equal(line!.outcome, 'repaired');
  await assertWhole(validator, [piece], 3);
  assert.equal(await validator.index.usedBytes(gone), 0, 'its record is gone');
});

test('too few miners: said, nothing is deleted, and repaired when one joins again', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 3);
  const dead = network.minerOf(piece.replicas[0]!);
  await dead.stop();
  // Of three, so that the other two answer.
  await monitorUntilDown(network, validator);
  const repairs = repairsOf(network, validator);
  const [line] = await passOf(repairs);
  assert.deepEqual([line!.outcome, line!.after, line!.retired], ['short', 2, 0]);
  assert.match(line!.reason, /no other miner/);
  assert.equal((await validator.index.replicasOfPiece(piece.pieceId)).length, 3);
  await dead.restart();
  await monitorMiners(validator, keysOf(network), 2000);
  await assertWhole(validator, [piece], 3);
});

test('a validator that is cut off holds nothing against anybody', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 3);
  for (const miner of network.miners) await miner.stop();
  assert.deepEqual(await monitorUntilDown(network, validator), []);
  assert.equal((await active(validator, piece.pieceId)).length, 3);
});

test('a piece of which nothing is left is reported lost, and nothing of it is deleted', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 2);
  for (const replica of piece.replicas) {
    await flipByte(network.fileOf(replica).file, size);
    const current = (await validator.index.getReplica(replica))!;
    await validator.index.updateReplica({ ...current, state: 'failed', version: current.version + 1 });
  }
  const [line] = await passOf(repairsOf(network, validator));
  assert.deepEqual([line!.outcome, line!.retired], ['lost', 0]);
  assert.equal((await validator.index.replicasOfPiece(piece.pieceId)).length, 2);
});

test('one replica too many is given up only when those that stay have proven themselves', async (t) => {
  const network = await startNetwork(t, { miners: 4 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, size, 3);
  const record = (await validator.index.getPiece(piece.pieceId))!;
  await validator.index.putPiece({ ...record, copies: 4 });
  const repairs = repairsOf(network, validator);
  assert.equal((await passOf(repairs))[0]!.after, 4);
  // The object that wished for four is gone: an index of the same replicas, and a piece that wishes for three.
  const old = 3600;
  for (const replica of await active(validator, piece.pieceId)) {
    await validator.index.updateReplica({
      ...replica,
      storedAt: replica.storedAt - old,
      version: replica.version + 1,
    });
  }
  const wishing = (copies: number): ValidatorContext => ({
    ...validator,
    index: new Proxy(validator.index, {
      get: (target, name) =>
        name === 'getPiece' ? async () => ({ ...record, copies }) : Reflect.get(target, name).bind(target),
    }),
  });
  const again = repairsOf(network, wishing(3));
  const trim = async (): Promise<RepairLine> => {
    const lines: RepairLine[] = [];
    await again.each(
      (async function* () {
        yield piece.pieceId;
      })(),
      (line) => lines.push(line),
    );
    return lines[0]!;
  };
  assert.equal((await trim()).retired, 0, 'nobody has passed a round yet');
  await challengeAll(validator, await active(validator, piece.pieceId), () => {});
  assert.equal((await trim()).retired, 1);
  assert.equal((await active(validator, piece.pieceId)).length, 3);
  assert.equal((await trim()).retired, 0);
});

test('bytes are paced', async (t) => {
  const network = await startNetwork(t, { miners: 4 });
  const validator = await network.validator();
  const pieces = [await network.storePiece(validator, size, 3), await network.storePiece(validator, size, 3)];
  for (const { replicas } of pieces) {
    const current = (await validator.index.getReplica(replicas[0]!))!;
    await validator.index.updateReplica({ ...current, state: 'failed', version: current.version + 1 });
  }
  const start = performance.now();
  await passOf(repairsOf(network, validator, 200_000));
  // The first fetches and stores 200 kB, and only a second later the next begins.
  assert.ok(performance.now() - start > 900);
});

test('a miner that came after this node looked at the chain is asked, and not taken for gone', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  await validator.view.neurons();
  await network.join();
  // Another node of the same validator stores on it.
  const { replicas } = await network.storePiece(await network.validator({ processId: 'api' }), size, 2);
  assert.deepEqual(await settleDeregistered(validator), []);
  assert.equal((await active(validator, replicas[0]!.pieceId)).length, 2);

  // Seen after it was registered, before it had announced its address.
  const early = await network.validator({
    processId: 'early',
    chain: new Proxy(validator.chain, {
      get(target, name) {
        if (name === 'neurons')
          return async () => (await target.neurons()).map((neuron) => ({ ...neuron, address: null }));
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  });
  const outcomes: string[] = [];
  await challengeAll(early, replicas, ({ outcome, reason }) => outcomes.push(outcome + reason));
  assert.deepEqual(outcomes, ['pass', 'pass']);
});
