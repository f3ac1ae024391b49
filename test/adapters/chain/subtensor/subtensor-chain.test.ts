// The subtensor chain: the Chain port's conformance suite on a node that serves real runtime metadata, and on
// any node at SUBTENSOR_URL; and what only a chain behind a network can have go wrong.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  openSubtensorChain,
  type SubtensorOptions,
} from '../../../../src/adapters/chain/subtensor/subtensor-chain.js';
import { systemClock } from '../../../../src/adapters/system/clock.js';
import { signerFromUri } from '../../../../src/adapters/wallets/sr25519.js';
import { fromHex } from '../../../../src/domain/model/bytes.js';
import { type FullChain, raoPerTao } from '../../../../src/domain/ports/chain.js';
import { type ChainBackend, chainConformance, testKey, testSigner } from '../conformance.js';
import { MetadataNode, type MetadataNodeOptions } from '../metadata-node.js';
import { withoutMetadata } from '../runtime-metadata.js';

/**
 * Pauses as short as there is nobody to spare, but patience: node and chain share a thread here, which decodes metadata
 * for seconds on a busy machine. Tests of running out of patience have less.
 */
const limits = { connectMs: 60_000, answerMs: 60_000, callMs: 120_000, pauseMsMin: 20, pauseMsMax: 100 };

const open = (url: string, options: Partial<SubtensorOptions> = {}): Promise<FullChain> =>
  openSubtensorChain({ network: url, netuid: 21, clock: systemClock, headFreshMs: 0, limits, ...options });

async function startNode(context: TestContext, options: MetadataNodeOptions = {}): Promise<MetadataNode> {
  const node = new MetadataNode(options);
  await node.start();
  context.after(() => node.stop());
  return node;
}

async function started(
  context: TestContext,
  options: MetadataNodeOptions = {},
): Promise<readonly [MetadataNode, FullChain]> {
  const node = await startNode(context, options);
  const chain = await open(node.url);
  context.after(() => chain.close());
  return [node, chain];
}

/** Opening decodes the metadata again, about a second's work: the tests of a suite share a node and a view. */
function metadataBackend(metagraphCall: 'first' | 'empty', about: string): ChainBackend {
  let shared: Promise<readonly [MetadataNode, FullChain]> | undefined;
  const start = async (): Promise<readonly [MetadataNode, FullChain]> => {
    const node = new MetadataNode({ metagraphCall });
    await node.start();
    try {
      return [node, await open(node.url)];
    } catch (error) {
      await node.stop(); // it would keep the process alive
      throw error;
    }
  };
  return {
    name: `subtensor, ${about}`,
    skip: withoutMetadata,
    async finish() {
      if (shared === undefined) return;
      const [node, chain] = await shared;
      await chain.close();
      await node.stop();
    },
    async prepare() {
      shared ??= start();
      const [node, chain] = await shared;
      const change = async (act: () => void): Promise<void> => node.produce(1, act);
      const rich = testSigner(99);
      node.wipe();
      node.produce(1, () => node.setBalance(rich.publicKey, 1000n * raoPerTao));
      return {
        chain,
        open: () => open(node.url),
        advance: async (blocks) => node.produce(blocks),
        rich: async () => rich,
        grants: {
          register: (key, stake, permit) =>
            change(() => void node.register(fromHex(key), BigInt(stake * 1e9), permit)),
          deregister: (key) => change(() => node.replace(fromHex(key), new Uint8Array(32).fill(0xee))),
          setStake: (key, stake) =>
            change(() => node.set('totalHotkeyAlpha', [fromHex(key), 21], BigInt(stake * 1e9))),
          setBalance: (key, rao) => change(() => node.setBalance(fromHex(key), rao)),
          setHyperparameters: (wanted) =>
            change(() => {
              for (const [name, value] of Object.entries(wanted))
                node.set(itemOf[name as keyof typeof itemOf], [21], value);
            }),
        },
      };
    },
  };
}

const itemOf = {
  commitRevealEnabled: 'commitRevealWeightsEnabled',
  minAllowedWeights: 'minAllowedWeights',
  registrationAllowed: 'networkRegistrationAllowed',
  weightsRateLimit: 'weightsSetRateLimit',
  weightsVersion: 'weightsVersionKey',
} as const;

chainConformance(metadataBackend('first', 'metagraph by runtime call'));
chainConformance(metadataBackend('empty', 'metagraph from storage'));

const url = process.env.SUBTENSOR_URL;
chainConformance({
  name: `subtensor at ${url ?? 'SUBTENSOR_URL'}`,
  skip: url === undefined ? 'SUBTENSOR_URL names no node' : false,
  async prepare(context) {
    const openReal = (): Promise<FullChain> =>
      openSubtensorChain({
        network: url!,
        netuid: Number(process.env.SUBTENSOR_NETUID ?? 1),
        clock: systemClock,
      });
    const watcher = await openReal();
    context.after(() => watcher.close());
    return {
      chain: null,
      open: openReal,
      async advance(blocks) {
        const { number } = await watcher.finalisedHead();
        while ((await watcher.finalisedHead()).number < number + blocks)
          await systemClock.sleep(watcher.blockIntervalMs / 2);
      },
      // Rich on every chain made with --dev or by scripts/localnet.sh, and on no other.
      rich: async () => signerFromUri(process.env.SUBTENSOR_PAYER ?? '//Alice'),
      grants: null,
    };
  },
});

