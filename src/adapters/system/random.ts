// The Random port on the operating system's generator.
import { randomBytes } from 'node:crypto';
import type { Random } from '../../domain/ports/random.js';

export const systemRandom: Random = {
  // A copy, because small results of randomBytes share one pooled buffer.
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
