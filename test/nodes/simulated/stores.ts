// A miner's index, replica files and proving in memory, behind the same ports as the real ones.
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { HeldReplica, ReplicaId } from '../../../src/domain/model/records.js';
import type { HoldingIndex } from '../../../src/domain/ports/holding-index.js';
import type { Prover } from '../../../src/domain/ports/prover.js';
import type { Replicas } from '../../../src/domain/ports/replicas.js';

export const replicaKey = ({ validatorKey, minerKey, root }: ReplicaId): string =>
  `${validatorKey}/${minerKey}/${root}`;

const notSimulated = (name: string) => () => Promise.reject(new Error(`${name} is not simulated`));

/** What a backup holds. Records are never changed in place. */
export type Backup<Value> = ReadonlyMap<string, Value>;

export class MemoryHoldings {
  records = new Map<string, HeldReplica>();

  backup(): Backup<HeldReplica> {
    return new Map(this.records);
  }

  restore(backup: Backup<HeldReplica>): void {
    this.records = new Map(backup);
  }

  get port(): HoldingIndex {
    const { records } = this;
    const change = (id: ReplicaId, how: (held: HeldReplica) => HeldReplica): HeldReplica | null => {
      const held = this.records.get(replicaKey(id));
      if (held === undefined) return null;
      this.records.set(replicaKey(id), how(held));
      return how(held);
    };
    return {
      put: async (record) => void this.records.set(replicaKey(record), record),
      get: async (id) => this.records.get(replicaKey(id)) ?? null,
      renew: async (id, expiry) => change(id, (held) => ({ ...held, expiry: Math.max(held.expiry, expiry) })),
      noteAnswer: async (id, n, link) => void change(id, (held) => ({ ...held, lastN: n, link })),
      remove: async (id) => this.records.delete(replicaKey(id)),
      list: async () => ({ items: [...records.values()], next: null }),
      listOf: notSimulated('listOf'),
      expired: async () => [],
      usedBytes: async () => 0,
      usedBytesOf: async () => 0,
      close: async () => {},
    };
  }
}

interface Stored {
  readonly id: ReplicaId;
  data: Uint8Array;
  outboard: Uint8Array | null;
  terms: Uint8Array | null;
}

export class MemoryReplicas {
  readonly files = new Map<string, Stored>();

  #of(id: ReplicaId): Stored {
    const stored = this.files.get(replicaKey(id));
    if (stored === undefined) throw new FileTaoError('unknown-replica', 'no such replica');
    return stored;
  }

  get port(): Replicas {
    return {
      create: async (id, size) => {
        const data = new Uint8Array(size);
        let at = 0;
        return {
          write: async (part) => {
            data.set(part, at);
            at += part.length;
          },
          commit: async (outboard, terms) =>
            void this.files.set(replicaKey(id), {
              id,
              data,
              outboard: outboard?.slice() ?? null,
              terms: terms?.slice() ?? null,
            }),
          abort: async () => {},
        };
      },
      path: async (id) => {
        this.#of(id);
        return replicaKey(id);
      },
      read: async (id, start, end) => this.#of(id).data.slice(start, end),
      stream: async function* (this: MemoryReplicas, id: ReplicaId, start: number, end: number) {
        yield this.#of(id).data.slice(start, end);
      }.bind(this),
      readOutboard: async (id) => this.#of(id).outboard,
      writeOutboard: async (id, outboard) => {
        this.#of(id).outboard = outboard;
      },
      readTerms: async (id) => this.files.get(replicaKey(id))?.terms ?? null,
      writeTerms: async (id, terms) => {
        this.#of(id).terms = terms.slice();
      },
      remove: async (id) => this.files.delete(replicaKey(id)),
      setAside: async (id) => (this.files.delete(replicaKey(id)) ? replicaKey(id) : null),
      list: async function* (this: MemoryReplicas) {
        for (const { id, data } of this.files.values()) yield { id, size: data.length };
      }.bind(this),
      sweep: async () => 0,
      freeBytes: async () => Number.MAX_SAFE_INTEGER,
      close: async () => {},
    };
  }
}

/** Proofs of small data on the caller's thread. @param read bytes of a path */
export function memoryProver(core: ProofCore, read: (path: string) => Uint8Array): Prover {
  const keyedRoots = (data: Uint8Array, keys: readonly Uint8Array[]) =>
    keys.map((key) => core.keyed(key, data));
  return {
    async prove({ path, key, chunkSize, blinding }) {
      const data = read(path);
      const nodes = core.chunkNodes(key, data, 0, chunkSize);
      const count = nodes.length / 32;
      const commitments = core.commit(nodes, core.blindings(blinding, 0, count));
      const commitmentRoot = core.treeRoot({ kind: 'commitment' }, commitments);
      const keyedRoot = core.keyed(key, data);
      return { keyedRoot, commitmentRoot, nodes, commitments, count, milliseconds: 0 };
    },
    async digest({ path, keys, outboard, encodeKey }) {
      if (encodeKey !== undefined) throw new Error('the simulation encodes pieces beforehand');
      const data = read(path);
      return {
        root: core.hash(data),
        keyed: keyedRoots(data, keys),
        outboard: outboard ? core.chunkNodes(null, data, 0, 1024) : null,
      };
    },
    keyedRoots: async (data, keys) => keyedRoots(data, keys),
    commit: async (m, r) => core.commit(m, r),
    close: async () => {},
  };
}
