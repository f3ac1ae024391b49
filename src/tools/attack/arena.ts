// Where a strategy is played: a network in one process. Miners, validators, indexes, replica files, codecs,
// signatures, routes, the proving pool and the core are the product's own; chain time, deadlines and randomness
// are virtual (virtual-clock.ts, seeded-random.ts), so a run repeats exactly.
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DevChain, openDevChain } from '../../adapters/chain/dev/dev-chain.js';
import { nodeCipher } from '../../adapters/cipher/node.js';
import { openLmdbHoldingIndex } from '../../adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../adapters/index/lmdb/placement-index.js';
import { silentLog } from '../../adapters/observe/log.js';
import { placeOf } from '../../adapters/replicas/layout.js';
import { openReplicaFiles } from '../../adapters/replicas/replica-files.js';
import { createServer } from '../../adapters/rpc/server.js';
import { signerFromSeed, verifySr25519 } from '../../adapters/wallets/sr25519.js';
import { TranscriptReader } from '../../domain/audit/transcript.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { type PublicKey, pieceIdOf, publicKeyOf } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { ReplicaId, ReplicaRecord } from '../../domain/model/records.js';
import type { Chain, NodeAddress } from '../../domain/ports/chain.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import type { Prover } from '../../domain/ports/prover.js';
import type { Signer } from '../../domain/ports/signer.js';
import type { AuditWish } from '../../domain/protocol/parameters.js';
import { composeMiner } from '../../nodes/miner/compose.js';
import type { MinerContext } from '../../nodes/miner/context.js';
import { type HeldRound, RoundTable } from '../../nodes/miner/rounds.js';
import { addMinerRoutes } from '../../nodes/miner/routes.js';
import { composeValidator } from '../../nodes/validator/compose.js';
import type { ValidatorContext } from '../../nodes/validator/context.js';
import { Lag } from '../../nodes/validator/lag.js';
import { locateMiner } from '../../nodes/validator/miners.js';
import { type PieceSource, storeReplicaOn } from '../../nodes/validator/storing.js';
import { CarriedNetwork, type Peer, peerOf } from './carried-network.js';
import type { MinerCheat } from './cheat.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';
import { stillClock, type VirtualClock, virtualClock } from './virtual-clock.js';

/** What all strategies of a run share: compiled once, stateless between rounds. */
export interface Machinery {
  readonly core: ProofCore;
  readonly prover: Prover;
}

export interface ArenaMiner {
  readonly hotkey: PublicKey;
  readonly signer: Signer;
  readonly context: MinerContext;
  readonly address: NodeAddress;
  /** The honest node behind the cheat. */
  readonly honest: Peer;
  /** File of a replica. */
  file(id: ReplicaId): { readonly replica: string; readonly outboard: string };
}

export interface ArenaValidator {
  readonly context: ValidatorContext;
  readonly hotkey: PublicKey;
  readonly signer: Signer;
  /** Transcript entries written so far. */
  readonly transcripts: Uint8Array[];
}

const blockMs = 12_000;
/** Transcripts kept per validator; older ones are forgotten. */
const transcriptsMax = 64;
/** What an operator gets without saying anything: 10 % loss found with 99 %, t = 44. */
export const defaultAudit: AuditWish = { loss: 0.1, confidence: 0.99 };

