// A placement index in memory with all that storing, challenging, monitoring and repairing ask of one. What has been
// written survives every crash.
import type { PieceId, PublicKey } from '../../../src/domain/model/bytes.js';
import type {
  BytesPromise,
  PieceRecord,
  ReplicaId,
  ReplicaRecord,
  StatisticKind,
} from '../../../src/domain/model/records.js';
import type { PlacementIndex } from '../../../src/domain/ports/placement-index.js';

export const replicaKey = ({ validatorKey, minerKey, root }: ReplicaId): string =>
  `${validatorKey}/${minerKey}/${root}`;

interface Counts {
  attempts: Record<StatisticKind, number>;
  successes: Record<StatisticKind, number>;
}

export class MemoryIndex {
  readonly pieces = new Map<PieceId, PieceRecord>();
  readonly replicas = new Map<string, ReplicaRecord>();
  readonly promises = new Map<string, BytesPromise>();
  readonly counts = new Map<PublicKey, Counts>();

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
        const counts = this.#of(minerKey);
        counts.attempts[kind]++;
        if (success) counts.successes[kind]++;
      },
      listStatistics: async () => [...this.counts.keys()].map((minerKey) => this.#statistics(minerKey)),
      statistics: async (minerKey) => this.#statistics(minerKey),
      window: async () => 0,
      close: async () => {},
    };
    return new Proxy(known as PlacementIndex, {
      get: (target, name) =>
        target[name as keyof PlacementIndex] ??
        (() => Promise.reject(new Error(`${String(name)} is not simulated`))),
    });
  }

  #of(minerKey: PublicKey): Counts {
    const zero = (): Record<StatisticKind, number> => ({ store: 0, challenge: 0, retrieve: 0 });
    const counts = this.counts.get(minerKey) ?? { attempts: zero(), successes: zero() };
    this.counts.set(minerKey, counts);
    return counts;
  }

  #statistics(minerKey: PublicKey): Awaited<ReturnType<PlacementIndex['statistics']>> {
    const { attempts, successes } = this.#of(minerKey);
    const totalSuccesses = successes.store + successes.challenge + successes.retrieve;
    // The tier is set by rewards, which these histories do not pay.
    return { minerKey, attempts, successes, totalSuccesses } as Awaited<
      ReturnType<PlacementIndex['statistics']>
    >;
  }
}
