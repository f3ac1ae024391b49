// The WebAssembly of @polkadot/wasm-crypto: schnorrkel and BIP 39, compiled from their reference Rust. It is called without
// its own JavaScript (@polkadot/wasm-crypto and -bridge, which load all of @polkadot/util and inflate the code with a script):
// those cost 240 ms of processor time in every process that signs or verifies, this 13 ms, and nothing before the first call.
//
// The calls are wasm-bindgen's: bytes are copied into memory the module allocates and frees, a result's place and length are
// left at `result`. The module panics on input of the wrong shape, so callers check lengths and phrases.

import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { inflateSync } from 'node:zlib';
import { utf8 } from '../../domain/model/bytes.js';

/** Where results are described: two 32-bit words, below the module's own stack. */
const result = 8;

interface Exports {
  readonly memory: WebAssembly.Memory;
  __wbindgen_malloc(length: number): number;
  __wbindgen_free(at: number, length: number): void;
  ext_bip39_generate(result: number, words: number): void;
  ext_bip39_to_mini_secret(result: number, ...phraseAndPassword: number[]): void;
  ext_bip39_validate(...phrase: number[]): number;
  ext_blake2b(result: number, ...dataKeyAndSize: number[]): void;
  ext_sr_derive_keypair_hard(result: number, ...pairAndCode: number[]): void;
  ext_sr_derive_keypair_soft(result: number, ...pairAndCode: number[]): void;
  ext_sr_from_seed(result: number, ...seed: number[]): void;
  ext_sr_sign(result: number, ...publicKeySecretAndMessage: number[]): void;
  ext_sr_verify(...signatureMessageAndPublicKey: number[]): number;
}

let loaded: Exports | undefined;

function wasm(): Exports {
  loaded ??= load();
  return loaded;
}

function load(): Exports {
  const require = createRequire(import.meta.url);
  const { bytes } = require('@polkadot/wasm-crypto-wasm/cjs/bytes') as { readonly bytes: string };
  const module = new WebAssembly.Module(inflateSync(Buffer.from(bytes, 'base64')));
  // All it asks of its surroundings is randomness, for the witness of a signature and for phrases. It looks for `self.crypto`
  // by handles to objects; one handle stands for all, since only getRandomValues is ever called.
  const handle = () => 0;
  const refuse = (what: string) => () => {
    throw new Error(`the WebAssembly of sr25519: ${what}`);
  };
  const { exports } = new WebAssembly.Instance(module, {
    wbg: {
      __wbindgen_is_undefined: () => 0,
      __wbindgen_object_drop_ref: () => {},
      __wbg_self_1b7a39e3a92c949c: handle,
      __wbg_crypto_968f1772287e2df0: handle,
      __wbg_getRandomValues_a3d34b4fee3c2869: handle,
      __wbg_getRandomValues_f5e14ab7ac8e995d: (_crypto: number, at: number, length: number) => {
        randomFillSync(memoryOf(wasm()), at >>> 0, length);
      },
      __wbg_require_604837428532a733: refuse('it asked for a module'),
      __wbg_randomFillSync_d5bd2d655fdf256a: refuse('it asked for randomFillSync'),
    },
  });
  return exports as unknown as Exports;
}

// made anew at each use: memory that grows detaches its views
const memoryOf = ({ memory }: Exports): Uint8Array => new Uint8Array(memory.buffer);

/** Pointer and length of a copy, as arguments of a call. */
function given(bytes: Uint8Array): [number, number] {
  const at = wasm().__wbindgen_malloc(bytes.length) >>> 0;
  memoryOf(wasm()).set(bytes, at);
  return [at, bytes.length];
}

function taken(): Uint8Array {
  const { memory, __wbindgen_free } = wasm();
  const [at, length] = new Uint32Array(memory.buffer, result, 2) as unknown as [number, number];
  const bytes = memoryOf(wasm()).slice(at, at + length);
  __wbindgen_free(at, length);
  return bytes;
}

/** A new English phrase of so many words. */
export function bip39Generate(words: number): string {
  wasm().ext_bip39_generate(result, words);
  return new TextDecoder().decode(taken());
}

export const bip39Validate = (phrase: string): boolean =>
  wasm().ext_bip39_validate(...given(utf8(phrase))) !== 0;

/** The 32-byte mini secret of a phrase that is valid. */
export function bip39ToMiniSecret(phrase: string, password: string): Uint8Array {
  wasm().ext_bip39_to_mini_secret(result, ...given(utf8(phrase)), ...given(utf8(password)));
  return taken();
}

export function blake2b(data: Uint8Array, key: Uint8Array, size: number): Uint8Array {
  wasm().ext_blake2b(result, ...given(data), ...given(key), size);
  return taken();
}

/** 96 bytes of the child: scalar × 8 ‖ nonce ‖ public key; `pair` has the same form, `chainCode` 32 bytes. */
export function sr25519DeriveKeypairHard(pair: Uint8Array, chainCode: Uint8Array): Uint8Array {
  wasm().ext_sr_derive_keypair_hard(result, ...given(pair), ...given(chainCode));
  return taken();
}

/** As the hard derivation; the child's public key follows from the parent's. */
export function sr25519DeriveKeypairSoft(pair: Uint8Array, chainCode: Uint8Array): Uint8Array {
  wasm().ext_sr_derive_keypair_soft(result, ...given(pair), ...given(chainCode));
  return taken();
}

/** 96 bytes as above, of a seed of 32. */
export function sr25519KeypairFromSeed(seed: Uint8Array): Uint8Array {
  wasm().ext_sr_from_seed(result, ...given(seed));
  return taken();
}

/** The 64-byte signature by a secret of 64 bytes (scalar × 8 ‖ nonce), another one each time. */
export function sr25519Sign(publicKey: Uint8Array, secret: Uint8Array, message: Uint8Array): Uint8Array {
  wasm().ext_sr_sign(result, ...given(publicKey), ...given(secret), ...given(message));
  return taken();
}

export const sr25519Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean =>
  wasm().ext_sr_verify(...given(signature), ...given(message), ...given(publicKey)) !== 0;
