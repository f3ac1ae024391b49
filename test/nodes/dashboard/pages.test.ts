// The dashboard over HTTP: whole pages without a script, nothing from elsewhere, nobody's text as markup, nobody else's
// names, and streams that cannot cost the node anything.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { paramsOf } from '../../../src/nodes/dashboard/dashboard.js';
import { addressOf, confidenceText, shareText, sizeText } from '../../../src/nodes/dashboard/figures.js';
import { escaped, html } from '../../../src/nodes/dashboard/html.js';
import { eventually } from '../network.js';
import { openScene, type Scene } from './scene.js';

const pathsOf = (scene: Scene): string[] => [
  '/',
  '/miners',
  '/miners?tier=Gold&health=healthy&sort=-score&page=2',
  `/miners/${addressOf(scene.miners[0]!)}`,
  '/rounds',
  '/rounds?kind=challenge&outcome=fail',
  '/objects',
  `/objects/${scene.cids[0]}`,
];

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** fetch sets the Host header itself. */
async function ask({ dashboard }: Scene, path: string, { method = 'GET', host = '' } = {}): Promise<Answer> {
  const { port } = dashboard.address;
  const headers = host === '' ? {} : { host };
  const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers }).end();
  const [response] = await once(sent, 'response');
  let text = '';
  // a stream that should have been refused has no end
  if (/event-stream/u.test(response.headers['content-type'] ?? '')) response.destroy();
  else for await (const part of response.setEncoding('utf8')) text += part;
  return { status: response.statusCode, headers: response.headers, text };
}

interface Region {
  readonly id: string;
  readonly html: string;
}

/** Reads a stream of events as they come. */
async function listen(t: TestContext, { origin }: Scene, at: string) {
  const stopping = new AbortController();
  t.after(() => stopping.abort());
  const answer = await fetch(`${origin}/live?at=${encodeURIComponent(at)}`, { signal: stopping.signal });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/u);
  const regions: Region[] = [];
  let rest = '';
  void (async () => {
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      rest += part;
      const events = rest.split('\n\n');
      rest = events.pop()!;
      for (const event of events) {
        const data = /^event: region\ndata: (.*)$/u.exec(event)?.[1];
        if (data !== undefined) regions.push(JSON.parse(data));
      }
    }
  })().catch(() => {});
  return { regions, stop: () => stopping.abort() };
}

