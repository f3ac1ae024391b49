// Real processes while they are watched: health, every metric of every role after rounds were held, who may read them, logs that
// follow a round from one side to the other, levels at run time, files, traces in a collector; and ops/ against what is exported.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { eventually } from './network.js';
import { type NodeProcess, startNodeProcess } from './processes.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats). */
function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      assert.ok(match, `a sample: ${line}`);
      const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return {
        name: match[1]!,
        labels: Object.fromEntries(labels.map(([, name, value]) => [name!, value!])),
        value: Number(match[3] === '+Inf' ? Number.POSITIVE_INFINITY : match[3]),
      };
    });
}

const urlOf = ({ address }: Pick<NodeProcess, 'address'>, path: string): string =>
  `http://${address.host}:${address.port}${path}`;

async function scrapeText(node: Pick<NodeProcess, 'address'>): Promise<string> {
  const response = await fetch(urlOf(node, '/metrics'));
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
  return response.text();
}

const scrape = async (node: Pick<NodeProcess, 'address'>): Promise<Sample[]> =>
  samplesOf(await scrapeText(node));

const sumOf = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);

interface Spanned {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

const scraped: Partial<Record<'miner' | 'validator' | 'api', Sample[]>> = {};
/** Names of all metrics, by role. */
const helped: Record<string, string[]> = {};
const spans: (Spanned & { readonly service: string })[] = [];
const logs: Record<string, unknown>[] = [];
let home: string;
let miner: NodeProcess;
let validator: NodeProcess;
let api: NodeProcess;
let cid: string;
/** Pages of their dashboards, as HTML. */
const shown: Partial<Record<'miner' | 'validator' | 'api', { overview: string; list: string; one: string }>> =
  {};
let rounds: { readonly round: string; readonly outcome: string }[];

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

before(async () => {
  const t = { after: (clean: () => unknown) => cleanups.push(clean) } as unknown as TestContext;
  home = await temporaryFolder(t);
  const collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      assert.equal(request.url, '/v1/traces');
      assert.equal(request.headers['x-team'], 'a b');
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const service = resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value
          .stringValue;
        for (const span of scopeSpans[0].spans) spans.push({ ...span, service });
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  t.after(() => collector.close());
  await new Promise((resolve) => collector.once('listening', resolve));
  const { port } = collector.address() as AddressInfo;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'X-Team=a%20b',
  };
  const wallet = async (...names: string[]): Promise<void> => {
    assert.equal((await runCli(['wallet', 'create', '--no-password', ...names], { home })).code, 0);
  };
  await wallet();
  await wallet('--wallet.name', 'validator');
  await wallet('--wallet.name', 'miner');
  const few = [
    '--proving.workers',
    '1',
    '--logging.logging_dir',
    join(home, 'logs'),
    '--dashboard.port',
    '0',
  ];
  const one = ['--neuron.replicas', '1'];
  [miner, validator, api] = await Promise.all([
    startNodeProcess(
      t,
      home,
      ['miner', '--wallet.name', 'miner', '--axon.port', '0', '--logging.level', 'debug', ...few],
      env,
    ),
    startNodeProcess(
      t,
      home,
      [
        'validator',
        '--wallet.name',
        'validator',
        '--validator.port',
        '0',
        '--neuron.challenge_every',
        '0',
        ...few,
        ...one,
      ],
      env,
    ),
    startNodeProcess(t, home, [
      'api',
      '--wallet.name',
      'validator',
      '--api.port',
      '0',
      '--metrics.port',
      '0',
      ...few,
      ...one,
    ]),
  ]);
  // the level of a running node
  assert.ok(validator.child.kill('SIGUSR2'));
  await eventually(
    async () =>
      validator.logged().includes('"level":"debug","time"') ||
      validator.logged().includes('changed by SIGUSR2'),
  );
  writeFileSync(join(home, 'file'), randomBytes(300_000));
  const put = await runCli(['store', 'put', '--filepath', 'file'], {
    home,
    env: { FILETAO_API_URL: urlOf(api, '') },
  });
  assert.equal(put.code, 0, put.stderr);
  const args = [
    'challenge',
    '--wallet.name',
    'validator',
    '--validator.port',
    String(validator.address.port),
  ];
  const challenged = await runCli([...args, '--rounds', '2', '--json'], { home });
  assert.equal(challenged.code, 0, challenged.stderr);
  rounds = challenged.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => typeof line.round === 'string');
  // what a caller makes up is no label
  assert.equal((await fetch(urlOf(miner, '/v1/nowhere'))).status, 404);
  assert.deepEqual(await (await fetch(urlOf(miner, '/healthz'))).json(), { status: 'ok' });
  assert.equal((await (await fetch(urlOf(validator, '/readyz'))).json()).status, 'ready');
  // the background count has seen the replicas
  await eventually(async () => sumOf(await scrape(validator), 'filetao_replicas', { state: 'active' }) === 1);
  await eventually(async () => sumOf(await scrape(miner), 'filetao_held_replicas') === 1);
  const { status } = JSON.parse(api.ready) as { status: NodeProcess['address'] };
  assert.notEqual(status.port, api.address.port);
  for (const [role, node] of Object.entries({ miner, validator, api: { address: status } })) {
    const text = await scrapeText(node);
    scraped[role as 'miner'] = samplesOf(text);
    // also those that nothing has happened to yet
    helped[role] = [...text.matchAll(/^# TYPE (filetao_\w+) /gm)].map((match) => match[1]!);
  }
  cid = put.stdout.trim();
  for (const [role, node] of Object.entries({ miner, validator, api })) {
    const { dashboard } = JSON.parse(node.ready) as { dashboard: NodeProcess['address'] };
    const read = async (path: string): Promise<string> => {
      const answer = await fetch(`http://${dashboard.host}:${dashboard.port}${path}`);
      assert.equal(answer.status, 200, `${role} ${path}`);
      return answer.text();
    };
    // A stream is open when the node is told to end.
    await fetch(`http://${dashboard.host}:${dashboard.port}/live?at=/`);
    shown[role as 'miner'] = {
      overview: await read('/'),
      list: await read(role === 'miner' ? '/replicas' : '/objects'),
      one: await read(
        role === 'miner' ? '/work' : role === 'api' ? `/objects/${cid}` : `/miners/${miner.hotkey}`,
      ),
    };
  }
  for (const node of [miner, validator, api]) assert.equal(await node.end('SIGTERM'), 0);
  for (const name of readdirSync(join(home, 'logs')))
    for (const line of readFileSync(join(home, 'logs', name), 'utf8')
      .trim()
      .split('\n'))
      logs.push(JSON.parse(line));
});

test('a dashboard of each role shows what the node has done', () => {
  const { miner: held, validator: seen, api: served } = shown;
  const rowsIn = (page: string): number => page.match(/<tr data-key=/gu)?.length ?? 0;
  assert.match(held!.overview, /This miner at a glance/u);
  assert.ok(held!.overview.includes(`title="${validator.hotkey}"`), 'for whom it holds');
  assert.equal(rowsIn(held!.list), 1);
  assert.equal(rowsIn(held!.one), 4, 'two commitments, two openings');
  assert.match(seen!.overview, /The network at a glance/u);
  assert.ok(seen!.overview.includes(`href="/miners/${miner.hotkey}"`));
  assert.ok(seen!.list.includes(`href="/objects/${cid}"`));
  assert.equal(seen!.one.match(/challenge<\/td>/gu)?.length, 2, 'the rounds of the miner');
  assert.match(seen!.one, /2 of 2<\/td>/u, 'its replica has passed both');
  assert.match(served!.overview, />upload</u);
  assert.match(served!.one, />healthy</u);
  assert.ok(served!.one.includes(`title="${miner.hotkey}"`));
  for (const pages of [held!, seen!, served!])
    for (const page of Object.values(pages)) assert.match(page, /read-only/u);
});

test('metrics of the miner', () => {
  const samples = scraped.miner!;
  assert.equal(sumOf(samples, 'filetao_build_info', { role: 'miner' }), 1);
  assert.equal(sumOf(samples, 'filetao_ready'), 1);
  assert.equal(sumOf(samples, 'filetao_proof_steps_total', { step: 'commit' }), 2);
  assert.equal(sumOf(samples, 'filetao_proof_steps_total', { step: 'open' }), 2);
  assert.ok(sumOf(samples, 'filetao_committed_bytes_total') > 2 * 300_000);
  assert.ok(sumOf(samples, 'filetao_committed_chunks_total') > 2 * 44);
  assert.equal(sumOf(samples, 'filetao_opened_chunks_total'), 2 * 44);
  assert.ok(sumOf(samples, 'filetao_held_bytes') > 300_000);
  assert.ok(sumOf(samples, 'filetao_storage_free_bytes') > 1e6);
  assert.ok(sumOf(samples, 'filetao_proving_task_duration_seconds_count', { task: 'prove' }) >= 2);
  assert.equal(sumOf(samples, 'filetao_proving_worker_restarts_total'), 0);
  assert.ok(sumOf(samples, 'filetao_index_operation_duration_seconds_count', { operation: 'put' }) >= 1);
  assert.ok(sumOf(samples, 'filetao_http_requests_total', { route: '/v1/challenge', status: '200' }) >= 2);
  assert.ok(sumOf(samples, 'filetao_http_requests_total', { route: 'none', status: '404' }) >= 1);
  assert.ok(sumOf(samples, 'filetao_chain_block_height') > 0);
  assert.ok(sumOf(samples, 'nodejs_eventloop_lag_p99_seconds') > 0);
  assert.ok(sumOf(samples, 'process_resident_memory_bytes') > 1e7);
});

test('metrics of validator and API node', () => {
  const samples = scraped.validator!;
  const challenges = { kind: 'challenge', outcome: 'pass', reason: '' };
  assert.equal(sumOf(samples, 'filetao_rounds_total', challenges), 2);
  assert.equal(sumOf(samples, 'filetao_proofs_verified_total'), 2);
  assert.ok(sumOf(samples, 'filetao_proven_bytes_total') > 2 * 300_000);
  assert.ok(sumOf(samples, 'filetao_verified_opening_bytes_total') > 2 * 44 * 1024);
  assert.equal(sumOf(samples, 'filetao_round_duration_seconds_count', { kind: 'challenge' }), 2);
  assert.ok(sumOf(samples, 'filetao_replica_bytes', { state: 'active' }) > 300_000);
  assert.equal(sumOf(samples, 'filetao_under_replicated_pieces'), 0);
  assert.equal(sumOf(scraped.api!, 'filetao_rounds_total', { kind: 'store', outcome: 'pass' }), 1);
  assert.ok(sumOf(scraped.api!, 'filetao_http_requests_total') > 0);
});

test('names, units and labels keep to the conventions', () => {
  for (const samples of Object.values(scraped)) {
    const own = samples.filter(({ name }) => name.startsWith('filetao_'));
    assert.ok(own.length > 20);
    for (const { name, labels } of own) {
      assert.match(
        name,
        /(_seconds(_bucket|_sum|_count)?|_bytes|_total|_info|_ready|_replicas|_pieces|_rounds|_length|_tasks|_height)$/,
        name,
      );
      for (const [label, value] of Object.entries(labels))
        assert.doesNotMatch(value, /[0-9a-f]{32}|^5[A-Za-z0-9]{46}/, `${name} ${label}`);
    }
    // so many series that Prometheus does not mind
    assert.ok(samples.length < 600, String(samples.length));
  }
});

test('a round has one name in both logs and in its trace', () => {
  assert.equal(rounds.length, 2);
  for (const { round, outcome } of rounds) {
    assert.equal(outcome, 'pass');
    const told = logs.filter((record) => record.round === round).map(({ name, msg }) => `${name}: ${msg}`);
    for (const line of [
      'miner: committed to a challenge',
      'miner: opened chunks of a round',
      'validator: a round ended',
    ])
      assert.ok(told.includes(line), `${line} of ${told.join(', ')}`);
    const trace = spans.filter(({ traceId }) => traceId === round);
    assert.deepEqual(trace.map(({ service, name }) => `${service} ${name}`).sort(), [
      'filetao-miner commit',
      'filetao-miner open',
      'filetao-validator round challenge',
    ]);
    const outer = trace.find(({ parentSpanId }) => parentSpanId === undefined)!;
    assert.ok(trace.every((span) => span === outer || span.parentSpanId === outer.spanId));
  }
  assert.ok(
    logs.some(({ level, name }) => name === 'validator' && level === 'debug'),
    'SIGUSR2 let debug through',
  );
  assert.ok(!logs.some(({ level, name }) => name === 'api' && level === 'debug'));
});

/** Metrics and labels that a PromQL expression names. */
function namedIn(expression: string): { readonly metrics: string[]; readonly labels: string[] } {
  const withoutStrings = expression.replaceAll(/"[^"]*"/g, '""');
  return {
    metrics: [...withoutStrings.matchAll(/\b(?:filetao|nodejs|process)_\w+/g)].map(([name]) => name),
    labels: [
      ...[...withoutStrings.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*""/g)].map((match) => match[1]!),
      ...[...withoutStrings.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(/,\s*/)),
    ],
  };
}

