// The placement index on Redis. Each method is one command or one script (placement-scripts.ts); keys.ts names the
// keys. "Resolved" means done on the server, and on its disk as far as its appendfsync setting goes (durability.ts).

import { randomBytes } from 'node:crypto';
import type { Cid, PieceId, PublicKey } from '../../../domain/model/bytes.js';
import { toHex } from '../../../domain/model/bytes.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type {
  BytesPromise,
  CountedAnswer,
  MinerStatistics,
  ObjectId,
  ObjectRecord,
  OwnedTotal,
  PieceRecord,
  ReplicaId,
  ReplicaRecord,
  StatisticKind,
  WindowJudgement,
} from '../../../domain/model/records.js';
import { type PlacementIndex, waitingAnswersMax } from '../../../domain/ports/placement-index.js';
import { answerCodec, objectCodec, pieceCodec, replicaCodec, statisticsCodec } from '../codec.js';
import {
  cidKey,
  idBytes,
  idKey,
  objectIdOfKey,
  objectKey,
  placementKey,
  replicaIdOfPlacementKey,
} from '../keys.js';
import type { RedisPlace } from '../location.js';
import { checkPromise } from '../promises.js';
import { noStatistics, packTier, readTier } from '../statistics.js';
import type { RedisConnectionOptions } from './connection.js';
import { NodeSpace } from './node-space.js';
import { damagedValue, readU64, u64s } from './packed.js';
import * as scripts from './placement-scripts.js';

const everything = Buffer.alloc(0);
const kinds: readonly StatisticKind[] = ['store', 'challenge', 'retrieve'];
const states = ['failed', 'active'] as const;
const writerBytes = scripts.replicaHeaderBytes - scripts.writerOffset;

export async function openRedisPlacementIndex(
  place: RedisPlace,
  options: RedisConnectionOptions = {},
): Promise<PlacementIndex> {
  return new RedisPlacementIndex(await NodeSpace.open(place, 'placement index', options));
}

class RedisPlacementIndex implements PlacementIndex {
  readonly #space: NodeSpace;

  constructor(space: NodeSpace) {
    this.#space = space;
  }

  // Objects

  async putObject(record: ObjectRecord): Promise<void> {
    await this.#space.repeatable(scripts.putObject, [objectKey(record), packObject(record)]);
  }

  async getObject(id: ObjectId): Promise<ObjectRecord | null> {
    const stored = await this.#space.field('objects', objectKey(id));
    return stored === null ? null : unpackObject(stored);
  }

