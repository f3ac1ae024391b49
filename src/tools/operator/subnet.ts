// What an operator wants to know of a subnet before and after joining it.

import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf, toHex } from '../../domain/model/bytes.js';
import { type FullChain, formatTao } from '../../domain/ports/chain.js';
import type { WalletValues } from './wallet-values.js';

export async function subnetReport(chain: FullChain, values: WalletValues, asJson: boolean): Promise<string> {
  const [head, hyperparameters, cost, neurons] = await Promise.all([
    chain.finalisedHead(),
    chain.hyperparameters(),
    chain.registrationCost(),
    chain.neurons(),
  ]);
  const wallet = await describeWallet(values['wallet.path'], values['wallet.name']).catch(() => null);
  const hotkeys = (wallet?.hotkeys ?? []).map(({ name, ss58Address }) => {
    const key = ss58Address === null ? null : publicKeyOf(publicKeyFromSs58(ss58Address));
    const neuron = neurons.find(({ hotkey }) => hotkey === key) ?? null;
    return {
      name,
      ss58Address,
      uid: neuron?.uid ?? null,
      stake: neuron?.stake ?? null,
      validatorPermit: neuron?.validatorPermit ?? false,
      address: neuron?.address ?? null,
      lastUpdate: neuron?.lastUpdate ?? null,
    };
  });
  const balance =
    wallet?.coldkey == null
      ? null
      : await chain.balance(publicKeyOf(publicKeyFromSs58(wallet.coldkey.ss58Address)));
  const report = {
    network: chain.network,
    netuid: chain.netuid,
    genesis: `0x${toHex(chain.genesis)}`,
    block: head.number,
    neurons: neurons.length,
    validators: neurons.filter(({ validatorPermit }) => validatorPermit).length,
    registrationCost: formatTao(cost),
    ...hyperparameters,
    weightsVersion: String(hyperparameters.weightsVersion),
    wallet: values['wallet.name'],
    balance: balance === null ? null : formatTao(balance),
    hotkeys,
  };
  if (asJson) return `${JSON.stringify(report)}\n`;
  const { hotkeys: _, ...numbers } = report;
  const width = Math.max(...Object.keys(numbers).map((name) => name.length));
  const lines = Object.entries(numbers).map(
    ([name, value]) => `${name.padEnd(width)}  ${value ?? 'unknown'}`,
  );
  for (const { name, ss58Address, uid, stake, validatorPermit, address } of hotkeys) {
    const standing =
      uid === null
        ? 'not registered'
        : `uid ${uid}, stake ${stake}, ${validatorPermit ? 'validator permit' : 'no permit'}, ${address === null ? 'announces nothing' : `at ${address.host}:${address.port}`}`;
    lines.push(`${`hotkey ${name}`.padEnd(width)}  ${ss58Address ?? 'unknown'}: ${standing}`);
  }
  return `${lines.join('\n')}\n`;
}
