// Replicas that show a false K (PROTOCOL 5, "Certainty"): the transcript of the round holds what the miner signed, and
// whoever has the replica can compute it again (`filetao audit show --replica`). So it is kept, beside the transcripts.
// Each replica at most once, and no more than there is room for: a miner that cheats must not fill the disk.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mebibyte } from '../../domain/model/constants.js';
import type { ReplicaId } from '../../domain/model/records.js';
import { makePrivateFolder, replaceFile } from '../system/durable-file.js';

/** Bytes of all that is kept. */
const keptBytesMax = 512 * mebibyte;

export interface EvidenceFiles {
  /** Keeps E; durable when resolved. Returns its path, or null where there is no room for it. */
  keep(id: ReplicaId, encoded: Uint8Array): Promise<string | null>;
}

/** @param directory the folder of the transcripts; a folder `evidence` is made in it when it is needed */
export function evidenceFiles(directory: string): EvidenceFiles {
  const folder = join(directory, 'evidence');
  return {
    async keep({ root, minerKey }, encoded) {
      await makePrivateFolder(folder);
      const path = join(folder, `${root.slice(0, 16)}-${minerKey.slice(0, 16)}.replica`);
      let bytes = encoded.length;
      for (const name of await readdir(folder)) {
        const other = join(folder, name);
        if (other !== path) bytes += (await stat(other)).size;
      }
      if (bytes > keptBytesMax) return null;
      await replaceFile(path, encoded);
      return path;
    },
  };
}
