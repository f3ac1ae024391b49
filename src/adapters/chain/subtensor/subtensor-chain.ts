// The Bittensor chain (subtensor) through @polkadot/api. Loaded only when a network other than dev is asked for.

import { isIP } from 'node:net';
import type { ApiPromise } from '@polkadot/api';
import type { Codec } from '@polkadot/types/types';
import { checkWeights } from '../../../domain/economy/weights.js';
import { weightsRefusal } from '../../../domain/economy/weights-due.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex, isHex32, type PublicKey, publicKeyOf, toHex } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import {
  type BlockRef,
  type ChainCall,
  type ChainWrite,
  type FullChain,
  formatTao,
  type Hyperparameters,
  type Neuron,
  type NodeAddress,
  type Weight,
} from '../../../domain/ports/chain.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { Signer } from '../../../domain/ports/signer.js';
import type { Log } from '../../observe/log.js';
import { axonIpOf } from './axon-address.js';
import { readHyperparameters } from './hyperparameters.js';
import { readNeurons } from './metagraph.js';
import { endpointsOf, hexBytes, networkOfGenesis } from './networks.js';
import { type ConnectionLimits, RpcConnection } from './rpc-connection.js';
import { loadRuntime } from './runtime.js';
import { bigOf, readBig, readCodec, readFlag, readSystem, readTimeMs, type StateAt } from './state.js';
import { type Extrinsic, Submitter } from './submitter.js';

export interface SubtensorOptions {
  /** finney, test, local, archive, or addresses ws://… */
  readonly network: string;
  /** Addresses in place of the network's own. */
  readonly endpoints?: readonly string[];
  readonly netuid: number;
  readonly clock: Clock;
  readonly log?: Log;
  readonly limits?: Partial<ConnectionLimits>;
  /** How old an answer about the head may be; default: a third of a block, at most a second. */
  readonly headFreshMs?: number;
}

/** What `serve_axon` calls the version of the node's software: ours begins where the reference's ended. */
const axonVersion = 3_000_000;
/** The protocol number that the reference announces (HTTP over TCP). */
const axonProtocol = 4;
const noBlock = /^0x0*$/u;
/** A chain whose runtime names no interval has Bittensor's. */
const usualIntervalMs = 12_000;

export async function openSubtensorChain(options: SubtensorOptions): Promise<FullChain> {
  const { network, netuid, clock, log = null } = options;
  const endpoints = endpointsOf(network, options.endpoints ?? []);
  const connection = new RpcConnection(endpoints, clock, log, options.limits);
  try {
    const genesis = hexBytes(await connection.open());
    const name = networkOfGenesis(network, genesis, connection.endpoint);
    const api = await loadRuntime(connection, clock);
    const chain = new SubtensorChain({ ...options, network: name, genesis, connection, api });
    await chain.requireSubnet();
    log?.info(
      {
        network: name,
        netuid,
        endpoint: connection.endpoint,
        spec: Number(api.runtimeVersion.specVersion.toString()),
      },
      'connected to the chain',
    );
    return chain;
  } catch (error) {
    connection.close();
    throw error;
  }
}

interface Parts extends SubtensorOptions {
  readonly genesis: Uint8Array;
  readonly connection: RpcConnection;
  readonly api: ApiPromise;
}

class SubtensorChain implements FullChain {
  readonly network: string;
  readonly netuid: number;
  readonly genesis: Uint8Array;
  readonly blockIntervalMs: number;
  readonly #connection: RpcConnection;
  readonly #clock: Clock;
  readonly #log: Log | null;
  readonly #headFreshMs: number;
  readonly #submitter: Submitter;
  #api: ApiPromise;
  /** Number of the head for which the runtime version was last asked. */
  #versionAt = -1;
  #reloading: Promise<ApiPromise> | null = null;
  #head: BlockRef | null = null;
  #headAt = Number.NEGATIVE_INFINITY;
  #askingHead: Promise<BlockRef> | null = null;
  #metagraph: { readonly block: number; readonly neurons: Promise<readonly Neuron[]> } | null = null;

