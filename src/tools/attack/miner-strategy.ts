// How a cheating miner is played: it and an honest witness take the same piece from a real validator, the cheat
// does to its copy what it likes, and then round follows round. The witness must pass every one of its own, and
// the piece must come back whole in the end.
import { equalBytes } from '../../domain/model/bytes.js';
import { kibibyte, limits } from '../../domain/model/constants.js';
import { toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId, ReplicaRecord } from '../../domain/model/records.js';
import {
  type AuditWish,
  chunkCount,
  defaultChunkSize,
  openingsFor,
} from '../../domain/protocol/parameters.js';
import { challengeReplica } from '../../nodes/validator/challenging.js';
import { fetchPiece } from '../../nodes/validator/fetching.js';
import { changeReplica } from '../../nodes/validator/replica-state.js';
import type { PieceSource } from '../../nodes/validator/storing.js';
import { type Arena, type ArenaMiner, type ArenaValidator, defaultAudit } from './arena.js';
import type { MinerCheat } from './cheat.js';
import { Counter, type Strategy } from './strategy.js';

/** A replica of 100 chunks, of which a round opens 44. */
export const replicaSize = 100 * kibibyte;
const witnessEvery = 10;

export interface Scene {
  readonly arena: Arena;
  readonly validator: ArenaValidator;
  readonly witness: ArenaMiner;
  readonly piece: PieceSource & { readonly data: Uint8Array };
}

export interface Stored extends Scene {
  readonly cheater: ArenaMiner;
  readonly replica: ReplicaRecord;
  /** The witness's replica of the same piece. */
  readonly honestReplica: ReplicaRecord;
}

export interface Shape {
  readonly chunks: number;
  readonly openings: number;
}

export interface PlayedCheat {
  readonly cheat?: MinerCheat;
  /** What it does to its copy once the receipt is given. */
  afterStore?(stored: Stored): Promise<void>;
}

export interface MinerStrategyOptions {
  readonly name: string;
  readonly what: string;
  readonly rounds?: number;
  readonly size?: number;
  readonly audit?: AuditWish;
  /** Bytes of other rounds on the same miner: they prolong the deadlines. */
  readonly queuedBytes?: number;
  /** By theory; never unless given. */
  readonly expected?: (shape: Shape) => number;
  /** Called once per play, so that a cheat may remember. */
  cheat(scene: Scene): PlayedCheat;
}

export function minerStrategy(options: MinerStrategyOptions): Strategy {
  const { name, what, size = replicaSize, audit = defaultAudit } = options;
  return {
    name,
    what,
    who: 'miner',
    rounds: options.rounds ?? 30,
    async play(arena, rounds) {
      const stored = await storeBoth(arena, options);
      const { validator, replica, honestReplica, witness, piece } = stored;
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        const { outcome, reason } = await playRound(validator, replica, options.queuedBytes);
        counter.count(outcome, reason);
        if (i % witnessEvery === 0) counter.honest(await honestRound(validator, honestReplica));
      }
      counter.honest(await bringsBack(stored, witness, piece));
      const openings = openingsFor(limits.openingsMax, audit);
      const chunks = chunkCount(size, defaultChunkSize(size, openings));
      const shape = { chunks, openings: Math.min(openings, chunks) };
      return counter.tally(options.expected?.(shape) ?? 0);
    },
  };
}

export async function storeBoth(
  arena: Arena,
  options: Pick<MinerStrategyOptions, 'size' | 'audit' | 'cheat'>,
): Promise<Stored> {
  const validator = await arena.addValidator({ audit: options.audit ?? defaultAudit });
  const witness = await arena.addMiner();
  const piece = await arena.piece(options.size ?? replicaSize);
  const scene = { arena, validator, witness, piece };
  const honestReplica = await arena.store(validator, piece, witness);
  const { cheat, afterStore } = options.cheat(scene);
  const cheater = await arena.addMiner(cheat);
  const replica = await arena.store(validator, piece, cheater);
  const stored = { ...scene, cheater, replica, honestReplica };
  await afterStore?.(stored);
  return stored;
}

export interface RoundOutcome {
  readonly outcome: 'pass' | 'fail' | 'void';
  readonly reason: string;
}

/**
 * One round. A replica that failed is out of use for a real validator; here it gets another chance each time, so
 * that there is something to count. A round without end counts as void.
 */
export async function playRound(
  validator: ArenaValidator,
  id: ReplicaId,
  queuedBytes = 0,
): Promise<RoundOutcome> {
  const { context } = validator;
  await changeReplica(context, id, (current) =>
    current.state === 'active' ? null : { ...current, state: 'active' },
  );
  try {
    const result = await challengeReplica(context, id, queuedBytes);
    if (result === null) return { outcome: 'void', reason: 'no round' };
    const after = await context.index.getReplica(id);
    if (after?.openRound !== null) return { outcome: 'void', reason: 'left open' };
    return { outcome: result.outcome, reason: result.reason };
  } catch (error) {
    await changeReplica(context, id, (current) => ({ ...current, openRound: null }));
    return { outcome: 'void', reason: `threw ${toFileTaoError(error).code}` };
  }
}

/** null when the honest miner passed, else what happened. */
export async function honestRound(validator: ArenaValidator, id: ReplicaId): Promise<string | null> {
  const result = await challengeReplica(validator.context, id);
  return result?.outcome === 'pass'
    ? null
    : `${result?.outcome ?? 'no round'} ${result?.reason ?? ''}`.trim();
}

/** Whatever the cheat gives back, the validator hands out the right bytes: the witness has them. */
async function bringsBack(
  { validator }: Stored,
  witness: ArenaMiner,
  piece: Scene['piece'],
): Promise<string | null> {
  try {
    const { data, failures } = await fetchPiece(validator.context, piece.pieceId);
    if (!equalBytes(data, piece.data)) return 'wrong bytes were handed out';
    return failures.some(({ hotkey }) => hotkey === witness.hotkey) ? 'the witness failed a retrieval' : null;
  } catch (error) {
    return `the piece is lost: ${toFileTaoError(error).message}`;
  }
}
