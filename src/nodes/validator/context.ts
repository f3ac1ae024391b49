// What every part of a validator, and of an API node beside it, works with.

import type { EvidenceFiles } from '../../adapters/observe/evidence-files.js';
import type { Log } from '../../adapters/observe/log.js';
import type { Observer } from '../../adapters/observe/observer.js';
import type { TranscriptLog } from '../../adapters/observe/transcript-log.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import type { CountedAnswer } from '../../domain/model/records.js';
import type { Chain } from '../../domain/ports/chain.js';
import type { Cipher } from '../../domain/ports/cipher.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Network } from '../../domain/ports/network.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import type { Prover } from '../../domain/ports/prover.js';
import type { Random } from '../../domain/ports/random.js';
import type { Signer, VerifySignature } from '../../domain/ports/signer.js';
import type { Party } from '../../domain/protocol/messages.js';
import type { AuditWish, Deadlines } from '../../domain/protocol/parameters.js';
import type { ChainView } from '../chain-view.js';
import type { PieceBuffers } from '../piece-buffers.js';
import type { Lag } from './lag.js';
import type { Presence } from './presence.js';
import type { MinerRates } from './rates.js';
import type { SettlingMemory } from './settling-memory.js';
import type { WorkFiles } from './work-files.js';

/** A hotkey and what follows from it. */
export interface Identity {
  readonly party: Party;
  readonly signer: Signer;
  /** derive("filetao v1 replica secret", secretKey) */
  readonly secret: Uint8Array;
}

export interface ValidatorContext extends Identity {
  readonly verify: VerifySignature;
  readonly core: ProofCore;
  readonly chain: Chain;
  readonly view: ChainView;
  readonly index: PlacementIndex;
  readonly prover: Prover;
  readonly network: Network;
  readonly cipher: Cipher;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Who is told of rounds. */
  readonly observer?: Observer;
  readonly lag: Lag;
  readonly transcripts: TranscriptLog;
  readonly audit: AuditWish;
  readonly deadlines: Deadlines;
  /** Hotkeys used before (key-ring.ts). */
  readonly retired: ReadonlyMap<PublicKey, Identity>;
  /** Bytes per second that miners said they prove (rates.ts). */
  readonly rates: MinerRates;
  /** Which miners are there, leaving or full, as far as they were asked (presence.ts). */
  readonly presence: Presence;
  /** TAO of stake above which a neuron with a validator permit is no miner. */
  readonly vpermitTaoLimit: number;
  /** Bytes that a miner may be given at most, by its tier. */
  readonly storageLimit: (miner: PublicKey) => Promise<number>;
  /** Where pieces lie while they are stored. */
  readonly workFiles: WorkFiles;
  /** Names this process in open rounds. */
  readonly processId: string;
  /** Memory for pieces that are fetched. */
  readonly pieceBuffers: PieceBuffers;
  /** For checking kept rounds when the data is at hand. */
  readonly settlingMemory: SettlingMemory;
  /** Where replicas go that show a false K; without it they are not kept. */
  readonly evidence?: EvidenceFiles;
  /** Rounds being held in this process now (`roundKey`). */
  readonly liveRounds: Set<string>;
  /** Told of every answer that counts, once it is counted (answers.ts). */
  readonly onAnswer?: (answer: CountedAnswer) => void;
}