  constructor(parts: Parts) {
    this.network = parts.network;
    this.netuid = parts.netuid;
    this.genesis = parts.genesis;
    this.#connection = parts.connection;
    this.#clock = parts.clock;
    this.#log = parts.log ?? null;
    this.#api = parts.api;
    this.blockIntervalMs = intervalOf(parts.api);
    this.#headFreshMs = parts.headFreshMs ?? Math.min(1000, this.blockIntervalMs / 3);
    this.#submitter = new Submitter(
      {
        blockIntervalMs: this.blockIntervalMs,
        runtime: () => this.#runtime(),
        reloadRuntime: () => this.#currentRuntime(),
        finalisedHead: () => this.finalisedHead(),
        blockHash: (number) => this.blockHash(number),
      },
      parts.connection,
      parts.clock,
    );
  }

  /** Throws `wrong-network` when the chain has no such subnet. */
  async requireSubnet(): Promise<void> {
    if (await readFlag(await this.#state(), 'networksAdded', this.netuid)) return;
    throw new FileTaoError(
      'wrong-network',
      `the network ${this.network} has no subnet ${this.netuid}: set --netuid, or another --subtensor.network`,
    );
  }

  async finalisedHead(): Promise<BlockRef> {
    if (this.#head !== null && this.#clock.monotonic() - this.#headAt < this.#headFreshMs) return this.#head;
    this.#askingHead ??= this.#askHead().finally(() => {
      this.#askingHead = null;
    });
    return this.#askingHead;
  }

  async #askHead(): Promise<BlockRef> {
    const hash = await this.#connection.call<string>('chain_getFinalizedHead');
    const header = await this.#connection.call<{ number: string } | null>('chain_getHeader', [hash]);
    if (header === null) throw new FileTaoError('unreachable', 'the node does not know its own head');
    const number = Number(header.number);
    this.#headAt = this.#clock.monotonic();
    // Another endpoint may be behind the one asked before.
    if (this.#head === null || number > this.#head.number) this.#head = { number, hash: hexBytes(hash) };
    return this.#head;
  }

  async headTimeMs(): Promise<number | null> {
    return readTimeMs(await this.#state());
  }

  async blockHash(number: number): Promise<Uint8Array | null> {
    if (!Number.isSafeInteger(number) || number < 0 || number > 0xffff_ffff) return null;
    // A block that is not final may yet be replaced by another one.
    const head = await this.finalisedHead();
    if (number > head.number) return null;
    if (number === head.number) return head.hash;
    const hash = await this.#connection.call<string | null>('chain_getBlockHash', [number]);
    return hash === null || noBlock.test(hash) ? null : hexBytes(hash);
  }

  neurons(): Promise<readonly Neuron[]> {
    return this.#neuronsAtHead();
  }

  async #neuronsAtHead(): Promise<readonly Neuron[]> {
    const { number } = await this.finalisedHead();
    if (this.#metagraph?.block !== number) {
      const reading = this.#state().then((at) => readNeurons(at, this.netuid));
      this.#metagraph = { block: number, neurons: reading };
      reading.catch(() => {
        this.#metagraph = null;
      });
    }
    return this.#metagraph!.neurons;
  }

  async neuron(hotkey: PublicKey): Promise<Neuron | null> {
    return (await this.neurons()).find((neuron) => neuron.hotkey === hotkey) ?? null;
  }

  async hyperparameters(): Promise<Hyperparameters> {
    return readHyperparameters(await this.#state(), this.netuid);
  }

  async balance(account: PublicKey): Promise<bigint> {
    checkKey(account);
    const info = (await readSystem(await this.#state(), 'account', fromHex(account))) as Codec & {
      readonly data: Codec & Readonly<Record<'free' | 'reserved' | 'frozen', Codec | undefined>>;
    };
    const { free, reserved, frozen } = info.data;
    const [spendable, held, locked] = [free, reserved, frozen].map((part) =>
      part === undefined ? 0n : bigOf(part),
    );
    const blocked = locked! > held! ? locked! - held! : 0n;
    return spendable! > blocked ? spendable! - blocked : 0n;
  }

  async registrationCost(): Promise<bigint> {
    return readBig(await this.#state(), 'burn', this.netuid);
  }

  async weights(uid: number): Promise<readonly Weight[]> {
    if (!Number.isInteger(uid) || uid < 0 || uid > 65535) return [];
    const pairs = (await readCodec(await this.#state(), 'weights', this.netuid, uid)) as unknown as Iterable<
      readonly [Codec, Codec]
    >;
    return [...pairs]
      .map(([to, value]) => ({ uid: Number(to.toString()), value: Number(value.toString()) }))
      .sort((a, b) => a.uid - b.uid);
  }

  async describe(write: ChainWrite): Promise<ChainCall> {
    checkWrite(write);
    const { method } = this.#callOf(write)(await this.#runtime());
    return {
      name: `${method.section}.${method.method}`,
      args: (method.toHuman() as { readonly args: Readonly<Record<string, unknown>> }).args,
      hex: method.toHex(),
    };
  }

  async serve(signer: Signer, address: NodeAddress): Promise<void> {
    checkAddress(address);
    const neuron = await this.#require(signer);
    if (neuron.address?.host === address.host && neuron.address.port === address.port) return;
    await this.#write(signer, { call: 'serveAxon', address });
  }

  async burnedRegister(coldkey: Signer, hotkey: PublicKey): Promise<number> {
    checkKey(hotkey);
    const { registrationAllowed } = await this.hyperparameters();
    const known = await this.neuron(hotkey);
    if (known !== null)
      throw new FileTaoError(
        'exists',
        `the hotkey is registered on subnet ${this.netuid} already, as uid ${known.uid}`,
      );
    if (!registrationAllowed)
      throw new FileTaoError(
        'forbidden',
        `registration on subnet ${this.netuid} is closed: nothing was changed`,
      );
    const [cost, balance] = await Promise.all([
      this.registrationCost(),
      this.balance(publicKeyOf(coldkey.publicKey)),
    ]);
    if (balance < cost)
      throw new FileTaoError(
        'funds',
        `registering costs ${formatTao(cost)} TAO and the coldkey ${encodeSs58(coldkey.publicKey)} has ${formatTao(balance)}: nothing was changed`,
      );
    await this.#write(coldkey, { call: 'burnedRegister', hotkey });
    const registered = await this.neuron(hotkey);
    if (registered === null)
      throw new FileTaoError(
        'chain-refused',
        'the hotkey was registered, and pushed out again in the same block',
      );
    return registered.uid;
  }

  async setWeights(signer: Signer, weights: readonly Weight[], versionKey: bigint): Promise<void> {
    const write: ChainWrite = { call: 'setWeights', weights, versionKey };
    checkWrite(write);
    const [neurons, hyperparameters, head] = await Promise.all([
      this.neurons(),
      this.hyperparameters(),
      this.finalisedHead(),
    ]);
    const hotkey = publicKeyOf(signer.publicKey);
    const refusal = weightsRefusal({
      neuron: neurons.find((neuron) => neuron.hotkey === hotkey) ?? null,
      block: head.number,
      hyperparameters,
      neuronCount: neurons.length,
      weights,
      versionKey,
    });
    if (refusal !== null) throw new FileTaoError(refusal.code, refusal.sentence);
    await this.#write(signer, write);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #write(signer: Signer, write: ChainWrite): Promise<void> {
    await this.#submitter.submit(signer, this.#callOf(write));
    // The next read shall see what was written.
    this.#metagraph = null;
    this.#headAt = Number.NEGATIVE_INFINITY;
  }

  async #require(signer: Signer): Promise<Neuron> {
    const neuron = await this.neuron(publicKeyOf(signer.publicKey));
    if (neuron !== null) return neuron;
    throw new FileTaoError(
      'forbidden',
      `hotkey ${encodeSs58(signer.publicKey)} is not registered on subnet ${this.netuid} of ${this.network}: register it with filetao subnet register`,
    );
  }

  #callOf(write: ChainWrite): (api: ApiPromise) => Extrinsic {
    const { netuid } = this;
    return (api) => {
      const calls = api.tx.subtensorModule!;
      switch (write.call) {
        case 'serveAxon': {
          const { ip, ipType } = axonIpOf(write.address.host);
          return calls.serveAxon!(netuid, axonVersion, ip, write.address.port, ipType, axonProtocol, 0, 0);
        }
        case 'setWeights':
          return calls.setWeights!(
            netuid,
            write.weights.map(({ uid }) => uid),
            write.weights.map(({ value }) => value),
            write.versionKey,
          );
        case 'burnedRegister':
          return calls.burnedRegister!(netuid, fromHex(write.hotkey));
      }
    };
  }

  /** The chain's state at the finalised head. */
  async #state(): Promise<StateAt> {
    const api = await this.#runtime();
    const { hash } = await this.finalisedHead();
    return api.at(`0x${toHex(hash)}`, api.runtimeVersion as never);
  }

  /** The runtime in force; asked once for each head. */
  async #runtime(): Promise<ApiPromise> {
    const { number } = await this.finalisedHead();
    return number === this.#versionAt ? this.#api : this.#currentRuntime();
  }

  #currentRuntime(): Promise<ApiPromise> {
    this.#reloading ??= this.#askRuntime().finally(() => {
      this.#reloading = null;
    });
    return this.#reloading;
  }

  async #askRuntime(): Promise<ApiPromise> {
    const { number, hash } = await this.finalisedHead();
    const { specVersion } = await this.#connection.call<{ specVersion: number }>('state_getRuntimeVersion', [
      `0x${toHex(hash)}`,
    ]);
    const known = Number(this.#api.runtimeVersion.specVersion.toString());
    if (specVersion !== known) {
      this.#log?.info({ from: known, to: specVersion }, 'the chain has a new runtime');
      this.#api = await loadRuntime(this.#connection, this.#clock);
    }
    this.#versionAt = number;
    return this.#api;
  }
}

function intervalOf(api: ApiPromise): number {
  const { aura, timestamp } = api.consts;
  if (aura?.slotDuration !== undefined) return Number(aura.slotDuration.toString());
  if (timestamp?.minimumPeriod !== undefined) return 2 * Number(timestamp.minimumPeriod.toString());
  return usualIntervalMs;
}

function checkWrite(write: ChainWrite): void {
  if (write.call === 'serveAxon') checkAddress(write.address);
  else if (write.call === 'burnedRegister') checkKey(write.hotkey);
  else checkWeights(write.weights);
}

function checkKey(key: PublicKey): void {
  if (!isHex32(key)) throw new FileTaoError('bad-input', 'a key is 64 lower-case hex digits');
}

function checkAddress({ host, port }: NodeAddress): void {
  if (isIP(host) === 0) throw new FileTaoError('bad-input', `a node's address is an IP address, not ${host}`);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new FileTaoError('bad-input', 'the port is a whole number from 1 to 65535');
}
