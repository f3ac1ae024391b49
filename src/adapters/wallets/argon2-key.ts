// Keys from passwords as Bittensor's tools derive them: argon2i version 1.3, 32 bytes, one salt for everybody,
// libsodium's "sensitive" cost (https://github.com/opentensor/btwallet, src/keyfile.rs, `derive_key`).
//
// That costs 8 s of one core and 512 MiB. So it runs in a worker thread that ends with its answer, which is
// what gives the memory back: a WebAssembly memory never shrinks. One derivation runs at a time, and keys are
// kept for the life of the process, so that a password is paid for once.
//
// libsodium was taken because it does the secretbox too and is the code that the Python tools link; hash-wasm
// needs the same time and memory (8.0 s CPU, 570 MiB resident, both measured) and has no secretbox.

import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { FileTaoError } from '../../domain/model/errors.js';

export interface Argon2Cost {
  readonly passes: number;
  readonly memory_bytes: number;
}

/** The only cost that key files are written and read with. */
export const sensitiveCost: Argon2Cost = { passes: 8, memory_bytes: 512 * 1024 * 1024 };

/** Told when a derivation begins and ends; not called for a key that is known already. */
export interface DerivationWatch {
  began(): void;
  ended(): void;
}

export interface DerivationOrder {
  readonly password: string;
  readonly cost: Argon2Cost;
}

let cost = sensitiveCost;

/** For tests alone: files made at another cost are readable by nobody else. */
export function useCostForTests(reduced: Argon2Cost): void {
  cost = reduced;
}

/** Each entry is one password; more than a handful in one process are wrong guesses. */
const keysMax = 16;
const keys = new Map<string, Promise<Uint8Array>>();
let previous: Promise<unknown> = Promise.resolve();

/** The key of a password. Throws `full` where the memory cannot be had. */
export function deriveKey(password: string, watch?: DerivationWatch): Promise<Uint8Array> {
  const order: DerivationOrder = { password, cost };
  const name = createHash('sha256').update(JSON.stringify(order)).digest('hex');
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = previous.then(() => derive(order, watch));
  previous = key.catch(() => {});
  if (keys.size >= keysMax) keys.delete(keys.keys().next().value!);
  keys.set(name, key);
  key.catch(() => keys.delete(name));
  return key;
}

async function derive(order: DerivationOrder, watch?: DerivationWatch): Promise<Uint8Array> {
  watch?.began();
  const worker = new Worker(new URL('./argon2-worker.js', import.meta.url), { workerData: order });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the worker ended with code ${code}`)));
    });
  } catch (error) {
    const memory = Math.ceil(order.cost.memory_bytes / 2 ** 20);
    throw new FileTaoError(
      'full',
      `the key could not be derived from the password: it needs ${memory} MiB of free memory for a moment`,
      { cause: error },
    );
  } finally {
    await worker.terminate();
    watch?.ended();
  }
}
