// Signs calls, sends them, and waits until they are in a finalised block, with their outcome.
//
// Nothing is subscribed to: each finalised block is searched for the extrinsic. So a lost connection, another
// endpoint or a reorganisation in mid-call cannot hide the outcome, and a call is mortal, so it ends for
// certain: after its last block it can never be included any more.
//
// Calls of one key go one after another, each with the nonce that follows the last one included: with the
// nonce of a block not yet final, the next call is refused as stale.

import type { ApiPromise } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import type { Codec } from '@polkadot/types/types';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { concatBytes, type PublicKey, publicKeyOf, toHex } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { BlockRef } from '../../../domain/ports/chain.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { Signer } from '../../../domain/ports/signer.js';
import { isStale, poolCodes, poolRefusal, refusalOf } from './refusals.js';
import { ConnectionLost, type RpcConnection, RpcError } from './rpc-connection.js';
import { readSystem } from './state.js';

export type Extrinsic = SubmittableExtrinsic<'promise'>;

/** What a submitter needs of its chain. */
export interface SubmittingChain {
  readonly blockIntervalMs: number;
  runtime(): Promise<ApiPromise>;
  /** The runtime the chain has at this moment. */
  reloadRuntime(): Promise<ApiPromise>;
  finalisedHead(): Promise<BlockRef>;
  blockHash(number: number): Promise<Uint8Array | null>;
}

/** Blocks after which an extrinsic that was not included is void; a power of two. */
const lifetimeBlocks = 64;
const attemptsMax = 4;
/** Wall time beyond the blocks' own, for a chain that stands still. */
const standstillMsMax = 120_000;
const pollMsMax = 3_000;
/** The prefix of an sr25519 signature among the kinds the chain knows. */
const sr25519Kind = 1;

interface Sent {
  readonly hex: string;
  readonly nonce: number;
  readonly birth: number;
}

export class Submitter {
  readonly #chain: SubmittingChain;
  readonly #connection: RpcConnection;
  readonly #clock: Clock;
  readonly #queues = new Map<PublicKey, Promise<unknown>>();
  readonly #nextNonce = new Map<PublicKey, number>();

