// Event records: one JSON object per line and step of a validator's duty (docs/duty.md), for plots, dashboards and
// whoever asks later what happened. At most so many bytes: at half of them the file becomes `<name>.1` and a new one
// begins, so the newest half at least is always there.

import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface EventRecords {
  /** Written in the order of the calls; not synced, since nothing depends on a record. */
  write(record: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export const noEventRecords: EventRecords = { write: async () => {}, close: async () => {} };

/** Name of the older half. */
export const olderEvents = (path: string): string => `${path}.1`;

export async function openEventRecords(path: string, bytesMax: number): Promise<EventRecords> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let file = await open(path, 'a+', 0o600);
  let size = (await stat(path)).size;
  // A crash may have cut the last line short: what follows must not be glued to it.
  if (size > 0) {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    if (buffer[0] !== 0x0a) {
      await file.appendFile('\n');
      size += 1;
    }
  }
  let last: Promise<void> = Promise.resolve();
  const append = async (line: Buffer): Promise<void> => {
    if (size > 0 && size + line.length > bytesMax / 2) {
      await file.close();
      await rename(path, olderEvents(path));
      file = await open(path, 'a+', 0o600);
      size = 0;
    }
    await file.appendFile(line);
    size += line.length;
  };
  return {
    write(record) {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      last = last.catch(() => {}).then(() => append(line));
      return last;
    },
    async close() {
      await last.catch(() => {});
      await file.close();
    },
  };
}
