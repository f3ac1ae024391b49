// What a miner's own operator may ask it over HTTP: to leave, to stay after all, and how far the leaving is.
// Signed by the miner's hotkey.

import type { FastifyRequest } from 'fastify';
import type { NodeServer } from '../../adapters/rpc/server.js';
import { RequestVerifier } from '../../domain/identity/request.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { MinerContext } from './context.js';
import { type StillHeld, stillHeld } from './leaving.js';

export const exitRoute = '/v1/operator/exit';

export interface ExitState {
  readonly leaving: boolean;
  /** Nothing is left that a validator counts on. */
  readonly safeToStop: boolean;
  readonly replicas: number;
  readonly bytes: number;
  readonly validators: readonly StillHeld[];
}

/** POST begins to leave, DELETE stays after all, GET tells. */
export function addMinerOperatorRoutes({ app }: NodeServer, context: MinerContext): void {
  const { genesis, netuid, publicKey } = context.party;
  const verifier = new RequestVerifier({ genesis, netuid, receiver: publicKey, verify: context.verify });
  const authorise = (request: FastifyRequest): void => {
    const { sender } = verifier.check(
      request.headers.authorization,
      request.method,
      request.raw.url ?? '',
      context.clock.now(),
    );
    if (sender !== publicKeyOf(publicKey))
      throw new FileTaoError('forbidden', 'only the miner’s own hotkey may ask for this');
  };
  const state = async (): Promise<ExitState> => {
    const validators = await stillHeld(context.index);
    const replicas = validators.reduce((sum, held) => sum + held.replicas, 0);
    const { isLeaving } = context.leaving;
    return {
      leaving: isLeaving,
      safeToStop: isLeaving && replicas === 0,
      replicas,
      bytes: validators.reduce((sum, held) => sum + held.bytes, 0),
      validators,
    };
  };
  const change = (leave: boolean) => async (request: FastifyRequest) => {
    authorise(request);
    await context.leaving.set(leave);
    context.log.info(leave ? 'leaving: nothing new is taken' : 'staying after all');
    return state();
  };
  app.post(exitRoute, change(true));
  app.delete(exitRoute, change(false));
  app.get(exitRoute, async (request) => {
    authorise(request);
    return state();
  });
}
