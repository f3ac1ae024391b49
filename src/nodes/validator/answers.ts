// Collecting the answers of a batch: whoever works with the collecting context leaves an answer behind for every
// store, challenge and full retrieval that passed or failed, in the order in which they were decided.

import type { CountedAnswer } from '../../domain/model/records.js';
import type { ValidatorContext } from './context.js';

export interface Collecting {
  /** The same context, except that its answers are collected. */
  readonly context: ValidatorContext;
  /** Grows while the context is used. */
  readonly answers: readonly CountedAnswer[];
}

export function collectAnswers(context: ValidatorContext): Collecting {
  const answers: CountedAnswer[] = [];
  return {
    answers,
    context: {
      ...context,
      onAnswer(answer) {
        answers.push(answer);
        context.onAnswer?.(answer);
      },
    },
  };
}
