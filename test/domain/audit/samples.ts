// Genuine transcripts from the simulated world, with real sr25519 keys, and ways to change them: as their own
// validator would, by signing again.
import { signerFromUri, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { type Replay, Replayer } from '../../../src/domain/audit/replay.js';
import {
  encodeEntry,
  type TranscriptEntry,
  type TranscriptHead,
  transcriptKind,
} from '../../../src/domain/audit/transcript.js';
import {
  type MessageKind,
  openSealed,
  readSealed,
  sealMessage,
} from '../../../src/domain/identity/sealed.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { deleteReplicaOn, renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { World } from '../../nodes/simulated/world.js';

export const validatorKeys = signerFromUri('//AuditValidator');
export const minerKeys = signerFromUri('//AuditMiner');
export const keys = { validator: validatorKeys, miner: minerKeys, verify: verifySr25519 };

export interface Sample {
  readonly world: World;
  /** Store, rounds 1…3, retrieve, renew, delete. */
  readonly entries: readonly TranscriptEntry[];
}

/** @param real sr25519 keys; else signatures are keyed hashes, for tests that check thousands */
export async function sampleWorld(seed = 1, size = 40_000, real = true): Promise<Sample> {
  const world = new World({ seed, size, ...(real ? { keys } : {}) });
  const { schedule } = world;
  await world.store();
  const validator = world.validator();
  for (let i = 0; i < 3; i++) await schedule.until(challengeReplica(validator, world.id));
  await schedule.until(fetchPiece(validator, world.record.pieceId));
  await schedule.until(renewReplicaOn(validator, world.record, world.record.expiry + 1000));
  await schedule.until(deleteReplicaOn(validator, world.record));
  return { world, entries: world.entries() };
}

export const replayOf = (world: World, entry: TranscriptEntry): Replay =>
  new Replayer(world.core, world.keys.verify).replay([entry])[0]!;

/** What a dishonest validator can do: change anything it recorded, and sign that. */
export function resigned(
  entry: TranscriptEntry,
  changes: Partial<TranscriptHead>,
  bulks: TranscriptEntry['bulks'] = entry.bulks,
): TranscriptEntry {
  const sealed = sealMessage(transcriptKind, { ...entry.head.value, ...changes }, validatorKeys);
  return { head: readSealed(transcriptKind, sealed), bulks };
}

/** The message of the type, decoded, changed, and signed by its sender again. */
export function rewritten<Value>(
  entry: TranscriptEntry,
  kind: MessageKind<Value>,
  changes: Partial<Value>,
  signer = kind.type === 'challenge' || kind.type === 'opening-request' ? validatorKeys : minerKeys,
): TranscriptHead['messages'] {
  return entry.head.value.messages.map((message) => {
    if (message.type !== kind.type) return message;
    const { value } = openSealed(kind, message.bytes, verifySr25519);
    return { ...message, bytes: sealMessage(kind, { ...value, ...changes }, signer) };
  });
}

export const encoded = (entry: TranscriptEntry): Uint8Array => encodeEntry(entry.head.bytes, entry.bulks);

export const brokenSays = (replay: Replay): string[] =>
  replay.checks.filter(({ result }) => result === 'broken').map(({ about, says }) => `${about}: ${says}`);
