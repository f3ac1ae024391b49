// Small objects and small replicas that share a request: each is stored, answered or refused as if it had come alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { createHttpNetwork } from '../../src/adapters/rpc/client.js';
import {
  decodeGroupAnswers,
  groupBytesMax,
  groupedStoreBytesMax,
  groupStoresMax,
} from '../../src/adapters/rpc/store-group.js';
import { contentTypes, frameHead } from '../../src/adapters/rpc/wire.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { FileTaoClient } from '../../src/client/client.js';
import { makeCid } from '../../src/domain/content/cid.js';
import { frameObject, groupObjectsMax } from '../../src/domain/content/object-group.js';
import { openSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { concatBytes, publicKeyOf, rootOf } from '../../src/domain/model/bytes.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { headerTo, receiptKind, refusalKind, storeKind } from '../../src/domain/protocol/messages.js';
import type { ValidatorContext } from '../../src/nodes/validator/context.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { collect, testWallet } from '../client/fixtures.js';
import { inAnHour, User } from './api/user.js';
import { core, startNetwork, type TestMiner } from './network.js';

async function sealedStore(
  validator: ValidatorContext,
  miner: Uint8Array,
  data: Uint8Array,
  size = data.length,
): Promise<Uint8Array> {
  const { number, hash } = await validator.view.head();
  const body = {
    ...headerTo(validator.party, miner),
    root: core.hash(data),
    size,
    seed: randomBytes(32),
    expiry: inAnHour(),
    blockNumber: number,
    blockHash: hash,
  };
  return sealMessage(storeKind, body, validator.signer);
}

const bodyOf = (whole: Uint8Array) => ({
  whole,
  length: whole.length,
  parts: (async function* () {
    yield whole;
  })(),
});

const framed = (bytes: Uint8Array): Uint8Array => frameHead(bytes);

async function postGroup(miner: TestMiner, body: Uint8Array) {
  const { host, port } = miner.node.address;
  const answer = await fetch(`http://${host}:${port}/v1/stores`, { method: 'POST', body: Buffer.from(body) });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    bytes: new Uint8Array(await answer.arrayBuffer()),
  };
}

/** Paths that servers of this process were asked for from now on. */
function askedPaths(t: TestContext): string[] {
  const paths: string[] = [];
  const note = (message: unknown): void => {
    paths.push((message as { request: IncomingMessage }).request.url!.split('?')[0]!);
  };
  subscribe('http.server.request.start', note);
  t.after(() => unsubscribe('http.server.request.start', note));
  return paths;
}

test('many small files of one put: few requests, and every one has its replicas', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const node = await network.api({ replicas: 2 });
  const client = new FileTaoClient({
    url: `http://127.0.0.1:${node.address.port}`,
    wallet: await testWallet(),
    hashFolder: await temporaryFolder(t),
  });
  t.after(() => client.close());
  // Empty, small, and a few too large for a group.
  const sizeOf = (i: number): number => (i === 0 ? 0 : i === 49 ? 70_000 : 1 + ((i * 977) % 20_000));
  const files = Array.from({ length: 60 }, (_, i) => ({
    input: new Uint8Array(randomBytes(sizeOf(i))),
    name: `file ${i}`,
    size: sizeOf(i),
  }));
  const paths = askedPaths(t);
  const stored = new Map<string, string>();
  const putAll = async (): Promise<void> => {
    for await (const event of client.putMany(Readable.from(files), {})) {
      if (event.kind === 'failed') throw event.error;
      assert.equal(event.result.replicas, 2);
      assert.ok(!stored.has(event.name) || stored.get(event.name) === event.result.cid, 'the same again');
      stored.set(event.name, event.result.cid);
    }
  };
  await putAll();
  assert.equal(stored.size, files.length);
  const count = (path: string): number => paths.filter((asked) => asked.startsWith(path)).length;
  assert.ok(count('/objects/group') > 0 && count('/objects/group') < 20, `${count('/objects/group')} groups`);
  assert.ok(count('/v1/store') < 80, `${count('/v1/store')} requests for 120 replicas`);
  assert.equal(count('/pieces'), 2, 'the large one alone, in two pieces');
  for (const { name, input } of [files[0]!, files[1]!, files[37]!, files[49]!, files.at(-1)!]) {
    const { plaintext } = await client.open(stored.get(name)!);
    assert.deepEqual(await collect(plaintext), Buffer.from(input), name);
    assert.equal((await client.status(stored.get(name)!)).health, 'healthy');
  }
  paths.length = 0;
  await putAll();
  assert.equal(count('/v1/store'), 0, 'the same files again: nothing is stored');
  assert.equal(count('/objects/group'), 0, 'nor sent');
});