describe('subtensor, when things go wrong', { skip: withoutMetadata }, () => {
  test('the columns of the metagraph are found where a later runtime has them', async (context) => {
    const [node, chain] = await started(context, { metagraphCall: 'shifted' });
    node.produce(1, () => node.register(testSigner(1).publicKey, 5n * raoPerTao, true));
    const [neuron] = await chain.neurons();
    assert.deepEqual([neuron!.hotkey, neuron!.stake, neuron!.validatorPermit], [testKey(1), 5, true]);
    assert.equal(node.asked.get('state_call')! > 0, true);
  });

  test('stake on the root network counts by its weight', async (context) => {
    const [node, chain] = await started(context, { metagraphCall: 'empty' });
    const { publicKey } = testSigner(1);
    node.produce(1, () => {
      node.register(publicKey, 5n * raoPerTao, true);
      node.set('totalHotkeyAlpha', [publicKey, 0], 8n * raoPerTao);
      node.set('taoWeight', [], 2n ** 62n); // a quarter
    });
    assert.equal((await chain.neuron(testKey(1)))!.stake, 7);
  });

  test('a connection lost in mid-call is made again and the call repeated', async (context) => {
    const [node, chain] = await started(context);
    for (const [method, read] of [
      ['chain_getFinalizedHead', () => chain.finalisedHead()],
      ['state_call', () => chain.neurons()],
      ['state_getStorage', () => chain.registrationCost()],
    ] as const) {
      for (const when of ['before', 'after'] as const) {
        node.produce(1);
        node.dropOn(method, when);
        await read();
      }
    }
    await node.stop();
    const waiting = chain.finalisedHead();
    setTimeout(() => void node.start(), 150);
    assert.equal((await waiting).number, node.head.number, 'a restart of the node is waited for');
  });

  test('a hanging call is asked again on another connection', async (context) => {
    const node = await startNode(context);
    const chain = await open(node.url, { limits: { ...limits, answerMs: 1500 } });
    context.after(() => chain.close());
    const asked = node.asked.get('chain_getFinalizedHead') ?? 0;
    node.hangOn('chain_getFinalizedHead');
    assert.equal((await chain.finalisedHead()).number, node.head.number);
    assert.ok(node.asked.get('chain_getFinalizedHead')! >= asked + 2);
  });

  test('a node that never comes back ends in one sentence', async (context) => {
    const [node] = await started(context);
    const chain = await open(node.url, { limits: { ...limits, callMs: 2000 } });
    context.after(() => chain.close());
    await node.stop();
    await assert.rejects(chain.finalisedHead(), { code: 'unreachable', message: /nothing listens there/u });
  });

  test('of several endpoints the next one is used; one of another chain never', async (context) => {
    const first = await startNode(context);
    const foreign = await startNode(context, { genesis: `0x${'cd'.repeat(32)}` });
    const third = await startNode(context);
    third.produce(3);
    const chain = await open('local', { network: first.url, endpoints: [first.url, foreign.url, third.url] });
    context.after(() => chain.close());
    assert.equal((await chain.finalisedHead()).number, first.head.number);
    await first.stop();
    assert.equal((await chain.finalisedHead()).number, third.head.number);
    assert.equal(foreign.asked.get('chain_getBlockHash'), 1, 'asked for its genesis and for nothing else');
    assert.equal(foreign.asked.get('chain_getFinalizedHead'), undefined);
  });

  test('the head never goes back, whatever endpoint answers', async (context) => {
    const ahead = await startNode(context);
    const behind = await startNode(context);
    ahead.produce(10);
    const chain = await open(ahead.url, { endpoints: [ahead.url, behind.url] });
    context.after(() => chain.close());
    const head = await chain.finalisedHead();
    await ahead.stop();
    assert.deepEqual(await chain.finalisedHead(), head);
  });

  test('blocks that are not final have no hash, so a reorganisation contradicts nothing', async (context) => {
    const [node, chain] = await started(context);
    node.delayFinality(4);
    node.produce(4);
    const { number } = await chain.finalisedHead();
    const best = node.head;
    assert.ok(best.number > number);
    assert.equal(await chain.blockHash(best.number), null);
    assert.equal(node.reorganise(), best.number - number);
    assert.notEqual(node.head.hash, best.hash);
    node.delayFinality(0);
    node.produce(1);
    assert.deepEqual(await chain.blockHash(best.number), fromHex(node.hashAt(best.number).slice(2)));
  });

  test('weights go through a reorganisation and a connection lost on submission', async (context) => {
    const [node, chain] = await started(context, { instantSeal: false });
    const validator = testSigner(1);
    node.produce(1, () => {
      node.register(validator.publicKey, raoPerTao, true);
      node.register(testSigner(2).publicKey, 0n, false);
    });
    node.produce(10);
    node.delayFinality(3);
    node.dropOn('author_submitExtrinsic', 'after');
    const setting = chain.setWeights(validator, [{ uid: 1, value: 65535 }], 0n);
    await until(() => (node.asked.get('author_submitExtrinsic') ?? 0) >= 2);
    node.produce(2);
    assert.equal(node.calls.length, 1, 'handed over twice, included once');
    node.reorganise();
    node.produce(4);
    await setting;
    assert.deepEqual(node.weightsOf(0), [[1, 65535]]);
    assert.deepEqual(
      node.calls.map(({ method, nonce, error }) => [method, nonce, error]),
      Array.from({ length: 2 }, () => ['subtensorModule.setWeights', 0, null]),
      'in the branch that was dropped, and in the one that stayed',
    );
  });

  test('calls of one key follow one another without stale nonces', async (context) => {
    const [node, chain] = await started(context);
    const signers = [testSigner(1), testSigner(2)];
    node.produce(1, () => {
      for (const { publicKey } of signers) node.register(publicKey, 0n, false);
    });
    await Promise.all(
      signers.flatMap((signer) => [1, 2, 3].map((port) => chain.serve(signer, { host: '10.0.0.5', port }))),
    );
    const nonces = signers.map((_, i) =>
      node.calls.filter(({ signer }) => signer === node.calls[i]!.signer).map(({ nonce }) => nonce),
    );
    assert.deepEqual(nonces, [
      [0, 1, 2],
      [0, 1, 2],
    ]);
    assert.equal(node.asked.get('author_submitExtrinsic'), 6, 'none was refused and sent again');
    // Another process has used the nonce meanwhile.
    const other = await open(node.url);
    context.after(() => other.close());
    await other.serve(signers[0]!, { host: '10.0.0.6', port: 1 });
    await chain.serve(signers[0]!, { host: '10.0.0.7', port: 1 });
    assert.equal(node.calls.at(-1)!.nonce, 4);
  });

  test('a runtime upgrade in mid-run: reads go on, calls are signed for the new version', async (context) => {
    const [node, chain] = await started(context);
    const signer = testSigner(1);
    node.produce(1, () => node.register(signer.publicKey, 0n, false));
    await chain.serve(signer, { host: '10.0.0.5', port: 1 });
    node.upgrade();
    assert.equal((await chain.neurons()).length, 1);
    await chain.serve(signer, { host: '10.0.0.5', port: 2 });
    assert.deepEqual(
      node.calls.map(({ specVersion, error }) => [specVersion, error]),
      [
        [381, null],
        [382, null],
      ],
    );
    assert.ok(node.asked.get('state_call')! > 2, 'the metagraph still comes by runtime call');
  });

  test('an error of the pallet has its name and a sentence', async (context) => {
    const [node, chain] = await started(context);
    const signer = testSigner(1);
    node.produce(1, () => node.register(signer.publicKey, 0n, false));
    await assert.rejects(chain.serve(signer, { host: '127.0.0.1', port: 80 }), {
      code: 'bad-input',
      message: 'the chain refused the call (InvalidIpAddress): the chain does not take this IP address',
    });
    assert.equal((await chain.neuron(testKey(1)))!.address, null);
  });

  test('a call that no block takes ends, and says that nothing was changed', async (context) => {
    const [node, chain] = await started(context, { instantSeal: false });
    const signer = testSigner(1);
    node.produce(1, () => node.register(signer.publicKey, 0n, false));
    const serving = chain.serve(signer, { host: '10.0.0.5', port: 1 });
    await until(() => node.asked.get('author_submitExtrinsic') === 1);
    node.emptyPool();
    node.produce(70);
    await assert.rejects(serving, { code: 'timeout', message: /nothing was changed/u });
  });

  test('bad endpoints, networks and subnets: one sentence each', async (context) => {
    const node = await startNode(context);
    await assert.rejects(open('ws://127.0.0.1:1'), {
      code: 'unreachable',
      message: /nothing listens there/u,
    });
    await assert.rejects(open(node.url, { netuid: 22 }), { code: 'wrong-network', message: /no subnet 22/u });
    await assert.rejects(open(node.url, { network: 'finney', endpoints: [node.url] }), {
      code: 'wrong-network',
      message: /a chain of its own .* not finney/u,
    });
    const test = await startNode(context, {
      genesis: '0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105',
    });
    await assert.rejects(open(test.url, { network: 'finney', endpoints: [test.url] }), {
      code: 'wrong-network',
      message: /serves the network test .* set --subtensor\.network test/u,
    });
    const foreign = await startNode(context, { withoutPallet: true });
    await assert.rejects(open(foreign.url), {
      code: 'wrong-network',
      message: /no subtensor: it has no pallet SubtensorModule/u,
    });
    const silent = await startNode(context);
    silent.hangOn('chain_getBlockHash');
    await assert.rejects(open(silent.url, { limits: { ...limits, connectMs: 200 } }), {
      code: 'unreachable',
    });
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !holds(); i++) await systemClock.sleep(10);
  assert.ok(holds(), 'waited in vain');
}
