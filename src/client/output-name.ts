// The name a retrieved file gets when the user gives none: the one it was put under, if every part of that is a plain
// file name on any system, else its CID. Names come from record files and are not trusted: no absolute paths, no
// "..", nothing a terminal or a file system would take for something else, and no way through a link.

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const bytesMax = 240;
const partsMax = 64;

/** A file put out of a folder is recorded as `folder/name`; it goes back into such a folder. */
export function outputName(name: string | null, cid: string): string {
  if (name === null) return cid;
  const parts = name.split('/');
  return parts.length <= partsMax && parts.every(isPlainName) ? join(...parts) : cid;
}

/** `outputName`, unless one of its folders is a link or a file there. */
export async function outputNameIn(folder: string, name: string | null, cid: string): Promise<string> {
  const chosen = outputName(name, cid);
  const parts = chosen.split(/[/\\]/u).slice(0, -1);
  let path = folder;
  for (const part of parts) {
    path = join(path, part);
    try {
      if (!(await lstat(path)).isDirectory()) return cid;
    } catch {
      break; // not there yet, and neither is what lies in it
    }
  }
  return chosen;
}

export function isPlainName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !/[/\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name) &&
    !/^[-~]|[. ]$/.test(name) &&
    !reserved.test(name) &&
    // within the usual 255 there is room for a suffix of somebody's own
    new TextEncoder().encode(name).length <= bytesMax
  );
}
