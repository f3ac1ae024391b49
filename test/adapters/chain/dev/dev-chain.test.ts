// The embedded dev chain: the Chain port's conformance suite, and what only this chain promises.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import { openDevChain } from '../../../../src/adapters/chain/dev/dev-chain.js';
import { systemClock } from '../../../../src/adapters/system/clock.js';
import { fromHex, type PublicKey, toHex, utf8 } from '../../../../src/domain/model/bytes.js';
import { raoPerTao } from '../../../../src/domain/ports/chain.js';
import type { Signer } from '../../../../src/domain/ports/signer.js';
import { manualClock } from '../../manual-clock.js';
import { nextLine, startProgram } from '../../program.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { type ChainBackend, chainConformance, testSigner } from '../conformance.js';

const child = new URL('./dev-chain-child.js', import.meta.url);
const hotkey = (n: number): PublicKey => n.toString(16).padStart(64, '0') as PublicKey;
/** A signer that need not sign: the dev chain trusts its callers. */
const unsigned = (key: PublicKey): Signer => ({
  publicKey: fromHex(key),
  sign: () => new Uint8Array(64),
  deriveSecret: () => new Uint8Array(32),
});
const fixedRandom = { bytes: (length: number) => new Uint8Array(length).fill(7) };

const devChain: ChainBackend = {
  name: 'embedded dev chain',
  async prepare(context) {
    const directory = await temporaryFolder(context);
    const clock = manualClock();
    const writer = await openDevChain({ directory, clock, intervalMs: 250 });
    context.after(() => writer.close());
    return {
      chain: null,
      open: () => openDevChain({ directory, clock }),
      advance: async (blocks) => clock.advance(blocks * 250),
      rich: async () => testSigner(99),
      grants: {
        register: async (key, stake, validatorPermit) =>
          void (await writer.register(key, { stake, validatorPermit })),
        deregister: async (key) => void (await writer.deregister(key)),
        setStake: (key, stake) => writer.setStake(key, stake),
        setBalance: (key, rao) => writer.setBalance(key, rao),
        setHyperparameters: (change) => writer.setHyperparameters(change),
      },
    };
  },
};

chainConformance(devChain);

test('numbers and hashes follow from genesis and time alone', async (context) => {
  const clock = manualClock();
  const chain = await openDevChain({
    directory: await temporaryFolder(context),
    clock,
    intervalMs: 1000,
    random: fixedRandom,
  });
  context.after(() => chain.close());
  assert.equal((await chain.finalisedHead()).number, 0);
  clock.advance(999);
  assert.equal((await chain.finalisedHead()).number, 0);
  clock.advance(1);
  assert.equal((await chain.finalisedHead()).number, 1);
  assert.equal(await chain.blockHash(2), null);
  clock.advance(298_500);
  const head = await chain.finalisedHead();
  assert.equal(head.number, 299);
  const message = new Uint8Array(40).fill(7);
  message.set([299 & 0xff, 299 >> 8, 0, 0, 0, 0, 0, 0], 32);
  assert.deepEqual(head.hash, blake3(message, { context: utf8('filetao dev chain block') }));
  assert.equal(
    toHex((await chain.blockHash(1))!),
    '32b25c4ec52d29a5786a09ccf19e08fe0a77445eb5aaa97865335e2af67745d8',
  );
});

test('the head does not go back when the clock does', async (context) => {
  const clock = manualClock();
  const chain = await openDevChain({ directory: await temporaryFolder(context), clock });
  context.after(() => chain.close());
  clock.advance(10_000);
  const before = await chain.finalisedHead();
  clock.advance(-60_000);
  assert.deepEqual(await chain.finalisedHead(), before);
  assert.ok(await chain.blockHash(10));
  clock.advance(61_000);
  assert.equal((await chain.finalisedHead()).number, 11);
});

