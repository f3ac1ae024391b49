// The embedded dev chain (`--subtensor.network dev`): a folder that several processes of one machine share,
// no server. Nobody produces blocks: number and hash follow from genesis, start time, interval and the
// clock, so all processes agree and restarts go on where time is. Every block is final at once.
//
//   block number = ⌊(now − start) / interval⌋
//   block hash   = BLAKE3 derive-key("filetao dev chain block", genesis ‖ number as u64 LE)
//
// The folder is an LMDB environment with two tables: `chain` ("chain" → the constants above) and `neurons`
// (hotkey → uid, stake, permit, address).
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { decode, encode } from '@ipld/dag-cbor';
import { blake3 } from '@noble/hashes/blake3.js';
import { isHex32, type PublicKey, publicKeyOf, utf8 } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { BlockRef, Chain, Neuron, NodeAddress } from '../../../domain/ports/chain.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { Random } from '../../../domain/ports/random.js';
import type { Signer } from '../../../domain/ports/signer.js';
import { type LmdbEnvironment, openLmdbEnvironment } from '../../system/lmdb-environment.js';
import { systemRandom } from '../../system/random.js';

export interface DevChainOptions {
  readonly directory: string;
  readonly clock: Clock;
  /** Of a new chain; refused when the chain there has another. */
  readonly intervalMs?: number;
  /** Of a new chain; refused when the chain there has another. */
  readonly netuid?: number;
  /** Whether to start a chain where there is none; otherwise that is `not-found`. Default: yes. */
  readonly create?: boolean;
  /** Of genesis; only tests give another. */
  readonly random?: Random;
}

export interface Registration {
  /** TAO; default 0. */
  readonly stake?: number;
  /** Default: no. */
  readonly validatorPermit?: boolean;
}

export interface DevChain extends Chain {
  /** Unix milliseconds of block 0. */
  readonly startedAtMs: number;
  /**
   * Registers the hotkey and returns its uid: the smallest free one. A registered hotkey keeps its uid;
   * stake and permit only rise.
   */
  register(hotkey: PublicKey, registration?: Registration): Promise<number>;
  /** false when it was not registered. Its uid becomes free. */
  deregister(hotkey: PublicKey): Promise<boolean>;
  /** Throws `not-found` when the hotkey is not registered. */
  setStake(hotkey: PublicKey, stake: number): Promise<void>;
}

const defaultIntervalMs = 1000;
const intervalMsMax = 24 * 3600 * 1000;
const defaultNetuid = 21;
const netuidMax = 65535;
/** Neurons of the chain at most. */
const neuronsMax = 4096;
const schemaVersion = 1;
const tableNames = ['chain', 'neurons'] as const;
const constantsKey = Buffer.from('chain');
const blockContext = utf8('filetao dev chain block');

interface Constants {
  readonly genesis: Uint8Array;
  readonly startedAtMs: number;
  readonly intervalMs: number;
  readonly netuid: number;
}

type StoredNeuron = Omit<Neuron, 'hotkey'>;
type Environment = LmdbEnvironment<(typeof tableNames)[number]>;

export async function openDevChain(options: DevChainOptions): Promise<DevChain> {
  const { directory, clock, create = true, random = systemRandom } = options;
  checkWhole('the block interval', options.intervalMs, 1, intervalMsMax);
  checkWhole('the netuid', options.netuid, 0, netuidMax);
  if (!create && !(await hasDatabase(directory))) throw noChain(directory);
  const environment = await openLmdbEnvironment({
    directory,
    kind: 'dev chain',
    schemaVersion,
    tables: tableNames,
  });
  try {
    const { chain } = environment.tables;
    // One transaction looks and starts, so processes that come at once find one chain.
    const constants = await environment.write((): Constants | null => {
      const stored = chain.get(constantsKey);
      if (stored !== undefined) return decode<Constants>(stored);
      if (!create) return null;
      const started: Constants = {
        genesis: random.bytes(32),
        startedAtMs: clock.now(),
        intervalMs: options.intervalMs ?? defaultIntervalMs,
        netuid: options.netuid ?? defaultNetuid,
      };
      chain.put(constantsKey, Buffer.from(encode(started)));
      return started;
    });
    if (constants === null) throw noChain(directory);
    for (const name of ['intervalMs', 'netuid'] as const)
      if (options[name] !== undefined && options[name] !== constants[name])
        throw new FileTaoError(
          'config',
          `the dev chain in ${directory} has ${name} ${constants[name]}, not ${options[name]}: leave the option out, or name another folder`,
        );
    return new EmbeddedDevChain(environment, constants, clock);
  } catch (error) {
    await environment.close();
    throw error;
  }
}

class EmbeddedDevChain implements DevChain {
  readonly network = 'dev';
  readonly netuid: number;
  readonly genesis: Uint8Array;
  readonly blockIntervalMs: number;
  readonly startedAtMs: number;
  readonly #environment: Environment;
  readonly #clock: Clock;
  /** A final block stays final, also when the machine's clock is set back. */
  #highest = 0;

  constructor(environment: Environment, constants: Constants, clock: Clock) {
    this.#environment = environment;
    this.#clock = clock;
    this.genesis = constants.genesis;
    this.netuid = constants.netuid;
    this.blockIntervalMs = constants.intervalMs;
    this.startedAtMs = constants.startedAtMs;
  }

