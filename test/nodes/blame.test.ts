// Whose fault a failed exchange is: a miner cannot make a round void, a validator does not blame a miner for what
// is its own doing, and only what the miner signed is held against it as its signed word.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { contentTypes } from '../../src/adapters/rpc/wire.js';
import { mebibyte } from '../../src/domain/model/constants.js';
import type { ReplicaId } from '../../src/domain/model/records.js';
import { refusalCodes } from '../../src/domain/protocol/messages.js';
import { challengeReplica, type RoundResult } from '../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { storeReplicaOn } from '../../src/nodes/validator/storing.js';
import { startNetwork, type TestMiner, type TestNetwork, transcriptsOf } from './network.js';
import { answerInstead, connectInstead, passOn, refuse } from './rogue-miner.js';

const size = 100_000;
/** Short, so that a hanging miner does not hold the test up. */
const deadlines = { baseMs: 1_500, bytesPerSecond: 1e9 };
/** For rounds that must pass, however busy this machine is. */
const patient = { baseMs: 60_000, bytesPerSecond: 1e9 };
/** How much later than its deadline a round may end on a busy machine; a hanging one would never end. */
const slackMs = 15_000;
/** This machine's own lag is not what these tests are about, save one. */
const punctual = { since: () => 0, stop() {} } as unknown as ValidatorContext['lag'];

interface Setting {
  readonly network: TestNetwork;
  readonly validator: ValidatorContext;
  readonly miner: TestMiner;
  readonly replica: ReplicaId;
  readonly store: Parameters<typeof storeReplicaOn>[1];
}

async function setUp(t: TestContext): Promise<Setting> {
  const network = await startNetwork(t);
  const composed = await network.validator({ deadlines });
  const validator: ValidatorContext = { ...composed, lag: punctual };
  const { replicas, source } = await network.storePiece({ ...validator, deadlines: patient }, size);
  return { network, validator, miner: network.miners[0]!, replica: replicas[0]!, store: source };
}

async function hold(validator: ValidatorContext, replica: ReplicaId): Promise<RoundResult> {
  validator.view.forgetNeurons();
  const result = await challengeReplica(validator, replica);
  assert.ok(result !== null);
  return result;
}

const verdictIn = ({ outcome, reason, attributable }: RoundResult) => ({ outcome, reason, attributable });

test('no refusal a miner can sign makes a round void', async (t) => {
  const { network, validator, miner, replica } = await setUp(t);
  let code: (typeof refusalCodes)[number] = 'internal';
  await answerInstead(t, network, miner, (request, body, response) =>
    refuse(network, miner, request, body, response, code),
  );
  for (code of refusalCodes) {
    const record = (await validator.index.getReplica(replica))!;
    await validator.index.updateReplica({ ...record, state: 'active', version: record.version + 1 });
    // The named block is good, so `block` is a failure too.
    const result = await hold(validator, replica);
    assert.deepEqual(verdictIn(result), { outcome: 'fail', reason: code, attributable: true });
  }
});

test('nothing unsigned makes a round void, and none of it is the miner’s signed word', async (t) => {
  const { network, validator, miner, replica } = await setUp(t);
  let status = 500;
  let type: string = contentTypes.problem;
  let text = '';
  await answerInstead(t, network, miner, (_request, _body, response) => {
    response.writeHead(status, { 'content-type': type }).end(text);
  });
  const codes = ['cancelled', 'internal', 'io', 'full', 'block', 'timeout', 'conflict', 'toString', 'busy'];
  for (const code of codes) {
    text = JSON.stringify({ code, detail: 'no' });
    assert.deepEqual(verdictIn(await hold(validator, replica)), {
      outcome: 'fail',
      reason: 'bad-message',
      attributable: false,
    });
  }
  for ([status, type, text] of [
    [200, contentTypes.message, ''],
    [200, contentTypes.message, 'x'.repeat(200)],
    [400, contentTypes.refusal, 'x'.repeat(200)],
    [200, contentTypes.message, 'x'.repeat(100_000)],
    [200, 'text/html', '<html>'],
    [204, 'text/html', ''],
  ] as [number, string, string][]) {
    const result = await hold(validator, replica);
    assert.equal(result.outcome, 'fail', `${status} ${type}`);
    assert.equal(result.attributable, false);
  }
  // A gateway that has no miner behind it: asked again until the deadline.
  [status, type, text] = [503, 'application/json', '{}'];
  assert.deepEqual(verdictIn(await hold(validator, replica)), {
    outcome: 'fail',
    reason: 'unreachable',
    attributable: false,
  });
});

