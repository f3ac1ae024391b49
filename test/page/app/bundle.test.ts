// What the API node's page weighs, of what it is made, and how it is served.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { appPolicy } from '../../../src/nodes/api/app-files.js';
import { startNetwork } from '../../nodes/network.js';

const folder = new URL('../../../app/', import.meta.url);
const budgetBytes = 250_000;

test('the bundle stays below 250 KB compressed, both cores in it, and has nothing of Node', (t) => {
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    const content = readFileSync(new URL(name, folder));
    bytes += gzipSync(content, { level: 9 }).length;
    if (!name.endsWith('.js')) continue;
    const text = content.toString('utf8');
    // cborg asks whether there is a globalThis.Buffer, and does without.
    const node = /["'`]node:[a-z]|(?<!globalThis\.)\bBuffer\.(from|alloc|concat)|\brequire\(|\bprocess\.env/;
    assert.equal(node.exec(text)?.[0] ?? null, null, name);
    assert.equal(/\beval\(|new Function\(/.exec(text)?.[0] ?? null, null, name);
  }
  t.diagnostic(`${(bytes / 1000).toFixed(1)} KB of ${budgetBytes / 1000}`);
  assert.ok(bytes < budgetBytes, `${bytes} bytes`);
});

test('it is served with a strict policy, compressed, revalidated, and names nothing from elsewhere', async (t) => {
  const network = await startNetwork(t, { miners: 0 });
  const api = await network.api({ openAccess: false });
  const base = `http://127.0.0.1:${api.address.port}`;
  const moved = await fetch(`${base}/app`, { redirect: 'manual' });
  assert.deepEqual([moved.status, moved.headers.get('location')], [308, 'app/']);
  const types: Record<string, string> = {};
  for (const name of ['', ...readdirSync(folder)]) {
    const response = await fetch(`${base}/app/${name}`);
    const content = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, name);
    assert.equal(response.headers.get('content-security-policy'), appPolicy);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.deepEqual(content, readFileSync(new URL(name === '' ? 'index.html' : name, folder)), name);
    types[name] = response.headers.get('content-type')!;
    const etag = response.headers.get('etag')!;
    const again = await fetch(`${base}/app/${name}`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
  }
  assert.match(types['core-fma.wasm']!, /^application\/wasm$/);
  assert.match(types['']!, /^text\/html/);
  const plain = await fetch(`${base}/app/worker.js`, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(plain.headers.get('content-encoding'), null);
  for (const name of ['nothing.js', '..%2fpackage.json', '%2e%2e', 'core-fma.wasm.map'])
    assert.equal((await fetch(`${base}/app/${name}`)).status, 404, name);
  assert.doesNotMatch(appPolicy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  for (const name of ['index.html', 'style.css']) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    assert.doesNotMatch(text, /https?:\/\/|style=|<script>|\bon[a-z]+=/, name);
  }
});
