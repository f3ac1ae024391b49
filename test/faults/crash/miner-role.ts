// A miner in a child process: see program.ts.
import { join } from 'node:path';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { systemFiles } from '../../../src/adapters/system/files.js';
import { startMiner } from '../../../src/nodes/miner/miner.js';
import { folder, hasty, partsOfNode, points, type Role } from './parts.js';
import { hastyReplicas, pointedFiles, pointedIndex } from './points.js';

export const role: Role = {
  async start(port) {
    const directory = join(folder, 'miner');
    const files = pointedFiles(points, 'replicas', systemFiles);
    const replicas = await openReplicaFiles({ directory: join(directory, 'replicas'), files });
    const node = await startMiner({
      ...(await partsOfNode()),
      index: pointedIndex(points, await openLmdbHoldingIndex(join(directory, 'index'))),
      replicas: hasty === 'hasty' ? hastyReplicas(replicas) : replicas,
      host: '127.0.0.1',
      port,
    });
    return node.address.port;
  },
};
