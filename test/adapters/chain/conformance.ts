// What every implementation of the Chain port must do. An implementation's test file calls this with a
// chain under test that can be moved forward and written to; nothing here knows which one it is.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { fromHex, type PublicKey } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { Chain } from '../../../src/domain/ports/chain.js';
import type { Signer } from '../../../src/domain/ports/signer.js';

export interface ChainUnderTest {
  /** Another view of the same chain. */
  open(): Promise<Chain>;
  /** Resolves when the finalised head is so many blocks further. */
  advance(blocks: number): Promise<void>;
  register(hotkey: PublicKey, stake: number, validatorPermit: boolean): Promise<void>;
  deregister(hotkey: PublicKey): Promise<void>;
  setStake(hotkey: PublicKey, stake: number): Promise<void>;
  signer(hotkey: PublicKey): Signer;
}

export interface ChainBackend {
  readonly name: string;
  prepare(context: TestContext): Promise<ChainUnderTest>;
}

const hotkey = (n: number): PublicKey => n.toString(16).padStart(2, '0').repeat(32) as PublicKey;

/** A signer that need not sign: on chains that trust their callers. */
export const unsigned = (key: PublicKey): Signer => ({
  publicKey: fromHex(key),
  sign: () => new Uint8Array(64),
  deriveSecret: () => new Uint8Array(32),
});

export function chainConformance(backend: ChainBackend): void {
  const opened = async (context: TestContext): Promise<[Chain, ChainUnderTest]> => {
    const under = await backend.prepare(context);
    const chain = await under.open();
    context.after(() => chain.close());
    return [chain, under];
  };
  const coded =
    (...codes: string[]) =>
    (error: unknown): boolean =>
      error instanceof FileTaoError && codes.includes(error.code);

  describe(`chain: ${backend.name}`, () => {
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
      await under.advance(3);
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

    test('registered hotkeys are neurons with distinct uids', async (context) => {
      const [chain, under] = await opened(context);
      assert.equal(await chain.neuron(hotkey(1)), null);
      await under.register(hotkey(1), 1000, true);
      await under.register(hotkey(2), 0, false);
      const one = (await chain.neuron(hotkey(1)))!;
      const two = (await chain.neuron(hotkey(2)))!;
      assert.deepEqual(
        [one.hotkey, one.stake, one.validatorPermit, one.address],
        [hotkey(1), 1000, true, null],
      );
      assert.deepEqual([two.hotkey, two.stake, two.validatorPermit], [hotkey(2), 0, false]);
      const neurons = await chain.neurons();
      assert.deepEqual(
        neurons.filter(({ hotkey: key }) => key === hotkey(1) || key === hotkey(2)),
        [one, two],
      );
      const uids = neurons.map(({ uid }) => uid);
      assert.equal(new Set(uids).size, uids.length);
      assert.deepEqual(
        uids,
        [...uids].sort((a, b) => a - b),
      );
      await under.setStake(hotkey(2), 5.5);
      assert.equal((await chain.neuron(hotkey(2)))!.stake, 5.5);
      await under.deregister(hotkey(1));
      assert.equal(await chain.neuron(hotkey(1)), null);
      assert.equal((await chain.neuron(hotkey(2)))!.uid, two.uid, 'others keep their uid');
    });

    test('a node announces where it listens, again and elsewhere', async (context) => {
      const [chain, under] = await opened(context);
      await under.register(hotkey(3), 0, false);
      await under.advance(2);
      const signer = under.signer(hotkey(3));
      await chain.serve(signer, { host: '127.0.0.1', port: 8091 });
      const first = (await chain.neuron(hotkey(3)))!;
      assert.deepEqual(first.address, { host: '127.0.0.1', port: 8091 });
      await under.advance(2);
      await chain.serve(signer, { host: '127.0.0.1', port: 8091 });
      assert.deepEqual(await chain.neuron(hotkey(3)), first, 'the same again changes nothing');
      await chain.serve(signer, { host: '2001:db8::1', port: 65535 });
      const moved = (await chain.neuron(hotkey(3)))!;
      assert.deepEqual(moved.address, { host: '2001:db8::1', port: 65535 });
      assert.ok(moved.lastUpdate >= first.lastUpdate + 2);
      const other = await under.open();
      assert.deepEqual(await other.neuron(hotkey(3)), moved);
      await other.close();
    });

    test('an announcement by nobody, or of nowhere, is refused', async (context) => {
      const [chain, under] = await opened(context);
      await under.register(hotkey(4), 0, false);
      await assert.rejects(
        chain.serve(under.signer(hotkey(5)), { host: '127.0.0.1', port: 1 }),
        coded('forbidden'),
      );
      for (const address of [
        { host: '', port: 80 },
        { host: 'localhost', port: 80 },
        { host: '300.1.1.1', port: 80 },
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.1', port: 65536 },
        { host: '127.0.0.1', port: 1.5 },
      ])
        await assert.rejects(chain.serve(under.signer(hotkey(4)), address), coded('bad-input'));
      assert.equal((await chain.neuron(hotkey(4)))!.address, null);
    });
  });
}
