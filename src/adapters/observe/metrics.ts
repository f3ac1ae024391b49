// What a node counts, as Prometheus reads it: names, units and types follow https://prometheus.io/docs/practices/naming
// (base units, `_total` for counters), and every label has a small set of values that nobody outside can add to. docs/operating.md
// lists them, ops/ draws them; tests compare both with what is registered here.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { errorTable } from '../../domain/model/errors.js';
import { proofFaults } from '../../domain/protocol/verifier.js';
import type { Observer, RoundSeen, StepSeen } from './observer.js';

export type MeteredRole = 'miner' | 'validator' | 'api';

/** Why rounds end as they do: what a verifier finds, what the protocol answers, and error codes; else `other`. */
const reasons: ReadonlySet<string> = new Set<string>([
  '',
  ...proofFaults,
  'commitment-changed',
  ...Object.keys(errorTable),
  'given-up',
  'interrupted',
  'own-lag',
  'piece-id',
  'validator-fault',
]);
const bounded = (reason: string): string => (reasons.has(reason) ? reason : 'other');

const secondsBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const indexBuckets = [0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5];

type Collect = () => Promise<Readonly<Record<string, number>>>;

export interface MetricsOptions {
  readonly role: MeteredRole;
  readonly version: string;
  /** The proof core's build. */
  readonly core: string;
}