  async finalisedHead(): Promise<BlockRef> {
    const number = this.#head();
    return { number, hash: this.#hash(number) };
  }

  async blockHash(number: number): Promise<Uint8Array | null> {
    if (!Number.isSafeInteger(number) || number < 0 || number > this.#head()) return null;
    return this.#hash(number);
  }

  async neurons(): Promise<readonly Neuron[]> {
    return this.#environment.read(() => this.#allNeurons()).sort((a, b) => a.uid - b.uid);
  }

  async neuron(hotkey: PublicKey): Promise<Neuron | null> {
    const key = keyOf(hotkey);
    const stored = this.#environment.read(() => this.#stored(key));
    return stored === null ? null : { hotkey, ...stored };
  }

  async serve(signer: Signer, address: NodeAddress): Promise<void> {
    const hotkey = publicKeyOf(signer.publicKey);
    const key = keyOf(hotkey);
    if (isIP(address.host) === 0)
      throw new FileTaoError('bad-input', `a node's address is an IP address, not ${address.host}`);
    checkWhole('the port', address.port, 1, 65535);
    const lastUpdate = this.#head();
    await this.#environment.write(() => {
      const stored = this.#stored(key);
      if (stored === null)
        throw new FileTaoError(
          'forbidden',
          `hotkey ${hotkey} is not registered on the dev chain: register it first`,
        );
      if (stored.address?.host === address.host && stored.address.port === address.port) return;
      this.#store(key, { ...stored, address: { host: address.host, port: address.port }, lastUpdate });
    });
  }

  async register(hotkey: PublicKey, registration: Registration = {}): Promise<number> {
    const { stake = 0, validatorPermit = false } = registration;
    const key = keyOf(hotkey);
    checkStake(stake);
    const lastUpdate = this.#head();
    return this.#environment.write(() => {
      const stored = this.#stored(key);
      const next: StoredNeuron = {
        uid: stored?.uid ?? this.#freeUid(),
        stake: Math.max(stake, stored?.stake ?? 0),
        validatorPermit: validatorPermit || (stored?.validatorPermit ?? false),
        address: stored?.address ?? null,
        lastUpdate: stored?.lastUpdate ?? lastUpdate,
      };
      this.#store(key, next);
      return next.uid;
    });
  }

  async deregister(hotkey: PublicKey): Promise<boolean> {
    const key = keyOf(hotkey);
    return this.#environment.write(() => {
      if (this.#stored(key) === null) return false;
      this.#environment.tables.neurons.remove(key);
      return true;
    });
  }

  async setStake(hotkey: PublicKey, stake: number): Promise<void> {
    const key = keyOf(hotkey);
    checkStake(stake);
    await this.#environment.write(() => {
      const stored = this.#stored(key);
      if (stored === null)
        throw new FileTaoError('not-found', `hotkey ${hotkey} is not registered on the dev chain`);
      this.#store(key, { ...stored, stake });
    });
  }

  close(): Promise<void> {
    return this.#environment.close();
  }

  #head(): number {
    const number = Math.floor((this.#clock.now() - this.startedAtMs) / this.blockIntervalMs);
    this.#highest = Math.max(this.#highest, number);
    return this.#highest;
  }

  #hash(number: number): Uint8Array {
    const message = new Uint8Array(this.genesis.length + 8);
    message.set(this.genesis);
    new DataView(message.buffer).setBigUint64(this.genesis.length, BigInt(number), true);
    return blake3(message, { context: blockContext });
  }

  #stored(key: Buffer): StoredNeuron | null {
    const stored = this.#environment.tables.neurons.get(key);
    return stored === undefined ? null : decode<StoredNeuron>(stored);
  }

  #store(key: Buffer, neuron: StoredNeuron): void {
    this.#environment.tables.neurons.put(key, Buffer.from(encode(neuron)));
  }

  #allNeurons(): Neuron[] {
    return Array.from(this.#environment.tables.neurons.getRange({}), ({ key, value }) => ({
      hotkey: publicKeyOf(key),
      ...decode<StoredNeuron>(value),
    }));
  }

  #freeUid(): number {
    const taken = new Set(this.#allNeurons().map(({ uid }) => uid));
    for (let uid = 0; uid < neuronsMax; uid++) if (!taken.has(uid)) return uid;
    throw new FileTaoError(
      'full',
      `the dev chain has no more than ${neuronsMax} uids: deregister a hotkey first`,
    );
  }
}

const noChain = (directory: string): FileTaoError =>
  new FileTaoError('not-found', `there is no dev chain in ${directory}: start one, or name its folder`);

async function hasDatabase(directory: string): Promise<boolean> {
  return stat(join(directory, 'data.mdb')).then(
    (found) => found.isFile(),
    () => false,
  );
}

function keyOf(hotkey: PublicKey): Buffer {
  if (!isHex32(hotkey)) throw new FileTaoError('bad-input', 'a hotkey is 64 lower-case hex digits');
  return Buffer.from(hotkey, 'hex');
}

function checkStake(stake: number): void {
  if (!Number.isFinite(stake) || stake < 0)
    throw new FileTaoError('bad-input', 'a stake is a number of TAO, 0 or more');
}

function checkWhole(what: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < least || value > most))
    throw new FileTaoError('bad-input', `${what} is a whole number from ${least} to ${most}`);
}
