// Three hours of a validator's life, in minutes: 900 blocks of the dev chain, each of which stands for 12 s. The real
// duty, protocol and proofs; miners that join, are killed with -9, come back, lie, leave and are deregistered. What
// counts at the end: every object has its replicas and comes back byte for byte, no honest miner ever failed a round,
// the liars were caught, and all scores can be computed again from what was written.
//
// FILETAO_HOURS_SECONDS sets how long the 900 blocks take (default 180).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEventRecords } from '../../src/adapters/observe/event-records.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../src/client/api-connection.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { retrieve } from '../../src/client/retrieve.js';
import { store } from '../../src/client/store.js';
import { type PieceId, type PublicKey, publicKeyOf } from '../../src/domain/model/bytes.js';
import { tierNamed, tierTable } from '../../src/domain/model/tiers.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { openRewarding } from '../../src/nodes/validator/rewarding.js';
import { challengeAll } from '../../src/nodes/validator/rounds.js';
import { startValidator } from '../../src/nodes/validator/validator.js';
import { damageChunks } from '../../src/tools/demo/damage.js';
import { beginExit, watchExit } from '../../src/tools/operator/miner-exit.js';
import { auditRewards, explainRewards } from '../../src/tools/rewards/explain.js';
import {
  dutyIn,
  eventually,
  startNetwork,
  type TestMiner,
  type TestNetwork,
  transcriptsOf,
} from '../nodes/network.js';
import { type NodeProcess, startNodeProcess } from '../nodes/processes.js';
import { answerInstead, passOn, refuse } from '../nodes/rogue-miner.js';
import { type HoursEvent, hoursReport, type Told } from './validator-hours-report.js';

const blocks = 900;
const secondsPerBlock = 12;
const copies = 3;
const sizes = [900, 20_000, 65_536, 150_000, 400_000];
const window = 720;

const keyOf = ({ signer }: TestMiner): PublicKey => publicKeyOf(signer.publicKey);

/** A miner in a process of its own on the network's chain, that can be killed and started again. */
async function startProcessMiner(t: TestContext, network: TestNetwork, hotkey: string) {
  const names = { path: join(network.folder, 'wallets'), name: 'processes', hotkey };
  await createWallet(names, { unencrypted: true });
  const key = publicKeyOf((await openWallet(names)).hotkey.publicKey);
  const start = (): Promise<NodeProcess> =>
    startNodeProcess(t, network.folder, [
      ...['miner', '--wallet.path', names.path, '--wallet.name', names.name, '--wallet.hotkey', hotkey],
      ...['--subtensor.dev_directory', join(network.folder, 'chain'), '--axon.port', '0'],
    ]);
  let running = await start();
  return {
    key,
    kill: () => running.end('SIGKILL'),
    restart: async () => {
      running = await start();
    },
  };
}

