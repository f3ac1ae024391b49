// What the chain says no with, as one of our errors: the name it uses itself, and a sentence that says what to do.

import type { ErrorCode } from '../../../domain/model/errors.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { RpcError } from './rpc-connection.js';

/** Errors of the pallet, by name. */
const sentences: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HotKeyNotRegisteredInSubNet: [
    'forbidden',
    'the hotkey is not registered on this subnet: filetao subnet register',
  ],
  HotKeyNotRegisteredInNetwork: ['forbidden', 'the hotkey is not registered on any subnet'],
  HotKeyAccountNotExists: ['forbidden', 'the chain does not know this hotkey'],
  HotKeyAlreadyRegisteredInSubNet: ['exists', 'the hotkey is registered on this subnet already'],
  NonAssociatedColdKey: ['forbidden', 'the hotkey belongs to another coldkey'],
  NeuronNoValidatorPermit: ['forbidden', 'the hotkey has no validator permit'],
  NotEnoughStakeToSetWeights: ['forbidden', 'the hotkey has too little stake to set weights'],
  NotEnoughBalanceToStake: ['funds', 'the coldkey cannot pay for it'],
  InsufficientBalance: ['funds', 'the coldkey cannot pay for it'],
  BalanceWithdrawalError: ['funds', 'the coldkey cannot pay for it'],
  ZeroBalanceAfterWithdrawn: ['funds', 'nothing would be left on the coldkey'],
  SettingWeightsTooFast: ['too-soon', 'weights were set a short time ago'],
  CommittingWeightsTooFast: ['too-soon', 'weights were committed a short time ago'],
  ServingRateLimitExceeded: ['too-soon', 'the address was announced a short time ago'],
  NetworkTxRateLimitExceeded: ['too-soon', 'the key has sent a call of this kind a short time ago'],
  TxRateLimitExceeded: ['too-soon', 'the key has sent a call a short time ago'],
  TooManyRegistrationsThisBlock: [
    'too-soon',
    'this block has no registration left: try again in the next one',
  ],
  TooManyRegistrationsThisInterval: [
    'too-soon',
    'this interval has no registration left: try again in an hour',
  ],
  RegistrationNotPermittedOnRootSubnet: ['bad-input', 'the root network takes no such registration'],
  SubNetRegistrationDisabled: ['forbidden', 'registration on this subnet is closed'],
  SubnetNotExists: ['bad-input', 'there is no such subnet: see --netuid'],
  SubNetworkDoesNotExist: ['bad-input', 'there is no such subnet: see --netuid'],
  MechanismDoesNotExist: ['bad-input', 'there is no such subnet: see --netuid'],
  NoNeuronIdAvailable: ['too-soon', 'every uid of the subnet is taken by a neuron that is still immune'],
  WeightVecNotEqualSize: ['bad-input', 'there are not as many uids as weights'],
  WeightVecLengthIsLow: ['bad-input', 'the subnet asks for weights on more uids'],
  DuplicateUids: ['bad-input', 'a uid has two weights'],
  UidVecContainInvalidOne: ['bad-input', 'a uid is not on this subnet'],
  UidsLengthExceedUidsInSubNet: ['bad-input', 'there are more weights than neurons'],
  MaxWeightExceeded: ['bad-input', 'one weight is larger than the subnet allows'],
  IncorrectWeightVersionKey: ['bad-input', 'the subnet asks for weights of a later version: update FileTAO'],
  CommitRevealEnabled: ['commit-reveal', 'the subnet takes weights only through commit-reveal'],
  InvalidIpAddress: ['bad-input', 'the chain does not take this IP address'],
  InvalidIpType: ['bad-input', 'the chain takes IPv4 and IPv6 addresses only'],
  InvalidPort: ['bad-input', 'the chain does not take this port'],
};

/** The error that a call in a block ended with. */
export function refusalOf(name: string, docs: string): FileTaoError {
  const [code, sentence] = sentences[name] ?? [
    'chain-refused',
    docs === '' ? 'the chain gives no reason' : docs,
  ];
  return new FileTaoError(code, `the chain refused the call (${name}): ${sentence}`, {
    details: { chainError: name },
  });
}

/**
 * Errors with which subtensor's transaction extension turns a call away before it gets into a block, by number
 * (`CustomTransactionError`, read in its source).
 */
const customNames: readonly string[] = [
  'ColdkeyInSwapSchedule',
  'StakeAmountTooLow',
  'BalanceTooLow',
  'SubnetNotExists',
  'HotKeyAccountNotExists',
  'NotEnoughStakeToWithdraw',
  'RateLimitExceeded',
  'InsufficientLiquidity',
  'SlippageTooHigh',
  'TransferDisallowed',
  'HotKeyNotRegisteredInNetwork',
  'InvalidIpAddress',
  'ServingRateLimitExceeded',
  'InvalidPort',
];

/** Codes of a Substrate transaction pool (https://github.com/paritytech/polkadot-sdk, author/error.rs). */
export const poolCodes = {
  invalid: 1010,
  temporarilyBanned: 1012,
  alreadyImported: 1013,
  priorityTooLow: 1014,
} as const;

/** Whether another nonce, or the present runtime version, may get the call through. */
export const isStale = (error: RpcError): boolean =>
  error.code === poolCodes.priorityTooLow ||
  (error.code === poolCodes.invalid && /outdated|stale|bad signature|bad proof|future/iu.test(error.message));

/** The error that a call was turned away with by the transaction pool. */
export function poolRefusal(error: RpcError): FileTaoError {
  const custom = /custom error: (\d+)/iu.exec(error.message)?.[1];
  const name = custom === undefined ? undefined : customNames[Number(custom)];
  if (name === 'BalanceTooLow') return refusalOf('InsufficientBalance', '');
  if (name === 'RateLimitExceeded') return refusalOf('NetworkTxRateLimitExceeded', '');
  if (name !== undefined) return refusalOf(name, '');
  if (/pay some fees/iu.test(error.message))
    return new FileTaoError('funds', 'the account cannot pay the fee of the call', { cause: error });
  return new FileTaoError('chain-refused', `the chain refused the call: ${error.message}`, { cause: error });
}