test('a group of objects: each is judged by itself, and a body that is none is refused', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const node = await network.api({ requestsPerMinute: 100 });
  const user = new User(node);
  const other = new User(node);
  const data = Array.from({ length: 4 }, () => randomBytes(3000));
  const [good, spoilt, foreign, twice] = data as [Buffer, Buffer, Buffer, Buffer];
  const group = concatBytes(
    frameObject(await user.manifest(good), good),
    frameObject(await user.manifest(spoilt), Buffer.alloc(spoilt.length)),
    frameObject(await other.manifest(foreign), foreign),
    frameObject(await user.manifest(twice), twice),
    frameObject(await user.manifest(twice), twice),
    frameObject(await user.manifest(good, { expiry: 5 }), good),
    frameObject(await user.manifest(Buffer.alloc(0)), Buffer.alloc(0)),
    frameObject(await user.manifest(good, { redundancy: { scheme: 'replicate', copies: 9 } }), good),
  );
  const answer = await user.ask('POST', '/objects/group', { body: group });
  assert.equal(answer.status, 200, answer.body.toString());
  const { objects } = answer.json() as unknown as { objects: Record<string, unknown>[] };
  assert.deepEqual(
    objects.map(({ cid, code }) => code ?? cid),
    [
      makeCid(good),
      'root-mismatch',
      'forbidden',
      makeCid(twice),
      makeCid(twice),
      'expired',
      'bad-message',
      'partial',
    ],
  );
  assert.equal(objects[0]!.replicas, 2);
  assert.deepEqual((await user.ask('GET', `/objects/${makeCid(good)}`)).body, good);
  assert.equal((await user.ask('GET', `/objects/${makeCid(spoilt)}`)).status, 404);

  const refusal = async (body: Uint8Array, nowMs?: number): Promise<string | undefined> =>
    (await user.ask('POST', '/objects/group', { body, ...(nowMs === undefined ? {} : { nowMs }) })).json()
      .code;
  const one = frameObject(await user.manifest(good), good);
  assert.equal(await refusal(new Uint8Array()), 'bad-message');
  assert.equal(await refusal(one.subarray(0, one.length - 1)), 'bad-message');
  assert.equal(await refusal(concatBytes(one, one.subarray(0, 3))), 'bad-message');
  assert.equal(await refusal(frameHead(new Uint8Array(80_000))), 'too-large');
  assert.equal(await refusal(new Uint8Array(2 ** 21)), 'too-large');
  const tiny = frameHead(new Uint8Array(10));
  const many = (count: number): Uint8Array => concatBytes(...new Array<Uint8Array>(count).fill(tiny));
  assert.equal(await refusal(many(groupObjectsMax + 1)), 'bad-message');
  assert.equal(await refusal(many(groupObjectsMax)), undefined, 'each of them is refused by itself');
  assert.equal(await refusal(many(groupObjectsMax)), 'budget', 'a group counts for as many requests');
});

