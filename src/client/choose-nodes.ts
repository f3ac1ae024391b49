// Which API nodes a user works with: those that validators have announced on the chain, as far as their stake reaches
// the limit; the most stake first, so that the same put finds the node that has half of it already.

import { encodeSs58 } from '../domain/identity/ss58.js';
import { fromHex, type PublicKey, publicKeyOf } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { Neuron } from '../domain/ports/chain.js';
import type { NodeInfo } from './api-answers.js';
import type { ApiConnection } from './api-connection.js';
import type { NodeUrl } from './client.js';

export interface NodeChoice {
  /** TAO. */
  readonly stakeLimit: number;
  /** Only these validators, in this order; ss58. */
  readonly hotkeys?: readonly string[];
  /** Only these validators, in this order. */
  readonly uids?: readonly number[];
}

/** Nodes of the metagraph that may be used. Throws `not-found` for a validator that was named and is not there. */
export function chooseNodes(
  neurons: readonly Neuron[],
  { stakeLimit, hotkeys, uids }: NodeChoice,
): readonly NodeUrl[] {
  const named =
    hotkeys === undefined && uids === undefined
      ? [...neurons].sort((a, b) => b.stake - a.stake || a.uid - b.uid)
      : [
          ...(uids ?? []).map((uid) => find(neurons, (neuron) => neuron.uid === uid, `uid ${uid}`)),
          ...(hotkeys ?? []).map((hotkey) =>
            find(neurons, (neuron) => addressOf(neuron.hotkey) === hotkey, `hotkey ${hotkey}`),
          ),
        ];
  const nodes: NodeUrl[] = [];
  for (const neuron of named) {
    if (refusalOf(neuron, stakeLimit) !== null || neuron.address === null) continue;
    const { host, port } = neuron.address;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const hotkey = addressOf(neuron.hotkey);
    nodes.push({ url, hotkey, accept: (info) => requireHotkey(info, neuron.hotkey, url) });
  }
  return nodes;
}

const addressOf = (hotkey: PublicKey): string => encodeSs58(fromHex(hotkey));

function find(neurons: readonly Neuron[], is: (neuron: Neuron) => boolean, what: string): Neuron {
  const neuron = neurons.find(is);
  if (neuron === undefined) throw new FileTaoError('not-found', `no ${what} is registered on this subnet`);
  return neuron;
}

/** Why a neuron's node is not used; null when it may be. */
function refusalOf({ validatorPermit, stake }: Neuron, stakeLimit: number): string | null {
  if (!validatorPermit) return 'is no validator';
  return stake < stakeLimit ? `has ${stake} TAO of stake, less than --stake_limit ${stakeLimit}` : null;
}

function requireHotkey(info: NodeInfo, announced: PublicKey, url: string): void {
  if (publicKeyOf(info.hotkeyBytes) === announced) return;
  throw new FileTaoError(
    'forbidden',
    `${url} was announced by ${addressOf(announced)}, but ${info.hotkey} answers there`,
  );
}

/** For a node that the user names: refuses one whose validator the chain does not know or that has too little. */
export const requireStake =
  (neurons: readonly Neuron[], stakeLimit: number, url: string) =>
  ({ hotkeyBytes, hotkey }: NodeInfo): void => {
    const neuron = neurons.find((one) => one.hotkey === publicKeyOf(hotkeyBytes));
    const refusal = neuron === undefined ? 'is not registered' : refusalOf(neuron, stakeLimit);
    if (refusal !== null) throw new FileTaoError('forbidden', `${hotkey} at ${url} ${refusal}`);
  };

/** Those that answer come first, in the order given; `connections` have a short patience. */
export async function answeringFirst(
  nodes: readonly NodeUrl[],
  connect: (node: NodeUrl) => ApiConnection,
): Promise<readonly NodeUrl[]> {
  if (nodes.length < 2) return nodes;
  const answers = await Promise.all(
    nodes.map(async (node) => {
      const connection = connect(node);
      try {
        await connection.info();
        return true;
      } catch {
        return false;
      } finally {
        connection.close();
      }
    }),
  );
  return [...nodes.filter((_, i) => answers[i]), ...nodes.filter((_, i) => !answers[i])];
}