/** Memory where there is some: what is played is not durability. */
function scratchParent(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

export class Arena {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly core: ProofCore;
  readonly prover: Prover;
  readonly folder: string;
  readonly chain: DevChain;
  readonly network: CarriedNetwork;
  readonly #closing: (() => Promise<void>)[] = [];
  #nodes = 0;

  private constructor(
    parts: Pick<Arena, 'random' | 'clock' | 'core' | 'prover' | 'folder' | 'chain' | 'network'>,
  ) {
    this.random = parts.random;
    this.clock = parts.clock;
    this.core = parts.core;
    this.prover = parts.prover;
    this.folder = parts.folder;
    this.chain = parts.chain;
    this.network = parts.network;
  }

  /** @param purpose a strategy's name: it plays the same whichever others are played */
  static async open(machinery: Machinery, seed: string, purpose: string): Promise<Arena> {
    const random = seededRandom(seed, purpose);
    const clock = virtualClock();
    const folder = await mkdtemp(join(scratchParent(), 'filetao-attack-'));
    const chain = await openDevChain({
      directory: join(folder, 'chain'),
      clock,
      intervalMs: blockMs,
      random,
    });
    clock.advance(1000 * blockMs);
    return new Arena({ ...machinery, random, clock, folder, chain, network: new CarriedNetwork(clock) });
  }

  /** Long enough for every node to look at the metagraph again. */
  passBlocks(blocks: number): void {
    this.clock.advance(blocks * blockMs);
  }

  signer(): Signer {
    return signerFromSeed(this.random.bytes(32));
  }

  async addMiner(cheat: MinerCheat = {}): Promise<ArenaMiner> {
    const { core, clock, chain } = this;
    const directory = join(this.folder, `node-${++this.#nodes}`);
    const signer = this.signer();
    const hotkey = publicKeyOf(signer.publicKey);
    await chain.register(hotkey);
    const address = { host: `10.${this.#nodes}.0.1`, port: 4000 };
    await chain.serve(signer, address);
    this.passBlocks(2);
    await mkdir(directory);
    const replicas = await openReplicaFiles({
      directory: join(directory, 'replicas'),
      diskReserveBytes: 16 * mebibyte,
    });
    const index = await openLmdbHoldingIndex(join(directory, 'index'));
    this.onClose(() => replicas.close());
    this.onClose(() => index.close());
    const honest = composeMiner({
      signer,
      verify: verifySr25519,
      chain,
      core,
      replicas,
      index,
      prover: this.prover,
      clock,
      log: silentLog(),
    });
    const context = { ...honest, ...cheat.parts?.(honest) };
    const { round } = cheat;
    if (round !== undefined) {
      Object.assign(context, { rounds: new AlteredRounds(clock, (held) => round(held, context)) });
    }
    const server = createServer({ log: context.log, host: '127.0.0.1', port: 0 });
    addMinerRoutes(server, context);
    this.onClose(() => server.close());
    const peer = peerOf(server);
    const { answer } = cheat;
    this.network.attach(address, answer === undefined ? peer : (asked) => answer(asked, peer, context));
    return {
      hotkey,
      signer,
      context,
      address,
      honest: peer,
      file(id) {
        const { file, outboard } = placeOf(join(directory, 'replicas'), id);
        return { replica: file, outboard };
      },
    };
  }

  async addValidator(
    options: { readonly audit?: AuditWish; readonly permit?: boolean; readonly chain?: Chain } = {},
  ): Promise<ArenaValidator> {
    const { core, clock, chain, random } = this;
    const directory = join(this.folder, `node-${++this.#nodes}`);
    const signer = this.signer();
    const hotkey = publicKeyOf(signer.publicKey);
    if (options.permit !== false) await chain.register(hotkey, { stake: 1000, validatorPermit: true });
    this.passBlocks(2);
    const index = await openLmdbPlacementIndex(directory);
    this.onClose(() => index.close());
    const transcripts: Uint8Array[] = [];
    const composed = composeValidator({
      signer,
      verify: verifySr25519,
      chain: options.chain ?? chain,
      core,
      index,
      prover: this.prover,
      network: this.network,
      cipher: nodeCipher,
      clock,
      random,
      transcripts: {
        async append(entry) {
          transcripts.push(entry);
          if (transcripts.length > transcriptsMax) transcripts.shift();
        },
        async *entriesSince() {
          for (const entry of transcripts) yield* new TranscriptReader().push(entry);
        },
        async *ownAnswersSince() {},
        async close() {},
      },
      log: silentLog(),
      audit: options.audit ?? defaultAudit,
      processId: 'validator',
    });
    composed.lag.stop();
    // Lag is a matter of the machine; on virtual time there is none.
    const lag = new Lag(stillClock);
    this.onClose(async () => lag.stop());
    return { context: { ...composed, lag }, hotkey, signer, transcripts };
  }

  /** A piece of random bytes, as the API node's spool holds it. */
  async piece(size: number): Promise<PieceSource & { readonly data: Uint8Array }> {
    const data = this.random.bytes(size);
    const path = join(this.folder, `piece-${randomUUID()}`);
    await writeFile(path, data);
    return {
      data,
      path,
      size,
      pieceId: pieceIdOf(this.core.hash(data)),
      expiry: unixSeconds(this.clock) + 30 * 24 * 3600,
    };
  }

  async store(validator: ArenaValidator, piece: PieceSource, miner: ArenaMiner): Promise<ReplicaRecord> {
    const { pieceId, size, expiry } = piece;
    await validator.context.index.putPiece({ pieceId, size, copies: 1, expiry, storedAt: expiry });
    validator.context.view.forgetNeurons();
    return storeReplicaOn(validator.context, piece, await locateMiner(validator.context, miner.hotkey));
  }

  onClose(close: () => Promise<unknown>): void {
    this.#closing.push(async () => {
      await close();
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close().catch(() => {});
    await this.chain.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

type Alter = (round: HeldRound) => HeldRound | Promise<HeldRound>;

/** The real table of rounds, but what is put into it has been tampered with. */
class AlteredRounds extends RoundTable {
  readonly #alter: Alter;

  constructor(clock: VirtualClock, alter: Alter) {
    super(() => clock.monotonic());
    this.#alter = alter;
  }

  override obtain(challengeId: Uint8Array, compute: () => Promise<HeldRound>): Promise<HeldRound> {
    return super.obtain(challengeId, async () => this.#alter(await compute()));
  }
}
