// A real miner's routes from the outside: limits at and one beyond each bound, refusals that are signed, and bytes
// that are no request. Whatever comes, the miner answers promptly and serves the next.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { contentTypes, frameHead } from '../../src/adapters/rpc/wire.js';
import { openSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { concatBytes, publicKeyOf, rootOf } from '../../src/domain/model/bytes.js';
import { limits, mebibyte } from '../../src/domain/model/constants.js';
import { nodeRoutes } from '../../src/domain/ports/network.js';
import {
  headerTo,
  receiptKind,
  refusalKind,
  type StoreBody,
  storeKind,
} from '../../src/domain/protocol/messages.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { deleteReplicaOn, renewReplicaOn } from '../../src/nodes/validator/renewing.js';
import { core, startNetwork, type TestMiner } from './network.js';

const inOneHour = () => Math.floor(Date.now() / 1000) + 3600;

async function storeMessage(
  validator: ValidatorContext,
  miner: TestMiner,
  data: Uint8Array,
  changes: Partial<StoreBody> = {},
): Promise<Uint8Array> {
  const { number, hash } = await validator.view.head();
  const body: StoreBody = {
    ...headerTo(validator.party, miner.signer.publicKey),
    root: core.hash(data),
    size: data.length,
    seed: randomBytes(32),
    expiry: inOneHour(),
    blockNumber: number,
    blockHash: hash,
    ...changes,
  };
  return sealMessage(storeKind, body, validator.signer);
}

async function post(miner: TestMiner, route: string, body: Uint8Array) {
  const { host, port } = miner.node.address;
  const response = await fetch(`http://${host}:${port}/v1/${route}`, {
    method: 'POST',
    headers: { 'content-type': contentTypes.message },
    body: new Uint8Array(body),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type') ?? '', bytes };
}

/** The code of a refusal that the miner signed for this validator. */
function refusalOf(validator: ValidatorContext, answer: Awaited<ReturnType<typeof post>>): string {
  assert.equal(answer.type, contentTypes.refusal, new TextDecoder().decode(answer.bytes.slice(0, 200)));
  const { value } = openSealed(refusalKind, answer.bytes, validator.verify);
  assert.equal(publicKeyOf(value.receiver), publicKeyOf(validator.party.publicKey));
  return value.code;
}

test('store: bounds of size and expiry, wrong root, wrong length, stale and foreign blocks, no permit', async (t) => {
  const network = await startNetwork(t);
  const [miner] = network.miners;
  const validator = await network.validator();
  const put = async (data: Uint8Array, changes?: Partial<StoreBody>, sent = data) =>
    post(miner!, 'store', concatBytes(frameHead(await storeMessage(validator, miner!, data, changes)), sent));
  const refused = async (...args: Parameters<typeof put>) => refusalOf(validator, await put(...args));
  const small = randomBytes(3000);

  for (const size of [1, 1024, 1025, limits.replicaSizeMax]) {
    const answer = await put(Buffer.alloc(size, 7));
    assert.equal(answer.type, contentTypes.message, `${size} bytes`);
    assert.equal(openSealed(receiptKind, answer.bytes, validator.verify).value.size, size);
  }
  assert.throws(() => storeKind.body.check({ size: limits.replicaSizeMax + 1 } as never, 'store'));
  const tooLong = await put(small, {}, Buffer.alloc(limits.replicaSizeMax + limits.messageBytesMax));
  assert.equal(tooLong.status, 413);

  assert.equal(await refused(small, { root: randomBytes(32) }), 'root-mismatch');
  assert.equal(await refused(small, {}, small.subarray(1)), 'bad-message');
  assert.equal(await refused(small, {}, concatBytes(small, new Uint8Array(1))), 'bad-message');
  assert.equal(await refused(small, { expiry: Math.floor(Date.now() / 1000) - 1 }), 'expired');
  assert.equal(await refused(small, { expiry: Number.MAX_SAFE_INTEGER }), 'bad-message');
  assert.equal(await refused(small, { blockHash: randomBytes(32) }), 'block');
  assert.equal(await refused(small, { blockNumber: 1_000_000 }), 'block');
  assert.equal(await refused(small, { netuid: 7 }), 'wrong-network');
  assert.equal(await refused(small, { receiver: randomBytes(32) }), 'forbidden');

  // A hotkey that is registered as a miner has no permit to store.
  const head = await storeMessage({ ...validator, signer: miner!.signer }, miner!, small, {
    sender: miner!.signer.publicKey,
  });
  const answer = await post(miner!, 'store', concatBytes(frameHead(head), small));
  const { value } = openSealed(refusalKind, answer.bytes, validator.verify);
  assert.equal(value.code, 'forbidden');
});

test('a refusal reaches a validator that is still sending', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const data = randomBytes(16 * mebibyte);
  for (let i = 0; i < 5; i++) {
    const head = await storeMessage(validator, network.miners[0]!, data, { blockHash: randomBytes(32) });
    const reply = await validator.network.request({
      address: network.miners[0]!.node.address,
      route: 'store',
      head,
      timeoutMs: 5000,
      body: {
        length: data.length,
        parts: (async function* () {
          for (let at = 0; at < data.length; at += 65536) yield data.subarray(at, at + 65536);
        })(),
      },
    });
    assert.equal(reply.kind, 'refusal');
    await reply.readAll(limits.messageBytesMax);
  }
});

test('storing again is idempotent: the later expiry, n and link stay; a lost file is written again', async (t) => {
  const network = await startNetwork(t);
  const [miner] = network.miners;
  const validator = await network.validator();
  const { replicas, pieceId, data } = await network.storePiece(validator, 50_000);
  const replica = replicas[0]!;
  assert.equal((await challengeReplica(validator, replica))?.outcome, 'pass');
  const { file } = network.fileOf(replica);
  const encoded = await readFile(file);
  const again = async (expiry: number) => {
    const message = await storeMessage(validator, miner!, encoded, { expiry });
    const answer = await post(miner!, 'store', concatBytes(frameHead(message), encoded));
    return openSealed(receiptKind, answer.bytes, validator.verify).value.expiry;
  };
  const later = inOneHour() + 5000;
  assert.equal(await again(later), later);
  assert.equal(await again(inOneHour() - 1000), later, 'the later one stays');
  const { n, link } = (await validator.index.getReplica(replica))!;
  assert.equal(n, 1);
  const result = await challengeReplica(validator, replica);
  assert.equal(result?.outcome, 'pass');
  assert.notDeepEqual((await validator.index.getReplica(replica))!.link, link);

  await rm(file);
  await again(later);
  assert.equal((await stat(file)).size, encoded.length);
  assert.equal((await challengeReplica(validator, replica))?.outcome, 'pass');
  assert.ok(Buffer.from((await fetchPiece(validator, pieceId)).data).equals(data));
});

test('renew and delete; another validator’s replica is unknown', async (t) => {
  const network = await startNetwork(t);
  const validator = await network.validator();
  const foreign = await network.foreignValidator();
  const { replicas } = await network.storePiece(validator, 50_000);
  const replica = (await validator.index.getReplica(replicas[0]!))!;
  const later = replica.expiry + 5000;
  await renewReplicaOn(validator, replica, later);
  assert.equal((await validator.index.getReplica(replica))!.expiry, later);

  // The foreign validator names the same root and miner; the replica is filed under its owner.
  const claimed = { ...replica, validatorKey: publicKeyOf(foreign.party.publicKey) };
  await foreign.index.addReplica(claimed);
  const result = await challengeReplica(foreign, claimed);
  assert.deepEqual([result?.outcome, result?.reason], ['fail', 'unknown-replica']);
  await assert.rejects(renewReplicaOn(foreign, claimed, later + 1), { code: 'unknown-replica' });
  await deleteReplicaOn(foreign, claimed);
  assert.equal((await challengeReplica(validator, replica))?.outcome, 'pass', 'it is still there');

  await deleteReplicaOn(validator, replica);
  assert.equal(await validator.index.getReplica(replica), null);
  await assert.rejects(stat(network.fileOf(replica).file), { code: 'ENOENT' });
  await deleteReplicaOn(validator, replica);
});

test('bytes that are no request are answered promptly, and the miner serves the next', async (t) => {
  const network = await startNetwork(t);
  const [miner] = network.miners;
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, 50_000);
  const { host, port } = miner!.node.address;
  for (const route of nodeRoutes) {
    for (const body of [
      new Uint8Array(),
      new Uint8Array(3),
      randomBytes(4),
      randomBytes(500),
      frameHead(randomBytes(300)),
      frameHead(new Uint8Array(limits.messageBytesMax)),
      frameHead(new Uint8Array(limits.messageBytesMax + 1)),
      concatBytes(frameHead(randomBytes(300)), randomBytes(limits.replicaSizeMax / 64)),
    ]) {
      const answer = await post(miner!, route, body);
      assert.ok(answer.status >= 400 && answer.status < 500, `${route}: ${answer.status}`);
      assert.match(answer.type, /^application\/problem\+json/);
    }
  }
  // Plain sockets: what is sent, and whether the connection must have an answer.
  const head = (length: string) =>
    `POST /v1/store HTTP/1.1\r\nhost: x\r\ncontent-type: application/vnd.filetao\r\n${length}\r\n`;
  const cases: readonly (readonly [string, string | Buffer, boolean])[] = [
    ['random bytes', randomBytes(2000), true],
    ['no length', `POST /v1/store HTTP/1.1\r\nhost: x\r\n\r\n`, true],
    ['chunked', `${head('transfer-encoding: chunked\r\n')}5\r\nhello\r\n`, true],
    ['a length beyond all bounds', head('content-length: 9007199254740993\r\n'), true],
    ['a length that is none', head('content-length: 1e9\r\n'), true],
    ['a huge header', `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, true],
    ['no such route', 'GET /v2/../..//etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n', true],
    ['an early close', `${head('content-length: 100000\r\n')}abc`, false],
    ['half a request line', 'POST /v1/st', false],
  ];
  for (const [what, sent, answered] of cases) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, host, () => socket.write(sent));
      let text = '';
      const done = () => {
        socket.destroy();
        resolve(text);
      };
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
        if (text.includes('\r\n\r\n')) done();
      });
      socket.on('error', done).on('close', done);
      if (!answered) setTimeout(done, 100);
    });
    if (answered) assert.match(answer, /^HTTP\/1\.1 4\d\d /, what);
  }
  // A slow body holds nobody up.
  const slow = connect(port, host, () => slow.write(`${head('content-length: 1000\r\n')}ab`));
  slow.on('error', () => {});
  assert.equal((await challengeReplica(validator, replicas[0]!))?.outcome, 'pass');
  slow.destroy();
  const faults = network.logged.filter(({ level }) => level === 'error');
  assert.deepEqual(faults, []);
});

test('an incomplete store leaves nothing behind', async (t) => {
  const network = await startNetwork(t);
  const [miner] = network.miners;
  const validator = await network.validator();
  const data = randomBytes(100_000);
  const message = frameHead(await storeMessage(validator, miner!, data));
  const { host, port } = miner!.node.address;
  await new Promise<void>((resolve) => {
    const socket = connect(port, host, () => {
      const length = message.length + data.length;
      socket.write(`POST /v1/store HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`);
      socket.write(message);
      socket.write(data.subarray(0, 50_000), () => setTimeout(() => socket.destroy(), 100));
    });
    socket.on('close', () => resolve());
  });
  // Ending the miner waits for what is under way.
  await miner!.restart();
  const id = {
    validatorKey: publicKeyOf(validator.party.publicKey),
    minerKey: publicKeyOf(miner!.signer.publicKey),
    root: rootOf(core.hash(data)),
  };
  await assert.rejects(stat(network.fileOf(id).file), { code: 'ENOENT' });
  const incoming = await readdir(`${miner!.directory}/replicas/incoming`);
  assert.deepEqual(incoming, []);
});