test('a group of stores: receipts and refusals are each signed; nobody signs for what is not', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const [miner] = network.miners as [TestMiner];
  const key = miner.signer.publicKey;
  const parts: Uint8Array[] = [];
  const datas = Array.from({ length: 5 }, () => new Uint8Array(randomBytes(2000)));
  for (const [i, data] of datas.entries()) {
    const head = await sealedStore(validator, key, data);
    // The third is not what its header names.
    parts.push(framed(concatBytes(framed(head), i === 2 ? new Uint8Array(2000) : data)));
  }
  const answer = await postGroup(miner, concatBytes(...parts));
  assert.equal(answer.status, 200);
  assert.equal(answer.type, contentTypes.group);
  const answers = decodeGroupAnswers(answer.bytes, 5);
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['answer', 'answer', 'refusal', 'answer', 'answer'],
  );
  for (const [i, { kind, bytes }] of answers.entries()) {
    if (kind === 'refusal') {
      assert.equal(openSealed(refusalKind, bytes, validator.verify).value.code, 'root-mismatch');
      continue;
    }
    const { value } = openSealed(receiptKind, bytes, validator.verify);
    assert.equal(rootOf(value.root), rootOf(core.hash(datas[i]!)));
    const id = {
      validatorKey: publicKeyOf(validator.party.publicKey),
      minerKey: publicKeyOf(key),
      root: rootOf(value.root),
    };
    assert.deepEqual(new Uint8Array(await readFile(network.fileOf(id).file)), datas[i], 'it is on the disk');
  }

  const unsigned = framed(concatBytes(framed(new Uint8Array(randomBytes(300))), new Uint8Array(10)));
  const strange = await postGroup(miner, concatBytes(unsigned, unsigned));
  const text = new TextDecoder().decode(strange.bytes);
  assert.ok(
    strange.status === 400 || decodeGroupAnswers(strange.bytes, 2).every(({ kind }) => kind === 'problem'),
    text,
  );
  const status = async (body: Uint8Array): Promise<number> => (await postGroup(miner, body)).status;
  assert.equal(await status(parts[0]!.subarray(0, 100)), 400, 'cut short');
  assert.equal(await status(framed(new Uint8Array(groupedStoreBytesMax + 1))), 413);
  assert.equal(await status(new Uint8Array(groupBytesMax + 1)), 413);
  assert.equal(
    await status(concatBytes(...new Array<Uint8Array>(groupStoresMax + 1).fill(parts[0]!.subarray(0, 4)))),
    400,
  );
  assert.equal(await status(parts[1]!), 200, 'and it serves the next');
});

test('small stores at once share requests; a node that knows no groups is asked one by one', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const [miner] = network.miners as [TestMiner];
  const http = createHttpNetwork({ clock: systemClock });
  t.after(() => http.close());
  const paths = askedPaths(t);
  const store = async (address: TestMiner['node']['address'], size: number, signal?: AbortSignal) => {
    const data = new Uint8Array(randomBytes(size));
    const head = await sealedStore(validator, miner.signer.publicKey, data);
    const reply = await http.request({
      address,
      route: 'store',
      head,
      body: bodyOf(data),
      timeoutMs: 60_000,
      ...(signal === undefined ? {} : { signal }),
    });
    assert.equal(reply.kind, 'answer');
    assert.ok(reply.rate! > 0 && reply.elapsedMs() > 0);
    const receipt = openSealed(receiptKind, await reply.readAll(65536), validator.verify);
    assert.equal(rootOf(receipt.value.root), rootOf(core.hash(data)));
  };
  await store(miner.node.address, 1000);
  assert.deepEqual(paths, ['/v1/store'], 'one alone goes as it always did');
  paths.length = 0;
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => store(miner.node.address, i === 7 ? 200_000 : 1000 + i)),
  );
  assert.equal(paths.filter((path) => path === '/v1/store').length, 1, 'the large one');
  assert.ok(paths.length < 50, `${paths.length} requests`);

  // One that is given up leaves the others alone.
  const ended = new AbortController();
  const rest = Array.from({ length: 10 }, (_, i) => store(miner.node.address, 500 + i));
  const given = assert.rejects(
    store(miner.node.address, 400, ended.signal),
    (error) => error instanceof FileTaoError && error.code === 'cancelled',
  );
  setImmediate(() => ended.abort());
  await Promise.all([...rest, given]);

  // In front of the miner, without the route.
  const old = createServer(async (request, response) => {
    if (request.url === '/v1/stores') {
      request.resume();
      response.writeHead(404, { 'content-type': contentTypes.problem }).end('{}');
      return;
    }
    const { host, port } = miner.node.address;
    const answer = await fetch(`http://${host}:${port}${request.url}`, {
      method: 'POST',
      body: new Uint8Array(await collect(request)),
    });
    const rate = answer.headers.get('filetao-rate') ?? '';
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type')!,
      'filetao-rate': rate,
    });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
  t.after(() => old.close());
  const address = { host: '127.0.0.1', port: (old.address() as AddressInfo).port };
  await Promise.all(Array.from({ length: 20 }, () => store(address, 900)));
  paths.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => store(address, 900)));
  assert.ok(!paths.includes('/v1/stores'), 'it is remembered');
});
