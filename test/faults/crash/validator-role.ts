// A validator in a child process: see program.ts.
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { type PieceId, pieceIdOf } from '../../../src/domain/model/bytes.js';
import { unixSeconds } from '../../../src/domain/ports/clock.js';
import { composeValidator } from '../../../src/nodes/validator/compose.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { recoverRounds } from '../../../src/nodes/validator/recovery.js';
import { activeReplicas, challengeAll } from '../../../src/nodes/validator/rounds.js';
import { placePiece } from '../../../src/nodes/validator/storing.js';
import { type Role, say } from './parts.js';
import { partsOfValidator } from './validator-parts.js';

let validator: ValidatorContext | null = null;

const commands: Role['commands'] = {
  async store(path, size) {
    const pieceId = pieceIdOf(validator!.core.hash(await readFile(path!)));
    const expiry = unixSeconds(systemClock) + 3600;
    await validator!.index.putPiece({
      pieceId,
      size: Number(size),
      copies: 1,
      expiry,
      storedAt: expiry - 3600,
    });
    const source = { pieceId, size: Number(size), path: path!, expiry };
    const { replicas } = await placePiece(validator!, source, 1, new FailureCounts());
    say(replicas.length === 1 ? `stored ${pieceId}` : 'failed partial');
  },
  async rounds() {
    for await (const replicas of activeReplicas(validator!)) {
      await challengeAll(validator!, replicas, ({ id, n, outcome, reason }) =>
        say(`round ${id.root} ${n} ${outcome} ${reason}`),
      );
    }
    say('rounds');
  },
  async fetch(pieceId) {
    await fetchPiece(validator!, pieceId as PieceId); // which checks every byte against the id
    say(`fetched ${pieceId}`);
  },
};

export const role: Role = {
  async start() {
    validator = composeValidator(await partsOfValidator('validator'));
    await recoverRounds(validator);
    return 0;
  },
  commands,
};
