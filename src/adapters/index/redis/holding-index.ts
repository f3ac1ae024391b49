// The miner's holding index on Redis. Each method is one command or one script (holding-scripts.ts).

import type { PublicKey } from '../../../domain/model/bytes.js';
import { nodeSize } from '../../../domain/model/constants.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { HeldReplica, ReplicaId } from '../../../domain/model/records.js';
import type { HoldingIndex } from '../../../domain/ports/holding-index.js';
import { heldReplicaCodec } from '../codec.js';
import { holdingKey, idKey, replicaIdOfHoldingKey } from '../keys.js';
import type { RedisPlace } from '../location.js';
import type { RedisConnectionOptions } from './connection.js';
import * as scripts from './holding-scripts.js';
import { NodeSpace } from './node-space.js';
import { damagedValue, readU64, u64, u64s } from './packed.js';

export async function openRedisHoldingIndex(
  place: RedisPlace,
  options: RedisConnectionOptions = {},
): Promise<HoldingIndex> {
  return new RedisHoldingIndex(await NodeSpace.open(place, 'holding index', options));
}

class RedisHoldingIndex implements HoldingIndex {
  readonly #space: NodeSpace;

  constructor(space: NodeSpace) {
    this.#space = space;
  }

  async put(record: HeldReplica): Promise<void> {
    await this.#space.repeatable(scripts.putHeld, [holdingKey(record), pack(record)]);
  }

  async get(id: ReplicaId): Promise<HeldReplica | null> {
    const stored = await this.#space.field('held', holdingKey(id));
    return stored === null ? null : unpack(stored);
  }

  async renew(id: ReplicaId, expiry: number): Promise<HeldReplica | null> {
    if (!Number.isSafeInteger(expiry) || expiry < 0)
      throw new FileTaoError('bad-input', 'an expiry is a whole number of seconds');
    const stored = (await this.#space.repeatable(scripts.renewHeld, [
      holdingKey(id),
      expiry,
    ])) as Buffer | null;
    return stored === null ? null : unpack(stored);
  }

  async noteAnswer(id: ReplicaId, n: number, link: Uint8Array): Promise<void> {
    if (link.length !== nodeSize || !Number.isSafeInteger(n) || n < 0)
      throw new FileTaoError('bad-input', 'an answer has a number and a link of 32 bytes');
    await this.#space.repeatable(scripts.noteAnswer, [holdingKey(id), Buffer.concat([u64(n), link])]);
  }

  async remove(id: ReplicaId): Promise<boolean> {
    return this.#space.removed(scripts.removeHeld, [holdingKey(id)]);
  }

  async list(cursor: string | null, limit: number) {
    return this.#space.page(scripts.listHeld, Buffer.alloc(0), cursor, limit, (_, value) => unpack(value));
  }

  async listOf(validatorKey: PublicKey, cursor: string | null, limit: number) {
    return this.#space.page(scripts.listHeld, idKey(validatorKey), cursor, limit, (_, value) =>
      unpack(value),
    );
  }

  async expired(time: number, limit: number): Promise<readonly ReplicaId[]> {
    return (await this.#space.filedUntil('held-by-expiry', time, limit)).map(replicaIdOfHoldingKey);
  }

  async usedBytes(): Promise<number> {
    return this.#bytes('sum');
  }

  async usedBytesOf(validatorKey: PublicKey): Promise<number> {
    return this.#bytes(idKey(validatorKey));
  }

  close(): Promise<void> {
    return this.#space.close();
  }

  async #bytes(field: string | Buffer): Promise<number> {
    const value = Number((await this.#space.field('held-bytes', field)) ?? 0);
    if (!Number.isSafeInteger(value)) throw damagedValue();
    return value;
  }
}

function pack(record: HeldReplica): Buffer {
  const encoded = heldReplicaCodec.encode(record);
  return Buffer.concat([u64s(record.size, record.expiry, record.lastN), record.link, encoded]);
}

function unpack(value: Buffer): HeldReplica {
  if (value.length < scripts.heldHeaderBytes) throw damagedValue();
  return {
    ...heldReplicaCodec.decode(value.subarray(scripts.heldHeaderBytes)),
    expiry: readU64(value, 8),
    lastN: readU64(value, 16),
    link: Uint8Array.from(value.subarray(24, 24 + nodeSize)),
  };
}
