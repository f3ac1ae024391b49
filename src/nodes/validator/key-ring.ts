// Old hotkeys of a validator (PROTOCOL 3): replicas stored under one stay bound to it, so it is kept until its last
// replica is gone. Whoever deals with a replica speaks as the hotkey that stored it.

import type { PublicKey } from '../../domain/model/bytes.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { Signer } from '../../domain/ports/signer.js';
import { replicaSecret } from '../../domain/protocol/derivations.js';
import type { Party } from '../../domain/protocol/messages.js';
import type { Identity, ValidatorContext } from './context.js';

export const identityOf = (network: Pick<Party, 'genesis' | 'netuid'>, signer: Signer): Identity => ({
  party: { genesis: network.genesis, netuid: network.netuid, publicKey: signer.publicKey },
  signer,
  secret: replicaSecret(signer),
});

/** The context in which a replica of this validator key is dealt with; throws `wrong-wallet` for an unknown key. */
export function speakingAs(context: ValidatorContext, validatorKey: PublicKey): ValidatorContext {
  if (validatorKey === publicKeyOf(context.party.publicKey)) return context;
  const retired = context.retired.get(validatorKey);
  if (retired === undefined) {
    throw new FileTaoError(
      'wrong-wallet',
      'a replica was stored by another hotkey: name it in --wallet.retired_hotkeys to use it until it is replaced',
    );
  }
  return { ...context, ...retired };
}
