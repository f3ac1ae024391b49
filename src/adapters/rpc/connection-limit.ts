// How many connections a node keeps open: as many as leave it descriptors for its files. A node that has none left can
// neither store nor prove, and accept(2) fails without anybody being told.

import { readFileSync } from 'node:fs';

const connectionsMax = 10_000;
/** What POSIX promises a process at least, as systems are set up. */
const descriptorsDefault = 1024;

/** Half of what the process may open. Node.js raises its own soft limit to the hard one at its start. */
export function connectionLimit(descriptors: number = descriptorLimit()): number {
  return Math.min(connectionsMax, Math.max(1, Math.floor(descriptors / 2)));
}

/** RLIMIT_NOFILE of this process (getrlimit(2)), where /proc tells. */
function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return descriptorsDefault;
  }
}
