// What a validator and an API node in a child process share.
import { join } from 'node:path';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { openTranscriptLog } from '../../../src/adapters/observe/transcript-log.js';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemFiles } from '../../../src/adapters/system/files.js';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { folder, partsOfNode, points } from './parts.js';
import { pointedFiles, pointedIndex } from './points.js';

export async function partsOfValidator(processId: string) {
  const directory = join(folder, 'validator');
  return {
    ...(await partsOfNode()),
    index: pointedIndex(points, await openLmdbPlacementIndex(join(directory, 'index'))),
    network: createHttpNetwork({ clock: systemClock }),
    cipher: nodeCipher,
    random: systemRandom,
    transcripts: await openTranscriptLog({
      directory: join(directory, 'transcripts'),
      processName: processId,
      clock: systemClock,
      files: pointedFiles(points, 'transcripts', systemFiles),
    }),
    audit: { loss: 0.1, confidence: 0.99 },
    processId,
    deadlines: { baseMs: 60_000, bytesPerSecond: 1e6 },
  };
}
