// The embedded dev chain (`--subtensor.network dev`): a folder that several processes of one machine share,
// no server. Nobody produces blocks: number and hash follow from genesis, start time, interval and the
// clock, so all processes agree and restarts go on where time is. Every block is final at once.
//
//   block number = ⌊(now − start) / interval⌋
//   block hash   = BLAKE3 derive-key("filetao dev chain block", genesis ‖ number as u64 LE)
//
// Stake and permits are given away; balances begin at 1000 TAO and a registration costs one. What the real
// chain refuses about weights is refused here by the same rules (domain/economy/weights-due.ts).
//
// The folder is an LMDB environment with four tables: `chain` ("chain" → the constants above, "faults",
// "hyperparameters"), `neurons` (hotkey → uid, stake, permit, address), `balances` (account → rao) and
// `weights` (hotkey → pairs of uid and value).
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { decode, encode } from '@ipld/dag-cbor';
import { blake3 } from '@noble/hashes/blake3.js';
import { checkWeights } from '../../../domain/economy/weights.js';
import { weightsRefusal } from '../../../domain/economy/weights-due.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { isHex32, type PublicKey, publicKeyOf, utf8 } from '../../../domain/model/bytes.js';
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
  raoPerTao,
  type Weight,
} from '../../../domain/ports/chain.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { Random } from '../../../domain/ports/random.js';
import type { Signer } from '../../../domain/ports/signer.js';
import { type LmdbEnvironment, openLmdbEnvironment } from '../../system/lmdb-environment.js';
import { systemRandom } from '../../system/random.js';
import { branchOf, type DevChainFaults, finalisedOf, noFaults } from './faults.js';

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

export interface DevChain extends FullChain {
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
  /** Throws `not-found` when the hotkey is not registered. */
  setPermit(hotkey: PublicKey, validatorPermit: boolean): Promise<void>;
  setBalance(account: PublicKey, rao: bigint): Promise<void>;
  /** Changes what is named; seen by every process on the chain. */
  setHyperparameters(change: Partial<Hyperparameters>): Promise<void>;
  faults(): Promise<DevChainFaults>;
  /** Changes what is named, of everyone's view of the chain. */
  setFaults(change: Partial<DevChainFaults>): Promise<void>;
  /** A new chain in the same folder: another genesis, block 0, nobody registered. Open views stay on the old one. */
  reset(): Promise<void>;
}

const defaultIntervalMs = 1000;
const intervalMsMax = 24 * 3600 * 1000;
const defaultNetuid = 21;
const netuidMax = 65535;
/** Neurons of the chain at most. */
const neuronsMax = 4096;
const schemaVersion = 1;
const tableNames = ['chain', 'neurons', 'balances', 'weights'] as const;
const constantsKey = Buffer.from('chain');
const faultsKey = Buffer.from('faults');
const hyperparametersKey = Buffer.from('hyperparameters');
const firstBalance = 1000n * raoPerTao;
const registrationCost = raoPerTao;

/** Small enough that a test or a demonstration sees several epochs. */
const firstHyperparameters: Hyperparameters = {
  tempo: 20,
  immunityPeriod: 100,
  minAllowedWeights: 1,
  maxWeightsLimit: 65535,
  weightsVersion: 0n,
  weightsRateLimit: 5,
  servingRateLimit: 0,
  activityCutoff: 5000,
  maxValidators: 64,
  maxUids: neuronsMax,
  registrationAllowed: true,
  commitRevealEnabled: false,
  stakeThreshold: 0,
};
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
      const started = startConstants(clock, random, {
        intervalMs: options.intervalMs ?? defaultIntervalMs,
        netuid: options.netuid ?? defaultNetuid,
      });
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
    return new EmbeddedDevChain(environment, constants, clock, random);
  } catch (error) {
    await environment.close();
    throw error;
  }
}

const startConstants = (
  clock: Clock,
  random: Random,
  settings: Pick<Constants, 'intervalMs' | 'netuid'>,
): Constants => ({ genesis: random.bytes(32), startedAtMs: clock.now(), ...settings });

class EmbeddedDevChain implements DevChain {
  readonly network = 'dev';
  readonly netuid: number;
  readonly genesis: Uint8Array;
  readonly blockIntervalMs: number;
  readonly startedAtMs: number;
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #random: Random;
  /** A final block stays final, also when the machine's clock is set back. */
  #highest = 0;
  #highestFinal = 0;

