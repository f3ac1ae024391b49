// A JSON-RPC node that serves the real metadata of a subtensor runtime: blocks with state of their own, storage
// encoded by that metadata, extrinsics decoded, their signatures checked (by @polkadot/util-crypto, over a
// payload the node builds itself) and dispatched by a few of the pallet's rules. And it can misbehave: hang,
// drop connections in mid-call, reorganise, be late with finality, upgrade its runtime in mid-run.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expandMetadata, Metadata, TypeRegistry } from '@polkadot/types';
import type { Codec } from '@polkadot/types/types';
import { unwrapStorageType } from '@polkadot/types/util';
import { blake2AsHex, blake2AsU8a, sr25519Verify } from '@polkadot/util-crypto';
import { type WebSocket, WebSocketServer } from 'ws';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';
import { metadataSpecVersion, readMetadata } from './runtime-metadata.js';

type Hex = `0x${string}`;
type State = Map<string, string>;
type Pallet = ReturnType<typeof expandMetadata>['query'][string];

interface Block {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly state: State;
  readonly extrinsics: readonly string[];
  readonly specVersion: number;
}

export interface SubmittedCall {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** ss58 */
  readonly signer: string;
  readonly nonce: number;
  readonly specVersion: number;
  /** null when the call succeeded in its block. */
  error: string | null;
}

export interface MetadataNodeOptions {
  readonly netuid?: number;
  /** What the runtime call for the metagraph answers with: columns where this version or the next has them, or none. */
  readonly metagraphCall?: 'first' | 'shifted' | 'empty';
  /** Genesis hash: another one is another chain. */
  readonly genesis?: string;
  /** Makes and finalises a block for each extrinsic. Default: yes. */
  readonly instantSeal?: boolean;
  /** Metadata without the pallet, as of some other Substrate chain. */
  readonly withoutPallet?: boolean;
}

class RpcFailure extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Order and names of the runtime's `SelectiveMetagraph` come from the metadata. */
const selectiveType = 'PalletSubtensorRpcInfoMetagraphSelectiveMetagraph';

let shared:
  | { readonly registry: TypeRegistry; readonly metadata: Metadata; readonly hex: string }
  | undefined;

/** Decoding the metadata takes a second; all nodes of a test process share it. */
function runtime() {
  if (shared === undefined) {
    const hex = readMetadata();
    const registry = new TypeRegistry();
    const metadata = new Metadata(registry, hex as Hex);
    const none = { extrinsic: {}, payload: {} };
    registry.setMetadata(
      metadata,
      undefined,
      { SudoTransactionExtension: none, SubtensorTransactionExtension: none, DrandPriority: none },
      true,
    );
    shared = { registry, metadata, hex };
  }
  return shared;
}

export class MetadataNode {
  readonly netuid: number;
  /** Every extrinsic that got into a block, in order. */
  readonly calls: SubmittedCall[] = [];
  /** How often each method was asked for. */
  readonly asked = new Map<string, number>();
  readonly #options: MetadataNodeOptions;
  readonly #registry: TypeRegistry;
  readonly #pallet: Pallet;
  readonly #system: Pallet;
  readonly #byHash = new Map<string, Block>();
  readonly #sockets = new Set<WebSocket>();
  #canonical: Block[] = [];
  #finalised = 0;
  #finalityLag = 0;
  #branch = 0;
  #pool: { readonly hex: string; readonly call: SubmittedCall }[] = [];
  #specVersion = metadataSpecVersion;
  #server: WebSocketServer | null = null;
  #port = 0;
  #hanging = new Set<string>();
  #dropping = new Map<string, 'before' | 'after'>();

