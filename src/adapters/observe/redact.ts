// What must never reach a log, decided in one place: by the name of the field, and by their unmistakable spelling
// wherever they stand: age identities, and credentials in URLs.

import { toHex } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';

export const redactedText = '[redacted]';

/** Names are compared without case, `_`, `-` and spaces: `secret_seed`, `redis-password`, `privateKey`. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_\-\s]/gu, '');
  return (
    /^(secret|private)/u.test(plain) ||
    /(phrase|password|mnemonic|secretkey|privatekey|ageidentity)/u.test(plain) ||
    plain === 'seed' ||
    plain === 'seedhex' ||
    plain === 'authorization' ||
    plain === 'cookie'
  );
}

export const redactText = (text: string): string =>
  text
    .replaceAll(/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/giu, redactedText)
    // user and password of a URL, up to the last @ of its host part
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"']*@/giu, `$1${redactedText}@`);

const depthMax = 8;
const itemsMax = 100;
const textMax = 4096;
const bytesMax = 64;

/**
 * A copy that JSON can hold, without secrets, cycles and bulk: bytes become hex, errors plain objects. Our own
 * errors explain themselves and show their stack only if `withStack`; unexpected ones always do.
 */
export function redacted(value: unknown, withStack: boolean): unknown {
  return copy(value, withStack, 0, new Set());
}

function copy(value: unknown, withStack: boolean, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return redactText(cut(value));
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return showBytes(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
  if (above.has(value)) return '[circular]';
  if (depth >= depthMax) return '[deep]';
  above.add(value);
  try {
    if (value instanceof Error) return copyError(value, withStack, depth, above);
    if (Array.isArray(value)) {
      const items = value.slice(0, itemsMax).map((item) => copy(item, withStack, depth + 1, above));
      return value.length > itemsMax ? [...items, `[${value.length - itemsMax} more]`] : items;
    }
    const entries =
      value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value);
    return copyEntries(value instanceof Set ? [['items', [...value]]] : entries, withStack, depth, above);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.name : 'thrown'}]`;
  } finally {
    above.delete(value);
  }
}

function copyEntries(
  entries: readonly (readonly unknown[])[],
  withStack: boolean,
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  const result: [string, unknown][] = [];
  for (const [key, item] of entries.slice(0, itemsMax)) {
    const name = String(key);
    const kept = isSecretName(name) && item !== undefined && item !== null;
    result.push([name, kept ? redactedText : copy(item, withStack, depth + 1, above)]);
  }
  return Object.fromEntries(result);
}

function copyError(error: Error, withStack: boolean, depth: number, above: Set<object>): unknown {
  const { code, details, cause } = error as Error & { code?: unknown; details?: unknown };
  const fields: [string, unknown][] = [
    ['type', error.name],
    ['message', error.message],
  ];
  if (code !== undefined) fields.push(['code', code]);
  if (details !== undefined) fields.push(['details', details]);
  if (cause !== undefined) fields.push(['cause', cause]);
  const explainsItself = error instanceof FileTaoError && error.code !== 'internal';
  if ((withStack || !explainsItself) && typeof error.stack === 'string') fields.push(['stack', error.stack]);
  return copyEntries(fields, withStack, depth, above);
}

const cut = (text: string): string =>
  text.length <= textMax ? text : `${text.slice(0, textMax)}… (${text.length} characters)`;

const showBytes = (bytes: Uint8Array): string =>
  bytes.length <= bytesMax ? toHex(bytes) : `[${bytes.length} bytes]`;
