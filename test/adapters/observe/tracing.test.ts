// The variables of OpenTelemetry, and a collector that is away. What is sent is tested by nodes/observability.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/adapters/observe/log.js';
import { isTracingWished } from '../../../src/adapters/observe/observer.js';
import { Tracer } from '../../../src/adapters/observe/tracing.js';
import { publicKeyOf, rootOf } from '../../../src/domain/model/bytes.js';

const lines: string[] = [];
const log = createLog({ level: 'info', json: true, write: (line) => lines.push(line) });
const tracer = (env: Record<string, string>): Tracer =>
  new Tracer({ env, role: 'miner', version: '1', hotkey: '5F', log });

test('traces are made only where an endpoint is named, and refused where they cannot be meant', async () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  assert.equal(isTracingWished({}), false);
  assert.equal(isTracingWished(endpoint), true);
  assert.equal(
    isTracingWished({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }),
    true,
  );
  assert.equal(isTracingWished({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), false);
  assert.equal(isTracingWished({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }), false);
  const config = { code: 'config' };
  assert.throws(() => tracer({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), config);
  assert.throws(() => tracer({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }), config);
  assert.throws(() => tracer({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a=%' }), config);
  await tracer(endpoint).close();
});

test('a collector that is away costs spans and one warning, never the node', async () => {
  const away = tracer({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1/base/',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2',
  });
  const step = {
    step: 'open',
    validatorKey: publicKeyOf(new Uint8Array(32)),
    root: rootOf(new Uint8Array(32)),
    challengeId: new Uint8Array(32).fill(7),
    startedAtMs: 1,
    elapsedMs: 2,
    chunks: 3,
    bytes: 4,
  } as const;
  for (let i = 0; i < 5000; i++) away.step(step);
  await away.close();
  assert.ok(away.dropped >= 5000 - 2048);
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0]!, /hunter2/);
});
