// What nodes report while they work, for whoever counts or traces it. Nodes do not know who listens: metrics.ts
// and tracing.ts do, and tests may.

import type { Outcome, TranscriptHead } from '../../domain/audit/transcript.js';
import { type Cid, type PublicKey, type Root, toHex } from '../../domain/model/bytes.js';

/** An exchange of a validator with a miner that ended in a verdict. */
export interface RoundSeen {
  readonly kind: TranscriptHead['kind'];
  readonly minerKey: PublicKey;
  readonly root: Root;
  /** Number of a challenge; 0 for the other kinds. */
  readonly n: number;
  readonly outcome: Outcome;
  /** Empty for a pass. */
  readonly reason: string;
  /** Digest of the challenge; null for an exchange without one. */
  readonly challengeId: Uint8Array | null;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  /** Bytes of the replica. */
  readonly size: number;
  /** Bytes of opened chunks and their paths. */
  readonly openedBytes: number;
}

/** A miner's half of a round: it committed to all chunks, or opened some. */
export interface StepSeen {
  readonly step: 'commit' | 'open';
  readonly validatorKey: PublicKey;
  readonly root: Root;
  readonly challengeId: Uint8Array;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  /** Chunks committed to, or opened. */
  readonly chunks: number;
  /** Bytes of the replica, or of the answer. */
  readonly bytes: number;
}

/** An object that an API node has taken, or sent, whole or a part of it. */
export interface TransferSeen {
  readonly direction: 'upload' | 'download';
  readonly cid: Cid;
  /** Bytes of the object, or those that were sent. */
  readonly bytes: number;
  /** Whether all that was asked for was sent. */
  readonly complete: boolean;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** Of an upload from its manifest on: its pieces came before. */
  readonly elapsedMs: number;
}

export interface Observer {
  round?(seen: RoundSeen): void;
  step?(seen: StepSeen): void;
  /** A request that a miner refused, by its error code. */
  refusal?(code: string): void;
  transfer?(seen: TransferSeen): void;
}

/** Tells each of them. */
export const observers = (list: readonly Observer[]): Required<Observer> => ({
  round: (seen) => {
    for (const observer of list) observer.round?.(seen);
  },
  step: (seen) => {
    for (const observer of list) observer.step?.(seen);
  },
  refusal: (code) => {
    for (const observer of list) observer.refusal?.(code);
  },
  transfer: (seen) => {
    for (const observer of list) observer.transfer?.(seen);
  },
});

/**
 * The name of a round in the logs of both sides, and the id of its trace: the first half of the challenge's digest, so
 * that it follows the challenge from validator to miner and back without a header of its own.
 */
export const roundIdOf = (challengeId: Uint8Array): string => toHex(challengeId.subarray(0, 16));

/** Whether the environment asks for traces (tracing.ts), by the standard variables of OpenTelemetry. */
export const isTracingWished = (env: Readonly<Record<string, string | undefined>>): boolean =>
  Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT) &&
  env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true' &&
  env.OTEL_TRACES_EXPORTER !== 'none';
