// Every strategy there is, in the order in which they are played and shown.

import { nearestName } from '../../adapters/config/nearest-name.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { users } from './clients/users.js';
import { hardTimes } from './honest/hard-times.js';
import { forgedMessages } from './miners/forged-messages.js';
import { forgedProofs } from './miners/forged-proofs.js';
import { lostData } from './miners/lost-data.js';
import { rawSockets } from './miners/raw-sockets.js';
import { storeAndRetrieve } from './miners/store-and-retrieve.js';
import type { Strategy } from './strategy.js';
import { framing } from './validators/framing.js';
import { harassment } from './validators/harassment.js';

export const catalogue: readonly Strategy[] = [
  ...lostData,
  ...forgedProofs,
  ...forgedMessages,
  ...storeAndRetrieve,
  ...rawSockets,
  ...harassment,
  ...framing,
  ...users,
  ...hardTimes,
];

/** The strategies named, or all; throws `bad-input` with the nearest name for one that is not there. */
export function chosen(names: readonly string[]): readonly Strategy[] {
  if (names.length === 0) return catalogue;
  return [...new Set(names)].map((name) => {
    const found = catalogue.find((strategy) => strategy.name === name);
    if (found !== undefined) return found;
    const near = nearestName(
      name,
      catalogue.map((strategy) => strategy.name),
    );
    throw new FileTaoError(
      'bad-input',
      `there is no strategy '${name}'${near === null ? '' : ` (did you mean '${near}'?)`}; filetao attack --list shows all`,
    );
  });
}
