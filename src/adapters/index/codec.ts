// How index records are written: DAG-CBOR maps under a fixed schema, ids as raw bytes. Both directions
// check every field, so that neither a wrong record is stored nor a damaged one believed. All backends
// store the same bytes; changing them is a new schema version.
import { decode, encode } from '@ipld/dag-cbor';
import { type Cid, isHex32, type PieceId, type PublicKey, type Root } from '../../domain/model/bytes.js';
import { limits, nodeSize } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type {
  HeldReplica,
  KeptRound,
  MinerStatistics,
  ObjectRecord,
  OpenRound,
  PieceRecord,
  Redundancy,
  ReplicaRecord,
  ReplicaState,
  StatisticKind,
} from '../../domain/model/records.js';

/** Longest text of a record, in characters. */
const textMax = 1024;
/** Bytes of a receipt: signature and body of one signed message. */
const receiptBytesMax = 64 + limits.messageBytesMax;
const manifestBytesMax = 64 + limits.manifestBytesMax;

/** One field: `pack` turns a value into CBOR data, `unpack` back; both throw on anything not of the type. */
interface Field<Value> {
  pack(value: Value): unknown;
  unpack(stored: unknown): Value;
}

class WrongField extends Error {}

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new WrongField(what);
}

const checked = <Value>(check: (value: unknown) => value is Value, what: string): Field<Value> => {
  const pass = (value: unknown): Value => {
    expect(check(value), what);
    return value;
  };
  return { pack: pass, unpack: pass };
};

/** Whole number from 0 to 2^53 − 1: sizes, counts, times. */
const count = checked<number>(
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
  'a whole number',
);

const text = checked<string>(
  (value): value is string => typeof value === 'string' && value.length <= textMax,
  `text of at most ${textMax} characters`,
);

const bytes = (length: { readonly exactly: number } | { readonly most: number }): Field<Uint8Array> =>
  checked<Uint8Array>(
    (value): value is Uint8Array =>
      value instanceof Uint8Array &&
      ('exactly' in length ? value.length === length.exactly : value.length <= length.most),
    'exactly' in length ? `${length.exactly} bytes` : `at most ${length.most} bytes`,
  );

const node = bytes({ exactly: nodeSize });

function id<Id extends PublicKey | Root | PieceId>(): Field<Id> {
  return {
    pack(value) {
      expect(typeof value === 'string' && isHex32(value), 'an id of 64 hex digits');
      return Buffer.from(value, 'hex');
    },
    unpack: (stored) => Buffer.from(node.unpack(stored)).toString('hex') as Id,
  };
}

/** Text of a CID; that it is a CID of the right kind was settled where it came in. */
export const isCidText = (value: unknown): value is Cid =>
  typeof value === 'string' && /^[a-z2-7]{1,128}$/.test(value);

const cid = checked<Cid>(isCidText, 'a CID');

function oneOf<Value extends string>(...values: readonly Value[]): Field<Value> {
  return checked<Value>((value): value is Value => values.includes(value as Value), values.join(' or '));
}

const nullable = <Value>(field: Field<Value>): Field<Value | null> => ({
  pack: (value) => (value === null ? null : field.pack(value)),
  unpack: (stored) => (stored === null ? null : field.unpack(stored)),
});

const list = <Value>(field: Field<Value>, most: number): Field<readonly Value[]> => ({
  pack(values) {
    expect(Array.isArray(values) && values.length <= most, `a list of at most ${most}`);
    return values.map((value) => field.pack(value));
  },
  unpack(stored) {
    expect(Array.isArray(stored) && stored.length <= most, `a list of at most ${most}`);
    return stored.map((value) => field.unpack(value));
  },
});

type Fields<Value> = { readonly [Name in keyof Value]-?: Field<Value[Name]> };

const map = <Value extends object>(fields: Fields<Value>): Field<Value> => {
  const names = Object.keys(fields) as (keyof Value & string)[];
  const each = (value: unknown, turn: 'pack' | 'unpack'): Record<string, unknown> => {
    expect(typeof value === 'object' && value !== null, 'a map');
    const result: Record<string, unknown> = {};
    for (const name of names) {
      try {
        const field = fields[name] as Field<unknown>;
        result[name] = field[turn]((value as Record<string, unknown>)[name]);
      } catch (error) {
        if (error instanceof WrongField) error.message = `${name}: ${error.message}`;
        throw error;
      }
    }
    return result;
  };
  return {
    pack: (value) => each(value, 'pack'),
    unpack(stored) {
      const value = each(stored, 'unpack');
      expect(Object.keys(stored as object).length === names.length, `only the fields ${names.join(', ')}`);
      return value as Value;
    },
  };
};