test('every page is whole as it comes, and loads nothing from elsewhere', async (t) => {
  const scene = await openScene(t, { miners: 64 });
  const assets = new Set<string>();
  for (const path of pathsOf(scene)) {
    const { status, headers, text } = await ask(scene, path);
    assert.equal(status, 200, path);
    assert.match(text, /<h1>[^<]+/u, path);
    assert.match(text, /<table><caption>[^<]+<\/caption><thead>/u, path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/u);
    assert.doesNotMatch(policy, /unsafe|\*|http/u);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    // what the policy would block is not there
    assert.doesNotMatch(text, /<style|<script(?! type="module" src="\/assets\/live\.js"><\/script>)/u, path);
    assert.doesNotMatch(text, /\s(style|on[a-z]+)=/u, path);
    for (const [, url] of text.matchAll(/\s(?:href|src|action)="([^"]*)"/gu)) {
      assert.match(url!, /^(\/|#)(?!\/)/u, `${path}: ${url}`);
      if (url!.startsWith('/assets/')) assets.add(url!);
    }
    // every link leads somewhere
    for (const [, url] of [...text.matchAll(/<a [^>]*href="(\/[^"#]*)"/gu)].slice(0, 40)) {
      const linked = await ask(scene, url!.replaceAll('&amp;', '&'), { method: 'HEAD' });
      assert.equal(linked.status, 200, `${path} links to ${url}`);
    }
  }
  assert.equal(assets.size, 4);
  for (const path of assets) {
    const { status, headers, text } = await ask(scene, path);
    assert.equal(status, 200, path);
    assert.ok(text.length > 100 && text.length < 30_000, path);
    assert.match(String(headers['content-type']), /^(text\/css|text\/javascript|image\/svg)/u);
  }
  const story = (await ask(scene, `/miners/${addressOf(scene.miners[0]!)}`)).text;
  for (const part of ['Why ', 'Wilson score', 'for its tier', 'Its replicas', 'Asked in this window'])
    assert.ok(story.includes(part), part);
});

test('an empty network has pages that say so', async (t) => {
  const scene = await openScene(t, { miners: 0, objects: 0 });
  const expected = {
    '/': 'none has announced itself',
    '/miners': 'No miner has announced itself',
    '/rounds': 'Nothing has happened since this node started',
    '/objects': 'Nothing is stored yet',
  };
  for (const [path, text] of Object.entries(expected))
    assert.ok((await ask(scene, path)).text.includes(text), path);
});

test('text of strangers is text', async (t) => {
  const scene = await openScene(t, { miners: 3 });
  const hostile = '</td><script>alert(1)</script>" onx="\'<img src=x onerror=alert(1)>\u202e\u0000';
  scene.round(scene.miners[0]!, { outcome: 'fail', reason: hostile });
  for (const path of [
    '/',
    '/rounds',
    `/miners?find=${encodeURIComponent(hostile)}`,
    `/objects?find=${encodeURIComponent(hostile)}`,
    `/miners/${encodeURIComponent(hostile)}`,
    `/objects/${encodeURIComponent(hostile)}`,
    `/${encodeURIComponent(hostile)}`,
  ]) {
    const { text } = await ask(scene, path);
    assert.doesNotMatch(text, /<script>|<img|[\u202e\0]|" onx=/u, path);
  }
  assert.match((await ask(scene, '/rounds')).text, /&lt;\/td&gt;&lt;script&gt;alert\(1\)/u);
  assert.equal(html`<a title="${hostile}">${[hostile, null, false, 1]}</a>`.text.match(/</gu)?.length, 2);
  assert.equal(escaped('a\nb\u2066c'), 'a\ufffdb\ufffdc');
});

test('only this machine’s own names are answered to, and only readers', async (t) => {
  const scene = await openScene(t, { miners: 1 });
  const { port } = scene.dashboard.address;
  assert.equal(scene.dashboard.address.host, '127.0.0.1');
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]:80', 'node.localhost'])
    assert.equal((await ask(scene, '/', { host })).status, 200, host);
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil',
    '10.0.0.1',
  ])
    for (const path of ['/', '/live?at=/', '/assets/live.js'])
      assert.equal((await ask(scene, path, { host })).status, 403, `${host} ${path}`);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const { status, headers } = await ask(scene, '/', { method });
    assert.equal(status, 405, method);
    assert.equal(headers.allow, 'GET, HEAD');
  }
  assert.equal((await ask(scene, '/', { method: 'HEAD' })).text, '');
});

test('what is not there is said to be so', async (t) => {
  const scene = await openScene(t, { miners: 2 });
  const cases: [string, number][] = [
    ['/nowhere', 404],
    ['/miners/not-a-hotkey', 404],
    [`/miners/${addressOf('0'.repeat(64) as never)}`, 404],
    ['/objects/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', 404],
    ['/objects?after=made-up-cursor', 400],
    [`/miners?find=${'x'.repeat(2000)}`, 400],
    ['/live?at=/nowhere', 404],
    ['/live', 400],
    ['/miners?page=-3&sort=;drop&tier=Tin&health=%00', 200],
    ['/miners?page=1e99', 200],
  ];
  for (const [path, status] of cases) assert.equal((await ask(scene, path)).status, status, path);
  assert.match((await ask(scene, '/miners/x')).text, /<h1>Not here<\/h1>/u);
  assert.deepEqual(paramsOf('/miners/:hotkey', '/miners/a%20b'), { hotkey: 'a b' });
  assert.equal(paramsOf('/miners/:hotkey', '/miners/%ff'), null);
});

