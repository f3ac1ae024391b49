// Sample replicas: ids and contents derived from small numbers.
import type { PublicKey, Root } from '../../../src/domain/model/bytes.js';
import type { ReplicaId } from '../../../src/domain/model/records.js';

const hex = (first: string, n: number): string => first + n.toString(16).padStart(62, '0');

export const replicaId = (n: number): ReplicaId => ({
  minerKey: hex('aa', 1) as PublicKey,
  validatorKey: hex('bb', n % 2) as PublicKey,
  root: hex(['00', '7f', 'ff'][n % 3]!, n) as Root,
});

export function content(n: number, size: number): Uint8Array {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = i * 7 + n;
  return data;
}

/** Stands for the outboard of so many bytes: these adapters keep it without reading it. */
export const leafValues = (size: number): Uint8Array =>
  new Uint8Array(32 * Math.ceil(size / 1024)).fill(size & 0xff);
