// The Clock port on this machine's clocks.
import { setTimeout as timeout } from 'node:timers/promises';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Clock } from '../../domain/ports/clock.js';

/** Node turns a longer timer into one of 1 ms. */
const timerMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      let left = milliseconds;
      do {
        await timeout(Math.min(left, timerMsMax), undefined, signal === undefined ? {} : { signal });
        left -= timerMsMax;
      } while (left > 0);
    } catch (error) {
      throw new FileTaoError('cancelled', 'cancelled', { cause: error });
    }
  },
};
