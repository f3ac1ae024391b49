// The weights a validator set last, or would have set: kept for the operator, who can look at them, set them by
// hand (`filetao weights set --file`), or give them to btcli where the subnet takes only commitments.

import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../adapters/system/durable-file.js';
import { checkWeights } from '../../domain/economy/weights.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Weight } from '../../domain/ports/chain.js';

export interface WeightsFile {
  readonly network: string;
  readonly netuid: number;
  /** ss58 */
  readonly hotkey: string;
  readonly block: number;
  /** Decimal: the chain's are 64 bits long. */
  readonly versionKey: string;
  readonly outcome: 'set' | 'refused' | 'failed';
  /** null when they were set. */
  readonly reason: string | null;
  readonly uids: readonly number[];
  readonly weights: readonly number[];
}

export const writeWeightsFile = (path: string, file: WeightsFile): Promise<void> =>
  replaceFile(path, `${JSON.stringify(file, null, 2)}\n`);

/** Throws `not-found`, or `bad-input` for a file that holds no weights. */
export async function readWeightsFile(path: string): Promise<WeightsFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new FileTaoError(
      'not-found',
      `there is no weights file ${path}: a validator writes it when weights are due`,
    );
  });
  const refuse = (why: string): FileTaoError =>
    new FileTaoError('bad-input', `${path} holds no weights: ${why}`);
  let file: Partial<WeightsFile>;
  try {
    file = JSON.parse(text) as Partial<WeightsFile>;
  } catch {
    throw refuse('it is not JSON');
  }
  const { uids, weights } = file ?? {};
  if (!Array.isArray(uids) || !Array.isArray(weights) || uids.length !== weights.length)
    throw refuse('it has no lists "uids" and "weights" of equal length');
  checkWeights(pairs(uids, weights));
  return file as WeightsFile;
}

export const pairs = (uids: readonly number[], values: readonly number[]): readonly Weight[] =>
  uids.map((uid, i) => ({ uid, value: values[i]! }));
