// What validators and API nodes of tests are made of, over a folder; see network.ts, faults/crash and faults/frozen.
import { join } from 'node:path';
import { nodeCipher } from '../../src/adapters/cipher/node.js';
import { openLmdbPlacementIndex } from '../../src/adapters/index/lmdb/placement-index.js';
import { openTranscriptLog } from '../../src/adapters/observe/transcript-log.js';
import { createHttpNetwork } from '../../src/adapters/rpc/client.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import type { Clock } from '../../src/domain/ports/clock.js';
import type { Files } from '../../src/domain/ports/files.js';

/** @param files where transcripts are written; default: this machine's */
export const validatorPartsIn = async (
  directory: string,
  { processId, clock, files }: { readonly processId: string; readonly clock: Clock; readonly files?: Files },
) => ({
  verify: verifySr25519,
  clock,
  index: await openLmdbPlacementIndex(join(directory, 'index')),
  network: createHttpNetwork({ clock }),
  cipher: nodeCipher,
  random: systemRandom,
  transcripts: await openTranscriptLog({
    directory: join(directory, 'transcripts'),
    processName: processId,
    clock,
    ...(files === undefined ? {} : { files }),
  }),
  audit: { loss: 0.1, confidence: 0.99 },
  processId,
  // So long that a busy machine fails no honest miner; what tests of deadlines need they say themselves.
  deadlines: { baseMs: 60_000, bytesPerSecond: 1e6 },
});

/** An API node without limits, open to everybody, of small pieces. */
export const apiSettingsIn = (directory: string) => ({
  host: '127.0.0.1',
  port: 0,
  spoolDirectory: join(directory, 'spool'),
  uploadDirectory: join(directory, 'uploads'),
  uploadExpirySeconds: 3600,
  uploadBytesMax: 1e9,
  storeSeconds: 60,
  retrieveSeconds: 60,
  requestsPerMinute: 0,
  quotas: { objectBytesMax: 1e12, ownedBytesMax: 0, ownedObjectsMax: 0 },
  whitelistedHotkeys: [],
  blacklistedHotkeys: [],
  openAccess: true,
  pieceSize: 64 * 1024,
  replicas: 1,
  version: '0.0.0-test',
});
