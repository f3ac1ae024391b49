// A validator sets its weights: on the dev chain, and on a node that serves the real runtime's metadata.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { openSubtensorChain } from '../../../src/adapters/chain/subtensor/subtensor-chain.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { weightsOf } from '../../../src/domain/economy/weights.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { type FullChain, raoPerTao } from '../../../src/domain/ports/chain.js';
import { type Weighing, weighForever, weighIfDue } from '../../../src/nodes/validator/weighing.js';
import { readWeightsFile } from '../../../src/nodes/validator/weights-file.js';
import { testSigner } from '../../adapters/chain/conformance.js';
import { MetadataNode } from '../../adapters/chain/metadata-node.js';
import { withoutMetadata } from '../../adapters/chain/runtime-metadata.js';
import { manualClock } from '../../adapters/manual-clock.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

const [validator, good, bad] = [testSigner(1), testSigner(2), testSigner(3)];
const keyOf = ({ publicKey }: { readonly publicKey: Uint8Array }): PublicKey => publicKeyOf(publicKey);
const rewardsOf = (scores: ReadonlyMap<PublicKey, number>): Weighing['rewards'] => ({
  scores,
  weigh: async ({ neurons, minAllowedWeights, maxWeightsLimit }) =>
    weightsOf(
      neurons.map(({ uid, hotkey }) => ({ uid, score: scores.get(hotkey) ?? 0, asked: scores.has(hotkey) })),
      { minAllowedWeights, maxWeight: maxWeightsLimit / 65535 },
    ),
});
const rewards = rewardsOf(
  new Map([
    [keyOf(good), 1],
    [keyOf(bad), 0.25],
  ]),
);

const weighingOn = (chain: FullChain, file: string, change: Partial<Weighing> = {}): Weighing => ({
  chain,
  signer: validator,
  clock: systemClock,
  log: silentLog(),
  versionKey: 300n,
  file,
  rewards,
  ...change,
});

test('a validator sets weights when due on the real runtime’s metadata', {
  skip: withoutMetadata,
}, async (context) => {
  const node = new MetadataNode();
  await node.start();
  context.after(() => node.stop());
  node.produce(1, () => {
    node.register(validator.publicKey, 100n * raoPerTao, true);
    node.register(good.publicKey, 0n, false);
    node.register(bad.publicKey, 0n, false);
    node.set('weightsVersionKey', [21], 300);
    node.set('tempo', [21], 20);
  });
  const chain = await openSubtensorChain({
    network: node.url,
    netuid: 21,
    clock: systemClock,
    headFreshMs: 0,
  });
  context.after(() => chain.close());
  const file = join(await temporaryFolder(context), 'weights.json');
  const weighing = weighingOn(chain, file);

  const early = await weighIfDue(weighing);
  assert.equal(early.refusal, null);
  assert.equal(node.calls.length, 0, 'not due yet');
  node.produce(early.nextAt - node.head.number);
  const stopping = new AbortController();
  const running = weighForever(weighing, stopping.signal);
  while (node.weightsOf(0)?.toString() === '') await systemClock.sleep(10);
  stopping.abort();
  await running;
  assert.deepEqual(node.weightsOf(0), [
    [1, 65535],
    [2, 16384],
  ]);
  const [call] = node.calls;
  assert.deepEqual(
    [call!.method, call!.error, call!.args.versionKey],
    ['subtensorModule.setWeights', null, 300],
  );
  const kept = await readWeightsFile(file);
  assert.deepEqual(
    [kept.outcome, kept.reason, kept.uids, kept.weights],
    ['set', null, [1, 2], [65535, 16384]],
  );
  const last = (await chain.neuron(keyOf(validator)))!.lastUpdate;
  assert.ok(last >= early.nextAt);

  // Commit-reveal is turned on: nothing is sent, the file is kept for the operator.
  node.produce(20, () => node.set('commitRevealWeightsEnabled', [21], true));
  const refused = await weighIfDue(weighing);
  assert.match(refused.refusal!, /commit-reveal .* btcli from the weights file/u);
  assert.equal(node.calls.length, 1);
  const again = await readWeightsFile(file);
  assert.deepEqual(
    [again.outcome, again.reason, again.weights],
    ['refused', refused.refusal, [65535, 16384]],
  );
});

test('due after half an epoch; refusals name what is missing and when to look again', async (context) => {
  const folder = await temporaryFolder(context);
  const clock = manualClock();
  const chain = await openDevChain({ directory: join(folder, 'chain'), clock, intervalMs: 1000 });
  context.after(() => chain.close());
  const file = join(folder, 'weights.json');
  const weighing = weighingOn(chain, file, { clock });
  assert.match((await weighIfDue(weighing)).refusal ?? '', /no miner has a score/u);
  await chain.register(keyOf(validator), { stake: 5 });
  await chain.register(keyOf(good));
  await chain.register(keyOf(bad));
  assert.deepEqual(await weighIfDue(weighing), { nextAt: 11, refusal: null });
  clock.advance(11_000);
  assert.match((await weighIfDue(weighing)).refusal!, /uid 0 has no validator permit/u);
  await chain.setPermit(keyOf(validator), true);
  assert.equal(
    (await weighIfDue({ ...weighing, rewards: rewardsOf(new Map()) })).refusal,
    'no miner has a score yet',
  );
  await chain.setHyperparameters({ weightsVersion: 301n });
  assert.match((await weighIfDue(weighing)).refusal!, /version 301 or later and this node gives 300/u);
  await chain.setHyperparameters({ weightsVersion: 300n });
  assert.deepEqual(await weighIfDue(weighing), { nextAt: 12, refusal: null });
  assert.deepEqual(await chain.weights(0), [
    { uid: 1, value: 65535 },
    { uid: 2, value: 16384 },
  ]);
  assert.deepEqual(await weighIfDue(weighing), { nextAt: 22, refusal: null });
});
