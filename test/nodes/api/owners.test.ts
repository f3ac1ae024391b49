// Whose objects are whose: several owners of the same bytes, renewing, giving up, false claims, and who is let in.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { makeCid } from '../../../src/domain/content/cid.js';
import { pieceIdOf } from '../../../src/domain/model/bytes.js';
import { core, eventually, startNetwork } from '../network.js';
import { inAnHour, User } from './user.js';

test('two owners of the same bytes: each lists, renews and gives up its own', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const validator = await network.validator();
  const api = await network.api({ openAccess: true });
  const [ada, bob] = [new User(api), new User(api)];
  const data = randomBytes(100_000);
  const cid = await ada.put(data);
  assert.equal(await bob.put(data), cid);

  for (const user of [ada, bob]) {
    const { objects } = (await user.ask('GET', '/objects')).json() as never as { objects: { cid: string }[] };
    assert.deepEqual(
      objects.map((object) => object.cid),
      [cid],
    );
    const status = (await user.ask('GET', `/objects/${cid}/status`)).json();
    assert.equal((status as never as { owner: string }).owner, user.address);
  }
  const later = inAnHour() + 1000;
  const body = Buffer.from(JSON.stringify({ expiry: later }));
  const renewed = await ada.ask('POST', `/objects/${cid}/renew`, { body });
  assert.deepEqual([renewed.status, renewed.json()], [200, { cid, expiry: later }]);
  const pieces = [data.subarray(0, 65_536), data.subarray(65_536)].map((part) => pieceIdOf(core.hash(part)));
  for (const pieceId of pieces)
    for (const { expiry } of await validator.index.replicasOfPiece(pieceId)) assert.equal(expiry, later);
  const expiryOf = async (user: User) =>
    ((await user.ask('GET', `/objects/${cid}/status`)).json() as never as { expiry: number }).expiry;
  assert.equal(await expiryOf(ada), later);
  assert.ok((await expiryOf(bob)) < later, 'the other owner keeps its own terms');
  // A manifest with a later date renews as well.
  const again = await bob.manifest(data, { expiry: later + 5 });
  assert.equal((await bob.ask('POST', '/objects', { body: again })).status, 201);
  assert.equal(await expiryOf(bob), later + 5);
  // Whoever reads a manifest can send it: an older one takes nothing back, unsigned or from the owner itself.
  const older = await bob.manifest(data, {
    expiry: later - 5,
    redundancy: { scheme: 'replicate', copies: 1 },
  });
  for (const signed of [false, true]) {
    const answer = await bob.ask('POST', '/objects', { body: older, signed });
    assert.deepEqual([answer.status, (answer.json() as { expiry?: number }).expiry], [201, later + 5]);
  }
  assert.equal(await expiryOf(bob), later + 5);
  assert.deepEqual((await bob.ask('GET', `/objects/${cid}/manifest`)).body, Buffer.from(again));

  const stranger = new User(api);
  for (const [method, path] of [
    ['DELETE', ''],
    ['POST', '/renew'],
  ] as const) {
    const options = method === 'POST' ? { body } : {};
    assert.equal((await stranger.ask(method, `/objects/${cid}${path}`, options)).status, 403);
    const unsigned = await stranger.ask(method, `/objects/${cid}${path}`, { ...options, signed: false });
    assert.deepEqual([unsigned.status, unsigned.headers.get('www-authenticate')], [401, 'FileTAO']);
  }

  assert.deepEqual((await ada.ask('DELETE', `/objects/${cid}`)).json(), { cid, deleted: true });
  assert.ok((await bob.ask('GET', `/objects/${cid}`)).body.equals(data), 'another owner still has it');
  assert.equal((await ada.ask('DELETE', `/objects/${cid}`)).status, 403);
  assert.equal((await bob.ask('DELETE', `/objects/${cid}`)).status, 200);
  assert.equal((await bob.ask('DELETE', `/objects/${cid}`)).status, 404);
  assert.equal((await bob.ask('GET', `/objects/${cid}`)).status, 404);
  for (const pieceId of pieces)
    await eventually(async () => (await validator.index.getPiece(pieceId)) === null);
  for (const miner of network.miners) {
    const held = await Promise.all(
      pieces.map(async (pieceId) => (await validator.index.replicasOfPiece(pieceId)).length),
    );
    assert.deepEqual(held, [0, 0], miner.directory);
  }
});

