// A miner's exit, as its operator sees it: begun, called off, and watched until it is safe to stop.

import { toFileTaoError } from '../../domain/model/errors.js';
import { type ExitState, exitRoute } from '../../nodes/miner/operating.js';
import { askNode } from './ask-node.js';
import type { OperatedNode } from './operated-node.js';

export type { ExitState };

const stateBytesMax = 4 * 1024 * 1024;

async function ask(
  miner: OperatedNode,
  method: 'POST' | 'DELETE' | 'GET',
  signal?: AbortSignal,
): Promise<ExitState> {
  const response = await askNode(
    miner,
    { method, route: exitRoute },
    {
      name: 'miner',
      hint: 'it must run until its replicas have been moved: start it, or name its address with --axon.ip and --axon.port',
    },
    signal,
  );
  let text = '';
  for await (const part of response) {
    text += String(part);
    if (text.length > stateBytesMax) response.destroy();
  }
  return JSON.parse(text) as ExitState;
}

export const beginExit = (miner: OperatedNode, signal?: AbortSignal): Promise<ExitState> =>
  ask(miner, 'POST', signal);
export const cancelExit = (miner: OperatedNode, signal?: AbortSignal): Promise<ExitState> =>
  ask(miner, 'DELETE', signal);

const watchMs = 2_000;

/** The state again and again, until nothing is left; a miner that is away for a moment is asked again. */
export async function* watchExit(
  miner: OperatedNode,
  sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<ExitState> {
  for (;;) {
    try {
      const state = await ask(miner, 'GET', signal);
      yield state;
      if (state.safeToStop || !state.leaving) return;
    } catch (error) {
      signal?.throwIfAborted();
      if (toFileTaoError(error).code !== 'unreachable') throw error;
    }
    await sleep(watchMs, signal);
  }
}
