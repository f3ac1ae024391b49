// Canonical message bodies: DAG-CBOR under a fixed schema (PROTOCOL 2, "Messages"). A body is decoded once
// and encoded again; only equal bytes are accepted. So there is exactly one encoding of each message, and
// hash(body) names the message. Floats, tags, null, negative or large integers, unsorted or unknown keys
// never pass: the stock decoder alone accepts more than that.
// Source: https://ipld.io/specs/codecs/dag-cbor/spec/

import * as dagCbor from '@ipld/dag-cbor';
import { equalBytes } from '../model/bytes.js';
import { FileTaoError } from '../model/errors.js';

/** One kind of value: checks (and narrows) what was decoded or is about to be encoded. */
export interface Field<Value> {
  /** Returns the value, or throws a `bad-message` error that names `path`. */
  check(value: unknown, path: string): Value;
}

export type ValueOf<F> = F extends Field<infer Value> ? Value : never;

const refuse = (path: string, wanted: string): never => {
  throw new FileTaoError('bad-message', `${path}: expected ${wanted}`);
};

/** A byte string of exactly `min` bytes, or of `min` to `max`. */
export const bytes = (min: number, max = min): Field<Uint8Array> => ({
  check(value, path) {
    if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
      return refuse(path, min === max ? `${min} bytes` : `${min} to ${max} bytes`);
    }
    return value;
  },
});

export const uint = (min = 0, max: number = Number.MAX_SAFE_INTEGER): Field<number> => ({
  check(value, path) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0)) {
      return refuse(path, 'an integer');
    }
    return value < min || value > max ? refuse(path, `an integer from ${min} to ${max}`) : value;
  },
});

export const flag: Field<boolean> = {
  check: (value, path) => (typeof value === 'boolean' ? value : refuse(path, 'true or false')),
};

/** Half of a surrogate pair: it has no UTF-8, and encoders silently write another character for it. */
const loneSurrogate = /\p{Surrogate}/u;

export const text = (max: number, pattern: RegExp = /^/): Field<string> => ({
  check(value, path) {
    if (
      typeof value !== 'string' ||
      value.length > max ||
      loneSurrogate.test(value) ||
      !pattern.test(value)
    ) {
      return refuse(
        path,
        `text of at most ${max} characters${pattern.source === '^' ? '' : ` like ${pattern.source}`}`,
      );
    }
    return value;
  },
});

export const oneOf = <const Values extends readonly string[]>(...values: Values): Field<Values[number]> => ({
  check: (value, path) =>
    values.includes(value as Values[number]) ? (value as Values[number]) : refuse(path, values.join(' or ')),
});

export const list = <Item>(item: Field<Item>, max: number, min = 0): Field<readonly Item[]> => ({
  check(value, path) {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return refuse(path, `a list of ${min} to ${max}`);
    }
    return value.map((entry, i) => item.check(entry, `${path}[${i}]`));
  },
});

export type Shape = Readonly<Record<string, Field<unknown>>>;
export type StructOf<S extends Shape> = { readonly [Name in keyof S]: ValueOf<S[Name]> };

/** A map with exactly these keys. */
export const struct = <const S extends Shape>(shape: S): Field<StructOf<S>> => ({
  check(value, path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
      return refuse(path, 'a map');
    }
    const given = value as Readonly<Record<string, unknown>>;
    const checked: Record<string, unknown> = {};
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(shape, name)) return refuse(path, `no key '${name.slice(0, 40)}'`);
    }
    for (const [name, field] of Object.entries(shape)) {
      if (!Object.hasOwn(given, name)) return refuse(path, `a key '${name}'`);
      checked[name] = field.check(given[name], `${path}.${name}`);
    }
    return checked as StructOf<S>;
  },
});

/** Encodes a value of the field; throws `bad-message` when it does not fit the schema. */
export function encodeCanonical<Value>(field: Field<Value>, value: Value, name: string): Uint8Array {
  return dagCbor.encode(field.check(value, name));
}

/** Decodes bytes whose only encoding they are; `maxBytes` is checked before anything is read. */
export function decodeCanonical<Value>(
  field: Field<Value>,
  encoded: Uint8Array,
  name: string,
  maxBytes: number,
): Value {
  if (encoded.length > maxBytes) {
    throw new FileTaoError('too-large', `${name}: ${encoded.length} bytes, at most ${maxBytes} are read`);
  }
  let decoded: unknown;
  let again: Uint8Array;
  try {
    decoded = dagCbor.decode(encoded);
    again = dagCbor.encode(decoded);
  } catch (error) {
    throw new FileTaoError('bad-message', `${name}: not a DAG-CBOR body`, { cause: error });
  }
  if (!equalBytes(encoded, again))
    throw new FileTaoError('bad-message', `${name}: not the canonical encoding`);
  return field.check(decoded, name);
}