/** A map without its names, for what a record holds many of: 32 kept rounds take 2.3 KB instead of 2.9. */
const row = <Value extends object>(fields: Fields<Value>): Field<Value> => {
  const columns = Object.entries(fields) as [keyof Value & string, Field<unknown>][];
  return {
    pack(value) {
      expect(typeof value === 'object' && value !== null, 'a row');
      return columns.map(([name, field]) => field.pack(value[name]));
    },
    unpack(stored) {
      expect(Array.isArray(stored) && stored.length === columns.length, `a row of ${columns.length}`);
      const value: Record<string, unknown> = {};
      for (const [i, [name, field]] of columns.entries()) value[name] = field.unpack(stored[i]);
      return value as Value;
    },
  };
};

export interface RecordCodec<Value> {
  /** Throws `bad-input` when the record breaks its schema. */
  encode(value: Value): Uint8Array;
  /** Throws `damaged` on anything `encode` would not have written. */
  decode(stored: Uint8Array): Value;
}

function recordCodec<Value extends object>(what: string, fields: Fields<Value>): RecordCodec<Value> {
  const whole = map(fields);
  return {
    encode(value) {
      try {
        return encode(whole.pack(value));
      } catch (error) {
        if (!(error instanceof WrongField)) throw error;
        throw new FileTaoError('bad-input', `cannot store this ${what}: ${error.message} is expected`);
      }
    },
    decode(stored) {
      try {
        return whole.unpack(decode(stored));
      } catch (error) {
        const reason = error instanceof WrongField ? `${error.message} is expected` : 'not DAG-CBOR';
        throw new FileTaoError('damaged', `a ${what} in the index is damaged: ${reason}`, { cause: error });
      }
    },
  };
}

export const objectCodec = recordCodec<ObjectRecord>('object record', {
  cid,
  size: count,
  pieceSize: count,
  pieceIds: list(id<PieceId>(), limits.piecesPerObjectMax),
  redundancy: map<Redundancy>({ scheme: oneOf('replicate'), copies: count }),
  owner: id<PublicKey>(),
  expiry: count,
  storedAt: count,
  manifest: bytes({ most: manifestBytesMax }),
});

export const pieceCodec = recordCodec<PieceRecord>('piece record', {
  pieceId: id<PieceId>(),
  size: count,
  copies: count,
  expiry: count,
  storedAt: count,
});

export const replicaCodec = recordCodec<ReplicaRecord>('replica record', {
  validatorKey: id<PublicKey>(),
  minerKey: id<PublicKey>(),
  root: id<Root>(),
  pieceId: id<PieceId>(),
  size: count,
  expiry: count,
  storedAt: count,
  state: oneOf<ReplicaState>('active', 'failed'),
  n: count,
  link: node,
  kept: list(row<KeptRound>({ n: count, seed: node, keyedRoot: node }), limits.keptRounds),
  receipt: bytes({ most: receiptBytesMax }),
  openRound: nullable(map<OpenRound>({ n: count, startedAtMs: count, owner: text })),
  passed: count,
  failedRounds: count,
  lastPassAt: nullable(count),
  lastFailure: nullable(map<{ readonly at: number; readonly reason: string }>({ at: count, reason: text })),
  version: count,
});

const perKind = map<Readonly<Record<StatisticKind, number>>>({
  store: count,
  challenge: count,
  retrieve: count,
});

/** Without the tier, which is stored beside it (statistics.ts). */
export const statisticsCodec = recordCodec<Omit<MinerStatistics, 'tier'>>('miner statistics', {
  minerKey: id<PublicKey>(),
  attempts: perKind,
  successes: perKind,
  totalSuccesses: count,
});

export const heldReplicaCodec = recordCodec<HeldReplica>('held replica', {
  validatorKey: id<PublicKey>(),
  minerKey: id<PublicKey>(),
  root: id<Root>(),
  size: count,
  expiry: count,
  storedAt: count,
  link: node,
  lastN: count,
  receipt: bytes({ most: receiptBytesMax }),
});
