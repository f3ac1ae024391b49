// Puts a validator's context together; the API node starts from the same one.

import type { EvidenceFiles } from '../../adapters/observe/evidence-files.js';
import type { Log } from '../../adapters/observe/log.js';
import type { Observer } from '../../adapters/observe/observer.js';
import type { TranscriptLog } from '../../adapters/observe/transcript-log.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { dutyDefaults, mebibyte } from '../../domain/model/constants.js';
import type { Chain } from '../../domain/ports/chain.js';
import type { Cipher } from '../../domain/ports/cipher.js';
import type { Clock } from '../../domain/ports/clock.js';
import type { Network } from '../../domain/ports/network.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import type { Prover } from '../../domain/ports/prover.js';
import type { Random } from '../../domain/ports/random.js';
import type { Signer, VerifySignature } from '../../domain/ports/signer.js';
import { type AuditWish, type Deadlines, defaultDeadlines } from '../../domain/protocol/parameters.js';
import { ChainView } from '../chain-view.js';
import { PieceBuffers } from '../piece-buffers.js';
import type { ValidatorContext } from './context.js';
import { identityOf } from './key-ring.js';
import { Lag } from './lag.js';
import { Presence } from './presence.js';
import { MinerRates } from './rates.js';
import { SettlingMemory } from './settling-memory.js';
import { systemWorkFiles } from './work-files.js';

export interface ValidatorParts {
  readonly signer: Signer;
  /** Hotkeys used before, whose replicas are still there. */
  readonly retiredSigners?: readonly Signer[];
  readonly verify: VerifySignature;
  readonly chain: Chain;
  readonly core: ProofCore;
  readonly index: PlacementIndex;
  readonly prover: Prover;
  readonly network: Network;
  readonly cipher: Cipher;
  readonly clock: Clock;
  readonly random: Random;
  readonly transcripts: TranscriptLog;
  /** Where replicas go that show a false K. */
  readonly evidence?: EvidenceFiles;
  readonly log: Log;
  /** Who is told of rounds. */
  readonly observer?: Observer;
  readonly audit: AuditWish;
  readonly deadlines?: Deadlines;
  /** Successive misses after which a miner is down. */
  readonly missesMax?: number;
  /** Default: the reference's. */
  readonly vpermitTaoLimit?: number;
  /** Default: no limit. */
  readonly storageLimit?: ValidatorContext['storageLimit'];
  /** The same after every restart of the same node, different for nodes that share an index. */
  readonly processId: string;
}

/** Bytes of fetched pieces in memory: two of the default size. */
const fetchedBytesMax = 32 * mebibyte;

export function composeValidator(parts: ValidatorParts): ValidatorContext {
  const { signer, chain, clock } = parts;
  return {
    ...parts,
    ...identityOf(chain, signer),
    retired: new Map(
      (parts.retiredSigners ?? []).map((old) => [publicKeyOf(old.publicKey), identityOf(chain, old)]),
    ),
    rates: new MinerRates(),
    presence: new Presence(parts.missesMax),
    vpermitTaoLimit: parts.vpermitTaoLimit ?? dutyDefaults.vpermitTaoLimit,
    storageLimit: parts.storageLimit ?? (async () => Number.MAX_SAFE_INTEGER),
    view: new ChainView(chain, clock),
    lag: new Lag(clock),
    pieceBuffers: new PieceBuffers(fetchedBytesMax),
    settlingMemory: new SettlingMemory(),
    workFiles: systemWorkFiles,
    liveRounds: new Set(),
    deadlines: parts.deadlines ?? defaultDeadlines,
  };
}

/** Closes what the context was composed of, the last used first. */
export async function closeValidatorParts(context: ValidatorContext): Promise<void> {
  context.lag.stop();
  await context.network.close();
  await context.prover.close();
  await context.transcripts.close();
  await context.index.close();
  await context.chain.close();
}