  constructor(environment: Environment, constants: Constants, clock: Clock, random: Random) {
    this.#environment = environment;
    this.#clock = clock;
    this.#random = random;
    this.genesis = constants.genesis;
    this.netuid = constants.netuid;
    this.blockIntervalMs = constants.intervalMs;
    this.startedAtMs = constants.startedAtMs;
  }

  async finalisedHead(): Promise<BlockRef> {
    const faults = this.#environment.read(() => this.#faults());
    const number = this.#final(faults);
    return { number, hash: this.#hash(number, faults) };
  }

  async headTimeMs(): Promise<number> {
    const { number } = await this.finalisedHead();
    return this.startedAtMs + number * this.blockIntervalMs;
  }

  async blockHash(number: number): Promise<Uint8Array | null> {
    const faults = this.#environment.read(() => this.#faults());
    if (!Number.isSafeInteger(number) || number < 0 || number > this.#final(faults)) return null;
    return this.#hash(number, faults);
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
    await this.#environment.write(() => {
      const stored = this.#stored(key);
      if (stored === null)
        throw new FileTaoError(
          'forbidden',
          `hotkey ${encodeSs58(signer.publicKey)} is not registered on the dev chain: register it first`,
        );
      if (stored.address?.host === address.host && stored.address.port === address.port) return;
      this.#store(key, { ...stored, address: { host: address.host, port: address.port } });
    });
  }

  async hyperparameters(): Promise<Hyperparameters> {
    return this.#environment.read(() => this.#hyperparameters());
  }

  async balance(account: PublicKey): Promise<bigint> {
    const key = keyOf(account);
    return this.#environment.read(() => this.#balance(key));
  }

  async registrationCost(): Promise<bigint> {
    return registrationCost;
  }

