// The thread that derives one key and ends; see argon2-key.ts.

import { parentPort, workerData } from 'node:worker_threads';
import sodium from 'libsodium-wrappers-sumo';
import type { DerivationOrder } from './argon2-key.js';

/** NACL_SALT of https://github.com/opentensor/btwallet, src/keyfile.rs. */
const salt = Uint8Array.from(Buffer.from('137183dff15a09bc9c90b5518739e9b1', 'hex'));
const keyLength = 32;

const { password, cost } = workerData as DerivationOrder;
await sodium.ready;
parentPort!.postMessage(
  sodium.crypto_pwhash(
    keyLength,
    password,
    salt,
    cost.passes,
    cost.memory_bytes,
    sodium.crypto_pwhash_ALG_ARGON2I13,
  ),
);
