// An index as parts that can be listed, written elsewhere and compared: what copying and its check go by. Both
// backends list in the same order and encode records alike, so equal indexes give equal digests.

import { createHash } from 'node:crypto';
import {
  answerCodec,
  heldReplicaCodec,
  objectCodec,
  pieceCodec,
  type RecordCodec,
  replicaCodec,
  statisticsCodec,
} from '../../adapters/index/codec.js';
import { packTier } from '../../adapters/index/statistics.js';
import { equalBytes } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { MinerStatistics, ReplicaRecord } from '../../domain/model/records.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import { type Page, type PlacementIndex, waitingAnswersMax } from '../../domain/ports/placement-index.js';

export interface IndexPart {
  readonly name: string;
  list(cursor: string | null): Promise<Page<unknown>>;
  /** Writes a page of the same part of another index. Twice does no harm. */
  write(items: readonly unknown[]): Promise<void>;
  encode(item: unknown): Uint8Array;
}

export interface PartDigest {
  readonly name: string;
  readonly items: number;
  /** SHA-256 over all encoded records in order. */
  readonly digest: string;
}

const pageItems = 1000;
/** Single writes under way at once: enough for Redis to be kept busy and for LMDB to share flushes. */
const writesAtOnce = 128;

const oneByOne =
  <Item>(write: (item: Item) => Promise<unknown>) =>
  async (items: readonly Item[]): Promise<void> => {
    for (let at = 0; at < items.length; at += writesAtOnce)
      await Promise.all(items.slice(at, at + writesAtOnce).map(write));
  };

const part = <Item>(
  name: string,
  codec: Pick<RecordCodec<Item>, 'encode'>,
  list: (cursor: string | null, limit: number) => Promise<Page<Item>>,
  write: (items: readonly Item[]) => Promise<void>,
): IndexPart => ({
  name,
  list: (cursor) => list(cursor, pageItems),
  write: (items) => write(items as readonly Item[]),
  encode: (item) => codec.encode(item as Item),
});

/** What two indexes must agree on about a miner: its counts and its tier, stored apart. */
const statisticsWithTier: Pick<RecordCodec<MinerStatistics>, 'encode'> = {
  encode: (record) => Buffer.concat([statisticsCodec.encode(record), packTier(record.tier)]),
};

/** Promises of stores under way are not part of it: they run out by themselves. */
export function placementParts(index: PlacementIndex): readonly IndexPart[] {
  return [
    part(
      'objects',
      objectCodec,
      (cursor, limit) => index.listObjects(cursor, limit),
      oneByOne((record) => index.putObject(record)),
    ),
    part(
      'pieces',
      pieceCodec,
      (cursor, limit) => index.listPieces(cursor, limit),
      (records) => index.putPieces(records),
    ),
    part(
      'replicas',
      replicaCodec,
      (cursor, limit) => index.listReplicas(cursor, limit),
      async (records) => {
        const added = await index.addReplicas(records);
        for (const record of records.filter((_, i) => !added[i])) await requireSame(index, record);
      },
    ),
    // Before the statistics, which put right what counting these adds.
    part(
      'answers',
      answerCodec,
      async () => ({
        items: [...(await index.waitingAnswers(waitingAnswersMax))].sort((a, b) =>
          Buffer.compare(a.transcript, b.transcript),
        ),
        next: null,
      }),
      oneByOne((answer) => index.count(answer)),
    ),
    part(
      'statistics',
      statisticsWithTier,
      async () => ({ items: await index.listStatistics(), next: null }),
      oneByOne((record) => index.putStatistics(record)),
    ),
  ];
}

async function requireSame(index: PlacementIndex, record: ReplicaRecord): Promise<void> {
  const there = await index.getReplica(record);
  if (there === null || !equalBytes(replicaCodec.encode(there), replicaCodec.encode(record)))
    throw new FileTaoError(
      'conflict',
      `replica ${record.root} is in the target already, and not the same: stop the nodes that use either index`,
    );
}

export function holdingParts(index: HoldingIndex): readonly IndexPart[] {
  return [
    part(
      'held',
      heldReplicaCodec,
      (cursor, limit) => index.list(cursor, limit),
      oneByOne((record) => index.put(record)),
    ),
  ];
}

export async function digestOf(from: IndexPart, signal?: AbortSignal): Promise<PartDigest> {
  const hash = createHash('sha256');
  let items = 0;
  let cursor: string | null = null;
  do {
    signal?.throwIfAborted();
    const page: Page<unknown> = await from.list(cursor);
    for (const item of page.items) hash.update(from.encode(item));
    items += page.items.length;
    cursor = page.next;
  } while (cursor !== null);
  return { name: from.name, items, digest: hash.digest('hex') };
}
