// A validator that may crash at every await: its index, transcripts and reward ledger survive, the process may not.
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import type { RewardLog } from '../../../src/adapters/observe/ledger-files.js';
import {
  type LedgerEntry,
  ledgerKind,
  packFloat,
  readLedgerEntry,
  unpackFloat,
} from '../../../src/domain/audit/ledger.js';
import {
  encodeEntry,
  FrameReader,
  openFrame,
  type TranscriptEntry,
} from '../../../src/domain/audit/transcript.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import {
  concatBytes,
  type PieceId,
  type PublicKey,
  pieceIdOf,
  publicKeyOf,
} from '../../../src/domain/model/bytes.js';
import { defaultRules, type EconomyRules } from '../../../src/domain/model/economy.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Network } from '../../../src/domain/ports/network.js';
import type { Signer } from '../../../src/domain/ports/signer.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { Repairs } from '../../../src/nodes/validator/repairs.js';
import { openRewarding, type Rewarding } from '../../../src/nodes/validator/rewarding.js';
import type { WorkFiles } from '../../../src/nodes/validator/work-files.js';
import { MemoryIndex } from '../simulated/memory-index.js';
import { memoryProver } from '../simulated/stores.js';
import { simulatedValidator } from '../simulated/validator.js';
import type { SimulatedProcess } from './process.js';
import type { WorldParts } from './world.js';

/** What a validator process works with besides its context. */
export interface RunningValidator {
  readonly context: ValidatorContext;
  readonly repairs: Repairs;
  readonly failures: FailureCounts;
  /** Restores every miner's standing from the ledger. */
  openRewards(): Promise<Rewarding>;
}

/** The economy's own numbers, with windows short enough for a history to see several. */
const rules: EconomyRules = {
  ...defaultRules,
  constants: { ...defaultRules.constants, 'tier.window': 5 },
};

export class FaultyValidator {
  readonly hotkey: PublicKey;
  readonly index = new MemoryIndex();
  /** Frames as they were made durable: what everybody may read. */
  readonly transcripts: Uint8Array[] = [];
  readonly ledger: Uint8Array[] = [];
  readonly #workFiles = new Map<string, Uint8Array>();

  constructor(
    private readonly world: WorldParts,
    private readonly signer: Signer,
    readonly process: SimulatedProcess,
  ) {
    this.hotkey = publicKeyOf(signer.publicKey);
  }

  entries(): TranscriptEntry[] {
    return [...new FrameReader().push(concatBytes(...this.transcripts))].map(openFrame);
  }

  /** A piece of random bytes in a file, as an API node's spool has it. */
  newPiece(): { readonly pieceId: PieceId; readonly data: Uint8Array; readonly path: string } {
    const { dice, core } = this.world;
    const data = dice.bytes(1 + dice.below(6000));
    const path = `spool ${dice.next()}`;
    this.#workFiles.set(path, data);
    return { pieceId: pieceIdOf(core.hash(data)), data, path };
  }