test('a stream brings what changed, and only that', async (t) => {
  const scene = await openScene(t, { miners: 8, limits: { tickMs: 20 } });
  const { regions } = await listen(t, scene, '/rounds?outcome=fail');
  await eventually(() => regions.length >= 2);
  const before = regions.length;
  scene.round(scene.miners[3]!, { outcome: 'fail', reason: 'a-made-up-reason' });
  await eventually(() => regions.some(({ html: text }) => text.includes('a-made-up-reason')));
  const news = regions.slice(before);
  // What was made by the same code as the page is what the page has.
  const page = (await ask(scene, '/rounds?outcome=fail')).text;
  const rounds = news.findLast(({ id }) => id === 'rounds')!;
  assert.ok(page.includes(`<div id="rounds" data-live>${rounds.html}</div>`));
  assert.deepEqual([...new Set(news.map(({ id }) => id))].sort(), ['rounds', 'throughput']);
  for (const name of ['rounds', 'throughput']) {
    const told = regions.filter(({ id }) => id === name).map(({ html: text }) => text);
    assert.ok(
      told.every((text, i) => text !== told[i - 1]),
      `${name} was sent again as it was`,
    );
  }
});

test('there are so many streams, and those that end make room', async (t) => {
  const scene = await openScene(t, { miners: 1, limits: { readersMax: 2, tickMs: 20 } });
  const first = await listen(t, scene, '/');
  await listen(t, scene, '/miners');
  const refused = await ask(scene, '/live?at=/');
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  first.stop();
  await eventually(async () => {
    const answer = await fetch(`${scene.origin}/live?at=/`);
    await answer.body!.cancel();
    return answer.status === 200;
  });
});

test('a thousand miners fit on light pages', async (t) => {
  const scene = await openScene(t, { miners: 1000 });
  const bytes: Record<string, number> = {};
  for (const path of ['/', '/miners', '/rounds', `/miners/${addressOf(scene.miners[0]!)}`]) {
    const start = performance.now();
    bytes[path.slice(0, 8)] = Buffer.byteLength((await ask(scene, path)).text);
    t.diagnostic(`${path}: ${bytes[path.slice(0, 8)]} bytes in ${(performance.now() - start).toFixed(1)} ms`);
  }
  for (const [path, size] of Object.entries(bytes)) assert.ok(size < 150_000, `${path}: ${size} bytes`);
  const seen = new Set<string>();
  let path: string | undefined = '/miners';
  for (let pages = 0; path !== undefined; pages++) {
    assert.ok(pages < 10, 'the pages end');
    const { text } = await ask(scene, path);
    for (const [, key] of text.matchAll(/<tr data-key="([0-9a-f]{64})"/gu)) seen.add(key!);
    path = /rel="next" href="([^"]+)"/u.exec(text)?.[1];
  }
  assert.deepEqual([...seen].sort(), [...scene.miners].sort());
  const found = await ask(scene, `/miners?find=${addressOf(scene.miners[500]!).slice(10, 30)}`);
  assert.equal(found.text.match(/<tr data-key=/gu)?.length, 1);
});

test('figures are never better than they are', () => {
  const plain = (text: string): string => text.replaceAll('\u202f', ' ');
  for (const [share, text] of [
    [0, '0 %'],
    [1e-9, '< 0.1 %'],
    [0.5, '50.0 %'],
    [0.99999, '99.9 %'],
    [1, '100 %'],
  ] as const)
    assert.equal(plain(shareText(share)), text);
  for (const [confidence, text] of [
    [0, '–'],
    [0.5, '50.0 %'],
    [0.9899, '98.9 %'],
    [0.99, '99.0 %'],
    [0.999, '99.90 %'],
    [0.99995, '99.995 %'],
    [1, '> 99.9999 %'],
  ] as const)
    assert.equal(plain(confidenceText(confidence)), text);
});

test('sizes are of one kind, with a decimal where they are not exact', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [485.8, '486 B'],
    [1023, '1023 B'],
    [64 * 2 ** 20, '64 MiB'],
    [3.5 * 2 ** 20, '3.5 MiB'],
    [5 * 2 ** 30 + 1, '5.0 GiB'],
    [2 ** 20 - 1, '1.0 MiB'],
    [10 ** 13, '9.1 TiB'],
  ] as const)
    assert.equal(sizeText(bytes).replace('\u202f', ' '), text);
});
