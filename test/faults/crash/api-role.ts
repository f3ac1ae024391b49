// An API node in a child process: see program.ts.
import { startApi } from '../../../src/nodes/api/api.js';
import { apiSettingsIn } from '../../nodes/parts.js';
import type { Role } from './parts.js';
import { partsOfValidator, validatorFolder } from './validator-parts.js';

export const role: Role = {
  async start(port) {
    const node = await startApi({
      ...(await partsOfValidator('api')),
      ...apiSettingsIn(validatorFolder),
      port,
    });
    return node.address.port;
  },
};
