// A miner that may crash at every await: what survives its crashes, and the process that may not.
import { silentLog } from '../../../src/adapters/observe/log.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { NodeAddress } from '../../../src/domain/ports/chain.js';
import type { NodeReply } from '../../../src/domain/ports/network.js';
import type { ReplicaWriter } from '../../../src/domain/ports/replicas.js';
import type { Signer } from '../../../src/domain/ports/signer.js';
import { adoptLeftovers } from '../../../src/nodes/miner/adopting.js';
import { composeMiner } from '../../../src/nodes/miner/compose.js';
import type { MinerContext } from '../../../src/nodes/miner/context.js';
import { scrub } from '../../../src/nodes/miner/scrubbing.js';
import { answerTo, type MinerMessage } from '../simulated/miner-routes.js';
import { MemoryHoldings, MemoryReplicas, memoryProver } from '../simulated/stores.js';
import type { SimulatedProcess } from './process.js';
import type { WorldParts } from './world.js';

export class FaultyMiner {
  readonly hotkey: PublicKey;
  readonly holdings = new MemoryHoldings();
  readonly files = new MemoryReplicas();
  registered = true;
  #context: MinerContext;

  constructor(
    private readonly world: WorldParts,
    private readonly signer: Signer,
    readonly process: SimulatedProcess,
    readonly address: NodeAddress,
  ) {
    this.hotkey = publicKeyOf(signer.publicKey);
    this.#context = this.#compose();
  }

  /** Comes back, and looks in the background for what a crash between file and index left, as a miner's start does. */
  start(): void {
    this.process.up = true;
    this.#context = this.#compose();
    const { replicas, index, verify } = this.#context;
    const never = new AbortController().signal;
    void adoptLeftovers(replicas, index, this.hotkey, verify, never).catch(() => {});
  }

  /** Looks at all it holds, as it does every two weeks. */
  async scrub(): Promise<void> {
    await scrub(this.#context, { bytesPerSecond: 1e9 });
  }

  get up(): boolean {
    return this.process.up;
  }

  whenEnded(tell: () => void): void {
    this.process.whenEnded(tell);
  }

  /** A request comes in, and its answer goes out: the process may end at both. */
  answer(message: MinerMessage): Promise<NodeReply> {
    const { process } = this;
    const context = this.#context;
    return process.gate(process.epoch, `route ${message.route}`, () => answerTo(context, message), 'never');
  }

  #compose(): MinerContext {
    const { process, world } = this;
    const { epoch } = process;
    if (world.mutations.receiptBeforeSync) this.#loseUnsynced();
    const replicas = process.gated(epoch, 'replicas', this.files.port, { streams: ['stream', 'list'] });
    const create: typeof replicas.create = async (id, size) =>
      process.gated<ReplicaWriter>(epoch, 'writer', await replicas.create(id, size));
    return composeMiner({
      signer: this.signer,
      verify: world.keys.verify,
      core: world.core,
      chain: process.gated(epoch, 'chain', world.chain, { fails: 'never' }),
      replicas: new Proxy(replicas, {
        get: (target, name) => (name === 'create' ? create : target[name as keyof typeof target]),
      }),
      index: process.gated(epoch, 'holdings', this.holdings.port),
      prover: process.gated(epoch, 'prover', this.#prover(world.core)),
      clock: world.clockOf(process, epoch),
      log: silentLog(),
    });
  }

  #prover(core: ProofCore): ReturnType<typeof memoryProver> {
    return memoryProver(core, (path) => {
      const stored = this.files.files.get(path);
      if (stored === undefined) throw new FileTaoError('unknown-replica', 'no such file');
      return stored.data;
    });
  }

  #loseUnsynced(): void {
    const { files } = this.files;
    const newest = [...files.keys()].at(-1);
    this.process.whenEnded(() => {
      const last = [...files.keys()].at(-1);
      if (last !== undefined && last !== newest) files.delete(last);
    });
  }
}
