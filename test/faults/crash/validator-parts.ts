// What a validator and an API node in a child process share.
import { join } from 'node:path';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemFiles } from '../../../src/adapters/system/files.js';
import { validatorPartsIn } from '../../nodes/parts.js';
import { folder, partsOfNode, points } from './parts.js';
import { pointedFiles, pointedIndex } from './points.js';

export const validatorFolder = join(folder, 'validator');

export async function partsOfValidator(processId: string) {
  const parts = await validatorPartsIn(validatorFolder, {
    processId,
    clock: systemClock,
    files: pointedFiles(points, 'transcripts', systemFiles),
  });
  return { ...(await partsOfNode()), ...parts, index: pointedIndex(points, parts.index) };
}
