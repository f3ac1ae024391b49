// OpenTelemetry traces over OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp), configured by the standard variables
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter) and loaded only when they name an endpoint. One trace per round: its id
// and that of its first span are taken from the challenge's digest, which both sides know, so that validator and miner
// meet in one trace without a header.
//
// Written here, because @opentelemetry/sdk-trace-base with its OTLP exporter brings twelve packages of 28 MB for what is
// one POST of JSON.

import { randomBytes } from 'node:crypto';
import { toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Log } from './log.js';
import { type Observer, type RoundSeen, roundIdOf, type StepSeen } from './observer.js';

/** Spans that wait to be sent; more are dropped and counted. */
const spansMax = 2048;
const batchMax = 512;
const exportEveryMs = 5_000;
const exportMsMax = 10_000;

type Attributes = Readonly<Record<string, string | number | boolean>>;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** 3 asks others, 2 answers them. */
  readonly kind: 2 | 3;
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  readonly attributes: Attributes;
  readonly failed: string | null;
}

export interface TracingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly role: string;
  readonly version: string;
  /** ss58 */
  readonly hotkey: string;
  readonly log: Log;
}

export class Tracer implements Observer {
  readonly #options: TracingOptions;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timer: NodeJS.Timeout;
  #waiting: Span[] = [];
  #sending: Promise<void> | null = null;
  #dropped = 0;
  #isWarned = false;

  /** Throws `config` for variables that cannot be meant. */
  constructor(options: TracingOptions) {
    const { env } = options;
    this.#options = options;
    const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
    if (protocol !== 'http/json')
      throw new FileTaoError(
        'config',
        `OTEL_EXPORTER_OTLP_PROTOCOL: only http/json is spoken here, not ${protocol}`,
      );
    const whole = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
    const text = whole || `${env.OTEL_EXPORTER_OTLP_ENDPOINT}`.replace(/\/?$/u, '/v1/traces');
    if (!URL.canParse(text) || !/^https?:$/u.test(new URL(text).protocol))
      throw new FileTaoError('config', 'OTEL_EXPORTER_OTLP_ENDPOINT is no URL such as http://127.0.0.1:4318');
    this.#url = new URL(text);
    this.#headers = headersOf(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS || env.OTEL_EXPORTER_OTLP_HEADERS || '');
    this.#timer = setInterval(() => void this.#flush(), exportEveryMs);
    this.#timer.unref();
  }

  /** Spans that were dropped, because nobody took them. */
  get dropped(): number {
    return this.#dropped;
  }

  round(seen: RoundSeen): void {
    if (seen.challengeId === null) return;
    this.#add({
      ...idsOf(seen.challengeId),
      parentSpanId: '',
      name: `round ${seen.kind}`,
      kind: 3,
      startedAtMs: seen.startedAtMs,
      elapsedMs: seen.elapsedMs,
      attributes: {
        'filetao.outcome': seen.outcome,
        'filetao.reason': seen.reason,
        'filetao.replica.size': seen.size,
      },
      failed: seen.outcome === 'pass' ? null : seen.reason,
    });
  }

  step(seen: StepSeen): void {
    const { traceId, spanId } = idsOf(seen.challengeId);
    this.#add({
      traceId,
      spanId: toHex(randomBytes(8)),
      parentSpanId: spanId,
      name: seen.step,
      kind: 2,
      startedAtMs: seen.startedAtMs,
      elapsedMs: seen.elapsedMs,
      attributes: { 'filetao.chunks': seen.chunks, 'filetao.bytes': seen.bytes },
      failed: null,
    });
  }

  /** Sends what waits, once, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.#flush();
  }

  #add(span: Span): void {
    if (this.#waiting.length >= spansMax) this.#dropped++;
    else this.#waiting.push(span);
    if (this.#waiting.length >= batchMax) void this.#flush();
  }

  #flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, batchMax);
    if (batch.length === 0) return;
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json' },
        body: JSON.stringify(this.#request(batch)),
        signal: AbortSignal.timeout(exportMsMax),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      this.#isWarned = false;
    } catch (error) {
      this.#dropped += batch.length;
      if (this.#isWarned) return;
      this.#isWarned = true;
      this.#options.log.warn(
        { collector: this.#url.host, spans: batch.length, err: (error as Error).message },
        'traces could not be sent; said once until they can again',
      );
    }
  }

  #request(spans: readonly Span[]): unknown {
    const { env, role, version, hotkey } = this.#options;
    const resource = {
      'service.name': env.OTEL_SERVICE_NAME || `filetao-${role}`,
      'service.version': version,
      'service.instance.id': hotkey,
    };
    return {
      resourceSpans: [
        {
          resource: { attributes: attributesOf(resource) },
          scopeSpans: [{ scope: { name: 'filetao', version }, spans: spans.map(encodeSpan) }],
        },
      ],
    };
  }
}

const idsOf = (challengeId: Uint8Array): { readonly traceId: string; readonly spanId: string } => ({
  traceId: roundIdOf(challengeId),
  spanId: toHex(challengeId.subarray(16, 24)),
});

const nanoseconds = (milliseconds: number): string => String(BigInt(Math.round(milliseconds)) * 1_000_000n);

const attributesOf = (attributes: Attributes): unknown[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : { intValue: String(value) },
  }));

const encodeSpan = (span: Span): unknown => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentSpanId === '' ? {} : { parentSpanId: span.parentSpanId }),
  name: span.name,
  kind: span.kind,
  startTimeUnixNano: nanoseconds(span.startedAtMs),
  endTimeUnixNano: nanoseconds(span.startedAtMs + span.elapsedMs),
  attributes: attributesOf(span.attributes),
  status: span.failed === null ? {} : { code: 2, message: span.failed },
});

/** `name=value,other=value`, the values percent-encoded. */
function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [name = '', ...value] = part.split('=');
    if (name.trim() === '' || value.length === 0) continue;
    try {
      headers[name.trim().toLowerCase()] = decodeURIComponent(value.join('=').trim());
    } catch {
      throw new FileTaoError('config', 'OTEL_EXPORTER_OTLP_HEADERS is not percent-encoded');
    }
  }
  return headers;
}