test('a miner that speaks no HTTP, hangs, trickles or hangs up fails; the validator is unharmed', async (t) => {
  const { network, validator, miner, replica } = await setUp(t);
  const answers: readonly (readonly [string, (socket: import('node:net').Socket) => void, string])[] = [
    ['garbage', (socket) => socket.end('\u0000garbage\r\n\r\n'.repeat(10)), 'bad-message'],
    ['a status that is none', (socket) => socket.end('HTTP/1.1 999999 ?\r\n\r\n'), 'bad-message'],
    [
      'endless headers',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`),
      'bad-message',
    ],
    ['hanging', () => {}, 'timeout'],
    [
      'head only',
      (socket) =>
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/vnd.filetao\r\ncontent-length: 500\r\n\r\nabc',
        ),
      'timeout',
    ],
    [
      'trickling',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/vnd.filetao\r\n\r\n');
        const timer = setInterval(() => socket.write('x'), 50);
        socket.on('close', () => clearInterval(timer));
      },
      'timeout',
    ],
    ['hanging up', (socket) => socket.destroy(), 'unreachable'],
    [
      'hanging up in mid-answer',
      (socket) =>
        socket.end(
          'HTTP/1.1 200 OK\r\ncontent-type: application/vnd.filetao\r\ncontent-length: 500\r\n\r\nabc',
        ),
      'unreachable',
    ],
  ];
  let act: (socket: import('node:net').Socket) => void = () => {};
  await connectInstead(t, network, miner, (socket) => socket.once('data', () => act(socket)));
  for (const [what, answer, reason] of answers) {
    act = answer;
    const started = performance.now();
    const result = await hold(validator, replica);
    assert.deepEqual(verdictIn(result), { outcome: 'fail', reason, attributable: false }, what);
    assert.ok(
      performance.now() - started < deadlines.baseMs + slackMs,
      `${what} is over soon after the deadline`,
    );
  }
  await network.chain.serve(miner.signer, miner.node.address);
  assert.equal((await hold({ ...validator, deadlines: patient }, replica)).outcome, 'pass');
});

test('a miner that takes the connection but not the bytes of a replica is given up', async (t) => {
  const { network, validator, miner } = await setUp(t);
  // More than the buffers of two sockets take.
  const { source } = await network.storePiece({ ...validator, deadlines: patient }, 24 * mebibyte);
  await connectInstead(t, network, miner, (socket) => socket.pause());
  validator.view.forgetNeurons();
  const neuron = (await validator.view.neurons()).find(({ validatorPermit }) => !validatorPermit)!;
  const started = performance.now();
  await assert.rejects(storeReplicaOn(validator, source, { ...neuron, address: neuron.address! }), {
    code: 'timeout',
  });
  assert.ok(performance.now() - started < deadlines.baseMs + slackMs);
});

test('one `busy` postpones by what it asks for, the second one fails', async (t) => {
  const { network, miner, replica, ...rest } = await setUp(t);
  // Shorter than the wait that the miner asks for.
  const validator = { ...rest.validator, deadlines: { baseMs: 4_000, bytesPerSecond: 1e9 } };
  let busy = 1;
  await answerInstead(t, network, miner, async (request, body, response) => {
    if (request.url === '/v1/challenge' && busy-- > 0)
      refuse(network, miner, request, body, response, 'busy', 5);
    else await passOn(miner, request, body, response);
  });
  const result = await hold(validator, replica);
  assert.equal(result.outcome, 'pass', result.reason);
  assert.ok(result.elapsedMs >= 5000, 'it was waited for, beyond the deadline');
  busy = 2;
  assert.deepEqual(verdictIn(await hold(validator, replica)), {
    outcome: 'fail',
    reason: 'busy',
    attributable: true,
  });
});

test('`unknown-round` for ever, or another commitment after ν, is a failure', async (t) => {
  const { network, validator, miner, replica } = await setUp(t);
  await answerInstead(t, network, miner, async (request, body, response) => {
    if (request.url === '/v1/open') refuse(network, miner, request, body, response, 'unknown-round');
    else await passOn(miner, request, body, response);
  });
  const result = await hold(validator, replica);
  assert.equal(result.outcome, 'fail');
  assert.ok(result.elapsedMs < deadlines.baseMs + slackMs);
});

test('a validator’s own lag voids a timeout, and its own faults void a round', async (t) => {
  const { network, validator, miner, replica } = await setUp(t);
  await connectInstead(t, network, miner, () => {});
  const lagging = {
    ...validator,
    lag: { since: () => 300, stop() {} } as unknown as ValidatorContext['lag'],
  };
  assert.deepEqual(verdictIn(await hold(lagging, replica)), {
    outcome: 'void',
    reason: 'own-lag',
    attributable: false,
  });
  const broken: ValidatorContext = {
    ...validator,
    network: {
      request: async () => {
        throw new TypeError('a defect');
      },
      close: async () => {},
    },
  };
  assert.equal((await hold(broken, replica)).reason, 'validator-fault');
  const blind = {
    ...validator,
    view: { ...validator.view, head: async () => Promise.reject(new Error('no chain')) },
  };
  await assert.rejects(challengeReplica(blind as unknown as ValidatorContext, replica), /no chain/);
  await network.chain.serve(miner.signer, miner.node.address);
  assert.equal(
    (await hold({ ...validator, deadlines: patient }, replica)).outcome,
    'pass',
    'the replica is not stuck in an open round',
  );
  const rounds = (await transcriptsOf(validator)).filter(({ kind }) => kind === 'challenge');
  assert.deepEqual(
    rounds.map(({ n, outcome }) => [n, outcome]),
    [
      [1, 'void'],
      [2, 'void'],
      [3, 'pass'],
    ],
  );
});

test('retrieve: refusals are signed failures, `damaged` and `unknown-replica` take the replica out of use', async (t) => {
  const { network, validator, miner, replica, store } = await setUp(t);
  let code: (typeof refusalCodes)[number] = 'internal';
  await answerInstead(t, network, miner, (request, body, response) =>
    refuse(network, miner, request, body, response, code),
  );
  validator.view.forgetNeurons();
  for (code of ['internal', 'busy', 'full', 'damaged'] as const) {
    const told = code === 'busy' ? 'unreachable' : 'integrity';
    await assert.rejects(fetchPiece(validator, store.pieceId), { code: told });
    const head = (await transcriptsOf(validator)).at(-1)!;
    assert.deepEqual(
      [head.kind, head.outcome, head.reason, head.attributable],
      ['retrieve', 'fail', code, true],
    );
  }
  assert.equal((await validator.index.getReplica(replica))!.state, 'failed');
});