async function putObjects(t: TestContext, network: TestNetwork) {
  const api = await network.api({ replicas: copies });
  const names = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(names, { unencrypted: true });
  const wallet = await openWallet(names);
  const connection = new ApiConnection(`http://127.0.0.1:${api.address.port}`, {
    signer: wallet.hotkey,
    random: systemRandom,
    nowMs: Date.now,
  });
  t.after(() => connection.close());
  const common = { connection, wallet, runtime: nodeRuntime() };
  const objects: { readonly cid: string; readonly data: Buffer }[] = [];
  for (const size of sizes) {
    const data = randomBytes(size);
    const { cid } = await store(data, { ...common, journalFolder: null });
    objects.push({ cid, data });
  }
  return {
    objects,
    async get(cid: string): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      for await (const part of (await retrieve(cid, common)).plaintext) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}

/** Spoils half the chunks of everything the miner holds; returns how many replicas. */
async function spoil(network: TestNetwork, { index }: ValidatorContext, miner: TestMiner): Promise<number> {
  let spoilt = 0;
  const { items } = await index.replicasOfMiner(keyOf(miner), null, 1000);
  for (const replica of items) {
    const { file } = network.fileOf(replica);
    // One of them may be deleted right now.
    const { damaged } = await damageChunks(file, replica.size, 1024, 0.5).catch(() => ({ damaged: 0 }));
    if (damaged > 0) spoilt++;
  }
  return spoilt;
}

/** A miner that, while `isLying`, denies having what it is challenged for, or changes what it opens. */
async function lie(t: TestContext, network: TestNetwork, miner: TestMiner, isLying: () => boolean) {
  let asked = 0;
  await answerInstead(t, network, miner, async (request, body, response) => {
    const isOpening = request.url === '/v1/open';
    if (isLying() && request.url === '/v1/challenge' && asked++ % 2 === 0)
      return refuse(network, miner, request, body, response, 'unknown-replica');
    await passOn(miner, request, body, response, (bytes) => {
      if (isOpening && isLying()) bytes[bytes.length - 1]! ^= 1;
    }).catch(() => response.destroy());
  });
}

/** Pieces of all objects, each with its active replicas. */
async function placement(context: ValidatorContext, cids: readonly string[]) {
  const pieceIds = new Set<PieceId>();
  for (const cid of cids)
    for (const { pieceIds: ids } of await context.index.claimsOf(cid as never, 10))
      for (const id of ids) pieceIds.add(id);
  return Promise.all(
    [...pieceIds].map(async (pieceId) => ({
      pieceId,
      active: (await context.index.replicasOfPiece(pieceId)).filter(({ state }) => state === 'active'),
    })),
  );
}

test('three hours of chain time, with miners that join, fail, lie and leave', async (t) => {
  const seconds = Number(process.env.FILETAO_HOURS_SECONDS ?? 180);
  assert.ok(seconds >= 45 && seconds <= 3 * 3600, 'FILETAO_HOURS_SECONDS: 45 to 10800');
  const network = await startNetwork(t, {
    miners: 7,
    blockMs: Math.round((1000 * seconds) / blocks),
  });
  const { chain } = network;
  const [, , , spoiler, denier, leaver, outcast] = network.miners;
  const helper = await network.validator({ processId: 'helper' });
  const [returning, dying] = await Promise.all([
    startProcessMiner(t, network, 'returning'),
    startProcessMiner(t, network, 'dying'),
  ]);
  const names = new Map<PublicKey, string>([
    ...network.miners.map((miner, i) => [keyOf(miner), `honest ${i + 1}`] as const),
    [keyOf(spoiler!), 'spoils files'],
    [keyOf(denier!), 'lies in rounds'],
    [keyOf(leaver!), 'leaves'],
    [keyOf(outcast!), 'deregistered'],
    [returning.key, 'killed, returns'],
    [dying.key, 'killed for good'],
  ]);
  let lying = false;
  await lie(t, network, denier!, () => lying);
  const { objects, get } = await putObjects(t, network);
  const cids = objects.map(({ cid }) => cid);

  const folder = join(network.folder, 'duty');
  const eventsFile = join(folder, 'events.jsonl');
  const weightsFile = join(folder, 'weights.json');
  const records = await openEventRecords(eventsFile, 1e9);
  const begunAt = (await chain.finalisedHead()).number;
  const startedMs = Date.now();
  const validator = await startValidator({
    ...(await network.validatorParts({
      storageLimit: async (miner) => {
        const { tier } = await helper.index.statistics(miner);
        return tierNamed(tierTable, tier).storageLimit;
      },
    })),
    host: '127.0.0.1',
    port: 0,
    rewards: await network.rewardParts(),
    weighing: { chain, versionKey: 0n, file: weightsFile },
    // The reference's intervals, but random data a tenth as often, so that the objects' replicas are not lost in it;
    // and pings with more time than a block has here.
    duty: {
      ...dutyIn(folder, {
        storeEvery: 30,
        storeMiners: 15,
        storeSizeMax: 3000,
        challengeEvery: 3,
        challengeMiners: 10,
        challengeReplicas: 2,
        retrieveEvery: 15,
        retrieveMiners: 10,
        distributeEvery: 30,
        distributePieces: 4,
        monitorEvery: 3,
        monitorMiners: 40,
        pingTimeoutMs: 20_000,
        repairEvery: 3,
        purgeEvery: 180,
        checkpointEvery: 100,
      }),
      events: records,
    },
    prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
    onClose: () => records.close(),
  });
  let running = true;
  const stop = async (): Promise<void> => {
    if (running) await validator.close();
    running = false;
  };
  t.after(stop);

  const story: string[] = [];
  const at = async (block: number, says: string, happen: () => Promise<unknown> = async () => {}) => {
    await eventually(async () => (await chain.finalisedHead()).number - begunAt >= block);
    const head = (await chain.finalisedHead()).number;
    const result = await happen();
    story.push(`block ${head}: ${says}${typeof result === 'number' ? ` (${result} replicas)` : ''}`);
  };
  const join_ = (name: string) => async (): Promise<void> => {
    names.set(keyOf(await network.join()), name);
  };
  let emptied: Promise<void> | null = null;
  await at(60, 'a miner joins', join_('joins early'));
  await at(120, 'a miner is killed with -9', returning.kill);
  await at(180, 'a miner spoils all files it holds', () => spoil(network, helper, spoiler!));
  await at(220, 'a miner begins to lie in rounds', async () => {
    lying = true;
  });
  await at(300, 'the killed miner is started again', returning.restart);
  await at(360, 'another miner is killed with -9, for good', dying.kill);
  await at(400, 'a miner begins its exit', async () => {
    const { genesis, netuid } = chain;
    const node = { address: leaver!.node.address, hotkey: leaver!.signer, genesis, netuid };
    assert.equal((await beginExit(node)).leaving, true);
    emptied = (async () => {
      for await (const { safeToStop } of watchExit(node, systemClock.sleep))
        if (safeToStop) {
          story.push(`block ${(await chain.finalisedHead()).number}: nothing is left on it, and it stops`);
          await leaver!.stop();
        }
    })();
    emptied.catch(() => {});
  });
  await at(480, 'a miner is deregistered', () => chain.deregister(keyOf(outcast!)));
  await at(520, 'a miner joins, and has the free uid', join_('joins late'));
  await at(560, 'the spoiler spoils again', () => spoil(network, helper, spoiler!));
  await at(640, 'the liar stops lying', async () => {
    lying = false;
  });
  await at(blocks, 'the three hours are over');
  await emptied;
  // What the last blocks brought may still be under way on a busy machine.
  const registered = async () => new Set((await chain.neurons()).map(({ hotkey }) => hotkey));
  await eventually(async () => {
    const keys = await registered();
    return (await placement(helper, cids)).every(
      ({ active }) => active.filter(({ minerKey }) => keys.has(minerKey)).length >= copies,
    );
  });
  const endedAt = (await chain.finalisedHead()).number;
  const tookSeconds = (Date.now() - startedMs) / 1000;
  await stop();

  // Every object has its replicas, each of which passes a round, and comes back.
  const pieces = await placement(helper, cids);
  for (const { active } of pieces) {
    assert.ok(active.length >= copies);
    assert.equal(new Set(active.map(({ minerKey }) => minerKey)).size, active.length, 'on distinct miners');
  }
  const heads = await transcriptsOf(helper);
  const outcomes = new Map<string, number>();
  await challengeAll(
    helper,
    pieces.flatMap(({ active }) => active),
    ({ outcome, reason }) => void outcomes.set(outcome + reason, (outcomes.get(outcome + reason) ?? 0) + 1),
  );
  for (const { cid, data } of objects) assert.ok((await get(cid)).equals(data), 'byte for byte');

  // A validator that starts again takes what was asked since, and goes on where it stood.
  const parts = await network.rewardParts();
  const restored = await openRewarding(helper, { ...parts, block: endedAt });
  await parts.log.close();
  // Scores, tiers and weights from what was written.
  const given = [join(network.folder, 'validator', 'transcripts')];
  const audit = await auditRewards(given);
  const events: HoursEvent[] = (await readFile(eventsFile, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const set = new Map(
    (await chain.weights((await chain.neuron(publicKeyOf(network.validatorSigner.publicKey)))!.uid)).map(
      ({ uid, value }) => [uid, value],
    ),
  );
  const weights = JSON.parse(await readFile(weightsFile, 'utf8')) as Told['weightsFile'];
  const uids = new Map((await chain.neurons()).map(({ hotkey, uid }) => [hotkey, uid] as const));
  const miners = [];
  for (const [minerKey, name] of names) {
    const statistics = await helper.index.statistics(minerKey);
    const explained = await explainRewards(given, minerKey, 50);
    miners.push({ minerKey, name, uid: uids.get(minerKey) ?? null, statistics, explained });
  }
  for (const line of hoursReport({
    blocks: endedAt - begunAt,
    hours: ((endedAt - begunAt) * secondsPerBlock) / 3600,
    seconds: tookSeconds,
    story,
    heads,
    events,
    miners,
    weights: set,
    weightsFile: weights,
    audit,
  }))
    t.diagnostic(line);

  assert.deepEqual(
    [...outcomes.keys()].filter((outcome) => outcome !== 'pass'),
    [],
  );
  const failuresOf = (minerKey: PublicKey) =>
    heads.filter(
      (head) =>
        (head.kind === 'challenge' || head.kind === 'retrieve') &&
        head.outcome === 'fail' &&
        publicKeyOf(head.minerKey) === minerKey,
    ).length;
  const cheats = new Set([keyOf(spoiler!), keyOf(denier!)]);
  const killed = new Set([returning.key, dying.key]);
  for (const { minerKey, name } of miners)
    if (!cheats.has(minerKey) && !killed.has(minerKey))
      assert.equal(failuresOf(minerKey), 0, `${name}: an honest miner passes every round`);
  for (const cheat of cheats) assert.ok(failuresOf(cheat) > 0, `${names.get(cheat)}: caught`);

  const named = (task: string) => events.filter(({ task_name: name }) => name === task);
  const told = (field: 'down' | 'deregistered') => named('monitor').flatMap((event) => event[field] ?? []);
  for (const key of killed) assert.ok(told('down').includes(key), `${names.get(key)}: noticed`);
  assert.ok(told('deregistered').includes(keyOf(outcast!)));
  assert.ok(named('tiers').length >= 1, 'a tier window ended');
  assert.equal(await helper.index.window(), Math.floor(endedAt / window));
  assert.ok(weights.outcome === 'set' || (weights.reason ?? '') !== '', 'set, or refused with a reason');

  assert.deepEqual([audit.ok, audit.findingsCount], [true, 0]);
  assert.equal(audit.notYet, 0, 'every exchange that counts is in the ledger');
  assert.ok((audit.occasions.draw ?? 0) > 0 && (audit.occasions.waiting ?? 0) > 0);
  for (const { minerKey, name, uid, statistics, explained } of miners) {
    assert.ok(Object.is(explained.score, restored.standingOf(minerKey).score), `${name}: score`);
    assert.equal(explained.tier, statistics.tier, `${name}: tier`);
    assert.equal(explained.counting.totalSuccesses, statistics.totalSuccesses, `${name}: successes`);
    if (uid === null) assert.equal(explained.score, 0, `${name}: who is gone has no score`);
    if (uid !== null && weights.outcome === 'set')
      assert.equal(explained.weight?.value ?? 0, set.get(uid) ?? 0, `${name}: weight`);
  }
});
