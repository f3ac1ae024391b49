// Everything a node knows of the chain: blocks, who is registered, where they listen.

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
  /** TAO staked on the hotkey. */
  readonly stake: number;
  readonly validatorPermit: boolean;
  /** null while the neuron has not announced where it listens. */
  readonly address: NodeAddress | null;
  /** Block of the neuron's last announcement (its registration, when there was none). */
  readonly lastUpdate: number;
}

export interface Chain {
  /** `dev`, `test`, `finney`, … for people. */
  readonly network: string;
  readonly netuid: number;
  /** 32 bytes; part of every signed message. */
  readonly genesis: Uint8Array;
  /** Milliseconds between blocks, for waiting and display. */
  readonly blockIntervalMs: number;
  /** The newest finalised block; its number never goes back. */
  finalisedHead(): Promise<BlockRef>;
  /** null for a block that is not there (yet). */
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
