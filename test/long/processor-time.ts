// Processor time of other processes, from /proc (proc_pid_stat(5)): user and system, of all their threads.
import { readFileSync } from 'node:fs';

/** USER_HZ: a tick of every Linux that node runs on. */
const tickMs = 10;

/** Milliseconds so far; NaN where there is no /proc, or no such process. */
export function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold spaces: fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return tickMs * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}

/** The same of a process that ends by itself, whose figure goes with it: looked at often, the last look counts. */
export class ProcessorWatch {
  readonly #timer: NodeJS.Timeout;
  #last = Number.NaN;

  constructor(pid: number) {
    const look = (): void => {
      const now = processorMs(pid);
      if (!Number.isNaN(now)) this.#last = now;
    };
    look();
    this.#timer = setInterval(look, 100);
  }

  /** Ends the watch; milliseconds up to the last look. */
  end(): number {
    clearInterval(this.#timer);
    return this.#last;
  }
}
