// What a node's hotkey must be on the chain before the node starts: registered, and permitted for its role. On
// the dev chain whoever starts a node is given what its role needs.

import type { DevChain } from '../adapters/chain/dev/dev-chain.js';
import type { Log } from '../adapters/observe/log.js';
import { encodeSs58 } from '../domain/identity/ss58.js';
import { publicKeyOf } from '../domain/model/bytes.js';
import { FileTaoError } from '../domain/model/errors.js';
import type { Chain } from '../domain/ports/chain.js';
import type { Signer } from '../domain/ports/signer.js';

export type NodeRole = 'miner' | 'validator' | 'api';

/** TAO that a validator is given on the dev chain, where stake costs nothing. */
const devValidatorStake = 1000;

export async function joinDevChain(chain: DevChain, role: NodeRole, hotkey: Signer): Promise<void> {
  await chain.register(
    publicKeyOf(hotkey.publicKey),
    role === 'miner' ? {} : { stake: devValidatorStake, validatorPermit: true },
  );
}

/** Throws `forbidden` when the hotkey may not run this role here. */
export async function requireRegistration(
  chain: Chain,
  role: NodeRole,
  hotkey: Signer,
  log: Log,
): Promise<void> {
  const address = encodeSs58(hotkey.publicKey);
  const where = `subnet ${chain.netuid} of ${chain.network}`;
  const neuron = await chain.neuron(publicKeyOf(hotkey.publicKey));
  if (neuron === null) {
    throw new FileTaoError(
      'forbidden',
      `hotkey ${address} is not registered on ${where}: register it with filetao subnet register, or name another with --wallet.name and --wallet.hotkey`,
    );
  }
  if (neuron.validatorPermit || role === 'miner') return;
  if (role === 'api') {
    throw new FileTaoError(
      'forbidden',
      `an API node needs a validator permit, and hotkey ${address} (uid ${neuron.uid}, stake ${neuron.stake}) has none on ${where}: a miner cannot run one`,
    );
  }
  log.warn(
    { uid: neuron.uid, stake: neuron.stake },
    'this hotkey has no validator permit yet: miners refuse its stores and the chain its weights until it has one',
  );
}
