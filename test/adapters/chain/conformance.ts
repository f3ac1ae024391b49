// What every implementation of the Chain port must do. An implementation's test file calls this with a
// chain under test that can be moved forward and written to; nothing here knows which one it is.
import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import { type FullChain, type Hyperparameters, raoPerTao } from '../../../src/domain/ports/chain.js';
import type { Signer } from '../../../src/domain/ports/signer.js';

export interface ChainUnderTest {
  /** A view that the tests share and do not close; null: each test opens its own. */
  readonly chain: FullChain | null;
  /** Another view of the same chain. */
  open(): Promise<FullChain>;
  /** Resolves when the finalised head is so many blocks further. */
  advance(blocks: number): Promise<void>;
  /** null on a chain where stake and permits are earned, not given: what needs them is skipped there. */
  readonly grants: Grants | null;
  /** Someone who can pay for registrations. */
  rich(): Promise<Signer>;
}

export interface Grants {
  register(hotkey: PublicKey, stake: number, validatorPermit: boolean): Promise<void>;
  /** Frees the uid, or gives it to a hotkey nobody knows. */
  deregister(hotkey: PublicKey): Promise<void>;
  setStake(hotkey: PublicKey, stake: number): Promise<void>;
  setBalance(account: PublicKey, rao: bigint): Promise<void>;
  setHyperparameters(change: ChangeableHyperparameters): Promise<void>;
}

export type ChangeableHyperparameters = Partial<
  Pick<
    Hyperparameters,
    | 'commitRevealEnabled'
    | 'minAllowedWeights'
    | 'registrationAllowed'
    | 'weightsRateLimit'
    | 'weightsVersion'
  >
>;

export interface ChainBackend {
  readonly name: string;
  /** false, or why nothing of this backend can run here. */
  readonly skip?: string | false;
  prepare(context: TestContext): Promise<ChainUnderTest>;
  /** Closes what tests shared. */
  finish?(): Promise<void>;
}

/** Key pairs of the suite's own; another run on the same chain gets others. */
export const testSigner = (n: number, run = 0): Signer => {
  const seed = new Uint8Array(32).fill(n);
  new DataView(seed.buffer).setFloat64(8, run);
  return signerFromSeed(seed);
};

export const testKey = (n: number, run = 0): PublicKey => publicKeyOf(testSigner(n, run).publicKey);

