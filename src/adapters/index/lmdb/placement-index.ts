// The placement index on LMDB (the default of validators and API nodes). Tables, all keys binary:
//
//   objects           cid ‖ owner → object record  objects-by-expiry   expiry ‖ cid ‖ owner
//   objects-by-piece  pieceId ‖ cid ‖ owner        objects-by-owner    owner ‖ cid
//   owner-objects     owner → u64                  owner-bytes         owner → u64
//   pieces            pieceId → piece record       pieces-by-expiry    expiry ‖ pieceId
//   pieces-short      pieceId (fewer active replicas than copies)
//   replicas          minerKey ‖ validatorKey ‖ root → replica record
//   replicas-by-piece pieceId ‖ replica key → 1 active, 0 not
//   replicas-by-expiry expiry ‖ replica key
//   miner-bytes       minerKey → u64
//   miner-promises    minerKey ‖ promise id → until, bytes
//   miner-statistics  minerKey → statistics record
//   miner-tiers       minerKey → name of the tier; the lowest where there is none
//   window            one zero byte → number of the statistics window
//
// A record and every key derived from it change in one transaction. Every value ends with a sum (checked-table.ts).
import type { Cid, PieceId, PublicKey } from '../../../domain/model/bytes.js';
import { toHex } from '../../../domain/model/bytes.js';
import type {
  BytesPromise,
  MinerStatistics,
  ObjectId,
  ObjectRecord,
  OwnedTotal,
  PieceRecord,
  ReplicaId,
  ReplicaRecord,
  WindowJudgement,
} from '../../../domain/model/records.js';
import type { PlacementIndex } from '../../../domain/ports/placement-index.js';
import { type LmdbEnvironment, openLmdbEnvironment } from '../../system/lmdb-environment.js';
import { objectCodec, pieceCodec, replicaCodec, statisticsCodec } from '../codec.js';
import {
  cidKey,
  idBytes,
  idKey,
  objectIdOfKey,
  objectKey,
  ownedKey,
  placementKey,
  replicaIdOfPlacementKey,
  timeKey,
} from '../keys.js';
import { checkPromise } from '../promises.js';
import { counted, noStatistics, packTier, readTier, rolled } from '../statistics.js';
import { type CheckedTable, checkedTables } from './checked-table.js';
import {
  addToCounter,
  entries,
  filedUntil,
  lmdbSchemaVersion,
  mark,
  page,
  readCounter,
  readRecord,
  under,
} from './tables.js';

export const placementTables = [
  'objects',
  'objects-by-expiry',
  'objects-by-piece',
  'objects-by-owner',
  'owner-objects',
  'owner-bytes',
  'pieces',
  'pieces-by-expiry',
  'pieces-short',
  'replicas',
  'replicas-by-piece',
  'replicas-by-expiry',
  'miner-bytes',
  'miner-promises',
  'miner-statistics',
  'miner-tiers',
  'window',
] as const;

const active = Buffer.from([1]);
const inactive = Buffer.from([0]);
const everything = Buffer.alloc(0);
const windowKey = Buffer.from([0]);

export async function openLmdbPlacementIndex(directory: string): Promise<PlacementIndex> {
  const environment = await openLmdbEnvironment({
    directory,
    kind: 'placement index',
    schemaVersion: lmdbSchemaVersion,
    tables: placementTables,
  });
  return new LmdbPlacementIndex(environment);
}

class LmdbPlacementIndex implements PlacementIndex {
  readonly #environment: LmdbEnvironment<(typeof placementTables)[number]>;
  readonly #tables: Readonly<Record<(typeof placementTables)[number], CheckedTable>>;

  constructor(environment: LmdbEnvironment<(typeof placementTables)[number]>) {
    this.#environment = environment;
    this.#tables = checkedTables(environment.tables);
  }

  // Objects

