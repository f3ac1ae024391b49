// An API node in a child process: see program.ts.
import { join } from 'node:path';
import { startApi } from '../../../src/nodes/api/api.js';
import { folder, type Role } from './parts.js';
import { partsOfValidator } from './validator-parts.js';

export const role: Role = {
  async start(port) {
    const node = await startApi({
      ...(await partsOfValidator('api')),
      host: '127.0.0.1',
      port,
      spoolDirectory: join(folder, 'validator', 'spool'),
      uploadDirectory: join(folder, 'validator', 'uploads'),
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
    return node.address.port;
  },
};