export function chainConformance(backend: ChainBackend): void {
  const opened = async (context: TestContext): Promise<[FullChain, ChainUnderTest]> => {
    const under = await backend.prepare(context);
    if (under.chain !== null) return [under.chain, under];
    const chain = await under.open();
    context.after(() => chain.close());
    return [chain, under];
  };
  const coded =
    (...codes: string[]) =>
    (error: unknown): boolean =>
      error instanceof FileTaoError && codes.includes(error.code);

  /** The chain, and the right to give things away there; null skips the test. */
  const granted = async (
    context: TestContext,
  ): Promise<readonly [FullChain, ChainUnderTest, Grants] | null> => {
    const [chain, under] = await opened(context);
    if (under.grants !== null) return [chain, under, under.grants];
    context.skip('stake and permits cannot be given away on this chain');
    return null;
  };

  describe(`chain: ${backend.name}`, { skip: backend.skip ?? false }, () => {
    after(() => backend.finish?.());

    test('names itself', async (context) => {
      const [chain] = await opened(context);
      assert.ok(chain.network.length > 0);
      assert.ok(Number.isSafeInteger(chain.netuid) && chain.netuid >= 0);
      assert.equal(chain.genesis.length, 32);
      assert.ok(chain.blockIntervalMs > 0);
    });

    test('the finalised head moves forward, and its blocks keep their hashes', async (context) => {
      const [chain, under] = await opened(context);
      const first = await chain.finalisedHead();
      assert.equal(first.hash.length, 32);
      const firstMadeAt = await chain.headTimeMs();
      await under.advance(3);
      const madeAt = await chain.headTimeMs();
      assert.ok(madeAt === null || (firstMadeAt !== null && madeAt > firstMadeAt), 'and so does its time');
      const second = await chain.finalisedHead();
      assert.ok(second.number >= first.number + 3);
      const hashes = new Set<string>();
      for (let number = first.number; number <= second.number; number++)
        hashes.add(Buffer.from((await chain.blockHash(number))!).toString('hex'));
      assert.equal(hashes.size, second.number - first.number + 1, 'every block has its own hash');
      assert.deepEqual(await chain.blockHash(first.number), first.hash);
      assert.deepEqual(await chain.blockHash(second.number), second.hash);
      const other = await under.open();
      assert.deepEqual(other.genesis, chain.genesis);
      assert.deepEqual(await other.blockHash(first.number), first.hash, 'all views agree');
      await other.close();
    });

    test('blocks that are not there have no hash', async (context) => {
      const [chain] = await opened(context);
      const { number } = await chain.finalisedHead();
      for (const absent of [number + 1000, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER])
        assert.equal(await chain.blockHash(absent), null, `block ${absent}`);
    });

    test('hyperparameters, cost and balances are read from the chain', async (context) => {
      const [chain, under] = await opened(context);
      const numbers = await chain.hyperparameters();
      for (const [name, value] of Object.entries(numbers))
        if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, name);
      assert.ok(numbers.tempo > 0 && numbers.maxUids > 0 && numbers.maxWeightsLimit > 0);
      assert.equal(typeof numbers.weightsVersion, 'bigint');
      assert.ok((await chain.registrationCost()) > 0n);
      const payer = publicKeyOf((await under.rich()).publicKey);
      assert.ok((await chain.balance(payer)) > (await chain.registrationCost()));
    });

    test('a registration is paid for and gives a uid; a second one is refused', async (context) => {
      const [chain, under] = await opened(context);
      const payer = await under.rich();
      const account = publicKeyOf(payer.publicKey);
      const newcomer = testKey(10, Date.now());
      const [before, cost] = await Promise.all([chain.balance(account), chain.registrationCost()]);
      const uid = await chain.burnedRegister(payer, newcomer);
      const neuron = (await chain.neuron(newcomer))!;
      assert.equal(neuron.uid, uid);
      assert.deepEqual([neuron.address, neuron.validatorPermit], [null, false]);
      const paid = before - (await chain.balance(account));
      assert.ok(paid >= cost, `${paid} rao for ${cost}`);
      const left = await chain.balance(account);
      await assert.rejects(chain.burnedRegister(payer, newcomer), coded('exists'));
      assert.equal(await chain.balance(account), left, 'a refusal costs nothing');
    });

    test('a node announces where it listens, again and elsewhere', async (context) => {
      const [chain, under] = await opened(context);
      const run = Date.now();
      const signer = testSigner(3, run);
      const key = testKey(3, run);
      await chain.burnedRegister(await under.rich(), key);
      await chain.serve(signer, { host: '10.0.0.5', port: 8091 });
      const first = (await chain.neuron(key))!;
      assert.deepEqual(first.address, { host: '10.0.0.5', port: 8091 });
      await under.advance(2);
      await chain.serve(signer, { host: '10.0.0.5', port: 8091 });
      assert.deepEqual(await chain.neuron(key), first, 'the same again changes nothing');
      await chain.serve(signer, { host: '2001:db8::1', port: 65535 });
      const moved = (await chain.neuron(key))!;
      assert.deepEqual(moved.address, { host: '2001:db8::1', port: 65535 });
      const other = await under.open();
      assert.deepEqual(await other.neuron(key), moved);
      await other.close();
    });

    test('an announcement by nobody, or of nowhere, is refused', async (context) => {
      const [chain, under] = await opened(context);
      const run = Date.now();
      await chain.burnedRegister(await under.rich(), testKey(4, run));
      await assert.rejects(
        chain.serve(testSigner(5, run), { host: '10.0.0.5', port: 1 }),
        coded('forbidden'),
      );
      for (const address of [
        { host: '', port: 80 },
        { host: 'localhost', port: 80 },
        { host: '300.1.1.1', port: 80 },
        { host: '10.0.0.5', port: 0 },
        { host: '10.0.0.5', port: 65536 },
        { host: '10.0.0.5', port: 1.5 },
      ])
        await assert.rejects(chain.serve(testSigner(4, run), address), coded('bad-input'));
      assert.equal((await chain.neuron(testKey(4, run)))!.address, null);
    });

    test('a call is described as it would be sent, and nothing is sent', async (context) => {
      const [chain] = await opened(context);
      const before = await chain.neurons();
      for (const write of [
        { call: 'serveAxon', address: { host: '10.0.0.5', port: 80 } },
        { call: 'setWeights', weights: [{ uid: 0, value: 65535 }], versionKey: 7n },
        { call: 'burnedRegister', hotkey: testKey(6) },
      ] as const) {
        const { name, args, hex } = await chain.describe(write);
        assert.match(name, new RegExp(`\\.${write.call}$`, 'u'));
        assert.equal(Number(args.netuid), chain.netuid);
        assert.ok(hex === null || /^0x[0-9a-f]+$/u.test(hex));
      }
      await assert.rejects(
        chain.describe({ call: 'setWeights', weights: [{ uid: 0, value: 65536 }], versionKey: 0n }),
        coded('bad-input'),
      );
      assert.deepEqual(await chain.neurons(), before);
    });

    test('registered hotkeys are neurons with distinct uids', async (context) => {
      const prepared = await granted(context);
      if (prepared === null) return;
      const [chain, , grants] = prepared;
      const [one, two] = [testKey(1), testKey(2)];
      assert.equal(await chain.neuron(one), null);
      await grants.register(one, 1000, true);
      await grants.register(two, 0, false);
      const first = (await chain.neuron(one))!;
      const second = (await chain.neuron(two))!;
      assert.deepEqual(
        [first.hotkey, first.stake, first.validatorPermit, first.address],
        [one, 1000, true, null],
      );
      assert.deepEqual([second.hotkey, second.stake, second.validatorPermit], [two, 0, false]);
      const neurons = await chain.neurons();
      assert.deepEqual(
        neurons.filter(({ hotkey }) => hotkey === one || hotkey === two),
        [first, second],
      );
      const uids = neurons.map(({ uid }) => uid);
      assert.equal(new Set(uids).size, uids.length);
      assert.deepEqual(
        uids,
        [...uids].sort((a, b) => a - b),
      );
      await grants.setStake(two, 5.5);
      assert.equal((await chain.neuron(two))!.stake, 5.5);
      await grants.deregister(one);
      assert.equal(await chain.neuron(one), null);
      assert.equal((await chain.neuron(two))!.uid, second.uid, 'others keep their uid');
    });

    test('who cannot pay, or finds the door closed, is not registered', async (context) => {
      const prepared = await granted(context);
      if (prepared === null) return;
      const [chain, , grants] = prepared;
      const poor = testSigner(20);
      await grants.setBalance(testKey(20), raoPerTao / 2n);
      await assert.rejects(chain.burnedRegister(poor, testKey(21)), (error: unknown) => {
        assert.ok(error instanceof FileTaoError && error.code === 'funds');
        assert.match(error.message, /costs 1 TAO .* has 0\.5/u);
        return true;
      });
      assert.equal(await chain.balance(testKey(20)), raoPerTao / 2n);
      await grants.setBalance(testKey(20), 10n * raoPerTao);
      await grants.setHyperparameters({ registrationAllowed: false });
      await assert.rejects(chain.burnedRegister(poor, testKey(21)), coded('forbidden'));
      assert.equal(await chain.neuron(testKey(21)), null);
    });

    test('weights are set, and refused with a sentence where the chain would refuse them', async (context) => {
      const prepared = await granted(context);
      if (prepared === null) return;
      const [chain, under, grants] = prepared;
      const [validator, miner, other] = [testSigner(30), testKey(31), testKey(32)];
      await grants.register(testKey(30), 100, true);
      await grants.register(miner, 0, false);
      await grants.register(other, 0, false);
      const uidOf = async (key: PublicKey): Promise<number> => (await chain.neuron(key))!.uid;
      const [a, b, own] = [await uidOf(miner), await uidOf(other), await uidOf(testKey(30))];
      const weights = [
        { uid: b, value: 65535 },
        { uid: a, value: 100 },
      ];
      await under.advance(10);
      assert.deepEqual(await chain.weights(own), []);
      await chain.setWeights(validator, weights, 0n);
      assert.deepEqual(await chain.weights(own), [weights[1], weights[0]]);
      const set = (await chain.neuron(testKey(30)))!;
      const { number } = await chain.finalisedHead();
      assert.ok(number - set.lastUpdate < 5, `set at ${set.lastUpdate}, now ${number}`);

      const refused = (signer: Signer, code: string, sentence: RegExp, wanted = weights, version = 0n) =>
        assert.rejects(chain.setWeights(signer, wanted, version), (error: unknown) => {
          assert.ok(error instanceof FileTaoError, String(error));
          assert.equal(error.code, code, error.message);
          assert.match(error.message, sentence);
          return true;
        });
      await refused(validator, 'too-soon', /set again from block \d+ on, in \d+ blocks/u);
      await under.advance(10);
      await refused(testSigner(31), 'forbidden', /no validator permit/u);
      await refused(testSigner(33), 'forbidden', /not registered/u);
      await refused(validator, 'bad-input', /uid \d+ has two weights/u, [weights[0]!, weights[0]!]);
      await refused(validator, 'bad-input', /uid 999 is not on the subnet/u, [{ uid: 999, value: 1 }]);
      await refused(validator, 'bad-input', /no weight above zero/u, [{ uid: a, value: 0 }]);
      await grants.setHyperparameters({ minAllowedWeights: 3 });
      await refused(validator, 'bad-input', /at least 3 uids, and there are 2/u);
      await grants.setHyperparameters({ minAllowedWeights: 1, weightsVersion: 9n });
      await refused(validator, 'bad-input', /version 9 or later/u);
      await chain.setWeights(validator, [{ uid: a, value: 5 }], 9n);
      assert.deepEqual(await chain.weights(own), [{ uid: a, value: 5 }]);
      await under.advance(10);
      await grants.setHyperparameters({ commitRevealEnabled: true });
      await refused(validator, 'commit-reveal', /commit-reveal/u, weights, 9n);
      assert.deepEqual(await chain.weights(own), [{ uid: a, value: 5 }]);
    });
  });
}
