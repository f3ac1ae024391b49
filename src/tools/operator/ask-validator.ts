// What an operator asks a running validator to do now: challenge rounds, with each verdict as it falls, or a repair.

import { createInterface } from 'node:readline';
import { FileTaoError } from '../../domain/model/errors.js';
import { type RoundLine, type RoundsRequest, roundsRoute } from '../../nodes/validator/operating.js';
import { type RepairReport, repairRoute } from '../../nodes/validator/operating-repair.js';
import { askNode } from './ask-node.js';
import type { OperatedNode } from './operated-node.js';

export const askRounds = (
  validator: OperatedNode,
  rounds: RoundsRequest,
  signal?: AbortSignal,
): AsyncGenerator<RoundLine> => askValidator(validator, roundsRoute, rounds, signal);

export const askRepair = (validator: OperatedNode, signal?: AbortSignal): AsyncGenerator<RepairReport> =>
  askValidator(validator, repairRoute, {}, signal);

async function* askValidator<Line>(
  validator: OperatedNode,
  route: string,
  body: object,
  signal?: AbortSignal,
): AsyncGenerator<Line> {
  const response = await askNode(
    validator,
    { method: 'POST', route, body },
    {
      name: 'validator',
      hint: "start one with 'filetao run validator' or name another port with --validator.port",
    },
    signal,
  );
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) yield JSON.parse(line) as Line;
  if (!response.complete) throw new FileTaoError('unreachable', 'the validator ended before all was done');
}
