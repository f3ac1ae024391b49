// A validator's duty over real miners: every step runs when its block has come and says so, a step that fails ends
// nothing, a leaving miner is emptied, and a restart goes on.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSubtensorChain } from '../../../src/adapters/chain/subtensor/subtensor-chain.js';
import { openEventRecords } from '../../../src/adapters/observe/event-records.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { raoPerTao } from '../../../src/domain/ports/chain.js';
import type { RunningNode } from '../../../src/nodes/running-node.js';
import { collectAnswers } from '../../../src/nodes/validator/answers.js';
import type { DutyOptions } from '../../../src/nodes/validator/duty/compose.js';
import { openRewarding } from '../../../src/nodes/validator/rewarding.js';
import { challengeAll } from '../../../src/nodes/validator/rounds.js';
import { startValidator } from '../../../src/nodes/validator/validator.js';
import { weighIfDue } from '../../../src/nodes/validator/weighing.js';
import { beginExit, cancelExit, watchExit } from '../../../src/tools/operator/miner-exit.js';
import { MetadataNode } from '../../adapters/chain/metadata-node.js';
import { withoutMetadata } from '../../adapters/chain/runtime-metadata.js';
import { dutyIn, eventually, startNetwork, type TestNetwork } from '../network.js';

type Event = Readonly<Record<string, unknown>>;

