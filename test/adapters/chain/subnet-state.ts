// The state of one subnet at the newest block, as tests and the pallet's rules change it.
import type { Codec } from '@polkadot/types/types';
import { RuntimeStorage, type State } from './runtime-storage.js';

export interface Block {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly state: State;
  readonly extrinsics: readonly string[];
  readonly specVersion: number;
}

export abstract class SubnetState {
  readonly netuid: number;
  protected readonly storage = new RuntimeStorage();

  constructor(netuid: number) {
    this.netuid = netuid;
  }

  abstract get head(): Block;

  /** The state of a subnet where nobody is registered. */
  protected found(): void {
    this.head.state.clear();
    this.set('networksAdded', [this.netuid], true);
    this.set('networkRegistrationAllowed', [this.netuid], true);
    this.set('tempo', [this.netuid], 360);
    this.set('maxAllowedUids', [this.netuid], 256);
    this.set('minAllowedWeights', [this.netuid], 1);
    this.set('weightsSetRateLimit', [this.netuid], 5);
    this.set('servingRateLimit', [this.netuid], 0);
    this.set('commitRevealWeightsEnabled', [this.netuid], false);
    this.set('burn', [this.netuid], 1_000_000_000);
    this.set('subnetworkN', [this.netuid], 0);
  }

  /** Writes one value of the pallet's storage into the newest block. */
  set(item: string, args: readonly unknown[], value: unknown): void {
    this.storage.write(this.head.state, this.storage.subtensor, item, args, value);
  }

  setBalance(publicKey: Uint8Array, rao: bigint): void {
    this.setAccount(publicKey, this.nonceOf(publicKey), rao);
  }

  /** Registers without a call. */
  register(hotkey: Uint8Array, stakeRao: bigint, permit: boolean): number {
    const known = this.uidOf(hotkey);
    const uid = known ?? this.number('subnetworkN', [this.netuid]);
    const { netuid } = this;
    if (known === null) {
      this.set('keys', [netuid, uid], hotkey);
      this.set('uids', [netuid, hotkey], uid);
      this.set('subnetworkN', [netuid], uid + 1);
      this.setColumn('lastUpdate', uid, this.head.number);
    }
    this.set('totalHotkeyAlpha', [hotkey, netuid], stakeRao);
    this.setColumn('validatorPermit', uid, permit);
    return uid;
  }

  /** The chain never shrinks a subnet: another hotkey takes the uid. */
  replace(hotkey: Uint8Array, by: Uint8Array): void {
    const uid = this.uidOf(hotkey)!;
    this.head.state.delete(this.storage.key(this.storage.subtensor, 'uids', [this.netuid, hotkey]));
    this.head.state.delete(this.storage.key(this.storage.subtensor, 'axons', [this.netuid, hotkey]));
    this.set('keys', [this.netuid, uid], by);
    this.set('uids', [this.netuid, by], uid);
    this.setColumn('validatorPermit', uid, false);
  }

  setPermit(hotkey: Uint8Array, permit: boolean): void {
    this.setColumn('validatorPermit', this.uidOf(hotkey)!, permit);
  }

  uidOf(hotkey: Uint8Array): number | null {
    const stored = this.read('uids', [this.netuid, hotkey]);
    return stored === null ? null : Number(stored.toString());
  }

  weightsOf(uid: number): unknown {
    return this.read('weights', [this.netuid, uid])?.toJSON() ?? [];
  }

  /** null where nothing is stored and the item has no default. */
  read(item: string, args: readonly unknown[]): Codec | null {
    return this.storage.read(this.head.state, this.storage.subtensor, item, args);
  }

  setAccount(publicKey: Uint8Array, nonce: number, rao: bigint): void {
    const account = { nonce, providers: 1, data: { free: rao } };
    this.storage.write(this.head.state, this.storage.system, 'account', [publicKey], account);
  }

  number(item: string, args: readonly unknown[]): number {
    return Number(this.read(item, args)!.toString());
  }

  setColumn(item: 'lastUpdate' | 'validatorPermit', uid: number, value: number | boolean): void {
    const column = this.read(item, [this.netuid])!.toJSON() as (number | boolean)[];
    while (column.length <= uid) column.push(item === 'lastUpdate' ? 0 : false);
    column[uid] = value;
    this.set(item, [this.netuid], column);
  }

  nonceOf(publicKey: Uint8Array): number {
    const account = this.storage.read(this.head.state, this.storage.system, 'account', [
      publicKey,
    ]) as unknown as {
      nonce: Codec;
    };
    return Number(account.nonce.toString());
  }

  balanceOf(publicKey: Uint8Array): bigint {
    const account = this.storage.read(this.head.state, this.storage.system, 'account', [
      publicKey,
    ]) as unknown as {
      data: { free: Codec };
    };
    return BigInt(account.data.free.toString());
  }
}
