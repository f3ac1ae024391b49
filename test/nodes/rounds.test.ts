// Challenge rounds between a real validator and real miners over HTTP: what an honest miner passes whatever
// happens, and what no miner can talk its way out of.
import assert from 'node:assert/strict';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { publicKeyOf } from '../../src/domain/model/bytes.js';
import type { ReplicaId } from '../../src/domain/model/records.js';
import type { Network, NodeReply, NodeRequest } from '../../src/domain/ports/network.js';
import { challengeReplica, type RoundResult } from '../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { recoverRounds } from '../../src/nodes/validator/recovery.js';
import { challengeAll } from '../../src/nodes/validator/rounds.js';
import { flipByte } from '../../src/tools/demo/damage.js';
import { startNetwork, transcriptsOf } from './network.js';

const size = 300_000;

const round = async (validator: ValidatorContext, id: ReplicaId): Promise<RoundResult> => {
  const result = await challengeReplica(validator, id);
  assert.ok(result !== null, 'the round was held');
  return result;
};
const passes = async (validator: ValidatorContext, id: ReplicaId): Promise<RoundResult> => {
  const result = await round(validator, id);
  assert.equal(result.outcome, 'pass', result.reason);
  return result;
};

/** A network that does something before or instead of passing a request on. */
const meddling = (
  inner: Network,
  meddle: (request: NodeRequest, pass: () => Promise<NodeReply>) => Promise<NodeReply>,
): Network => ({
  request: (request) => meddle(request, () => inner.request(request)),
  close: () => inner.close(),
});

test('store, challenge, retrieve: the link advances, rounds are kept, transcripts are contiguous', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const { pieceId, data, replicas } = await network.storePiece(validator, size, 3);
  assert.equal(new Set(replicas.map(({ minerKey }) => minerKey)).size, 3, 'on distinct miners');
  const links = new Set<string>();
  for (let n = 1; n <= 3; n++) {
    const results: RoundResult[] = [];
    await challengeAll(validator, replicas, (result) => results.push(result));
    assert.deepEqual(
      results.map((result) => [result.outcome, result.n]),
      [0, 1, 2].map(() => ['pass', n]),
    );
    for (const replica of replicas) {
      const record = (await validator.index.getReplica(replica))!;
      links.add(Buffer.from(record.link).toString('hex'));
      assert.equal(record.kept.length, n);
      assert.equal(record.openRound, null);
    }
  }
  assert.equal(links.size, 9, 'every pass advances the link');
  const piece = await fetchPiece(validator, pieceId);
  assert.ok(Buffer.from(piece.data).equals(data));
  const heads = await transcriptsOf(validator);
  for (const replica of replicas) {
    const rounds = heads.filter(
      (head) => head.kind === 'challenge' && publicKeyOf(head.minerKey) === replica.minerKey,
    );
    assert.deepEqual(
      rounds.map(({ n, outcome }) => [n, outcome]),
      [1, 2, 3].map((n) => [n, 'pass']),
    );
  }
});

test('two processes over one index hold one round of a replica at a time', async (t) => {
  const network = await startNetwork(t);
  const first = await network.validator({ processId: 'one' });
  const second = await network.validator({ processId: 'two' });
  const { replicas } = await network.storePiece(first, size);
  const results = await Promise.all(
    [first, second, first, second, first].map((validator) => challengeReplica(validator, replicas[0]!)),
  );
  const held = results.filter((result) => result !== null);
  assert.equal(held.length, 1, 'all others find the round open');
  assert.equal(held[0]!.outcome, 'pass');
  assert.equal((await passes(second, replicas[0]!)).n, 2);
});

test('a round that was left open is void after the restart, its n is spent, and the next one passes', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, size);
  const replica = (await validator.index.getReplica(replicas[0]!))!;
  const openRound = { n: 1, startedAtMs: Date.now(), owner: 'validator' };
  await validator.index.updateReplica({ ...replica, n: 1, openRound, version: replica.version + 1 });
  assert.equal(await challengeReplica(validator, replica), null, 'held by the run before');
  assert.equal(await recoverRounds(validator), 1);
  assert.equal((await passes(validator, replica)).n, 2);
  const rounds = (await transcriptsOf(validator)).filter(({ kind }) => kind === 'challenge');
  assert.deepEqual(
    rounds.map(({ n, outcome, reason }) => [n, outcome, reason]),
    [
      [1, 'void', 'interrupted'],
      [2, 'pass', ''],
    ],
  );
});