test('bytes that are not those of the CID are not given out as it, and the true owner is served', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const api = await network.api({ openAccess: true });
  const [liar, owner] = [new User(api), new User(api)];
  const data = randomBytes(100_000);
  const cid = makeCid(data);
  const other = randomBytes(100_000);
  await liar.put(other);
  const claim = await liar.manifest(other, { cid });
  assert.equal((await liar.ask('POST', '/objects', { body: claim })).status, 201);
  await owner.put(data);
  const part = { headers: { range: 'bytes=70000-79999' } };
  assert.ok(
    (await owner.ask('GET', `/objects/${cid}`, part)).body.equals(data.subarray(70_000, 80_000)),
    'an owner is served its own bytes, whoever claimed the CID before',
  );
  // The last part is held back: what came is not all of it.
  await assert.rejects(liar.ask('GET', `/objects/${cid}`));
  for (const signed of [true, false])
    assert.ok((await liar.ask('GET', `/objects/${cid}`, { signed })).body.equals(data));
});

test('who is let in, how often, how much, and with a clock that is wrong', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const validator = await network.validator();
  const guests: User[] = [];
  const node = { address: { host: '127.0.0.1', port: 0 } };
  for (let i = 0; i < 3; i++) guests.push(new User(node));
  const [listed, banned, unknown] = guests as [User, User, User];
  const api = await network.api({
    openAccess: false,
    whitelistedHotkeys: [listed.publicKey, banned.publicKey],
    blacklistedHotkeys: [banned.publicKey],
    requestsPerMinute: 40,
    quotas: { objectBytesMax: 50_000, ownedBytesMax: 60_000, ownedObjectsMax: 2 },
  });
  for (const user of guests) (user as { url: string }).url = `http://127.0.0.1:${api.address.port}`;
  const path = '/objects';
  assert.equal((await listed.ask('GET', path)).status, 200);
  assert.equal((await listed.ask('GET', path, { signed: false })).status, 401);
  for (const user of [banned, unknown]) assert.equal((await user.ask('GET', path)).status, 403);
  const skewed = await listed.ask('GET', path, { nowMs: Date.now() - 3600_000 });
  assert.equal(skewed.status, 401);
  assert.match(skewed.json().detail!, /clock is 3600 s behind .* set the clock/);

  const small = randomBytes(40_000);
  const cid = await listed.put(small);
  const tooLarge = await listed.putPiece(randomBytes(50_001));
  assert.deepEqual([tooLarge.status, tooLarge.json().code], [413, 'too-large']);
  const tooMuch = await listed.putPiece(randomBytes(30_000));
  assert.deepEqual([tooMuch.status, tooMuch.json().code], [507, 'full']);
  await listed.put(randomBytes(1000));
  const tooMany = await listed.putPiece(randomBytes(1000));
  assert.match(tooMany.json().detail!, /2 objects: delete some/);
  assert.equal((await listed.ask('DELETE', `${path}/${cid}`)).status, 200);

  // Two puts of one piece at once place it once.
  const twice = randomBytes(3000);
  await Promise.all([1, 2, 3].map(() => listed.putPiece(twice, 'copies=1')));
  assert.equal((await validator.index.replicasOfPiece(pieceIdOf(core.hash(twice)))).length, 1);

  // Fewer replicas than wished, where the caller said that it is content.
  const data = randomBytes(5000);
  assert.equal((await listed.putPiece(data, 'copies=5')).status, 502);
  const content = await listed.putPiece(data, 'copies=5&min_copies=2');
  assert.deepEqual([content.status, (content.json() as never as { replicas: number }).replicas], [200, 2]);
  const manifest = await listed.manifest(data, { redundancy: { scheme: 'replicate', copies: 5 } });
  assert.equal((await listed.ask('POST', path, { body: manifest })).status, 502);
  const stored = await listed.ask('POST', `${path}?min_copies=1`, { body: manifest });
  assert.deepEqual([stored.status, (stored.json() as never as { replicas: number }).replicas], [201, 2]);
  const status = (await listed.ask('GET', `${path}/${makeCid(data)}/status`)).json() as never as {
    health: string;
  };
  assert.equal(status.health, 'degraded');

  let answer = await listed.ask('GET', path);
  for (let i = 0; i < 60 && answer.status === 200; i++) answer = await listed.ask('GET', path);
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
});
