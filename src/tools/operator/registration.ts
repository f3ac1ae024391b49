// Registering a hotkey: what it costs and whether the coldkey can pay is known before its secret is touched.

import type { Unlock } from '../../adapters/wallets/password.js';
import { describeWallet, openColdkey, openWallet } from '../../adapters/wallets/wallet-files.js';
import { encodeSs58, publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { type ChainCall, type FullChain, formatTao } from '../../domain/ports/chain.js';
import type { WalletValues } from './wallet-values.js';

export interface Registered {
  readonly network: string;
  readonly netuid: number;
  /** ss58 */
  readonly hotkey: string;
  readonly uid: number;
  /** TAO, exact. */
  readonly cost: string;
}

export interface RegistrationPlan {
  /** One line: what would be done, what it costs, what the coldkey has. */
  readonly summary: string;
  readonly call: ChainCall;
  /** Throws `funds` when the coldkey cannot pay. */
  requireFunds(): void;
  /** Opens the coldkey and registers. */
  pay(unlock: Unlock): Promise<Registered>;
}

/** Throws `exists` when the hotkey is registered already, `forbidden` when registration is closed. */
export async function planRegistration(chain: FullChain, values: WalletValues): Promise<RegistrationPlan> {
  const { network, netuid } = chain;
  const { path, name } = { path: values['wallet.path'], name: values['wallet.name'] };
  const { hotkey: signer } = await openWallet({ path, name, hotkey: values['wallet.hotkey'] });
  const hotkey = publicKeyOf(signer.publicKey);
  const address = encodeSs58(signer.publicKey);
  const { coldkey } = await describeWallet(path, name);
  const [known, { registrationAllowed }, cost] = await Promise.all([
    chain.neuron(hotkey),
    chain.hyperparameters(),
    chain.registrationCost(),
  ]);
  if (known !== null)
    throw new FileTaoError(
      'exists',
      `hotkey ${address} is registered on subnet ${netuid} of ${network} already, as uid ${known.uid}: nothing was changed`,
    );
  if (!registrationAllowed)
    throw new FileTaoError('forbidden', `registration on subnet ${netuid} is closed: nothing was changed`);
  const balance =
    coldkey === null ? null : await chain.balance(publicKeyOf(publicKeyFromSs58(coldkey.ss58Address)));
  return {
    summary: `Registering ${address} on subnet ${netuid} of ${network} costs ${formatTao(cost)} TAO, which are burned; the coldkey ${coldkey?.ss58Address ?? '(unknown)'} has ${balance === null ? 'an unknown balance' : `${formatTao(balance)} TAO`}.`,
    call: await chain.describe({ call: 'burnedRegister', hotkey }),
    requireFunds() {
      if (balance !== null && balance < cost)
        throw new FileTaoError(
          'funds',
          `the coldkey has ${formatTao(balance)} TAO and registering costs ${formatTao(cost)}: nothing was changed`,
        );
    },
    async pay(unlock) {
      const { signerOf } = await import('../../adapters/wallets/sr25519.js');
      const payer = signerOf(await openColdkey({ path, name }, unlock));
      const uid = await chain.burnedRegister(payer, hotkey);
      return { network, netuid, hotkey: address, uid, cost: formatTao(cost) };
    },
  };
}