  constructor(chain: SubmittingChain, connection: RpcConnection, clock: Clock) {
    this.#chain = chain;
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Resolves when the call has succeeded in a finalised block; throws what the chain refused it with. */
  submit(signer: Signer, callOf: (api: ApiPromise) => Extrinsic): Promise<void> {
    const key = publicKeyOf(signer.publicKey);
    const before = this.#queues.get(key) ?? Promise.resolve();
    const turn = before.then(() => this.#send(signer, key, callOf));
    const settled = turn.catch(() => {});
    this.#queues.set(key, settled);
    void settled.then(() => {
      if (this.#queues.get(key) === settled) this.#queues.delete(key);
    });
    return turn;
  }

  async #send(signer: Signer, key: PublicKey, callOf: (api: ApiPromise) => Extrinsic): Promise<void> {
    let api = await this.#chain.runtime();
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#sign(api, signer, key, callOf);
      try {
        await this.#hand(sent.hex);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        if (attempt === attemptsMax || !isStale(error)) throw poolRefusal(error);
        // Another process has used the nonce, or the runtime has just been upgraded.
        this.#nextNonce.delete(key);
        await this.#clock.sleep(this.#pollMs());
        api = await this.#chain.reloadRuntime();
        continue;
      }
      await this.#follow(api, sent);
      this.#nextNonce.set(key, sent.nonce + 1);
      return;
    }
  }

  async #sign(
    api: ApiPromise,
    signer: Signer,
    key: PublicKey,
    callOf: (api: ApiPromise) => Extrinsic,
  ): Promise<Sent> {
    const address = encodeSs58(signer.publicKey);
    const head = await this.#chain.finalisedHead();
    const pooled = await this.#connection.call<number>('system_accountNextIndex', [address]);
    const nonce = Math.max(pooled, this.#nextNonce.get(key) ?? 0);
    const call = callOf(api);
    call.sign(
      {
        address,
        addressRaw: signer.publicKey,
        publicKey: signer.publicKey,
        type: 'sr25519',
        sign: (message: Uint8Array) => concatBytes(Uint8Array.of(sr25519Kind), signer.sign(message)),
      } as unknown as Parameters<Extrinsic['sign']>[0],
      {
        nonce,
        era: api.registry.createType('ExtrinsicEra', {
          current: head.number,
          period: lifetimeBlocks,
        }) as never,
        blockHash: head.hash,
        genesisHash: api.genesisHash,
        runtimeVersion: api.runtimeVersion,
        signedExtensions: api.registry.signedExtensions,
      },
    );
    return { hex: call.toHex(), nonce, birth: head.number };
  }

  /** Hands the bytes over. The same bytes may be handed over again: the chain includes them once. */
  async #hand(hex: string): Promise<void> {
    let wasLost = false;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#connection.callOnce('author_submitExtrinsic', [hex]);
        return;
      } catch (error) {
        if (error instanceof ConnectionLost && attempt < attemptsMax) {
          wasLost = true;
          continue;
        }
        if (!(error instanceof RpcError)) throw error;
        if (error.code === poolCodes.alreadyImported) return;
        // Refused as stale after a lost answer: it may be in a block already, which #follow will see.
        if (wasLost && isStale(error)) return;
        throw error;
      }
    }
  }

  async #follow(api: ApiPromise, sent: Sent): Promise<void> {
    const last = sent.birth + lifetimeBlocks;
    const deadline =
      this.#clock.monotonic() + 2 * lifetimeBlocks * this.#chain.blockIntervalMs + standstillMsMax;
    for (let number = sent.birth + 1; ; ) {
      const head = await this.#chain.finalisedHead();
      for (; number <= head.number; number++) {
        const hash = await this.#chain.blockHash(number);
        if (hash !== null && (await this.#outcomeIn(api, hash, sent.hex))) return;
      }
      if (head.number > last) {
        throw new FileTaoError(
          'timeout',
          `the chain did not take the call into any of ${lifetimeBlocks} blocks; it is void now and nothing was changed: try again`,
        );
      }
      if (this.#clock.monotonic() > deadline)
        throw new FileTaoError(
          'timeout',
          'the chain makes no blocks: whether the call was taken is not known',
        );
      await this.#clock.sleep(this.#pollMs());
    }
  }

  /** true when the extrinsic is in the block and succeeded; throws the chain's error when it failed there. */
  async #outcomeIn(api: ApiPromise, hash: Uint8Array, hex: string): Promise<boolean> {
    const blockHash = `0x${toHex(hash)}`;
    const { block } = await this.#connection.call<{ block: { extrinsics: readonly string[] } }>(
      'chain_getBlock',
      [blockHash],
    );
    const index = block.extrinsics.indexOf(hex);
    if (index < 0) return false;
    // Without a known version: an upgrade may have come between signing and this block.
    const at = await api.at(blockHash);
    const events = (await readSystem(at, 'events')) as unknown as Iterable<EventRecord>;
    for (const { phase, event } of events) {
      if (!phase.isApplyExtrinsic || Number(phase.asApplyExtrinsic.toString()) !== index) continue;
      if (event.section.toString() !== 'system') continue;
      if (event.method.toString() === 'ExtrinsicSuccess') return true;
      if (event.method.toString() === 'ExtrinsicFailed') throw dispatchFailure(at, event.data[0]!);
    }
    throw new FileTaoError('chain-refused', `block ${blockHash} does not say how the call ended`);
  }

  #pollMs(): number {
    return Math.max(20, Math.min(this.#chain.blockIntervalMs / 4, pollMsMax));
  }
}

interface EventRecord {
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: Codec };
  readonly event: { readonly section: Codec; readonly method: Codec; readonly data: readonly Codec[] };
}

function dispatchFailure(at: Awaited<ReturnType<ApiPromise['at']>>, failure: Codec): FileTaoError {
  const error = failure as Codec & {
    readonly isModule: boolean;
    readonly asModule: never;
    readonly type: string;
  };
  if (!error.isModule) return refusalOf(error.toString().replaceAll(/["{}]/gu, ''), '');
  const { name, docs } = at.registry.findMetaError(error.asModule);
  return refusalOf(name, docs.join(' ').trim());
}