  async claimsOf(cid: Cid, limit: number): Promise<readonly ObjectRecord[]> {
    const prefix = cidKey(cid);
    const { items } = await this.#space.page(scripts.listObjects, prefix, null, limit, (key, value) =>
      key.length === prefix.length + idBytes ? unpackObject(value) : null,
    );
    return items.filter((record) => record !== null);
  }

  async deleteObject(id: ObjectId): Promise<boolean> {
    return this.#space.removed(scripts.deleteObject, [objectKey(id)]);
  }

  async listObjects(cursor: string | null, limit: number) {
    return this.#space.page(scripts.listObjects, everything, cursor, limit, (_, value) =>
      unpackObject(value),
    );
  }

  async listObjectsOf(owner: PublicKey, cursor: string | null, limit: number) {
    return this.#space.page(scripts.listObjectsOf, idKey(owner), cursor, limit, (_, value) =>
      unpackObject(value),
    );
  }

  async ownedBy(owner: PublicKey): Promise<OwnedTotal> {
    const [objects, bytes] = await Promise.all([
      this.#space.field('owner-objects', idKey(owner)),
      this.#space.field('owner-bytes', idKey(owner)),
    ]);
    return { objects: numberOf(objects), bytes: numberOf(bytes) };
  }

  async expiredObjects(time: number, limit: number): Promise<readonly ObjectId[]> {
    return (await this.#space.filedUntil('objects-by-expiry', time, limit)).map(objectIdOfKey);
  }

  // Pieces

  async putPiece(record: PieceRecord): Promise<void> {
    await this.putPieces([record]);
  }

  async putPieces(records: readonly PieceRecord[]): Promise<void> {
    const packed = records.map((record) => {
      pieceCodec.encode(record); // refuses a wrong record
      const { size, copies, expiry, storedAt } = record;
      return [idKey(record.pieceId), u64s(size, copies, expiry, storedAt)] as const;
    });
    await Promise.all(
      batches(packed).map((batch) => this.#space.repeatable(scripts.putPieces, batch.flat())),
    );
  }

  async getPiece(pieceId: PieceId): Promise<PieceRecord | null> {
    const key = idKey(pieceId);
    const stored = await this.#space.field('pieces', key);
    return stored === null ? null : unpackPiece(key, stored);
  }

  async listPieces(cursor: string | null, limit: number) {
    return this.#space.page(scripts.listPieces, everything, cursor, limit, unpackPiece);
  }

  async expiredPieces(time: number, limit: number): Promise<readonly PieceId[]> {
    const keys = await this.#space.filedUntil('pieces-by-expiry', time, limit);
    return keys.map((key) => toHex(key) as PieceId);
  }

  async removePiece(pieceId: PieceId, time: number): Promise<boolean> {
    const most = Math.floor(Math.min(time, Number.MAX_SAFE_INTEGER));
    const { reply, resent } = await this.#space.run(scripts.removePiece, [idKey(pieceId), most], true);
    if (reply === 1) return true;
    return resent && (await this.getPiece(pieceId)) === null;
  }

  async objectsOfPiece(pieceId: PieceId): Promise<readonly ObjectId[]> {
    const members = (await this.#space.repeatable(scripts.objectsOfPiece, [idKey(pieceId)])) as Buffer[];
    return members.map((member) => objectIdOfKey(member.subarray(idBytes)));
  }

  async underReplicatedPieces(cursor: string | null, limit: number) {
    return this.#space.page(scripts.listShortPieces, everything, cursor, limit, unpackPiece);
  }

  // Replicas

  async addReplica(record: ReplicaRecord, promiseId?: string): Promise<boolean> {
    const promise = promiseId === undefined ? everything : idKey(promiseId as PieceId);
    const args = [promise, placementKey(record), packReplica(record)];
    return ((await this.#space.repeatable(scripts.addReplicas, args)) as number[])[0] === 1;
  }

  async addReplicas(records: readonly ReplicaRecord[]): Promise<readonly boolean[]> {
    const writers = randomBytes(writerBytes * records.length);
    const packed = records.map((record, i) => {
      const writer = writers.subarray(writerBytes * i, writerBytes * (i + 1));
      return [placementKey(record), packReplica(record, writer)] as const;
    });
    const answers = await Promise.all(
      batches(packed).map((batch) =>
        this.#space.repeatable(scripts.addReplicas, [everything, ...batch.flat()]),
      ),
    );
    return (answers as number[][]).flat().map((answer) => answer === 1);
  }

  async getReplica(id: ReplicaId): Promise<ReplicaRecord | null> {
    const stored = await this.#space.field('replicas', placementKey(id));
    return stored === null ? null : unpackReplica(stored);
  }

  async updateReplica(next: ReplicaRecord): Promise<boolean> {
    const args = [placementKey(next), packReplica(next)];
    const { reply, resent } = await this.#space.run(scripts.updateReplica, args, true);
    if (reply === 2 && resent)
      throw new FileTaoError(
        'unreachable',
        `the connection to Redis at ${this.#space.connection.place} broke and the replica has moved on since: whether this change was made is not known`,
      );
    return reply === 1;
  }

  async removeReplica(id: ReplicaId): Promise<boolean> {
    return this.#space.removed(scripts.removeReplica, [placementKey(id)]);
  }

  async replicasOfPiece(pieceId: PieceId): Promise<readonly ReplicaRecord[]> {
    const found = (await this.#space.repeatable(scripts.replicasOfPiece, [idKey(pieceId)])) as Buffer[];
    return found.map(unpackReplica);
  }

  async replicasOfMiner(minerKey: PublicKey, cursor: string | null, limit: number) {
    return this.#pageOfReplicas(idKey(minerKey), cursor, limit);
  }

  async listReplicas(cursor: string | null, limit: number) {
    return this.#pageOfReplicas(everything, cursor, limit);
  }

  async expiredReplicas(time: number, limit: number): Promise<readonly ReplicaId[]> {
    return (await this.#space.filedUntil('replicas-by-expiry', time, limit)).map(replicaIdOfPlacementKey);
  }

  #pageOfReplicas(prefix: Buffer, cursor: string | null, limit: number) {
    return this.#space.page(scripts.listReplicas, prefix, cursor, limit, (_, value) => unpackReplica(value));
  }

  // Miners

  async usedBytes(minerKey: PublicKey): Promise<number> {
    return numberOf(await this.#space.field('miner-bytes', idKey(minerKey)));
  }

  async promise(promise: BytesPromise, now: number, limit: number): Promise<boolean> {
    checkPromise(promise, limit);
    const { minerKey, id, until, bytes } = promise;
    const args = [idKey(minerKey), idKey(id as PieceId), until, bytes, Math.floor(now), limit];
    return (await this.#space.repeatable(scripts.promiseBytes, args)) === 1;
  }

  async releasePromise(minerKey: PublicKey, id: string): Promise<boolean> {
    return this.#space.removed(scripts.releasePromise, [idKey(minerKey), idKey(id as PieceId)]);
  }

  async promisedBytes(minerKey: PublicKey, now: number): Promise<number> {
    const reply = await this.#space.repeatable(scripts.promisedBytes, [idKey(minerKey), Math.floor(now)]);
    return numberOf(reply as Buffer);
  }

  /** Not sent again after a broken connection: it may have been settled meanwhile, and would count twice. */
  async count(answer: CountedAnswer): Promise<boolean> {
    const { minerKey, task, passed, transcript } = answer;
    const encoded = Buffer.from(answerCodec.encode(answer));
    const args = [idKey(minerKey), kinds.indexOf(task), passed ? 1 : 0, Buffer.from(transcript), encoded];
    return (await this.#space.run(scripts.countAnswer, [...args, waitingAnswersMax], false)).reply === 1;
  }

  async waitingAnswers(limit: number): Promise<readonly CountedAnswer[]> {
    const found = (await this.#space.repeatable(scripts.waitingAnswers, [limit])) as Buffer[];
    return found.slice(0, limit).map((answer) => answerCodec.decode(answer));
  }

  async settleAnswers(transcripts: readonly Uint8Array[]): Promise<void> {
    for (let at = 0; at < transcripts.length; at += settledAtOnce)
      await this.#space.repeatable(
        scripts.settleAnswers,
        transcripts.slice(at, at + settledAtOnce).map((transcript) => Buffer.from(transcript)),
      );
  }

  async statistics(minerKey: PublicKey): Promise<MinerStatistics> {
    const key = idKey(minerKey);
    const [stored, tier] = (await this.#space.repeatable(scripts.statistics, [key])) as (Buffer | null)[];
    return stored?.length ? unpackStatistics(key, stored, tier) : noStatistics(minerKey);
  }

  async listStatistics(): Promise<readonly MinerStatistics[]> {
    const all = (await this.#space.repeatable(scripts.listStatistics, [])) as Buffer[];
    const records: MinerStatistics[] = [];
    for (let i = 0; i + 2 < all.length; i += 3)
      records.push(unpackStatistics(all[i]!, all[i + 1]!, all[i + 2]));
    return records.sort((a, b) => (a.minerKey < b.minerKey ? -1 : 1));
  }

  async putStatistics(record: MinerStatistics): Promise<void> {
    statisticsCodec.encode(record); // refuses a wrong record
    const packed = u64s(...countsOf(record), record.totalSuccesses);
    const args = [idKey(record.minerKey), packed, packTier(record.tier)];
    await this.#space.repeatable(scripts.putStatistics, args);
  }

  async rollWindow(window: number, judgements: readonly WindowJudgement[]): Promise<boolean> {
    const args = judgements.flatMap((judgement) => [
      idKey(judgement.minerKey),
      u64s(...countsOf(judgement)),
      packTier(judgement.tier),
    ]);
    const { reply, resent } = await this.#space.run(scripts.rollWindow, [window, ...args], true);
    return reply === 1 || (resent && (await this.window()) === window);
  }

  async window(): Promise<number> {
    return numberOf(
      (await this.#space.connection.command('GET', this.#space.key('window'))) as Buffer | null,
    );
  }

  close(): Promise<void> {
    return this.#space.close();
  }
}

const settledAtOnce = 1000;

/** Records that one script writes: others wait a few milliseconds for it, not longer. */
const batchRecords = 64;
const batchBytes = 256 * 1024;

function batches<Packed extends readonly [Buffer, Buffer]>(records: readonly Packed[]): Packed[][] {
  const all: Packed[][] = [];
  let batch: Packed[] = [];
  let size = 0;
  for (const record of records) {
    if (batch.length === 0 || batch.length === batchRecords || size >= batchBytes) {
      batch = [];
      all.push(batch);
      size = 0;
    }
    batch.push(record);
    size += record[1].length;
  }
  return all;
}

function numberOf(text: Buffer | null): number {
  const value = text === null ? 0 : Number(text.toString('latin1'));
  if (!Number.isSafeInteger(value)) throw damagedValue();
  return value;
}

export function packObject(record: ObjectRecord): Buffer {
  const encoded = objectCodec.encode(record);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(record.pieceIds.length);
  return Buffer.concat([u64s(record.expiry, record.size), count, ...record.pieceIds.map(idKey), encoded]);
}

function unpackObject(value: Buffer): ObjectRecord {
  if (value.length < 20) throw damagedValue();
  return objectCodec.decode(value.subarray(20 + idBytes * value.readUInt32BE(16)));
}

function unpackPiece(key: Buffer, value: Buffer): PieceRecord {
  if (value.length !== 32) throw damagedValue();
  return {
    pieceId: toHex(key) as PieceId,
    size: readU64(value, 0),
    copies: readU64(value, 8),
    expiry: readU64(value, 16),
    storedAt: readU64(value, 24),
  };
}

function packReplica(record: ReplicaRecord, writer = randomBytes(writerBytes)): Buffer {
  const encoded = replicaCodec.encode(record);
  return Buffer.concat([
    u64s(record.version, record.size, record.expiry),
    Buffer.from([states.indexOf(record.state)]),
    idKey(record.pieceId),
    writer,
    encoded,
  ]);
}

function unpackReplica(value: Buffer): ReplicaRecord {
  return replicaCodec.decode(value.subarray(scripts.replicaHeaderBytes));
}

/** Attempts of each kind, then successes. */
const countsOf = ({ attempts, successes }: WindowJudgement): number[] =>
  [attempts, successes].flatMap((of) => kinds.map((kind) => of[kind]));

function unpackStatistics(key: Buffer, value: Buffer, tier: Buffer | null | undefined): MinerStatistics {
  if (value.length !== 56) throw damagedValue();
  const three = (from: number) => ({
    store: readU64(value, from),
    challenge: readU64(value, from + 8),
    retrieve: readU64(value, from + 16),
  });
  return {
    minerKey: toHex(key) as PublicKey,
    attempts: three(0),
    successes: three(24),
    totalSuccesses: readU64(value, 48),
    // a script's list cannot hold nothing: '' stands for it
    tier: readTier(tier?.length ? tier : null),
  };
}