test('a restart goes on where time is; another chain shows by its genesis', async (context) => {
  const folder = await temporaryFolder(context);
  const clock = manualClock();
  const directory = join(folder, 'chain');
  const first = await openDevChain({ directory, clock, intervalMs: 500, netuid: 3 });
  assert.equal(await first.register(hotkey(1), { stake: 10 }), 0);
  await first.close();
  clock.advance(5000);
  const second = await openDevChain({ directory, clock, create: false });
  assert.deepEqual(second.genesis, first.genesis);
  assert.deepEqual([second.blockIntervalMs, second.netuid, second.network], [500, 3, 'dev']);
  assert.equal((await second.finalisedHead()).number, 10);
  assert.equal((await second.neuron(hotkey(1)))!.stake, 10);
  await second.close();
  await assert.rejects(openDevChain({ directory, clock, intervalMs: 501 }), { code: 'config' });
  await assert.rejects(openDevChain({ directory, clock, netuid: 4 }), { code: 'config' });
  const other = await openDevChain({ directory: join(folder, 'other'), clock });
  assert.notDeepEqual(other.genesis, first.genesis);
  await other.close();
});

test('without `create` a chain that is not there is not made', async (context) => {
  const folder = await temporaryFolder(context);
  const open = (directory: string) => openDevChain({ directory, clock: manualClock(), create: false });
  await assert.rejects(open(join(folder, 'nothing')), { code: 'not-found' });
  await assert.rejects(open(folder), { code: 'not-found' });
  assert.deepEqual(await readdir(folder), []);
});

test('registering again keeps the uid and only raises; a freed uid is given again', async (context) => {
  const chain = await openDevChain({ directory: await temporaryFolder(context), clock: manualClock() });
  context.after(() => chain.close());
  const seen = async (n: number) => {
    const { uid, stake, validatorPermit } = (await chain.neuron(hotkey(n)))!;
    return [uid, stake, validatorPermit];
  };
  assert.equal(await chain.register(hotkey(1), { stake: 5 }), 0);
  assert.equal(await chain.register(hotkey(2)), 1);
  assert.equal(await chain.register(hotkey(3)), 2);
  await chain.serve(unsigned(hotkey(1)), { host: '127.0.0.1', port: 9 });
  assert.equal(await chain.register(hotkey(1)), 0);
  assert.deepEqual(await seen(1), [0, 5, false]);
  assert.equal(await chain.register(hotkey(1), { stake: 6, validatorPermit: true }), 0);
  assert.deepEqual(await seen(1), [0, 6, true]);
  assert.equal((await chain.neuron(hotkey(1)))!.address!.port, 9, 'the address stays');
  await chain.setStake(hotkey(1), 1);
  assert.deepEqual(await seen(1), [0, 1, true]);
  assert.equal(await chain.deregister(hotkey(2)), true);
  assert.equal(await chain.deregister(hotkey(2)), false);
  assert.equal(await chain.register(hotkey(4)), 1);
  assert.equal(await chain.register(hotkey(2)), 3);
  await assert.rejects(chain.setStake(hotkey(9), 1), { code: 'not-found' });
});

