// A placement index in memory with all that storing, challenging, monitoring and repairing ask of one. What has been
// written survives every crash.
import type { PieceId, PublicKey } from '../../../src/domain/model/bytes.js';
import type {
  BytesPromise,
  MinerStatistics,
  PieceRecord,
  ReplicaRecord,
  StatisticKind,
} from '../../../src/domain/model/records.js';
import { lowestTier } from '../../../src/domain/model/tiers.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';
import { type Backup, replicaKey } from './stores.js';

export class MemoryIndex {
  readonly pieces = new Map<PieceId, PieceRecord>();
  readonly replicas = new Map<string, ReplicaRecord>();
  readonly promises = new Map<string, BytesPromise>();
  readonly statistics = new Map<PublicKey, MinerStatistics>();
  #window = 0;

  backup(): Backup<ReplicaRecord> {
    return new Map(this.replicas);
  }

  /** The replicas alone: nothing else goes back. */
  restore(backup: Backup<ReplicaRecord>): void {
    this.replicas.clear();
    for (const [key, record] of backup) this.replicas.set(key, record);
  }

  get port(): PlacementIndex {
    const { pieces, replicas, promises } = this;
    const all = (): ReplicaRecord[] => [...replicas.values()];
    const page = <Item>(items: readonly Item[]) => ({ items, next: null });
    const sum = (items: readonly { readonly size: number }[]): number =>
      items.reduce((total, { size }) => total + size, 0);
    const promised = (minerKey: PublicKey, now: number): number =>
      sum(
        [...promises.values()]
          .filter((one) => one.minerKey === minerKey && one.until > now)
          .map(({ bytes }) => ({ size: bytes })),
      );
    const used = (minerKey: PublicKey): number => sum(all().filter((one) => one.minerKey === minerKey));
    const known: Partial<PlacementIndex> = {
      putPiece: async (record) => {
        const before = pieces.get(record.pieceId);
        pieces.set(record.pieceId, {
          ...record,
          copies: Math.max(record.copies, before?.copies ?? 0),
          expiry: Math.max(record.expiry, before?.expiry ?? 0),
        });
      },
      getPiece: async (pieceId) => pieces.get(pieceId) ?? null,
      listPieces: async () => page([...pieces.values()]),
      addReplica: async (record, promiseId) => {
        if (promiseId !== undefined) promises.delete(promiseId);
        if (replicas.has(replicaKey(record))) return false;
        replicas.set(replicaKey(record), record);
        return true;
      },
      getReplica: async (id) => replicas.get(replicaKey(id)) ?? null,
      updateReplica: async (next) => {
        if (replicas.get(replicaKey(next))?.version !== next.version - 1) return false;
        replicas.set(replicaKey(next), next);
        return true;
      },
      removeReplica: async (id) => replicas.delete(replicaKey(id)),
      replicasOfPiece: async (pieceId) => all().filter((one) => one.pieceId === pieceId),
      replicasOfMiner: async (minerKey) => page(all().filter((one) => one.minerKey === minerKey)),
      listReplicas: async () => page(all()),
      underReplicatedPieces: async () =>
        page(
          [...pieces.values()].filter(
            ({ pieceId, copies }) =>
              all().filter((one) => one.pieceId === pieceId && one.state === 'active').length < copies,
          ),
        ),
      usedBytes: async (minerKey) => used(minerKey),
      promise: async (promise, now, limit) => {
        if (used(promise.minerKey) + promised(promise.minerKey, now) + promise.bytes > limit) return false;
        promises.set(promise.id, promise);
        return true;
      },
      releasePromise: async (_, id) => promises.delete(id),
      promisedBytes: async (minerKey, now) => promised(minerKey, now),
      count: async (minerKey, kind, success) => {
        const one = this.#of(minerKey);
        const add = (counts: MinerStatistics['attempts'], more: number) => ({
          ...counts,
          [kind]: counts[kind] + more,
        });
        this.statistics.set(minerKey, {
          ...one,
          attempts: add(one.attempts, 1),
          successes: add(one.successes, success ? 1 : 0),
          totalSuccesses: one.totalSuccesses + (success ? 1 : 0),
        });
      },
      listStatistics: async () => [...this.statistics.values()],
      statistics: async (minerKey) => this.#of(minerKey),
      putStatistics: async (record) => void this.statistics.set(record.minerKey, record),
      rollWindow: async (window, judgements) => {
        if (window <= this.#window) return false;
        this.#window = window;
        for (const { minerKey, attempts, successes, tier } of judgements) {
          const one = this.#of(minerKey);
          this.statistics.set(minerKey, {
            ...one,
            attempts: less(one.attempts, attempts),
            successes: less(one.successes, successes),
            tier,
          });
        }
        return true;
      },
      window: async () => this.#window,
      close: async () => {},
    };
    return new Proxy(known as PlacementIndex, {
      get: (target, name) =>
        target[name as keyof PlacementIndex] ??
        (() => Promise.reject(new Error(`${String(name)} is not simulated`))),
    });
  }

  #of(minerKey: PublicKey): MinerStatistics {
    const none = { store: 0, challenge: 0, retrieve: 0 };
    return (
      this.statistics.get(minerKey) ?? {
        minerKey,
        attempts: none,
        successes: none,
        totalSuccesses: 0,
        tier: lowestTier,
      }
    );
  }
}

type Counts = Readonly<Record<StatisticKind, number>>;

const less = (counts: Counts, judged: Counts): Counts => ({
  store: counts.store - judged.store,
  challenge: counts.challenge - judged.challenge,
  retrieve: counts.retrieve - judged.retrieve,
});