async function runDuty(t: TestContext, network: TestNetwork, options: Partial<DutyOptions>) {
  const folder = mkdtempSync(join(network.folder, 'duty-'));
  const file = join(folder, 'events.jsonl');
  const start = async (): Promise<RunningNode> => {
    const events = await openEventRecords(file, 1e9);
    return startValidator({
      ...(await network.validatorParts()),
      host: '127.0.0.1',
      port: 0,
      rewards: await network.rewardParts(),
      duty: { ...dutyIn(folder, options), events },
      prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
      onClose: () => events.close(),
    });
  };
  let running: RunningNode | null = await start();
  const stop = async (): Promise<void> => {
    await running?.close();
    running = null;
  };
  t.after(stop);
  const events = (): Event[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return {
    folder,
    events,
    stop,
    start: async () => {
      running = await start();
    },
    saw: (task: string, good: (event: Event) => boolean = () => true) =>
      eventually(() => events().find((event) => event.task_name === task && good(event)) ?? null),
  };
}

const every = (blocks: number): Partial<DutyOptions> => ({
  storeEvery: blocks,
  storeMiners: 2,
  storeSizeMax: 3000,
  challengeEvery: blocks,
  challengeMiners: 2,
  challengeReplicas: 1,
  retrieveEvery: blocks,
  retrieveMiners: 2,
  distributeEvery: blocks,
  monitorEvery: blocks,
  monitorMiners: 0,
  repairEvery: blocks,
  purgeEvery: blocks,
  checkpointEvery: blocks,
});

test('each step runs, is recorded and rewarded; a leaving miner is emptied; a restart goes on', async (t) => {
  const network = await startNetwork(t, { miners: 4, blockMs: 300 });
  const helper = await network.validator({ processId: 'helper' });
  const piece = await network.storePiece(helper, 20_000, 3);
  const duty = await runDuty(t, network, every(1));
  const fields = [
    'uids',
    'successful',
    'completion_times',
    'task_status_messages',
    'task_status_codes',
    'rewards',
  ];
  for (const task of ['store', 'challenge', 'retrieve', 'monitor']) {
    const event = await duty.saw(task, ({ successful }) => (successful as boolean[]).length > 0);
    const lengths = fields.map((field) => (event[field] as unknown[]).length);
    assert.equal(new Set(lengths).size, 1, `${task}: fields are aligned`);
    assert.equal(typeof event.block, 'number');
    assert.equal(typeof event.step_length, 'number');
    if (task === 'challenge') {
      assert.ok((event.rewards as number[]).some((reward) => reward > 0));
      assert.equal(typeof event.best_uid, 'number');
    }
  }
  const checkpoint = await duty.saw('checkpoint', ({ total_storage: total }) => (total as number) > 0);
  assert.ok(Array.isArray(checkpoint.miners));
  assert.ok(Object.keys((await duty.saw('challenge')).moving_averaged_scores as object).length > 0);

  // One of the holders leaves.
  const leaver = network.minerOf(piece.replicas[0]!);
  const leaverKey = publicKeyOf(leaver.signer.publicKey);
  const { genesis, netuid } = network.chain;
  const node = { address: leaver.node.address, hotkey: leaver.signer, genesis, netuid };
  assert.equal((await cancelExit(node)).leaving, false);
  const begun = await beginExit(node);
  assert.deepEqual([begun.leaving, begun.safeToStop], [true, false]);
  await leaver.restart();
  let last = begun;
  for await (const state of watchExit(node, systemClock.sleep)) last = state;
  assert.ok(last.safeToStop, 'nothing is left, random data included');
  assert.equal(await helper.index.usedBytes(leaverKey), 0);
  const holders = (await helper.index.replicasOfPiece(piece.pieceId)).filter(
    ({ state }) => state === 'active',
  );
  assert.equal(holders.length, 3);
  // Whichever step came to it first.
  const repaired = ({ task_name: task, pieces }: Event): boolean =>
    (task === 'repair' || task === 'distribute') &&
    (pieces as Event[]).some(({ pieceId }) => pieceId === piece.pieceId);
  await eventually(() => duty.events().some(repaired));

  // A restart finds where it stood, and the loop goes on.
  await duty.stop();
  const before = duty.events().length;
  const kept = JSON.parse(readFileSync(join(duty.folder, 'duty.json'), 'utf8'));
  assert.ok(kept.next.challenge > 0 && kept.version === 1);
  await duty.start();
  await eventually(() => duty.events().length > before + 3);
});

test('a step that fails is logged, and the others go on', async (t) => {
  const network = await startNetwork(t, { miners: 2, blockMs: 300 });
  const parts = await network.validatorParts();
  let lists = 0;
  const index = new Proxy(parts.index, {
    get(target, name) {
      if (name === 'listPieces')
        return async () => {
          lists++;
          throw new Error('broken');
        };
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const folder = mkdtempSync(join(network.folder, 'duty-'));
  const events = await openEventRecords(join(folder, 'events.jsonl'), 1e9);
  const validator = await startValidator({
    ...parts,
    index,
    host: '127.0.0.1',
    port: 0,
    rewards: await network.rewardParts(),
    duty: { ...dutyIn(folder, { distributeEvery: 1, monitorEvery: 1 }), events },
    prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
    onClose: () => events.close(),
  });
  t.after(() => validator.close());
  await eventually(() => lists >= 3);
  const monitored = () => readFileSync(join(folder, 'events.jsonl'), 'utf8').split('"monitor"').length - 1;
  await eventually(() => monitored() >= 3);
  assert.ok(
    network.logged.some(({ msg, step }) => msg === 'a step of the duty failed' && step === 'distribute'),
  );
});

test('scores of real rounds become weights on the real runtime’s metadata', {
  skip: withoutMetadata,
}, async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, 20_000, 3);
  const { log, rules } = await network.rewardParts();
  t.after(() => log.close());
  const rewarding = await openRewarding(validator, { log, rules, block: 1 });
  // Two rounds of all, then six of one alone: whatever the times were, that one has earned more.
  for (let round = 0; round < 8; round++) {
    const batch = collectAnswers(validator);
    await challengeAll(batch.context, round < 2 ? replicas : replicas.slice(0, 1), () => {});
    await rewarding.step({
      block: 2 + round,
      occasion: 'operator',
      answers: batch.answers,
    });
  }
  const node = new MetadataNode();
  await node.start();
  t.after(() => node.stop());
  const { signer } = validator;
  node.produce(1, () => {
    node.register(signer.publicKey, 100n * raoPerTao, true);
    for (const miner of network.miners) node.register(miner.signer.publicKey, 0n, false);
    node.set('weightsVersionKey', [21], 300);
    node.set('tempo', [21], 20);
  });
  const chain = await openSubtensorChain({
    network: node.url,
    netuid: 21,
    clock: systemClock,
    headFreshMs: 0,
  });
  t.after(() => chain.close());
  node.produce(30);
  const weighed = await weighIfDue({
    chain,
    signer,
    clock: systemClock,
    log: silentLog(),
    versionKey: 300n,
    file: join(network.folder, 'weights.json'),
    rewards: rewarding,
  });
  assert.equal(weighed.refusal, null);
  node.produce(1);
  const set = new Map((await chain.weights(0)).map(({ uid, value }) => [uid, value]));
  const uids = new Map<PublicKey, number>(
    (await chain.neurons()).map(({ hotkey, uid }) => [hotkey, uid] as const),
  );
  const [often, , rare] = replicas.map(({ minerKey }) => set.get(uids.get(minerKey)!) ?? 0);
  assert.equal(set.size, 3);
  assert.ok(often! > rare!, 'who proved more often weighs more');
});
