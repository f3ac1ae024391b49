// The SDK as a program uses it: the two calls, the subnets API with hooks of one's own, and that importing it does
// nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  decodeCid,
  makeCid,
  parseByteRange,
  RetrieveUserAPI,
  retrieve,
  StoreUserAPI,
  type SubnetResponse,
  SubnetsAPI,
  type Synapse,
  store,
} from '../../src/index.js';
import { coded, collect, noise, startNode, testFolder, testWallet } from './fixtures.js';

const wallet = await testWallet();
const network = { network: 'dev', netuid: 21 };

test('store gives CID and hotkeys, retrieve gives it back as bytes, text, stream, file and range', async () => {
  const [node, folder] = [await startNode(), testFolder()];
  const options = { wallet, url: node.url, hashFolder: join(folder, 'hashes'), ...network };
  const data = noise(300_000);
  const path = join(folder, 'file');
  writeFileSync(path, data);
  const { cid, hotkeys } = await store(data, options);
  assert.equal(hotkeys.length, 1);
  assert.equal((await store(path, options)).cid, cid);
  assert.equal(
    (await store(new Blob([new Uint8Array(data)]).stream() as never, options)).cid,
    cid,
    'a web stream',
  );
  assert.ok(Buffer.from(await retrieve(cid, options)).equals(data));
  const stream = await retrieve(cid, { ...options, as: 'stream' });
  assert.deepEqual([stream.size, stream.encrypted], [data.length, true]);
  assert.ok((await collect(stream)).equals(data));
  await retrieve(cid, { ...options, path: join(folder, 'copy') });
  assert.ok(readFileSync(join(folder, 'copy')).equals(data));
  const part = await retrieve(cid, { ...options, range: parseByteRange('5-9') });
  assert.ok(Buffer.from(part).equals(data.subarray(5, 10)));
  const text = await store('naïve', { ...options, encoding: 'utf-8' });
  assert.equal(await retrieve(text.cid, { ...options, encoding: 'utf-8' }), 'naïve');

  const abort = AbortSignal.abort();
  await assert.rejects(store(data, { ...options, signal: abort }), coded('cancelled'));
  node.faults.beforePut = () => new Promise((resolve) => setTimeout(resolve, 2000).unref());
  await assert.rejects(store(noise(10), { ...options, timeout: 0.3 }), coded('timeout', /within 0.3 s/));
  await assert.rejects(retrieve('nonsense', options), coded('bad-cid'));
  await assert.rejects(store(data, { ...options, wallet: 'nobody' }), coded('wallet-not-found'));
});

class InfoAPI extends SubnetsAPI<{ shout: boolean }, string, string[]> {
  override prepareSynapse({ shout }: { shout: boolean }): Synapse<string> {
    return {
      name: 'Info',
      ask: async ({ request }) => {
        const { role } = await request('GET', '/v1/info');
        return shout ? String(role).toUpperCase() : String(role);
      },
    };
  }
  override processResponses(responses: readonly SubnetResponse<string>[]): string[] {
    return responses.map(({ value, error }) => value ?? error!.code);
  }
}

test('the subnets API asks as many nodes as are wanted, and the hooks do the rest', async () => {
  const nodes = [await startNode(), await startNode(), await startNode()];
  await nodes[0]!.kill();
  const axons = nodes.map(({ url }) => url);
  const options = { axons, hashFolder: testFolder(), ...network };
  assert.deepEqual(await new InfoAPI(wallet).query({ ...options, shout: true }), ['unreachable', 'API']);
  const all = await new InfoAPI(wallet).query({ ...options, shout: false, nodes: 3 });
  assert.deepEqual(all, ['unreachable', 'api', 'api']);
  await assert.rejects(new InfoAPI(wallet).query({ ...options, axons: [], shout: true }), coded('bad-input'));

  const alive = { ...options, axons: axons.slice(1) };
  const cid = await new StoreUserAPI(wallet).query({ ...alive, data: 'some data', ttl: 3600 });
  const back = await new RetrieveUserAPI(wallet).query({ ...alive, cid });
  assert.equal(Buffer.from(back).toString(), 'some data');
  await assert.rejects(
    new RetrieveUserAPI(wallet).query({ ...alive, cid: makeCid('x') }),
    coded('not-found'),
  );
  const metagraph = [
    {
      uid: 4,
      hotkey: Buffer.from(nodes[1]!.signer.publicKey).toString('hex') as never,
      stake: 600,
      validatorPermit: true,
      address: { host: '127.0.0.1', port: Number(new URL(axons[1]!).port) },
      lastUpdate: 0,
    },
  ];
  const chosen = { metagraph, hashFolder: testFolder(), ...network };
  assert.deepEqual(await new InfoAPI(wallet).query({ ...chosen, uid: 4, shout: false }), ['api']);
  await assert.rejects(
    new InfoAPI(wallet).query({ ...chosen, stakeLimit: 601, shout: false }),
    coded('not-found', /stake/),
  );
});

test('CIDs', () => {
  assert.equal(makeCid('abc'), 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu');
  assert.equal(decodeCid('QmcRD4wkPPi6dig81r5sLj9Zm1gDCL4zgpEj9CfuRrGbzF').version, 0);
});

test('importing the package prints nothing, starts no worker and keeps no process alive', async () => {
  const code = `
    await import(${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)});
    // Node's loader may still be closing the files it has read.
    const held = process.getActiveResourcesInfo().filter((name) => !/TTY|Pipe|CloseReq/.test(name));
    if (held.length > 0) { console.log(held.join()); process.exit(1); }`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', code],
    {
      timeout: 60_000,
    },
  );
  assert.deepEqual([stdout, stderr], ['', '']);
});
