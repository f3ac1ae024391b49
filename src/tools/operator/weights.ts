// Looking at a validator's weights and setting them by hand.

import { openWallet } from '../../adapters/wallets/wallet-files.js';
import { emitWeights } from '../../domain/economy/weights.js';
import { weightsDueAt, weightsRefusal } from '../../domain/economy/weights-due.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ChainCall, FullChain } from '../../domain/ports/chain.js';
import { pairs, readWeightsFile, type WeightsFile } from '../../nodes/validator/weights-file.js';
import type { WalletValues } from './wallet-values.js';

export interface WeightsValues extends WalletValues {
  readonly 'neuron.version_key': number;
  readonly 'neuron.weights_file': string;
}

export interface WeightsPlan {
  readonly call: ChainCall;
  /** Why the chain would refuse it now. */
  readonly refusal: string | null;
  send(): Promise<{
    readonly network: string;
    readonly netuid: number;
    readonly uid: number;
    readonly uids: readonly number[];
    readonly weights: readonly number[];
  }>;
}

const openHotkey = (values: WalletValues) =>
  openWallet({ path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] });

export async function planWeights(
  chain: FullChain,
  values: WeightsValues,
  given: { readonly uids: readonly number[]; readonly weights: readonly number[] } | null,
): Promise<WeightsPlan> {
  const { network, netuid } = chain;
  const { hotkey: signer } = await openHotkey(values);
  const file = given === null ? await readWeightsFile(values['neuron.weights_file']) : null;
  if (file !== null) requireSameSubnet(file, chain, values['neuron.weights_file']);
  if (given !== null && given.uids.length !== given.weights.length)
    throw new FileTaoError(
      'bad-input',
      `there are ${given.uids.length} uids and ${given.weights.length} weights`,
    );
  const weights = file === null ? emitWeights(given!.uids, given!.weights) : pairs(file.uids, file.weights);
  const versionKey = BigInt(values['neuron.version_key']);
  const [{ number }, neurons, hyperparameters, call] = await Promise.all([
    chain.finalisedHead(),
    chain.neurons(),
    chain.hyperparameters(),
    chain.describe({ call: 'setWeights', weights, versionKey }),
  ]);
  const hotkey = publicKeyOf(signer.publicKey);
  const neuron = neurons.find((candidate) => candidate.hotkey === hotkey) ?? null;
  const situation = {
    neuron,
    block: number,
    hyperparameters,
    neuronCount: neurons.length,
    weights,
    versionKey,
  };
  const refusal = weightsRefusal(situation);
  return {
    call,
    refusal: refusal?.sentence ?? null,
    async send() {
      if (refusal !== null) throw new FileTaoError(refusal.code, `${refusal.sentence}; nothing was changed`);
      await chain.setWeights(signer, weights, versionKey);
      return {
        network,
        netuid,
        uid: neuron!.uid,
        uids: weights.map(({ uid }) => uid),
        weights: weights.map(({ value }) => value),
      };
    },
  };
}

function requireSameSubnet(file: WeightsFile, { network, netuid }: FullChain, path: string): void {
  if (file.network === network && file.netuid === netuid) return;
  throw new FileTaoError(
    'wrong-network',
    `${path} holds weights for subnet ${file.netuid} of ${file.network}, not for subnet ${netuid} of ${network}`,
  );
}

export async function weightsReport(
  chain: FullChain,
  values: WeightsValues,
  asJson: boolean,
): Promise<string> {
  const { hotkey: signer } = await openHotkey(values);
  const address = encodeSs58(signer.publicKey);
  const [{ number }, neuron, hyperparameters] = await Promise.all([
    chain.finalisedHead(),
    chain.neuron(publicKeyOf(signer.publicKey)),
    chain.hyperparameters(),
  ]);
  if (neuron === null)
    throw new FileTaoError(
      'forbidden',
      `hotkey ${address} is not registered on subnet ${chain.netuid} of ${chain.network}: filetao subnet register`,
    );
  const onChain = await chain.weights(neuron.uid);
  const file = await readWeightsFile(values['neuron.weights_file']).catch((error: unknown) => {
    if (error instanceof FileTaoError && error.code === 'not-found') return null;
    throw error;
  });
  const report = {
    network: chain.network,
    netuid: chain.netuid,
    uid: neuron.uid,
    hotkey: address,
    block: number,
    lastUpdate: neuron.lastUpdate,
    dueAt: weightsDueAt(neuron, hyperparameters),
    commitReveal: hyperparameters.commitRevealEnabled,
    weights: onChain,
    file,
  };
  if (asJson) return `${JSON.stringify(report)}\n`;
  const lines = [
    `uid ${neuron.uid} (${address}) on subnet ${chain.netuid} of ${chain.network}, block ${number}`,
    `last set at block ${neuron.lastUpdate}, due from block ${report.dueAt} on${report.commitReveal ? ', but the subnet takes weights only through commit-reveal' : ''}`,
    onChain.length === 0 ? 'no weights on the chain' : 'weights on the chain:',
    ...onChain.map(({ uid, value }) => `  uid ${String(uid).padStart(5)}  ${value}`),
  ];
  if (file !== null)
    lines.push(
      `file ${values['neuron.weights_file']}: ${file.uids.length} weights of block ${file.block}, ${file.outcome}${file.reason === null ? '' : ` (${file.reason})`}`,
    );
  return `${lines.join('\n')}\n`;
}
