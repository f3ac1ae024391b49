import { readdirSync, readlinkSync } from 'node:fs';

/** How often this process has `path` open. */
export function openDescriptors(path: string): number {
  let open = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) === path) open++;
    } catch {
      // closed meanwhile
    }
  }
  return open;
}
