// The miner's holding index on LMDB. Tables, all keys binary:
//
//   replicas           validatorKey ‖ minerKey ‖ root → held replica
//   replicas-by-expiry expiry ‖ replica key
//   bytes              validatorKey → u64, and under one zero byte the sum over all of them
//
// A record and every key derived from it change in one transaction. Every value ends with a sum (checked-table.ts).
import type { PublicKey } from '../../../domain/model/bytes.js';
import type { HeldReplica, ReplicaId } from '../../../domain/model/records.js';
import type { HoldingIndex } from '../../../domain/ports/holding-index.js';
import { type LmdbEnvironment, openLmdbEnvironment } from '../../system/lmdb-environment.js';
import { heldReplicaCodec } from '../codec.js';
import { holdingKey, idKey, replicaIdOfHoldingKey, timeKey } from '../keys.js';
import { type CheckedTable, checkedTables } from './checked-table.js';
import {
  addToCounter,
  filedUntil,
  lmdbSchemaVersion,
  mark,
  page,
  readCounter,
  readRecord,
} from './tables.js';

export const holdingTables = ['replicas', 'replicas-by-expiry', 'bytes'] as const;
const sumKey = Buffer.from([0]);

export async function openLmdbHoldingIndex(directory: string): Promise<HoldingIndex> {
  const environment = await openLmdbEnvironment({
    directory,
    kind: 'holding index',
    schemaVersion: lmdbSchemaVersion,
    tables: holdingTables,
  });
  return new LmdbHoldingIndex(environment);
}

class LmdbHoldingIndex implements HoldingIndex {
  readonly #environment: LmdbEnvironment<(typeof holdingTables)[number]>;
  readonly #tables: Readonly<Record<(typeof holdingTables)[number], CheckedTable>>;

  constructor(environment: LmdbEnvironment<(typeof holdingTables)[number]>) {
    this.#environment = environment;
    this.#tables = checkedTables(environment.tables);
  }

  async put(record: HeldReplica): Promise<void> {
    const key = holdingKey(record);
    const encoded = heldReplicaCodec.encode(record);
    await this.#environment.write(() => {
      this.#unlink(key);
      this.#tables.replicas.put(key, encoded);
      this.#tables['replicas-by-expiry'].put(timeKey(record.expiry, key), mark);
      this.#addBytes(record.validatorKey, record.size);
    });
  }

  async get(id: ReplicaId): Promise<HeldReplica | null> {
    const key = holdingKey(id);
    return this.#environment.read(() => readRecord(this.#tables.replicas, heldReplicaCodec, key));
  }

  async renew(id: ReplicaId, expiry: number): Promise<HeldReplica | null> {
    const key = holdingKey(id);
    return this.#environment.write(() => {
      const stored = readRecord(this.#tables.replicas, heldReplicaCodec, key);
      if (stored === null || stored.expiry >= expiry) return stored;
      const next: HeldReplica = { ...stored, expiry };
      this.#tables.replicas.put(key, heldReplicaCodec.encode(next));
      this.#tables['replicas-by-expiry'].remove(timeKey(stored.expiry, key));
      this.#tables['replicas-by-expiry'].put(timeKey(next.expiry, key), mark);
      return next;
    });
  }

  async noteAnswer(id: ReplicaId, n: number, link: Uint8Array): Promise<void> {
    const key = holdingKey(id);
    await this.#environment.write(() => {
      const stored = readRecord(this.#tables.replicas, heldReplicaCodec, key);
      if (stored === null) return;
      this.#tables.replicas.put(key, heldReplicaCodec.encode({ ...stored, lastN: n, link }));
    });
  }

  async remove(id: ReplicaId): Promise<boolean> {
    const key = holdingKey(id);
    return this.#environment.write(() => {
      if (!this.#unlink(key)) return false;
      this.#tables.replicas.remove(key);
      return true;
    });
  }

  async list(cursor: string | null, limit: number) {
    return this.#page(Buffer.alloc(0), cursor, limit);
  }

  async listOf(validatorKey: PublicKey, cursor: string | null, limit: number) {
    return this.#page(idKey(validatorKey), cursor, limit);
  }

  #page(prefix: Buffer, cursor: string | null, limit: number) {
    return this.#environment.read(() =>
      page(this.#tables.replicas, prefix, cursor, limit, (_, value) => heldReplicaCodec.decode(value)),
    );
  }

  async expired(time: number, limit: number): Promise<readonly ReplicaId[]> {
    return this.#environment.read(() =>
      filedUntil(this.#tables['replicas-by-expiry'], time, limit).map(replicaIdOfHoldingKey),
    );
  }

  async usedBytes(): Promise<number> {
    return this.#environment.read(() => readCounter(this.#tables.bytes, sumKey));
  }

  async usedBytesOf(validatorKey: PublicKey): Promise<number> {
    const key = idKey(validatorKey);
    return this.#environment.read(() => readCounter(this.#tables.bytes, key));
  }

  close(): Promise<void> {
    return this.#environment.close();
  }

  #unlink(key: Buffer): boolean {
    const stored = readRecord(this.#tables.replicas, heldReplicaCodec, key);
    if (stored === null) return false;
    this.#tables['replicas-by-expiry'].remove(timeKey(stored.expiry, key));
    this.#addBytes(stored.validatorKey, -stored.size);
    return true;
  }

  #addBytes(validatorKey: PublicKey, change: number): void {
    addToCounter(this.#tables.bytes, idKey(validatorKey), change);
    addToCounter(this.#tables.bytes, sumKey, change);
  }
}