  async putObject(record: ObjectRecord): Promise<void> {
    const key = objectKey(record);
    const owned = ownedKey(record);
    const owner = idKey(record.owner);
    const encoded = objectCodec.encode(record);
    const claims = record.pieceIds.map((pieceId) => Buffer.concat([idKey(pieceId), key]));
    await this.#environment.write(() => {
      this.#unlinkObject(key);
      this.#tables.objects.put(key, encoded);
      this.#tables['objects-by-expiry'].put(timeKey(record.expiry, key), mark);
      for (const claim of claims) this.#tables['objects-by-piece'].put(claim, mark);
      this.#tables['objects-by-owner'].put(owned, mark);
      addToCounter(this.#tables['owner-objects'], owner, 1);
      addToCounter(this.#tables['owner-bytes'], owner, record.size);
    });
  }

  async getObject(id: ObjectId): Promise<ObjectRecord | null> {
    const key = objectKey(id);
    return this.#environment.read(() => readRecord(this.#tables.objects, objectCodec, key));
  }

  async claimsOf(cid: Cid, limit: number): Promise<readonly ObjectRecord[]> {
    const prefix = cidKey(cid);
    const { items } = this.#environment.read(() =>
      page(this.#tables.objects, prefix, null, limit, (key, value) =>
        key.length === prefix.length + idBytes ? objectCodec.decode(value) : null,
      ),
    );
    return items;
  }

  async deleteObject(id: ObjectId): Promise<boolean> {
    const key = objectKey(id);
    return this.#environment.write(() => {
      if (!this.#unlinkObject(key)) return false;
      this.#tables.objects.remove(key);
      return true;
    });
  }

  async listObjects(cursor: string | null, limit: number) {
    return this.#environment.read(() =>
      page(this.#tables.objects, everything, cursor, limit, (_, value) => objectCodec.decode(value)),
    );
  }

  async listObjectsOf(owner: PublicKey, cursor: string | null, limit: number) {
    const prefix = idKey(owner);
    return this.#environment.read(() =>
      page(this.#tables['objects-by-owner'], prefix, cursor, limit, (key) =>
        readRecord(
          this.#tables.objects,
          objectCodec,
          Buffer.concat([key.subarray(idBytes), key.subarray(0, idBytes)]),
        ),
      ),
    );
  }

  async ownedBy(owner: PublicKey): Promise<OwnedTotal> {
    const key = idKey(owner);
    return this.#environment.read(() => ({
      objects: readCounter(this.#tables['owner-objects'], key),
      bytes: readCounter(this.#tables['owner-bytes'], key),
    }));
  }

  async expiredObjects(time: number, limit: number): Promise<readonly ObjectId[]> {
    return this.#environment.read(() =>
      filedUntil(this.#tables['objects-by-expiry'], time, limit).map(objectIdOfKey),
    );
  }

  #unlinkObject(key: Buffer): boolean {
    const stored = readRecord(this.#tables.objects, objectCodec, key);
    if (stored === null) return false;
    this.#tables['objects-by-expiry'].remove(timeKey(stored.expiry, key));
    for (const pieceId of stored.pieceIds)
      this.#tables['objects-by-piece'].remove(Buffer.concat([idKey(pieceId), key]));
    const owner = idKey(stored.owner);
    this.#tables['objects-by-owner'].remove(ownedKey(stored));
    addToCounter(this.#tables['owner-objects'], owner, -1);
    addToCounter(this.#tables['owner-bytes'], owner, -stored.size);
    return true;
  }

  // Pieces

  async putPiece(record: PieceRecord): Promise<void> {
    await this.putPieces([record]);
  }

  async putPieces(records: readonly PieceRecord[]): Promise<void> {
    for (const record of records) pieceCodec.encode(record); // refuses a wrong record even where the stored one wins
    const keys = records.map(({ pieceId }) => idKey(pieceId));
    await this.#environment.write(() => {
      for (const [i, record] of records.entries()) this.#putPiece(keys[i]!, record);
    });
  }

  #putPiece(key: Buffer, record: PieceRecord): void {
    const stored = readRecord(this.#tables.pieces, pieceCodec, key);
    const next: PieceRecord = {
      ...(stored ?? record),
      copies: Math.max(record.copies, stored?.copies ?? 0),
      expiry: Math.max(record.expiry, stored?.expiry ?? 0),
    };
    if (stored !== null) this.#tables['pieces-by-expiry'].remove(timeKey(stored.expiry, key));
    this.#tables.pieces.put(key, pieceCodec.encode(next));
    this.#tables['pieces-by-expiry'].put(timeKey(next.expiry, key), mark);
    this.#assessPiece(key);
  }

  async getPiece(pieceId: PieceId): Promise<PieceRecord | null> {
    const key = idKey(pieceId);
    return this.#environment.read(() => readRecord(this.#tables.pieces, pieceCodec, key));
  }

  async listPieces(cursor: string | null, limit: number) {
    return this.#environment.read(() =>
      page(this.#tables.pieces, everything, cursor, limit, (_, value) => pieceCodec.decode(value)),
    );
  }

  async expiredPieces(time: number, limit: number): Promise<readonly PieceId[]> {
    return this.#environment.read(() =>
      filedUntil(this.#tables['pieces-by-expiry'], time, limit).map((key) => toHex(key) as PieceId),
    );
  }

  async removePiece(pieceId: PieceId, time: number): Promise<boolean> {
    const key = idKey(pieceId);
    return this.#environment.write(() => {
      const stored = readRecord(this.#tables.pieces, pieceCodec, key);
      if (stored === null || stored.expiry > time) return false;
      if (under(this.#tables['objects-by-piece'], key).length > 0) return false;
      if (under(this.#tables['replicas-by-piece'], key).length > 0) return false;
      this.#tables.pieces.remove(key);
      this.#tables['pieces-by-expiry'].remove(timeKey(stored.expiry, key));
      this.#tables['pieces-short'].remove(key);
      return true;
    });
  }

  async objectsOfPiece(pieceId: PieceId): Promise<readonly ObjectId[]> {
    const key = idKey(pieceId);
    return this.#environment.read(() =>
      under(this.#tables['objects-by-piece'], key).map(({ rest }) => objectIdOfKey(rest)),
    );
  }

  async underReplicatedPieces(cursor: string | null, limit: number) {
    return this.#environment.read(() =>
      page(this.#tables['pieces-short'], everything, cursor, limit, (key) =>
        readRecord(this.#tables.pieces, pieceCodec, key),
      ),
    );
  }

  /** Files the piece as short of replicas, or no longer. */
  #assessPiece(key: Buffer): void {
    const piece = readRecord(this.#tables.pieces, pieceCodec, key);
    if (piece === null) return;
    const replicas = under(this.#tables['replicas-by-piece'], key);
    if (replicas.filter(({ value }) => value.equals(active)).length < piece.copies)
      this.#tables['pieces-short'].put(key, mark);
    else this.#tables['pieces-short'].remove(key);
  }

  // Replicas

  async addReplica(record: ReplicaRecord, promiseId?: string): Promise<boolean> {
    const key = placementKey(record);
    const encoded = replicaCodec.encode(record);
    const promise = promiseId === undefined ? null : promiseKey(record.minerKey, promiseId);
    return this.#environment.write(() => {
      if (!this.#addReplica(key, encoded, record)) return false;
      if (promise !== null) this.#tables['miner-promises'].remove(promise);
      return true;
    });
  }

  async addReplicas(records: readonly ReplicaRecord[]): Promise<readonly boolean[]> {
    const packed = records.map((record) => [placementKey(record), replicaCodec.encode(record)] as const);
    return this.#environment.write(() =>
      packed.map(([key, encoded], i) => this.#addReplica(key, encoded, records[i]!)),
    );
  }

  #addReplica(key: Buffer, encoded: Uint8Array, record: ReplicaRecord): boolean {
    if (this.#tables.replicas.get(key) !== undefined) return false;
    this.#tables.replicas.put(key, encoded);
    this.#linkReplica(key, record);
    return true;
  }

  async getReplica(id: ReplicaId): Promise<ReplicaRecord | null> {
    const key = placementKey(id);
    return this.#environment.read(() => readRecord(this.#tables.replicas, replicaCodec, key));
  }

  async updateReplica(next: ReplicaRecord): Promise<boolean> {
    const key = placementKey(next);
    const encoded = replicaCodec.encode(next);
    return this.#environment.write(() => {
      const stored = readRecord(this.#tables.replicas, replicaCodec, key);
      if (stored === null || stored.version !== next.version - 1) return false;
      this.#tables.replicas.put(key, encoded);
      const filedAlike =
        stored.pieceId === next.pieceId &&
        stored.size === next.size &&
        stored.expiry === next.expiry &&
        stored.state === next.state;
      if (!filedAlike) {
        this.#unlinkReplica(key, stored);
        this.#linkReplica(key, next);
      }
      return true;
    });
  }

  async removeReplica(id: ReplicaId): Promise<boolean> {
    const key = placementKey(id);
    return this.#environment.write(() => {
      const stored = readRecord(this.#tables.replicas, replicaCodec, key);
      if (stored === null) return false;
      this.#tables.replicas.remove(key);
      this.#unlinkReplica(key, stored);
      return true;
    });
  }

  async replicasOfPiece(pieceId: PieceId): Promise<readonly ReplicaRecord[]> {
    const key = idKey(pieceId);
    return this.#environment.read(() =>
      under(this.#tables['replicas-by-piece'], key)
        .map(({ rest }) => readRecord(this.#tables.replicas, replicaCodec, rest))
        .filter((record) => record !== null),
    );
  }

  async replicasOfMiner(minerKey: PublicKey, cursor: string | null, limit: number) {
    return this.#pageOfReplicas(idKey(minerKey), cursor, limit);
  }

  async listReplicas(cursor: string | null, limit: number) {
    return this.#pageOfReplicas(everything, cursor, limit);
  }

  async expiredReplicas(time: number, limit: number): Promise<readonly ReplicaId[]> {
    return this.#environment.read(() =>
      filedUntil(this.#tables['replicas-by-expiry'], time, limit).map(replicaIdOfPlacementKey),
    );
  }

  #pageOfReplicas(prefix: Buffer, cursor: string | null, limit: number) {
    return this.#environment.read(() =>
      page(this.#tables.replicas, prefix, cursor, limit, (_, value) => replicaCodec.decode(value)),
    );
  }

  #linkReplica(key: Buffer, record: ReplicaRecord): void {
    const piece = idKey(record.pieceId);
    const state = record.state === 'active' ? active : inactive;
    this.#tables['replicas-by-piece'].put(Buffer.concat([piece, key]), state);
    this.#tables['replicas-by-expiry'].put(timeKey(record.expiry, key), mark);
    addToCounter(this.#tables['miner-bytes'], idKey(record.minerKey), record.size);
    this.#assessPiece(piece);
  }

  #unlinkReplica(key: Buffer, record: ReplicaRecord): void {
    const piece = idKey(record.pieceId);
    this.#tables['replicas-by-piece'].remove(Buffer.concat([piece, key]));
    this.#tables['replicas-by-expiry'].remove(timeKey(record.expiry, key));
    addToCounter(this.#tables['miner-bytes'], idKey(record.minerKey), -record.size);
    this.#assessPiece(piece);
  }

  // Miners

  async usedBytes(minerKey: PublicKey): Promise<number> {
    const key = idKey(minerKey);
    return this.#environment.read(() => readCounter(this.#tables['miner-bytes'], key));
  }

  async promise(promise: BytesPromise, now: number, limit: number): Promise<boolean> {
    checkPromise(promise, limit);
    const key = promiseKey(promise.minerKey, promise.id);
    const miner = idKey(promise.minerKey);
    return this.#environment.write(() => {
      const table = this.#tables['miner-promises'];
      let taken = readCounter(this.#tables['miner-bytes'], miner);
      for (const { rest, value } of under(table, miner)) {
        const other = Buffer.concat([miner, rest]);
        const { until, bytes } = readPromise(value);
        if (until <= now) table.remove(other);
        else if (!other.equals(key)) taken += bytes;
      }
      if (taken + promise.bytes > limit) {
        table.remove(key);
        return false;
      }
      table.put(key, packPromise(promise));
      return true;
    });
  }

  async releasePromise(minerKey: PublicKey, id: string): Promise<boolean> {
    const key = promiseKey(minerKey, id);
    return this.#environment.write(() => {
      if (this.#tables['miner-promises'].get(key) === undefined) return false;
      this.#tables['miner-promises'].remove(key);
      return true;
    });
  }

  async promisedBytes(minerKey: PublicKey, now: number): Promise<number> {
    const miner = idKey(minerKey);
    return this.#environment.read(() =>
      under(this.#tables['miner-promises'], miner)
        .map(({ value }) => readPromise(value))
        .reduce((sum, { until, bytes }) => sum + (until > now ? bytes : 0), 0),
    );
  }

  async count(
    minerKey: PublicKey,
    kind: 'store' | 'challenge' | 'retrieve',
    success: boolean,
  ): Promise<void> {
    const key = idKey(minerKey);
    await this.#environment.write(() => {
      const after = counted(this.#statisticsOf(key, minerKey), kind, success);
      this.#tables['miner-statistics'].put(key, statisticsCodec.encode(after));
    });
  }

  async statistics(minerKey: PublicKey) {
    const key = idKey(minerKey);
    return this.#environment.read(() => this.#statisticsOf(key, minerKey));
  }

  async listStatistics() {
    return this.#environment.read(() => this.#allStatistics());
  }

  async putStatistics(record: MinerStatistics): Promise<void> {
    const key = idKey(record.minerKey);
    const encoded = statisticsCodec.encode(record);
    await this.#environment.write(() => {
      this.#tables['miner-statistics'].put(key, encoded);
      this.#tables['miner-tiers'].put(key, packTier(record.tier));
    });
  }

  async rollWindow(window: number, judgements: readonly WindowJudgement[]): Promise<boolean> {
    return this.#environment.write(() => {
      const begun = readCounter(this.#tables.window, windowKey);
      if (window <= begun) return false;
      addToCounter(this.#tables.window, windowKey, window - begun);
      for (const judgement of judgements) {
        const key = idKey(judgement.minerKey);
        const after = rolled(this.#statisticsOf(key, judgement.minerKey), judgement);
        this.#tables['miner-statistics'].put(key, statisticsCodec.encode(after));
        this.#tables['miner-tiers'].put(key, packTier(after.tier));
      }
      return true;
    });
  }

  async window(): Promise<number> {
    return this.#environment.read(() => readCounter(this.#tables.window, windowKey));
  }

  /** One entry for each miner ever counted: a subnet has hundreds. */
  #allStatistics(): MinerStatistics[] {
    return Array.from(entries(this.#tables['miner-statistics'], {}), ({ key, value }) => ({
      ...statisticsCodec.decode(value),
      tier: readTier(this.#tables['miner-tiers'].get(key)),
    }));
  }

  #statisticsOf(key: Buffer, minerKey: PublicKey): MinerStatistics {
    const record = readRecord(this.#tables['miner-statistics'], statisticsCodec, key);
    return record === null
      ? noStatistics(minerKey)
      : { ...record, tier: readTier(this.#tables['miner-tiers'].get(key)) };
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}

const promiseKey = (minerKey: PublicKey, id: string): Buffer =>
  Buffer.concat([idKey(minerKey), idKey(id as PieceId)]);

function packPromise({ until, bytes }: BytesPromise): Buffer {
  const packed = Buffer.alloc(16);
  packed.writeBigUInt64BE(BigInt(until));
  packed.writeBigUInt64BE(BigInt(bytes), 8);
  return packed;
}

const readPromise = (packed: Buffer) => ({
  until: Number(packed.readBigUInt64BE()),
  bytes: Number(packed.readBigUInt64BE(8)),
});
