// Repeating what the network broke: bounded attempts, exponential back-off with jitter, Retry-After obeyed.
// Only calls that may be repeated come here, and every attempt is a request of its own.

import { limits } from '../domain/model/constants.js';
import { type ErrorCode, FileTaoError, toFileTaoError } from '../domain/model/errors.js';

export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
}

/** Bridges an outage of about eight seconds. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 6, firstDelayMs: 250, delayMsMax: 10_000 };

/** For the first word with a node: a wrong address should not take long to be told. */
export const firstContact = (policy: RetryPolicy): RetryPolicy => ({
  ...policy,
  attempts: Math.min(policy.attempts, 3),
});

const repeatable: readonly ErrorCode[] = ['unreachable', 'timeout', 'busy', 'budget'];

export const isRepeatable = (error: FileTaoError): boolean => repeatable.includes(error.code);

/** Milliseconds before attempt `attempt` + 1 (from 1): half fixed, half random. */
export function backOffMs(policy: RetryPolicy, attempt: number, error: FileTaoError): number {
  const ceiling = Math.min(policy.delayMsMax, policy.firstDelayMs * 2 ** (attempt - 1));
  const asked = error.details.retryAfterSeconds;
  const floor = typeof asked === 'number' ? Math.min(asked, limits.retryAfterSecondsMax) * 1000 : 0;
  return Math.max(floor, ceiling / 2 + (ceiling / 2) * Math.random());
}

export async function waitBeforeRetry(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new FileTaoError('cancelled', 'cancelled', { cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Runs `action` until it succeeds, fails for good, or the attempts are used up; throws its last error. */
export async function retrying<Result>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  action: (attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (thrown) {
      const error = toFileTaoError(thrown);
      if (!isRepeatable(error) || attempt >= policy.attempts || signal?.aborted === true) throw error;
      await waitBeforeRetry(backOffMs(policy, attempt, error), signal);
    }
  }
}