test('wrong keys, stakes and settings are refused', async (context) => {
  const directory = await temporaryFolder(context);
  const clock = manualClock();
  for (const intervalMs of [0, -1, 0.5, 1e9, Number.NaN])
    await assert.rejects(openDevChain({ directory, clock, intervalMs }), { code: 'bad-input' });
  await assert.rejects(openDevChain({ directory, clock, netuid: 65536 }), { code: 'bad-input' });
  const chain = await openDevChain({ directory, clock });
  for (const stake of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    await assert.rejects(chain.register(hotkey(1), { stake }), { code: 'bad-input' });
  for (const key of ['', '../x', 'AB'.repeat(32), `${hotkey(1)}0`])
    await assert.rejects(chain.register(key as PublicKey), { code: 'bad-input' });
  assert.deepEqual(await chain.neurons(), []);
  await chain.close();
  await assert.rejects(chain.neurons(), { code: 'internal' });
});

test('processes that come at once find one chain and get distinct uids', async (context) => {
  const directory = join(await temporaryFolder(context), 'chain');
  const count = 20;
  const programs = ['1', '2', '3', '4'].map((name) =>
    startProgram(context, child, [directory, name, String(count)]),
  );
  for (const program of programs) assert.equal(await nextLine(program), 'ready');
  for (const program of programs) program.say('go');
  interface Seen {
    genesis: string;
    startedAtMs: number;
    shared: number;
    uids: number[];
    head: number;
    hash: string;
  }
  const seen = await Promise.all(
    programs.map(async (program) => JSON.parse(await nextLine(program)) as Seen),
  );
  await Promise.all(programs.map((program) => program.end()));
  assert.equal(new Set(seen.map(({ genesis }) => genesis)).size, 1, 'one genesis');
  assert.equal(new Set(seen.map(({ startedAtMs }) => startedAtMs)).size, 1, 'one start');
  assert.equal(new Set(seen.map(({ shared }) => shared)).size, 1, 'one uid for one hotkey');
  const uids = [seen[0]!.shared, ...seen.flatMap((one) => one.uids)];
  assert.deepEqual(
    uids.sort((a, b) => a - b),
    Array.from({ length: 4 * count + 1 }, (_, uid) => uid),
    'every uid is given once, and none is left out',
  );
  const chain = await openDevChain({ directory, clock: systemClock, create: false });
  context.after(() => chain.close());
  assert.equal((await chain.neuron('ff'.repeat(32) as PublicKey))!.stake, 4, 'the highest stake asked for');
  for (const { head, hash } of seen) assert.equal(toHex((await chain.blockHash(head))!), hash);
});

test('late finality, jumps of the head and a fork are seen by every view', async (context) => {
  const directory = await temporaryFolder(context);
  const clock = manualClock();
  const chain = await openDevChain({ directory, clock, intervalMs: 1000 });
  context.after(() => chain.close());
  const other = await openDevChain({ directory, clock });
  context.after(() => other.close());
  const heads = async () => [(await chain.finalisedHead()).number, (await other.finalisedHead()).number];
  clock.advance(20_000);
  assert.deepEqual(await heads(), [20, 20]);
  await chain.setFaults({ finalityLag: 3 });
  assert.deepEqual(await heads(), [20, 20], 'what was final stays final');
  clock.advance(5_000);
  assert.deepEqual(await heads(), [22, 22]);
  assert.equal(await other.blockHash(23), null, 'a block that is not final has no hash yet');
  await chain.setFaults({ finalityLag: 0, headStep: 10 });
  clock.advance(4_000);
  assert.deepEqual(await heads(), [22, 22]);
  clock.advance(1_000);
  assert.deepEqual(await heads(), [30, 30]);
  const [before, kept] = [await other.blockHash(25), await other.blockHash(24)];
  await chain.setFaults({ forkFrom: 25 });
  assert.notDeepEqual(await other.blockHash(25), before, 'another branch');
  assert.deepEqual(await other.blockHash(24), kept);
  assert.deepEqual(await chain.blockHash(25), await other.blockHash(25));
  await chain.setFaults({ headStep: 1, forkFrom: null });
  assert.deepEqual(await other.blockHash(25), before);
  await assert.rejects(chain.setFaults({ headStep: 0 }), { code: 'bad-input' });
});

test('what is written survives a restart; a reset starts another chain in the folder', async (context) => {
  const directory = await temporaryFolder(context);
  const clock = manualClock();
  const first = await openDevChain({ directory, clock, intervalMs: 1000, netuid: 5 });
  await first.burnedRegister(unsigned(hotkey(1)), hotkey(2));
  await first.setPermit(hotkey(2), true);
  await first.setHyperparameters({ tempo: 7, weightsVersion: 2n ** 63n });
  clock.advance(10_000);
  await first.setWeights(unsigned(hotkey(2)), [{ uid: 0, value: 9 }], 2n ** 63n);
  await first.close();
  const second = await openDevChain({ directory, clock });
  assert.equal(await second.balance(hotkey(1)), 999n * raoPerTao);
  assert.deepEqual(await second.weights(0), [{ uid: 0, value: 9 }]);
  const { tempo, weightsVersion } = await second.hyperparameters();
  assert.deepEqual([tempo, weightsVersion], [7, 2n ** 63n]);
  assert.equal((await second.neuron(hotkey(2)))!.lastUpdate, 10);
  await second.reset();
  await second.close();
  const third = await openDevChain({ directory, clock });
  context.after(() => third.close());
  assert.notDeepEqual(third.genesis, second.genesis);
  assert.deepEqual([await third.neurons(), (await third.finalisedHead()).number, third.netuid], [[], 0, 5]);
  assert.deepEqual(await third.weights(0), []);
  assert.equal(await third.balance(hotkey(1)), 1000n * raoPerTao);
});