  constructor(options: MetadataNodeOptions = {}) {
    this.#options = options;
    this.netuid = options.netuid ?? 21;
    const { registry, metadata } = runtime();
    this.#registry = registry;
    const { query } = expandMetadata(registry, metadata);
    this.#pallet = query.subtensorModule!;
    this.#system = query.system!;
    const genesis = options.genesis ?? `0x${'ab'.repeat(32)}`;
    this.#add({
      number: 0,
      hash: genesis,
      parentHash: `0x${'00'.repeat(32)}`,
      state: new Map(),
      extrinsics: [],
      specVersion: this.#specVersion,
    });
    this.wipe();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get head(): Block {
    return this.#canonical.at(-1)!;
  }

  async start(): Promise<void> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: this.#port });
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('message', (data) => this.#receive(socket, String(data)));
    });
  }

  /** Ends all connections; `start` listens at the same address again. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    this.dropConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Leaves the next call of the method unanswered. */
  hangOn(method: string): void {
    this.#hanging.add(method);
  }

  /** Ends the connection at the next call of the method: before it has taken effect, or after. */
  dropOn(method: string, when: 'before' | 'after'): void {
    this.#dropping.set(method, when);
  }

  /** Finality stays so many blocks behind. */
  delayFinality(blocks: number): void {
    this.#finalityLag = blocks;
  }

  /** The runtime of the blocks to come. */
  upgrade(): void {
    this.#specVersion++;
    this.produce(1);
  }

  /** Replaces blocks that are not final by as many others; returns their number. */
  reorganise(): number {
    const replaced = this.#canonical.splice(this.#finalised + 1);
    this.#branch++;
    for (const block of replaced) this.#pool.push(...block.extrinsics.map((hex) => this.#decode(hex)));
    this.produce(replaced.length);
    return replaced.length;
  }

  /** A new block with the state of a subnet where nobody is registered. */
  wipe(): void {
    this.produce(1, () => {
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
    });
  }

  /** Forgets what waits for a block. */
  emptyPool(): void {
    this.#pool = [];
  }

  hashAt(number: number): string {
    return this.#canonical[number]!.hash;
  }

  /** New blocks, the first with the change and all waiting extrinsics. */
  produce(count: number, change: () => void = () => {}): void {
    for (let i = 0; i < count; i++) {
      const parent = this.head;
      const number = parent.number + 1;
      const pool = this.#pool;
      this.#pool = [];
      const hash = blake2AsHex(`${parent.hash} ${number} ${this.#branch} ${this.#options.genesis ?? ''}`);
      const state = new Map(parent.state);
      this.#add({
        number,
        hash,
        parentHash: parent.hash,
        state,
        extrinsics: pool.map(({ hex }) => hex),
        specVersion: this.#specVersion,
      });
      if (i === 0) change();
      const events = pool.map(({ call }, index) => {
        call.error = this.#dispatch(call, number);
        this.calls.push(call);
        return this.#event(index, call.error);
      });
      const count8 = Uint8Array.of(events.length << 2);
      state.set(this.#key(this.#system, 'events', []), `0x${toHex(count8)}${events.join('')}`);
    }
    this.#finalised = Math.max(this.#finalised, this.head.number - this.#finalityLag);
  }

  /** Writes one value of the pallet's storage into the newest block. */
  set(item: string, args: readonly unknown[], value: unknown): void {
    this.#write(this.#pallet, item, args, value);
  }

  setBalance(publicKey: Uint8Array, rao: bigint): void {
    const nonce = this.#nonceOf(publicKey);
    this.#write(this.#system, 'account', [publicKey], { nonce, providers: 1, data: { free: rao } });
  }

  /** Registers without a call. */
  register(hotkey: Uint8Array, stakeRao: bigint, permit: boolean): number {
    const known = this.uidOf(hotkey);
    const uid = known ?? this.#number('subnetworkN', [this.netuid]);
    const { netuid } = this;
    if (known === null) {
      this.set('keys', [netuid, uid], hotkey);
      this.set('uids', [netuid, hotkey], uid);
      this.set('subnetworkN', [netuid], uid + 1);
      this.#setColumn('lastUpdate', uid, this.head.number);
    }
    this.set('totalHotkeyAlpha', [hotkey, netuid], stakeRao);
    this.#setColumn('validatorPermit', uid, permit);
    return uid;
  }

  /** The chain never shrinks a subnet: another hotkey takes the uid. */
  replace(hotkey: Uint8Array, by: Uint8Array): void {
    const uid = this.uidOf(hotkey)!;
    this.#remove('uids', [this.netuid, hotkey]);
    this.#remove('axons', [this.netuid, hotkey]);
    this.set('keys', [this.netuid, uid], by);
    this.set('uids', [this.netuid, by], uid);
    this.#setColumn('validatorPermit', uid, false);
  }

  setPermit(hotkey: Uint8Array, permit: boolean): void {
    this.#setColumn('validatorPermit', this.uidOf(hotkey)!, permit);
  }

  uidOf(hotkey: Uint8Array): number | null {
    const stored = this.#read(this.#pallet, 'uids', [this.netuid, hotkey], this.head.state);
    return stored === null ? null : Number(stored.toString());
  }

  weightsOf(uid: number): unknown {
    return this.#read(this.#pallet, 'weights', [this.netuid, uid], this.head.state)?.toJSON() ?? [];
  }

  #add(block: Block): void {
    this.#byHash.set(block.hash, block);
    this.#canonical.push(block);
  }

  #key(pallet: Pallet, item: string, args: readonly unknown[]): string {
    const entry = pallet[item]!;
    return this.#registry.createType('StorageKey', [entry, [...args]]).toHex();
  }

  #typeOf(pallet: Pallet, item: string): string {
    return unwrapStorageType(this.#registry, pallet[item]!.meta.type);
  }

  #write(pallet: Pallet, item: string, args: readonly unknown[], value: unknown): void {
    const encoded = this.#registry.createType(this.#typeOf(pallet, item), value).toHex(true);
    this.head.state.set(this.#key(pallet, item, args), encoded);
  }

  #remove(item: string, args: readonly unknown[]): void {
    this.head.state.delete(this.#key(this.#pallet, item, args));
  }

  /** null where nothing is stored and the item has no default. */
  #read(pallet: Pallet, item: string, args: readonly unknown[], state: State): Codec | null {
    const { meta } = pallet[item]!;
    const stored = state.get(this.#key(pallet, item, args));
    if (stored === undefined && meta.modifier.isOptional) return null;
    // As bytes: given hex text, a number would be read from the other end.
    const bytes = stored === undefined ? meta.fallback.toU8a(true) : fromHex(stored.slice(2));
    return this.#registry.createType(this.#typeOf(pallet, item), bytes);
  }

  #number(item: string, args: readonly unknown[]): number {
    return Number(this.#read(this.#pallet, item, args, this.head.state)!.toString());
  }

  #setColumn(item: 'lastUpdate' | 'validatorPermit', uid: number, value: number | boolean): void {
    const column = this.#read(this.#pallet, item, [this.netuid], this.head.state)!.toJSON() as (
      | number
      | boolean
    )[];
    while (column.length <= uid) column.push(item === 'lastUpdate' ? 0 : false);
    column[uid] = value;
    this.set(item, [this.netuid], column);
  }

  #nonceOf(publicKey: Uint8Array): number {
    const account = this.#read(this.#system, 'account', [publicKey], this.head.state) as unknown as {
      nonce: Codec;
    };
    return Number(account.nonce.toString());
  }

  #balanceOf(publicKey: Uint8Array): bigint {
    const account = this.#read(this.#system, 'account', [publicKey], this.head.state) as unknown as {
      data: { free: Codec };
    };
    return BigInt(account.data.free.toString());
  }

  // --- JSON-RPC

  #receive(socket: WebSocket, text: string): void {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: unknown[] };
    this.asked.set(method, (this.asked.get(method) ?? 0) + 1);
    if (this.#hanging.delete(method)) return;
    const drop = this.#dropping.get(method);
    this.#dropping.delete(method);
    if (drop === 'before') {
      socket.terminate();
      return;
    }
    let answer: Record<string, unknown>;
    try {
      answer = { result: this.#answer(method, params) };
    } catch (error) {
      const { code, message } = error as RpcFailure;
      answer = { error: { code: code ?? -32000, message } };
    }
    if (drop === 'after') socket.terminate();
    else socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  }

  #blockAt(hash: unknown): Block {
    const block = hash === undefined || hash === null ? this.head : this.#byHash.get(String(hash));
    if (block === undefined) throw new RpcFailure(-32000, `unknown block ${String(hash)}`);
    return block;
  }

  #answer(method: string, params: readonly unknown[]): unknown {
    const [first, second] = params;
    switch (method) {
      case 'rpc_methods':
        return { methods: [...answered] };
      case 'system_chain':
        return 'Bittensor';
      case 'system_properties':
        return { ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'TAO' };
      case 'system_accountNextIndex': {
        const key = this.#registry.createType('AccountId', String(first)).toU8a();
        const address = encodeSs58(key);
        return this.#nonceOf(key) + this.#pool.filter(({ call }) => call.signer === address).length;
      }
      case 'chain_getBlockHash': {
        if (first === undefined || first === null) return this.head.hash;
        return this.#canonical[Number(first)]?.hash ?? `0x${'00'.repeat(32)}`;
      }
      case 'chain_getFinalizedHead':
        return this.#canonical[this.#finalised]!.hash;
      case 'chain_getHeader': {
        const { number, parentHash } = this.#blockAt(first);
        const root = `0x${'00'.repeat(32)}`;
        return {
          number: `0x${number.toString(16)}`,
          parentHash,
          stateRoot: root,
          extrinsicsRoot: root,
          digest: { logs: [] },
        };
      }
      case 'chain_getBlock': {
        const block = this.#blockAt(first);
        return {
          block: { header: this.#answer('chain_getHeader', [block.hash]), extrinsics: block.extrinsics },
          justifications: null,
        };
      }
      case 'state_getRuntimeVersion':
        return this.#version(this.#blockAt(first).specVersion);
      case 'state_getStorage':
        return this.#blockAt(second).state.get(String(first)) ?? null;
      case 'state_queryStorageAt': {
        const block = this.#blockAt(second);
        const changes = (first as string[]).map((key) => [key, block.state.get(key) ?? null]);
        return [{ block: block.hash, changes }];
      }
      case 'state_call':
        return this.#runtimeCall(String(first), String(second), this.#blockAt(params[2]));
      case 'author_submitExtrinsic':
        return this.#submit(String(first));
      default:
        throw new RpcFailure(-32601, `Method not found: ${method}`);
    }
  }

  #version(specVersion: number): unknown {
    return {
      specName: 'node-subtensor',
      implName: 'node-subtensor',
      authoringVersion: 1,
      specVersion,
      implVersion: 1,
      transactionVersion: 1,
      stateVersion: 1,
      // blake2-64 of "Core" and of "Metadata"
      apis: [
        ['0xdf6acb689907609b', 5],
        ['0x37e397fc7c91f5e4', 2],
      ],
    };
  }

  #runtimeCall(name: string, params: string, block: Block): string {
    if (name === 'Metadata_metadata_versions')
      return `0x${toHex(this.#registry.createType('Vec<u32>', [16]).toU8a())}`;
    if (name === 'Metadata_metadata_at_version') {
      const served = this.#options.withoutPallet ? metadataWithoutPallet() : runtime().hex;
      return `0x01${toHex(this.#registry.createType('Bytes', served as Hex).toU8a())}`;
    }
    if (name !== 'SubnetInfoRuntimeApi_get_selective_metagraph')
      throw new RpcFailure(-32000, `${name} is not served here`);
    const bytes = fromHex(params.slice(2));
    const netuid = bytes[0]! | (bytes[1]! << 8);
    const numbers = this.#registry.createType('Vec<u16>', bytes.slice(2)).toJSON() as number[];
    const optional = `Option<${selectiveType}>`;
    if (netuid !== this.netuid) return '0x00';
    const names = Object.keys(this.#registry.createType(selectiveType).toJSON() as object);
    const { metagraphCall = 'first' } = this.#options;
    const offset = metagraphCall === 'shifted' ? 0 : 1;
    const wanted = metagraphCall === 'empty' ? [] : numbers.map((number) => names[number + offset]!);
    const { state } = block;
    const read = (item: string, ...args: unknown[]): Codec | null =>
      this.#read(this.#pallet, item, args, state);
    const count = Number(read('subnetworkN', netuid)!.toString());
    const hotkeys = Array.from({ length: count }, (_, uid) => read('keys', netuid, uid)!.toU8a());
    const columns: Record<string, unknown> = {
      netuid,
      hotkeys,
      axons: hotkeys.map((hotkey) => read('axons', netuid, hotkey) ?? {}),
      lastUpdate: read('lastUpdate', netuid)!.toJSON(),
      totalStake: hotkeys.map((hotkey) => read('totalHotkeyAlpha', hotkey, netuid)!.toString()),
    };
    const answer = Object.fromEntries(
      Object.entries(columns).filter(([column]) => column === 'netuid' || wanted.includes(column)),
    );
    return `0x${toHex(this.#registry.createType(optional, answer).toU8a())}`;
  }

  // --- extrinsics

  #decode(hex: string): { hex: string; call: SubmittedCall } {
    const extrinsic = this.#registry.createType('Extrinsic', hex as Hex);
    const { method } = extrinsic;
    const names = method.args.map(
      (value, i) => [camelCase(method.meta.args[i]!.name.toString()), value.toJSON()] as const,
    );
    return {
      hex,
      call: {
        method: `${method.section}.${method.method}`,
        args: Object.fromEntries(names),
        signer: encodeSs58(this.#registry.createType('AccountId', extrinsic.signer.toString()).toU8a()),
        nonce: Number(extrinsic.nonce.toString()),
        specVersion: this.#specVersion,
        error: null,
      },
    };
  }

  #submit(hex: string): string {
    if (this.#pool.some((waiting) => waiting.hex === hex))
      throw new RpcFailure(1013, 'Transaction is already imported');
    let decoded: { hex: string; call: SubmittedCall };
    try {
      decoded = this.#decode(hex);
    } catch (error) {
      throw new RpcFailure(1002, `Verification Error: cannot decode: ${(error as Error).message}`);
    }
    this.#checkSignature(hex);
    const key = this.#registry.createType('AccountId', decoded.call.signer).toU8a();
    const nonce = this.#nonceOf(key);
    if (decoded.call.nonce < nonce)
      throw new RpcFailure(1010, 'Invalid Transaction: Transaction is outdated');
    if (
      this.#pool.some(({ call }) => call.signer === decoded.call.signer && call.nonce === decoded.call.nonce)
    )
      throw new RpcFailure(1014, 'Priority is too low: (18 vs 18)');
    this.#pool.push(decoded);
    if (this.#options.instantSeal !== false) this.produce(1);
    return blake2AsHex(fromHex(hex.slice(2)));
  }

  /** Over a payload of the node's own making: genesis, birth block and version are the chain's, not the signer's. */
  #checkSignature(hex: string): void {
    const extrinsic = this.#registry.createType('Extrinsic', hex as Hex);
    const { era } = extrinsic;
    const birth = era.isMortalEra ? era.asMortalEra.birth(this.head.number) : 0;
    const payload = this.#registry.createType(
      'ExtrinsicPayload',
      {
        method: extrinsic.method.toHex(),
        era: era.toHex(),
        nonce: extrinsic.nonce,
        tip: extrinsic.tip,
        specVersion: this.#specVersion,
        transactionVersion: 1,
        genesisHash: this.#canonical[0]!.hash,
        blockHash: this.#canonical[birth]?.hash ?? this.#canonical[0]!.hash,
        mode: 0,
        metadataHash: null,
      },
      { version: 4 },
    );
    const bytes = payload.toU8a({ method: true });
    const message = bytes.length > 256 ? blake2AsU8a(bytes) : bytes;
    const signer = this.#registry.createType('AccountId', extrinsic.signer.toString()).toU8a();
    const good = extrinsic.isSigned && sr25519Verify(message, extrinsic.signature, signer);
    if (!good) throw new RpcFailure(1010, 'Invalid Transaction: Transaction has a bad signature');
  }

  /** Name of the error, or null: the pallet's own checks, in its order. */
  #dispatch(call: SubmittedCall, block: number): string | null {
    const signer = this.#registry.createType('AccountId', call.signer).toU8a();
    const account = { nonce: call.nonce + 1, providers: 1, data: { free: this.#balanceOf(signer) } };
    this.#write(this.#system, 'account', [signer], account);
    const { netuid } = this;
    const args = call.args as Record<string, string | number>;
    if (args.netuid !== netuid) return 'SubnetNotExists';
    switch (call.method) {
      case 'subtensorModule.serveAxon': {
        if (this.uidOf(signer) === null) return 'HotKeyNotRegisteredInNetwork';
        const ip = BigInt(args.ip!);
        if (ip === 0n || ip === 0x7f000001n || ip === 1n) return 'InvalidIpAddress';
        if (Number(args.port) === 0) return 'InvalidPort';
        const { ipType, protocol, version, port } = args;
        this.set('axons', [netuid, signer], { block, version, ip, port, ipType, protocol });
        return null;
      }
      case 'subtensorModule.setWeights':
        return this.#setWeights(signer, args, block);
      case 'subtensorModule.burnedRegister': {
        const hotkey = this.#registry.createType('AccountId', String(args.hotkey)).toU8a();
        const cost = BigInt(this.#number('burn', [netuid]));
        if (this.uidOf(hotkey) !== null) return 'HotKeyAlreadyRegisteredInSubNet';
        if (this.#balanceOf(signer) < cost) return 'NotEnoughBalanceToStake';
        this.setBalance(signer, this.#balanceOf(signer) - cost);
        this.register(hotkey, 0n, false);
        return null;
      }
      default:
        return 'CallDisabled';
    }
  }

  #setWeights(signer: Uint8Array, args: Readonly<Record<string, unknown>>, block: number): string | null {
    const { netuid } = this;
    const uids = args.dests as number[];
    const values = args.weights as number[];
    const uid = this.uidOf(signer);
    const read = (item: string): unknown =>
      this.#read(this.#pallet, item, [netuid], this.head.state)!.toJSON();
    if (read('commitRevealWeightsEnabled') === true) return 'CommitRevealEnabled';
    if (uids.length !== values.length) return 'WeightVecNotEqualSize';
    if (uid === null) return 'HotKeyNotRegisteredInSubNet';
    const version = BigInt(read('weightsVersionKey') as number);
    if (version !== 0n && BigInt(args.versionKey as number) < version) return 'IncorrectWeightVersionKey';
    const last = (read('lastUpdate') as number[])[uid] ?? 0;
    if (last !== 0 && block - last < Number(read('weightsSetRateLimit'))) return 'SettingWeightsTooFast';
    if ((read('validatorPermit') as boolean[])[uid] !== true) return 'NeuronNoValidatorPermit';
    if (new Set(uids).size !== uids.length) return 'DuplicateUids';
    if (uids.some((to) => to >= Number(read('subnetworkN')))) return 'UidVecContainInvalidOne';
    if (uids.length < Number(read('minAllowedWeights'))) return 'WeightVecLengthIsLow';
    this.set(
      'weights',
      [netuid, uid],
      uids.map((to, i) => [to, values[i]]),
    );
    this.#setColumn('lastUpdate', uid, block);
    return null;
  }

  /** An event record in SCALE: phase, System.ExtrinsicSuccess or ExtrinsicFailed, no topics. */
  #event(index: number, error: string | null): string {
    const phase = [0, index, 0, 0, 0];
    const info = [0, 0, 0, 0];
    if (error === null) return toHex(Uint8Array.from([...phase, 0, 0, ...info, 0]));
    const [pallet, number] = this.#errorNumber(error);
    return toHex(Uint8Array.from([...phase, 0, 1, 3, pallet, number, 0, 0, 0, ...info, 0]));
  }

  #errorNumber(name: string): readonly [number, number] {
    const pallet = runtime().metadata.asLatest.pallets.find(
      (one) => one.name.toString() === 'SubtensorModule',
    )!;
    const { variants } = this.#registry.lookup.getSiType(pallet.errors.unwrap().type).def.asVariant;
    const error = variants.find((one) => one.name.toString() === name);
    if (error === undefined) throw new Error(`the pallet has no error ${name}`);
    return [Number(pallet.index.toString()), Number(error.index.toString())];
  }
}

const camelCase = (name: string): string =>
  name.replaceAll(/_(\w)/gu, (_, letter: string) => letter.toUpperCase());

/** Of the same length, so that nothing else changes: the pallet under another name. */
function metadataWithoutPallet(): string {
  const from = Buffer.from('\u003cSubtensorModule').toString('hex');
  const to = Buffer.from('\u003cAnythingElseMod').toString('hex');
  return runtime().hex.replaceAll(from, to);
}

const answered: ReadonlySet<string> = new Set([
  'author_submitExtrinsic',
  'chain_getBlock',
  'chain_getBlockHash',
  'chain_getFinalizedHead',
  'chain_getHeader',
  'rpc_methods',
  'state_call',
  'state_getRuntimeVersion',
  'state_getStorage',
  'state_queryStorageAt',
  'system_accountNextIndex',
  'system_chain',
  'system_properties',
]);
