// Everything a node knows of the chain, and what it writes there: blocks, who is registered, where they
// listen, the subnet's numbers, balances, weights.

import type { PublicKey } from '../model/bytes.js';
import type { Signer } from './signer.js';

export interface BlockRef {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

export interface NodeAddress {
  /** IPv4 or IPv6 text. */
  readonly host: string;
  readonly port: number;
}

/** One row of the metagraph. */
export interface Neuron {
  readonly uid: number;
  readonly hotkey: PublicKey;
  /** TAO, as it counts on this subnet. */
  readonly stake: number;
  readonly validatorPermit: boolean;
  /** null while the neuron has not announced where it listens. */
  readonly address: NodeAddress | null;
  /** Block at which the neuron last set weights (its registration, when it never did). */
  readonly lastUpdate: number;
}

/** The subnet's numbers as the chain has them now. Blocks unless named otherwise. */
export interface Hyperparameters {
  readonly tempo: number;
  readonly immunityPeriod: number;
  /** Fewest weights one call may set. */
  readonly minAllowedWeights: number;
  /** Largest share of one weight, of 65535. */
  readonly maxWeightsLimit: number;
  /** Weights with a smaller version key are refused; 0 accepts every key. */
  readonly weightsVersion: bigint;
  readonly weightsRateLimit: number;
  readonly servingRateLimit: number;
  readonly activityCutoff: number;
  readonly maxValidators: number;
  readonly maxUids: number;
  readonly registrationAllowed: boolean;
  /** Weights are committed first and revealed later; plain weights are refused. */
  readonly commitRevealEnabled: boolean;
  /** TAO of stake below which weights are refused. */
  readonly stakeThreshold: number;
}

/** One entry of a weight vector as the chain keeps it. */
export interface Weight {
  readonly uid: number;
  /** 0 to 65535. */
  readonly value: number;
}

/** What a node can write. */
export type ChainWrite =
  | { readonly call: 'serveAxon'; readonly address: NodeAddress }
  | { readonly call: 'setWeights'; readonly weights: readonly Weight[]; readonly versionKey: bigint }
  | { readonly call: 'burnedRegister'; readonly hotkey: PublicKey };

/** A call as it would be signed, for people to read. */
export interface ChainCall {
  /** `subtensorModule.setWeights` */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The encoded call; null on a chain that has no encoding. */
  readonly hex: string | null;
}

/** What every node works with. */
export interface Chain {
  /** `dev`, `test`, `finney`, `local`: for people, and to tell networks apart. */
  readonly network: string;
  readonly netuid: number;
  /** 32 bytes; part of every signed message. */
  readonly genesis: Uint8Array;
  /** Milliseconds between blocks, for waiting and display. */
  readonly blockIntervalMs: number;
  /** The newest finalised block; its number never goes back. */
  finalisedHead(): Promise<BlockRef>;
  /** When that block was made, by its own word, in unix milliseconds; null on a chain that does not say. */
  headTimeMs(): Promise<number | null>;
  /** null for a block that is not there (yet), or not final. */
  blockHash(number: number): Promise<Uint8Array | null>;
  /** In the order of uids. */
  neurons(): Promise<readonly Neuron[]>;
  neuron(hotkey: PublicKey): Promise<Neuron | null>;
  /**
   * Announces where the signer's node listens; idempotent. Throws `forbidden` when not registered,
   * `bad-input` on an address that is no IP address and port.
   */
  serve(signer: Signer, address: NodeAddress): Promise<void>;
  close(): Promise<void>;
}

/** All of the chain: the subnet's numbers, balances, registration and weights besides. */
export interface FullChain extends Chain {
  hyperparameters(): Promise<Hyperparameters>;
  /** What an account can spend, in rao (10⁻⁹ TAO). */
  balance(account: PublicKey): Promise<bigint>;
  /** What registering a hotkey costs now, in rao. */
  registrationCost(): Promise<bigint>;
  /** The weights a neuron has set, in the order of uids. */
  weights(uid: number): Promise<readonly Weight[]>;
  /** The call that a write would send; nothing is sent. */
  describe(write: ChainWrite): Promise<ChainCall>;
  /** Registers the hotkey, paid by the signer, and returns its uid. Throws `funds`, `exists`, `forbidden`. */
  burnedRegister(coldkey: Signer, hotkey: PublicKey): Promise<number>;
  /**
   * Sets the signer's whole weight vector. Throws `forbidden` without registration or permit, `too-soon`
   * inside the rate limit, `bad-input` for weights or a version key that the chain does not take, and
   * `commit-reveal` where plain weights are refused.
   */
  setWeights(signer: Signer, weights: readonly Weight[], versionKey: bigint): Promise<void>;
}

/** rao of one TAO. */
export const raoPerTao = 1_000_000_000n;

/** `1.5` for 1 500 000 000 rao: exact, without trailing zeros. */
export function formatTao(rao: bigint): string {
  const whole = rao / raoPerTao;
  const fraction = (rao % raoPerTao).toString().padStart(9, '0').replace(/0+$/u, '');
  return fraction === '' ? `${whole}` : `${whole}.${fraction}`;
}