  start(): RunningValidator {
    const { process, world } = this;
    const { epoch } = process;
    process.up = true;
    if (world.mutations.indexNotDurable) {
      const before = this.index.backup();
      process.whenEnded(() => this.#undoLastChange(before));
    }
    const network = world.network.portOf(() => process.epoch === epoch);
    const context = simulatedValidator({
      signer: this.signer,
      verify: world.keys.verify,
      core: world.core,
      chain: process.gated(epoch, 'chain', world.chain, { fails: 'never' }),
      index: process.gated(epoch, 'index', this.index.port),
      prover: process.gated(epoch, 'prover', this.#prover()),
      network: this.#gatedNetwork(epoch, network),
      clock: world.clockOf(process, epoch),
      dice: world.dice,
      transcripts: {
        append: (entry) => this.#append(epoch, 'transcripts', this.transcripts, entry),
        entries: () => this.entries(),
      },
      workFiles: process.gated(epoch, 'workFiles', this.#files(), { streams: ['read'] }),
      processId: process.name,
    });
    const failures = new FailureCounts();
    const repairs = new Repairs(context, { folder: 'work', failures, piecesAtOnce: 2, bytesPerSecond: 1e9 });
    const log: RewardLog = {
      append: (entry) => this.#append(epoch, 'ledger', this.ledger, this.#published(entry)),
      fromLastState: () =>
        process.gate(epoch, 'ledger.fromLastState', async () => {
          const entries = this.#ledgerEntries();
          return entries.slice(entries.map(({ value }) => value.event).lastIndexOf('state'));
        }),
      close: async () => {},
    };
    if (world.mutations.ledgerNotDurable) process.whenEnded(() => void this.ledger.pop());
    const openRewards = async (): Promise<Rewarding> =>
      openRewarding(context, { log, rules, block: (await context.view.head()).number });
    return { context, repairs, failures, openRewards };
  }

  /** An entry of the ledger as others shall read it. */
  #published(entry: Uint8Array): Uint8Array {
    if (!this.world.mutations.ledgerFlatters) return entry;
    const [frame] = new FrameReader().push(entry);
    const { value } = readLedgerEntry(frame!.sealedHead);
    const answers = value.answers.map((answer) => ({
      ...answer,
      score: packFloat(unpackFloat(answer.score) + 2 ** -40),
    }));
    return encodeEntry(sealMessage(ledgerKind, { ...value, answers }, this.signer), []);
  }

  #ledgerEntries(): LedgerEntry[] {
    const frames = new FrameReader().push(concatBytes(...this.ledger));
    return [...frames].map(({ sealedHead }) => readLedgerEntry(Uint8Array.from(sealedHead)));
  }

  /** The process may end with its question on the way, with the answer there, and while it reads it. */
  #gatedNetwork(epoch: number, network: Network): Network {
    const { process } = this;
    return {
      ...network,
      request: async (request) => {
        const asked = () => network.request(request);
        const reply = await process.gate(epoch, `network.${request.route}`, asked, 'never');
        return process.gated(epoch, 'reply', reply, { fails: 'never', free: ['elapsedMs'] });
      },
    };
  }

  /** Records that changed since go back by a version. */
  #undoLastChange(before: ReadonlyMap<string, ReplicaRecord>): void {
    for (const [key, record] of this.index.replicas) {
      const older = before.get(key);
      if (older !== undefined && older.version < record.version) this.index.replicas.set(key, older);
    }
  }

  /** What failed to be written is cut off again by the log, so it leaves nothing. */
  #append(epoch: number, name: string, entries: Uint8Array[], entry: Uint8Array): Promise<void> {
    const append = async (): Promise<void> => void entries.push(entry.slice());
    return this.process.gate(epoch, `${name}.append`, append, 'before');
  }

  /** Digests pieces as they are encoded, from the work files. */
  #prover(): ValidatorContext['prover'] {
    const { core } = this.world;
    const read = (path: string): Uint8Array => {
      const data = this.#workFiles.get(path);
      if (data === undefined) throw new FileTaoError('not-found', 'no such work file');
      return data;
    };
    return {
      ...memoryProver(core, read),
      digest: async ({ path, keys, encodeKey }) => {
        const data = read(path);
        const encoded = encodeKey === undefined ? data : nodeCipher.aes256Ctr(encodeKey).apply(data).slice();
        return {
          root: core.hash(encoded),
          keyed: keys.map((key) => core.keyed(key, encoded)),
          outboard: null,
        };
      },
    };
  }

  #files(): WorkFiles {
    const files = this.#workFiles;
    const { dice } = this.world;
    return {
      write: async (_, pieceId, data) => {
        const path = `work ${pieceId} ${dice.next()}`;
        files.set(path, data.slice());
        return path;
      },
      read: async function* (path) {
        yield files.get(path)!.slice();
      },
      remove: async (path) => void files.delete(path),
    };
  }
}
