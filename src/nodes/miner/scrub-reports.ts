// What scrubbing finds, and saying it to whoever looks after the miner: each finding once.

import type { Log } from '../../adapters/observe/log.js';
import type { PublicKey } from '../../domain/model/bytes.js';

/** `damaged` and `missing` are lost; `unreadable` may be read another time; `outboard` was rebuilt. */
export type ScrubFault = 'damaged' | 'missing' | 'unreadable' | 'terms' | 'outboard';

export interface ScrubFinding {
  readonly fault: ScrubFault;
  readonly root: string;
  readonly validatorKey: PublicKey;
  readonly size: number;
  /** Where the damaged bytes are now, or what the system said. */
  readonly detail: string;
}

/** Says each finding once in the life of a process, as loudly as it deserves. */
export class ScrubReports {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  report({ fault, root, validatorKey, detail }: ScrubFinding): void {
    const key = `${fault} ${validatorKey} ${root}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    const fields = { root, validator: validatorKey, detail };
    if (fault === 'damaged') this.#log.error(fields, 'a replica is damaged on this disk and was set aside');
    else if (fault === 'missing') this.#log.error(fields, 'the file of a replica is missing');
    else if (fault === 'unreadable') this.#log.error(fields, 'a replica cannot be read');
    else if (fault === 'terms') this.#log.warn(fields, 'the terms beside a replica are damaged');
    else this.#log.warn(fields, 'rebuilt the outboard of a replica');
  }
}