  async weights(uid: number): Promise<readonly Weight[]> {
    return this.#environment.read(() => {
      const neuron = this.#allNeurons().find((candidate) => candidate.uid === uid);
      const stored = neuron && this.#environment.tables.weights.get(keyOf(neuron.hotkey));
      return stored === undefined ? [] : decode<Weight[]>(stored);
    });
  }

  async describe(write: ChainWrite): Promise<ChainCall> {
    const { call, ...rest } = write;
    if (write.call === 'setWeights') checkWeights(write.weights);
    const args = call === 'setWeights' ? { ...rest, versionKey: String(write.versionKey) } : rest;
    return { name: `dev.${call}`, args: { netuid: this.netuid, ...args }, hex: null };
  }

  async burnedRegister(coldkey: Signer, hotkey: PublicKey): Promise<number> {
    const payer = keyOf(publicKeyOf(coldkey.publicKey));
    const key = keyOf(hotkey);
    const lastUpdate = this.#head();
    return this.#environment.write(() => {
      const known = this.#stored(key);
      if (known !== null)
        throw new FileTaoError('exists', `the hotkey is registered already, as uid ${known.uid}`);
      if (!this.#hyperparameters().registrationAllowed)
        throw new FileTaoError('forbidden', 'registration is closed: nothing was changed');
      const balance = this.#balance(payer);
      if (balance < registrationCost)
        throw new FileTaoError(
          'funds',
          `registering costs ${formatTao(registrationCost)} TAO and the coldkey ${encodeSs58(coldkey.publicKey)} has ${formatTao(balance)}: nothing was changed`,
        );
      this.#putBalance(payer, balance - registrationCost);
      const uid = this.#freeUid();
      this.#store(key, { uid, stake: 0, validatorPermit: false, address: null, lastUpdate });
      return uid;
    });
  }

  async setWeights(signer: Signer, weights: readonly Weight[], versionKey: bigint): Promise<void> {
    checkWeights(weights);
    const hotkey = publicKeyOf(signer.publicKey);
    const key = keyOf(hotkey);
    const block = this.#final(this.#environment.read(() => this.#faults()));
    await this.#environment.write(() => {
      const stored = this.#stored(key);
      const refusal = weightsRefusal({
        neuron: stored === null ? null : { hotkey, ...stored },
        block,
        hyperparameters: this.#hyperparameters(),
        neuronCount: Math.max(0, ...this.#allNeurons().map(({ uid }) => uid + 1)),
        weights,
        versionKey,
      });
      if (refusal !== null) throw new FileTaoError(refusal.code, refusal.sentence);
      const sorted = [...weights].sort((a, b) => a.uid - b.uid).map(({ uid, value }) => ({ uid, value }));
      this.#environment.tables.weights.put(key, Buffer.from(encode(sorted)));
      this.#store(key, { ...stored!, lastUpdate: block });
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
      this.#environment.tables.weights.remove(key);
      return true;
    });
  }

  async setStake(hotkey: PublicKey, stake: number): Promise<void> {
    checkStake(stake);
    await this.#change(hotkey, { stake });
  }

  setPermit(hotkey: PublicKey, validatorPermit: boolean): Promise<void> {
    return this.#change(hotkey, { validatorPermit });
  }

  async setBalance(account: PublicKey, rao: bigint): Promise<void> {
    const key = keyOf(account);
    await this.#environment.write(() => this.#putBalance(key, rao));
  }

  async setHyperparameters(change: Partial<Hyperparameters>): Promise<void> {
    await this.#environment.write(() => {
      const next = { ...this.#hyperparameters(), ...change };
      this.#environment.tables.chain.put(hyperparametersKey, Buffer.from(encode(next)));
    });
  }

  async faults(): Promise<DevChainFaults> {
    return this.#environment.read(() => this.#faults());
  }

  async setFaults(change: Partial<DevChainFaults>): Promise<void> {
    for (const [name, least] of [
      ['finalityLag', 0],
      ['headStep', 1],
      ['forkFrom', 0],
    ] as const)
      checkWhole(name, change[name] ?? undefined, least, Number.MAX_SAFE_INTEGER);
    await this.#environment.write(() => {
      const next = { ...this.#faults(), ...change };
      this.#environment.tables.chain.put(faultsKey, Buffer.from(encode(next)));
    });
  }

  async reset(): Promise<void> {
    const started = startConstants(this.#clock, this.#random, {
      intervalMs: this.blockIntervalMs,
      netuid: this.netuid,
    });
    await this.#environment.write(() => {
      for (const name of tableNames) {
        const table = this.#environment.tables[name];
        for (const key of [...table.getKeys({})]) table.remove(Buffer.from(key));
      }
      this.#environment.tables.chain.put(constantsKey, Buffer.from(encode(started)));
    });
  }

  close(): Promise<void> {
    return this.#environment.close();
  }

  async #change(hotkey: PublicKey, change: Partial<StoredNeuron>): Promise<void> {
    const key = keyOf(hotkey);
    await this.#environment.write(() => {
      const stored = this.#stored(key);
      if (stored === null)
        throw new FileTaoError(
          'not-found',
          `hotkey ${encodeSs58(key)} is not registered on the dev chain: filetao dev register`,
        );
      this.#store(key, { ...stored, ...change });
    });
  }

  #faults(): DevChainFaults {
    const stored = this.#environment.tables.chain.get(faultsKey);
    return stored === undefined ? noFaults : decode<DevChainFaults>(stored);
  }

  #hyperparameters(): Hyperparameters {
    const stored = this.#environment.tables.chain.get(hyperparametersKey);
    if (stored === undefined) return firstHyperparameters;
    const found = { ...firstHyperparameters, ...decode<Hyperparameters>(stored) };
    return { ...found, weightsVersion: BigInt(found.weightsVersion) };
  }

  #balance(key: Buffer): bigint {
    const stored = this.#environment.tables.balances.get(key);
    return stored === undefined ? firstBalance : BigInt(decode<number | bigint>(stored));
  }

  #putBalance(key: Buffer, rao: bigint): void {
    this.#environment.tables.balances.put(key, Buffer.from(encode(rao)));
  }

  #final(faults: DevChainFaults): number {
    this.#highestFinal = Math.max(this.#highestFinal, finalisedOf(this.#head(), faults));
    return this.#highestFinal;
  }

  #head(): number {
    const number = Math.floor((this.#clock.now() - this.startedAtMs) / this.blockIntervalMs);
    this.#highest = Math.max(this.#highest, number);
    return this.#highest;
  }

  #hash(number: number, faults: DevChainFaults): Uint8Array {
    const branch = branchOf(number, faults);
    const message = new Uint8Array(this.genesis.length + (branch === 0 ? 8 : 16));
    message.set(this.genesis);
    const view = new DataView(message.buffer);
    view.setBigUint64(this.genesis.length, BigInt(number), true);
    if (branch !== 0) view.setBigUint64(this.genesis.length + 8, BigInt(branch), true);
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