export class NodeMetrics implements Observer {
  readonly registry = new Registry();
  readonly role: MeteredRole;
  readonly #requests;
  readonly #requestSeconds;
  readonly #indexSeconds;
  readonly #indexErrors;
  readonly #chainErrors;
  readonly #ready;
  readonly #proofs;
  readonly #verifier: {
    readonly rounds: Counter<'kind' | 'outcome' | 'reason'>;
    readonly seconds: Histogram<'kind'>;
    readonly verified: Counter;
    readonly verifiedBytes: Counter;
    readonly openedBytes: Counter;
  } | null = null;
  readonly #prover: {
    readonly steps: Counter<'step'>;
    readonly seconds: Histogram<'step'>;
    readonly chunks: Counter;
    readonly bytes: Counter;
    readonly openedChunks: Counter;
    readonly refusals: Counter<'code'>;
  } | null = null;

  constructor({ role, version, core }: MetricsOptions) {
    this.role = role;
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'filetao_build_info',
      help: 'Always 1; what runs stands in the labels',
      labelNames: ['role', 'version', 'core'],
      registers,
    }).set({ role, version, core }, 1);
    this.#ready = new Gauge({
      name: 'filetao_ready',
      help: '1 while the node takes work, 0 while it starts or drains',
      registers,
    });
    this.#requests = new Counter({
      name: 'filetao_http_requests_total',
      help: 'Requests answered, by route and status',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'filetao_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer',
      labelNames: ['route'],
      buckets: secondsBuckets,
      registers,
    });
    this.#indexSeconds = new Histogram({
      name: 'filetao_index_operation_duration_seconds',
      help: 'Time of operations on the index',
      labelNames: ['operation'],
      buckets: indexBuckets,
      registers,
    });
    this.#indexErrors = new Counter({
      name: 'filetao_index_errors_total',
      help: 'Operations on the index that failed',
      labelNames: ['operation'],
      registers,
    });
    this.#chainErrors = new Counter({
      name: 'filetao_chain_errors_total',
      help: 'Questions to the chain that failed',
      registers,
    });
    this.#proofs = new Histogram({
      name: 'filetao_proving_task_duration_seconds',
      help: 'Time of tasks of the proving pool, waiting included',
      labelNames: ['task'],
      buckets: secondsBuckets,
      registers,
    });
    if (role === 'miner') {
      this.#prover = {
        steps: new Counter({
          name: 'filetao_proof_steps_total',
          help: 'Halves of proofs made: commitments and openings',
          labelNames: ['step'],
          registers,
        }),
        seconds: new Histogram({
          name: 'filetao_proof_step_duration_seconds',
          help: 'Time to make a commitment or an opening',
          labelNames: ['step'],
          buckets: secondsBuckets,
          registers,
        }),
        chunks: new Counter({
          name: 'filetao_committed_chunks_total',
          help: 'Chunks committed to',
          registers,
        }),
        bytes: new Counter({
          name: 'filetao_committed_bytes_total',
          help: 'Bytes of replicas read for commitments',
          registers,
        }),
        openedChunks: new Counter({
          name: 'filetao_opened_chunks_total',
          help: 'Chunks opened',
          registers,
        }),
        refusals: new Counter({
          name: 'filetao_refusals_total',
          help: 'Requests refused, by error code',
          labelNames: ['code'],
          registers,
        }),
      };
    } else {
      this.#verifier = {
        rounds: new Counter({
          name: 'filetao_rounds_total',
          help: 'Exchanges with miners that ended in a verdict, by kind, outcome and reason',
          labelNames: ['kind', 'outcome', 'reason'],
          registers,
        }),
        seconds: new Histogram({
          name: 'filetao_round_duration_seconds',
          help: 'Time of exchanges with miners',
          labelNames: ['kind'],
          buckets: secondsBuckets,
          registers,
        }),
        verified: new Counter({
          name: 'filetao_proofs_verified_total',
          help: 'Proofs of storage that were verified and passed',
          registers,
        }),
        verifiedBytes: new Counter({
          name: 'filetao_proven_bytes_total',
          help: 'Bytes of replicas that passed a challenge',
          registers,
        }),
        openedBytes: new Counter({
          name: 'filetao_verified_opening_bytes_total',
          help: 'Bytes of openings that were checked',
          registers,
        }),
      };
    }
  }

  get text(): Promise<string> {
    return this.registry.metrics();
  }

  set ready(isReady: boolean) {
    this.#ready.set(isReady ? 1 : 0);
  }

  round({ kind, outcome, reason, elapsedMs, size, openedBytes }: RoundSeen): void {
    const meter = this.#verifier;
    if (meter === null) return;
    meter.rounds.inc({ kind, outcome, reason: bounded(reason) });
    meter.seconds.observe({ kind }, elapsedMs / 1000);
    meter.openedBytes.inc(openedBytes);
    if (kind !== 'challenge' || outcome !== 'pass') return;
    meter.verified.inc();
    meter.verifiedBytes.inc(size);
  }

  step({ step, elapsedMs, chunks, bytes }: StepSeen): void {
    const meter = this.#prover;
    if (meter === null) return;
    meter.steps.inc({ step });
    meter.seconds.observe({ step }, elapsedMs / 1000);
    if (step === 'open') meter.openedChunks.inc(chunks);
    else {
      meter.chunks.inc(chunks);
      meter.bytes.inc(bytes);
    }
  }

  refusal(code: string): void {
    this.#prover?.refusals.inc({ code });
  }

  /** @param route the route's pattern, never what a caller wrote */
  request(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status });
    this.#requestSeconds.observe({ route }, seconds);
  }

  indexOperation(operation: string, seconds: number, failed: boolean): void {
    this.#indexSeconds.observe({ operation }, seconds);
    if (failed) this.#indexErrors.inc({ operation });
  }

  chainFailure(): void {
    this.#chainErrors.inc();
  }

  provingTask(task: string, seconds: number): void {
    this.#proofs.observe({ task }, seconds);
  }

  /** A gauge that is asked for when it is scraped; one that cannot tell is left out of that scrape. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        gauge.reset();
        try {
          gauge.set(await read());
        } catch {
          gauge.remove();
        }
      },
    });
  }

  /** The same by one label, for values that are found together. */
  gauges<Label extends string>(name: string, help: string, label: Label, read: Collect): void {
    const gauge: Gauge<Label> = new Gauge<Label>({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      async collect() {
        gauge.reset();
        try {
          for (const [value, amount] of Object.entries(await read()))
            gauge.set({ [label]: value } as Record<Label, string>, amount);
        } catch {
          // left out of this scrape
        }
      },
    });
  }

  /** A counter that something else keeps. */
  counted(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        counter.reset();
        counter.inc(read());
      },
    });
  }
}