for (const port of ['the same port', 'another port'] as const) {
  test(`a miner restarted between commitment and opening, on ${port}, passes with the same commitment`, async (t) => {
    const network = await startNetwork(t);
    const [miner] = network.miners;
    const plain = await network.validatorParts();
    const asked: string[] = [];
    let restarted = false;
    const validator = await network.validator({
      network: meddling(plain.network, async (request, pass) => {
        asked.push(request.route);
        if (request.route === 'open' && !restarted) {
          restarted = true;
          await miner!.restart(port === 'another port' ? { port: 0 } : {});
        }
        return pass();
      }),
    });
    const { replicas } = await network.storePiece(validator, size);
    await passes(validator, replicas[0]!);
    assert.ok(asked.filter((route) => route === 'challenge').length >= 2, asked.join(' '));
    const head = (await transcriptsOf(validator)).at(-1)!;
    const commitments = head.messages.filter(({ type }) => type === 'commitment');
    assert.equal(commitments.length, 2);
    const [one, two] = commitments.map(({ bytes }) => Buffer.from(bytes.subarray(64)));
    assert.ok(one!.equals(two!), 'the same body, signed twice');
    await plain.network.close();
  });
}

test('duplicated, delayed and concurrent requests leave the honest miner able to pass', async (t) => {
  const network = await startNetwork(t);
  const plain = await network.validatorParts();
  const late: (() => Promise<NodeReply>)[] = [];
  const validator = await network.validator({
    network: meddling(plain.network, async (request, pass) => {
      if (request.route === 'challenge') {
        // The answer to the first copy is thrown away; a third copy arrives after the round.
        late.push(pass);
        await (await pass()).readAll(1e6);
      }
      if (request.route === 'open') await (await pass()).readAll(1e7);
      return pass();
    }),
  });
  const { pieceId, data, replicas } = await network.storePiece(validator, size);
  for (let n = 1; n <= 3; n++) {
    const [result, ...pieces] = await Promise.all([
      passes(validator, replicas[0]!),
      ...[1, 2, 3].map(() => fetchPiece(validator, pieceId)),
    ]);
    assert.equal(result.n, n);
    for (const piece of pieces) assert.ok(Buffer.from(piece.data).equals(data));
    for (const pass of late.splice(0)) await (await pass()).readAll(1e6);
  }
  await passes(validator, replicas[0]!);
  await plain.network.close();
});

test('a restored backup of the miner’s index is resynced, not failed', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, size);
  const plain = validator.network;
  const resynced: boolean[] = [];
  const watching: ValidatorContext = {
    ...validator,
    network: meddling(plain, async (request, pass) => {
      const reply = await pass();
      if (request.route === 'challenge') resynced.push(reply.resynced);
      return reply;
    }),
  };
  await passes(watching, replicas[0]!);
  await passes(watching, replicas[0]!);
  assert.deepEqual(resynced, [false, false]);
  // The validator's own backup: its link is older than the miner's.
  const record = (await validator.index.getReplica(replicas[0]!))!;
  const link = replicas[0]!.link;
  await validator.index.updateReplica({ ...record, link, version: record.version + 1 });
  await passes(watching, replicas[0]!);
  await passes(watching, replicas[0]!);
  assert.deepEqual(resynced, [false, false, true, false]);
});

test('a lost, truncated or damaged replica is caught with a reason, and the miner goes on', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const harm: readonly (readonly [string, (file: string) => Promise<unknown>, string])[] = [
    ['deleted', (file) => rm(file), 'unknown-replica'],
    ['truncated', (file) => truncate(file, 1000), 'damaged'],
    ['emptied', (file) => truncate(file, 0), 'damaged'],
    ['overwritten', (file) => writeFile(file, Buffer.alloc(size)), 'content-path'],
  ];
  for (const [what, act, reason] of harm) {
    const { replicas } = await network.storePiece(validator, size);
    await act(network.fileOf(replicas[0]!).file);
    const result = await round(validator, replicas[0]!);
    assert.deepEqual([result.outcome, result.reason, result.attributable], ['fail', reason, true], what);
    const record = (await validator.index.getReplica(replicas[0]!))!;
    assert.equal(record.state, 'failed', what);
    await assert.rejects(fetchPiece(validator, replicas[0]!.pieceId), { code: 'integrity' }, what);
  }
  const { replicas } = await network.storePiece(validator, size);
  await passes(validator, replicas[0]!);
});

test('a damaged or missing outboard is a cache: rebuilt, and the round passes', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, size);
  const { outboard } = network.fileOf(replicas[0]!);
  await flipByte(outboard, 32 * Math.ceil(size / 1024));
  await passes(validator, replicas[0]!);
  await rm(outboard);
  await passes(validator, replicas[0]!);
  await truncate(outboard, 32);
  await passes(validator, replicas[0]!);
  const rebuilt = network.logged.filter(({ msg }) => String(msg).includes('rebuilt the outboard'));
  assert.equal(rebuilt.length, 3);
});

test('a replica near or past its expiry is left in peace', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, size);
  const record = (await validator.index.getReplica(replicas[0]!))!;
  const expiry = Math.floor(Date.now() / 1000) + 60;
  await validator.index.updateReplica({ ...record, expiry, version: record.version + 1 });
  assert.equal(await challengeReplica(validator, replicas[0]!), null);
});
