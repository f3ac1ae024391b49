// A JSON-RPC node that serves the real metadata of a subtensor runtime: blocks with state of their own, storage
// encoded by that metadata, extrinsics decoded, their signatures checked (by @polkadot/util-crypto, over a
// payload the node builds itself) and dispatched by a few of the pallet's rules. And it can misbehave: hang,
// drop connections in mid-call, reorganise, be late with finality, upgrade its runtime in mid-run.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Codec } from '@polkadot/types/types';
import { blake2AsHex } from '@polkadot/util-crypto';
import { type WebSocket, WebSocketServer } from 'ws';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, toHex } from '../../../src/domain/model/bytes.js';
import { decodeExtrinsic, isSignedFor, type SubmittedCall } from './extrinsics.js';
import { dispatch, eventRecord } from './pallet-rules.js';
import { metadataSpecVersion } from './runtime-metadata.js';
import { type Hex, metadataWithoutPallet, runtime } from './runtime-storage.js';
import { type Block, SubnetState } from './subnet-state.js';

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

export class MetadataNode extends SubnetState {
  /** Every extrinsic that got into a block, in order. */
  readonly calls: SubmittedCall[] = [];
  /** How often each method was asked for. */
  readonly asked = new Map<string, number>();
  readonly #options: MetadataNodeOptions;
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
    super(options.netuid ?? 21);
    this.#options = options;
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
    for (const block of replaced)
      this.#pool.push(
        ...block.extrinsics.map((hex) => decodeExtrinsic(this.storage.registry, hex, this.#specVersion)),
      );
    this.produce(replaced.length);
    return replaced.length;
  }

  /** A new block with the state of a subnet where nobody is registered. */
  wipe(): void {
    this.produce(1, () => {
      this.found();
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
        call.error = dispatch(this, this.storage.registry, call, number);
        this.calls.push(call);
        return eventRecord(this.storage.registry, index, call.error);
      });
      const count8 = Uint8Array.of(events.length << 2);
      state.set(this.storage.key(this.storage.system, 'events', []), `0x${toHex(count8)}${events.join('')}`);
    }
    this.#finalised = Math.max(this.#finalised, this.head.number - this.#finalityLag);
  }

  #add(block: Block): void {
    this.#byHash.set(block.hash, block);
    this.#canonical.push(block);
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
        const key = this.storage.registry.createType('AccountId', String(first)).toU8a();
        const address = encodeSs58(key);
        return this.nonceOf(key) + this.#pool.filter(({ call }) => call.signer === address).length;
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
      return `0x${toHex(this.storage.registry.createType('Vec<u32>', [16]).toU8a())}`;
    if (name === 'Metadata_metadata_at_version') {
      const served = this.#options.withoutPallet ? metadataWithoutPallet() : runtime().hex;
      return `0x01${toHex(this.storage.registry.createType('Bytes', served as Hex).toU8a())}`;
    }
    if (name !== 'SubnetInfoRuntimeApi_get_selective_metagraph')
      throw new RpcFailure(-32000, `${name} is not served here`);
    const bytes = fromHex(params.slice(2));
    const netuid = bytes[0]! | (bytes[1]! << 8);
    const numbers = this.storage.registry.createType('Vec<u16>', bytes.slice(2)).toJSON() as number[];
    const optional = `Option<${selectiveType}>`;
    if (netuid !== this.netuid) return '0x00';
    const names = Object.keys(this.storage.registry.createType(selectiveType).toJSON() as object);
    const { metagraphCall = 'first' } = this.#options;
    const offset = metagraphCall === 'shifted' ? 0 : 1;
    const wanted = metagraphCall === 'empty' ? [] : numbers.map((number) => names[number + offset]!);
    const { state } = block;
    const read = (item: string, ...args: unknown[]): Codec | null =>
      this.storage.read(state, this.storage.subtensor, item, args);
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
    return `0x${toHex(this.storage.registry.createType(optional, answer).toU8a())}`;
  }

  #submit(hex: string): string {
    if (this.#pool.some((waiting) => waiting.hex === hex))
      throw new RpcFailure(1013, 'Transaction is already imported');
    let decoded: { hex: string; call: SubmittedCall };
    try {
      decoded = decodeExtrinsic(this.storage.registry, hex, this.#specVersion);
    } catch (error) {
      throw new RpcFailure(1002, `Verification Error: cannot decode: ${(error as Error).message}`);
    }
    const blockHashes = this.#canonical.map(({ hash }) => hash);
    if (!isSignedFor(this.storage.registry, hex, { blockHashes, specVersion: this.#specVersion }))
      throw new RpcFailure(1010, 'Invalid Transaction: Transaction has a bad signature');
    const key = this.storage.registry.createType('AccountId', decoded.call.signer).toU8a();
    const nonce = this.nonceOf(key);
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
