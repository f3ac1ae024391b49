// filetao select: a round's choice of miners, repeated from the chain.

import { isAskable, roundBlock, type SelectionTask, selectMiners } from '../../domain/economy/selection.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { fromHex, toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Chain } from '../../domain/ports/chain.js';

export interface SelectionQuestion {
  /** Any block of the round. */
  readonly block: number;
  readonly task: SelectionTask;
  readonly k: number;
  /** What could have been chosen; null takes the miners that are on the subnet now. */
  readonly candidates: readonly number[] | null;
  readonly vpermitTaoLimit: number;
}

export interface SelectionReport {
  readonly network: string;
  readonly netuid: number;
  readonly task: SelectionTask;
  /** The round's first block, and its hash. */
  readonly block: number;
  readonly blockHash: string;
  readonly k: number;
  readonly candidates: readonly number[];
  readonly chosen: readonly { readonly uid: number; readonly hotkey: string | null }[];
}

export async function reportSelection(chain: Chain, question: SelectionQuestion): Promise<SelectionReport> {
  const block = roundBlock(question.block);
  const [hash, neurons] = await Promise.all([chain.blockHash(block), chain.neurons()]);
  if (hash === null)
    throw new FileTaoError(
      'not-found',
      `block ${block} of ${chain.network} is not there or not final yet, or the chain node has forgotten it: ask an archive node (--subtensor.network archive)`,
    );
  const candidates =
    question.candidates ??
    neurons.filter((neuron) => isAskable(neuron, question.vpermitTaoLimit)).map(({ uid }) => uid);
  const hotkeys = new Map(neurons.map(({ uid, hotkey }) => [uid, encodeSs58(fromHex(hotkey))]));
  const { task, k } = question;
  return {
    network: chain.network,
    netuid: chain.netuid,
    task,
    block,
    blockHash: toHex(hash),
    k,
    candidates: [...candidates].sort((a, b) => a - b),
    chosen: selectMiners(hash, task, candidates, k).map((uid) => ({ uid, hotkey: hotkeys.get(uid) ?? null })),
  };
}

export function* selectionLines(report: SelectionReport): Generator<string> {
  yield `block ${report.block}, hash ${report.blockHash}`;
  yield `${report.task}: ${report.chosen.length} of ${report.candidates.length} candidates`;
  for (const { uid, hotkey } of report.chosen)
    yield `uid ${String(uid).padStart(5)}  ${hotkey ?? 'not on the subnet now'}`;
}
