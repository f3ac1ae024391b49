// What a miner may answer in a challenge round, and the verdict it gets: it cannot choose its way out of one.
// The real validator's round against a scripted miner behind the Network port; time is simulated.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { frameHead } from '../../../src/adapters/rpc/wire.js';
import { verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { type TranscriptEntry, TranscriptReader } from '../../../src/domain/audit/transcript.js';
import { openSealed, sealMessage } from '../../../src/domain/identity/sealed.js';
import { concatBytes, publicKeyOf, rootOf, toHex } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { CountedAnswer, ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import type { NodeRequest } from '../../../src/domain/ports/network.js';
import {
  challengeKind,
  headerTo,
  openingRequestKind,
  type RefusalCode,
  refusalCodes,
  refusalKind,
} from '../../../src/domain/protocol/messages.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { MinerRates } from '../../../src/nodes/validator/rates.js';
import {
  bytes32,
  type Committed,
  commit,
  core,
  dataOf,
  miner,
  open,
  partyOf,
  validator,
} from '../../domain/protocol/play.js';

const data = dataOf(5000, 1);
const nowMs = 1_790_000_000_000;

/** What the scripted miner does with a request: an answer's bytes, or what goes wrong on the way. */
type Answer = { readonly kind: 'answer' | 'refusal'; readonly bytes: Uint8Array };
type Script = (request: NodeRequest, honest: () => Answer, number: number) => Answer | FileTaoError;

const honestMiner = () => {
  let held: Committed | null = null;
  return (request: NodeRequest): Answer => {
    if (request.route === 'challenge') {
      const challenge = openSealed(challengeKind, request.head, verifySr25519);
      held = commit(challenge, data);
      return { kind: 'answer', bytes: held.commitment.bytes };
    }
    const { nu } = openSealed(openingRequestKind, request.head, verifySr25519).value;
    const { opening, bulk } = open(held!, data, nu);
    return { kind: 'answer', bytes: concatBytes(frameHead(opening.bytes), bulk) };
  };
};

const refusal = (request: NodeRequest, code: RefusalCode, retryAfter = 0): Answer => {
  const kind = request.route === 'challenge' ? challengeKind : openingRequestKind;
  const { digest } = openSealed<unknown>(kind as never, request.head, verifySr25519);
  const header = headerTo(partyOf(miner), validator.publicKey);
  const body = { ...header, requestDigest: digest, code, detail: '', retryAfter, blockNumber: 100 };
  return { kind: 'refusal', bytes: sealMessage(refusalKind, body, miner) };
};

function validatorAgainst(script: Script, change: Partial<ReplicaRecord> = {}) {
  let elapsed = 0;
  const clock: Clock = {
    now: () => nowMs + elapsed,
    monotonic: () => elapsed,
    sleep: async (ms) => {
      elapsed += ms;
    },
  };
  let record = {
    validatorKey: publicKeyOf(validator.publicKey),
    minerKey: publicKeyOf(miner.publicKey),
    root: rootOf(core.hash(data)),
    size: data.length,
    expiry: nowMs / 1000 + 86_400,
    state: 'active',
    n: 4,
    link: bytes32(1),
    kept: [],
    receipt: new Uint8Array(300),
    openRound: null,
    passed: 4,
    failedRounds: 0,
    lastPassAt: null,
    lastFailure: null,
    version: 1,
    ...change,
  } as unknown as ReplicaRecord;
  const entries: TranscriptEntry[] = [];
  const counted: boolean[] = [];
  const honest = honestMiner();
  let asked = 0;
  let blocksStale = false;
  let isBehind = false;
  const silent = () => {};
  const context = {
    party: partyOf(validator),
    signer: validator,
    verify: verifySr25519,
    core,
    clock,
    random: { bytes: (length: number) => dataOf(length, ++asked + 500) },
    view: {
      head: async () => ({ number: 100, hash: bytes32(100) }),
      neuron: async () => ({ hotkey: record.minerKey, address: { host: '127.0.0.1', port: 1 } }),
      judge: async () => (blocksStale ? 'stale' : 'ok'),
      isBehind: async () => isBehind,
      forgetNeurons: () => {},
    },
    index: {
      getReplica: async () => record,
      updateReplica: async (next: ReplicaRecord) => {
        if (next.version !== record.version + 1) return false;
        record = next;
        return true;
      },
      count: async ({ passed }: CountedAnswer) => counted.push(passed) > 0,
    },
    network: {
      request: async (request: NodeRequest) => {
        const given = script(request, () => honest(request), asked++);
        elapsed += 5;
        if (given instanceof FileTaoError) throw given;
        return {
          kind: given.kind,
          resynced: false,
          readAll: async () => given.bytes,
          parts: (async function* () {
            yield given.bytes;
          })(),
          elapsedMs: () => 5,
        };
      },
    },
    log: { debug: silent, info: silent, warn: silent, error: silent },
    lag: { since: () => 0 },
    transcripts: {
      append: async (entry: Uint8Array) => void entries.push(...new TranscriptReader().push(entry)),
    },
    audit: { loss: 0.1, confidence: 0.99 },
    deadlines: { baseMs: 10_000, bytesPerSecond: 4_000_000 },
    processId: 'test',
    liveRounds: new Set<string>(),
    retired: new Map(),
    rates: new MinerRates(),
  } as unknown as ValidatorContext;
  return {
    context,
    staleFromNow: () => {
      blocksStale = true;
    },
    behindFromNow: () => {
      isBehind = true;
    },
    async play() {
      const result = await challengeReplica(context, record);
      return { result, record, entries, counted };
    },
  };
}

type Outcome = Awaited<ReturnType<ReturnType<typeof validatorAgainst>['play']>>;

/** A round that ended: closed in the index, one transcript, and counted unless void. */
function assertEnded({ result, record, entries, counted }: Outcome, outcome: string, reason: string): void {
  assert.deepEqual([result?.outcome, result?.reason], [outcome, reason]);
  assert.equal(record.openRound, null);
  assert.equal(record.n, 5);
  assert.equal(entries.length, 1);
  assert.equal(entries[0]!.head.value.outcome, outcome);
  assert.deepEqual(counted, outcome === 'void' ? [] : [outcome === 'pass']);
}

test('an honest miner passes', async () => {
  const outcome = await validatorAgainst((_request, honest) => honest()).play();
  assertEnded(outcome, 'pass', '');
  assert.equal(outcome.record.kept.length, 1);
  assert.equal(toHex(outcome.entries[0]!.head.value.nu).length, 64);
});

test('no refusal but an agreed block makes a round void, at either move', async () => {
  for (const code of refusalCodes) {
    for (const route of ['challenge', 'open']) {
      const outcome = await validatorAgainst((request, honest) =>
        request.route === route ? refusal(request, code) : honest(),
      ).play();
      assertEnded(outcome, 'fail', code);
      assert.equal(outcome.result!.attributable, true, 'signed');
    }
  }
});

test('a block is agreed before ν is out, and not after', async () => {
  const before = validatorAgainst((request) => refusal(request, 'block'));
  before.staleFromNow();
  assertEnded(await before.play(), 'void', 'block');
  // after ν: "I lost the round", and on the same challenge again "that block is too old"
  let opened = false;
  const after = validatorAgainst((request, honest) => {
    if (request.route === 'challenge') return opened ? refusal(request, 'block') : honest();
    opened = true;
    return refusal(request, 'unknown-round');
  });
  after.staleFromNow();
  assertEnded(await after.play(), 'fail', 'block');
});

test('a validator whose own chain is far behind holds no refusal of its blocks against a miner', async () => {
  const before = validatorAgainst((request) => refusal(request, 'block'));
  before.behindFromNow();
  assertEnded(await before.play(), 'void', 'block');
  // but nothing else becomes void by it
  const other = validatorAgainst((request) => refusal(request, 'unknown-replica'));
  other.behindFromNow();
  assertEnded(await other.play(), 'fail', 'unknown-replica');
});

test('losing the round for ever after ν fails it, and the transcript holds it all', async () => {
  const outcome = await validatorAgainst((request, honest) =>
    request.route === 'open' ? refusal(request, 'unknown-round') : honest(),
  ).play();
  assertEnded(outcome, 'fail', 'unknown-round');
});

test('losing the round once, and the connection now and then, does no harm', async () => {
  let opens = 0;
  const outcome = await validatorAgainst((request, honest, number) => {
    if (request.route === 'open' && opens++ === 0) return refusal(request, 'unknown-round');
    return number % 3 === 1 ? new FileTaoError('unreachable', 'reset') : honest();
  }).play();
  assertEnded(outcome, 'pass', '');
});

test('a connection that always breaks fails the round', async () => {
  const outcome = await validatorAgainst(() => new FileTaoError('unreachable', 'reset')).play();
  assertEnded(outcome, 'fail', 'unreachable');
  assert.equal(outcome.result!.attributable, false);
});

test('one busy postpones the round, the next one fails it', async () => {
  let busy = 0;
  const single = await validatorAgainst((request, honest) =>
    request.route === 'challenge' && busy++ === 0 ? refusal(request, 'busy', 60) : honest(),
  ).play();
  assertEnded(single, 'pass', '');
  const seen = new Set<string>();
  const twice = await validatorAgainst((request, honest) => {
    if (seen.has(request.route)) return honest();
    seen.add(request.route);
    return refusal(request, 'busy', 1);
  }).play();
  assertEnded(twice, 'fail', 'busy');
});

test('own faults are void, and a chain that is away opens no round', async () => {
  const own = await validatorAgainst(() => new FileTaoError('io', 'no file handles')).play();
  assertEnded(own, 'void', 'validator-fault');
  const away = validatorAgainst((_request, honest) => honest());
  Object.assign(away.context.view, {
    head: async () => {
      throw new FileTaoError('unreachable', 'the chain is away');
    },
  });
  await assert.rejects(away.play());
  const back = validatorAgainst((_request, honest) => honest(), { expiry: nowMs / 1000 + 60 });
  assert.equal((await back.play()).result, null, 'about to expire');
});

test('what comes over a real socket is never this process’s own fault', async (t) => {
  const answers: Readonly<Record<string, string>> = {
    'no HTTP': 'hello\r\n\r\n',
    'a header without end': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`,
    nothing: '',
    'cut short': 'HTTP/1.1 200 OK\r\ncontent-type: application/vnd.filetao\r\ncontent-length: 99\r\n\r\nabc',
    ...Object.fromEntries(
      ['internal', 'io', 'full', 'cancelled', 'not-found', 'block'].map((code) => {
        const body = JSON.stringify({ code, detail: 'x' });
        const head = `HTTP/1.1 500 X\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}`;
        return [`a problem document: ${code}`, `${head}\r\n\r\n${body}`];
      }),
    ),
  };
  const clock: Clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: async () => {},
  };
  for (const [what, text] of Object.entries(answers)) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const network = createHttpNetwork({ clock });
    t.after(() => network.close());
    const { port } = server.address() as { port: number };
    const ask = async () => {
      const reply = await network.request({
        address: { host: '127.0.0.1', port },
        route: 'challenge',
        head: new Uint8Array(100),
        timeoutMs: 5000,
      });
      await reply.readAll(1000);
    };
    await assert.rejects(
      ask,
      (error) => error instanceof FileTaoError && ['bad-message', 'unreachable'].includes(error.code),
      what,
    );
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a node that takes the connection and reads nothing is given up', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}).pause());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), sleep: async () => {} };
  const network = createHttpNetwork({ clock });
  const { port } = server.address() as { port: number };
  const part = new Uint8Array(1024 * 1024);
  await assert.rejects(
    network.request({
      address: { host: '127.0.0.1', port },
      route: 'store',
      head: new Uint8Array(100),
      body: {
        length: 64 * part.length,
        parts: (async function* () {
          for (let i = 0; i < 64; i++) yield part;
        })(),
      },
      timeoutMs: 300,
    }),
    (error) => error instanceof FileTaoError && error.code === 'timeout',
  );
  await network.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
