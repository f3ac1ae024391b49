// The one error of the proving pool. It carries a code, because between threads an error is data: a class does not survive the way.
import { CoreInputError } from '../../domain/core/core-input-error.js';

export type ProvingErrorCode =
  /** Too many tasks are waiting. */
  | 'busy'
  /** The caller's signal fired. */
  | 'aborted'
  /** The task's time was up. */
  | 'deadline'
  /** The pool is closed or closing. */
  | 'closed'
  /** The task's worker died, and the one it was tried on again as well. */
  | 'worker-died'
  /** The file is shorter or longer than the task says. */
  | 'size-mismatch'
  /** The file cannot be opened or read. */
  | 'unreadable'
  /** The task itself is outside the core's limits. */
  | 'bad-input'
  /** Anything else: a defect. */
  | 'internal';

export class ProvingError extends Error {
  readonly code: ProvingErrorCode;

  constructor(code: ProvingErrorCode, message: string) {
    super(message);
    this.name = 'ProvingError';
    this.code = code;
  }
}

/** A failure as it crosses threads. */
export interface Failure {
  readonly code: ProvingErrorCode;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ProvingError) return { code: error.code, message };
  if (error instanceof CoreInputError) return { code: 'bad-input', message };
  return { code: 'internal', message };
}