test('dashboard and alerts ask for what the nodes export, and show all of it', () => {
  const all = Object.values(scraped).flat();
  const exported = new Set(all.map(({ name }) => name));
  // counters with labels that nothing has happened to yet have no samples
  for (const name of ['filetao_refusals_total', 'filetao_index_errors_total']) exported.add(name);
  const given = new Set([
    'job',
    'instance',
    'le',
    ...all.flatMap(({ labels }) => Object.keys(labels)),
    'code',
  ]);
  const dashboard = JSON.parse(readFileSync(join(root, 'ops/grafana/filetao.json'), 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const alerts = parse(readFileSync(join(root, 'ops/prometheus/alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
  };
  const rules = alerts.groups.flatMap((group) => group.rules);
  for (const { alert, annotations } of rules)
    assert.ok(annotations.summary && annotations.description, alert);
  const shown = dashboard.panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
  assert.ok(shown.length > 20 && rules.length > 10);
  for (const expression of [...shown, ...rules.map(({ expr }) => expr)]) {
    const { metrics, labels } = namedIn(expression);
    for (const name of metrics) assert.ok(exported.has(name), `${name} in ${expression}`);
    for (const label of labels) assert.ok(given.has(label), `${label} in ${expression}`);
  }
  const drawn = new Set(shown.flatMap((expression) => namedIn(expression).metrics));
  const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
  const drawnBases = new Set([...drawn].map(base));
  const left = [...exported].filter((name) => name.startsWith('filetao_') && !drawnBases.has(base(name)));
  assert.deepEqual(
    [...new Set(left)],
    ['filetao_dropped_spans_total'],
    'metrics that the dashboard leaves out',
  );
});

test('docs/operating.md lists every metric, with the roles that export it', () => {
  const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');
  const table = page.slice(page.indexOf('<!-- metrics -->'), page.indexOf('<!-- /metrics -->'));
  const told: Record<string, string> = {};
  for (const line of table.split('\n').filter((text) => text.startsWith('| `'))) {
    const [, names, roles] = line.split('|');
    for (const [, name] of names!.matchAll(/`(\w+)`/g)) told[name!] = roles!.trim();
  }
  const exported: Record<string, Set<string>> = {};
  for (const [role, texts] of Object.entries(helped))
    for (const name of texts) exported[name] = new Set([...(exported[name] ?? []), role]);
  assert.deepEqual(Object.keys(told).sort(), Object.keys(exported).sort());
  for (const [name, roles] of Object.entries(exported)) {
    const all = ['miner', 'validator', 'api'].filter((role) => roles.has(role));
    // the API node of this test sends no traces
    const expected =
      name === 'filetao_dropped_spans_total' ? 'all, with traces' : all.length === 3 ? 'all' : all.join(', ');
    assert.equal(told[name], expected, name);
  }
});
