// Ports that tell the metrics what goes through them, in front of the real ones: nodes work with either and cannot
// tell the difference.

import type { BlockRef, Chain } from '../../domain/ports/chain.js';
import type { NodeMetrics } from './metrics.js';

type Note = (operation: string, seconds: number, failed: boolean, result: unknown) => void;

/** The port with every method that returns a promise timed; everything else passes through. */
function watched<Port extends object>(port: Port, note: Note): Port {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(port, {
    get(target, name) {
      const known = wrapped.get(name);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => {
        const start = performance.now();
        const result: unknown = value.apply(target, args);
        if (!(result instanceof Promise)) return result;
        const tell = (failed: boolean, answer: unknown): void =>
          note(String(name), (performance.now() - start) / 1000, failed, answer);
        result.then(
          (answer) => tell(false, answer),
          () => tell(true, null),
        );
        return result;
      };
      wrapped.set(name, call);
      return call;
    },
  });
}

export const meteredIndex = <Index extends object>(index: Index, metrics: NodeMetrics): Index =>
  watched(index, (operation, seconds, failed) => {
    if (operation !== 'close') metrics.indexOperation(operation, seconds, failed);
  });

export const meteredProver = <Prover extends object>(prover: Prover, metrics: NodeMetrics): Prover =>
  watched(prover, (task, seconds) => {
    if (task !== 'close') metrics.provingTask(task, seconds);
  });

/** Counts failures, and knows the height and how long ago it last grew. */
export function meteredChain<Kind extends Chain>(chain: Kind, metrics: NodeMetrics): Kind {
  let height = 0;
  let grewAt = performance.now();
  const look = (head: BlockRef): void => {
    if (head.number <= height) return;
    height = head.number;
    grewAt = performance.now();
  };
  metrics.gauge('filetao_chain_block_height', 'Number of the newest finalised block', async () => {
    look(await chain.finalisedHead());
    return height;
  });
  metrics.gauge(
    'filetao_chain_head_age_seconds',
    'Time since the node first saw the newest finalised block: the lag of its chain',
    () => (performance.now() - grewAt) / 1000,
  );
  return watched(chain, (operation, _seconds, failed, result) => {
    if (failed) metrics.chainFailure();
    else if (operation === 'finalisedHead') look(result as BlockRef);
  });
}
