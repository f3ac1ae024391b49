// The chain a node would join: whether it can be reached, and what the hotkey is on it.

import { isDevNetwork, openChain, openConfiguredDevChain } from '../../adapters/chain/open-chain.js';
import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf, toHex } from '../../domain/model/bytes.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { Chain } from '../../domain/ports/chain.js';
import type { DoctorOptions, Finding } from './finding.js';

const check = 'chain';
type Config = DoctorOptions['config'];

export async function checkChain({ config }: DoctorOptions): Promise<Finding> {
  return isDevNetwork(config) ? checkDevChain(config) : checkSubtensor(config);
}

async function checkDevChain(config: Config): Promise<Finding> {
  const directory = config.values['subtensor.dev_directory'];
  let chain: Chain;
  try {
    chain = await openConfiguredDevChain(config, false);
  } catch (error) {
    if (toFileTaoError(error).code !== 'not-found') throw error;
    return {
      check,
      level: 'note',
      text: `there is no dev chain in ${directory}`,
      remedy: 'nothing: the first node on the dev network starts it (npm run demo shows all of it)',
      values: { directory, exists: false },
    };
  }
  try {
    const [head, neurons] = [await chain.finalisedHead(), await chain.neurons()];
    const genesis = toHex(chain.genesis);
    return {
      check,
      level: 'ok',
      text: `dev chain ${genesis.slice(0, 8)}… at block ${head.number}, ${neurons.length} neurons registered`,
      values: { directory, exists: true, genesis, block: head.number, neurons: neurons.length },
    };
  } finally {
    await chain.close();
  }
}

async function checkSubtensor(config: Config): Promise<Finding> {
  const { values } = config;
  const network = values['subtensor.network'];
  let chain: Chain;
  try {
    chain = await openChain(config);
  } catch (error) {
    const { code, message } = toFileTaoError(error);
    return {
      check,
      level: 'problem',
      text: message,
      remedy: 'name a node that answers with --subtensor.chain_endpoint (docs/bittensor.md)',
      values: { network, reachable: false, code },
    };
  }
  try {
    const head = await chain.finalisedHead();
    const where = `${network}, subnet ${chain.netuid}, at block ${head.number}`;
    const known = {
      network,
      reachable: true,
      netuid: chain.netuid,
      genesis: toHex(chain.genesis),
      block: head.number,
    };
    const hotkey = await hotkeyOf(config);
    if (hotkey === null)
      return {
        check,
        level: 'note',
        text: `${where}; without a hotkey nobody can be looked for`,
        remedy: 'see the wallet above',
        values: { ...known, registered: null },
      };
    const neuron = await chain.neuron(hotkey);
    if (neuron === null)
      return {
        check,
        level: 'problem',
        text: `${where}; the hotkey is not registered`,
        remedy: `filetao subnet register --subtensor.network ${network} --wallet.name ${values['wallet.name']} --wallet.hotkey ${values['wallet.hotkey']}`,
        values: { ...known, registered: false },
      };
    const { uid, stake, validatorPermit, address } = neuron;
    const text = `${where}; registered as uid ${uid}, stake ${stake}${validatorPermit ? ', with a validator permit' : ''}${address === null ? '' : `, announced at ${address.host}:${address.port}`}`;
    const all = { ...known, registered: true, uid, stake, validatorPermit };
    if (config.role !== 'miner' && !validatorPermit)
      return {
        check,
        level: 'problem',
        text,
        remedy: 'miners and chain refuse a validator without a permit: it needs more stake',
        values: all,
      };
    return { check, level: 'ok', text, values: all };
  } finally {
    await chain.close();
  }
}

async function hotkeyOf({ values }: Config) {
  try {
    const { hotkeys } = await describeWallet(values['wallet.path'], values['wallet.name']);
    const address = hotkeys.find(({ name }) => name === values['wallet.hotkey'])?.ss58Address;
    return address == null ? null : publicKeyOf(publicKeyFromSs58(address));
  } catch {
    return null;
  }
}
