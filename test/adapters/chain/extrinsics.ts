// Extrinsics as a node sees them: decoded by the metadata, their signatures checked by @polkadot/util-crypto.
import type { TypeRegistry } from '@polkadot/types';
import { blake2AsU8a, sr25519Verify } from '@polkadot/util-crypto';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import type { Hex } from './runtime-storage.js';

export interface SubmittedCall {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** ss58 */
  readonly signer: string;
  readonly nonce: number;
  readonly specVersion: number;
  /** null when the call succeeded in its block. */
  error: string | null;
}

const camelCase = (name: string): string =>
  name.replaceAll(/_(\w)/gu, (_, letter: string) => letter.toUpperCase());

export function decodeExtrinsic(
  registry: TypeRegistry,
  hex: string,
  specVersion: number,
): { hex: string; call: SubmittedCall } {
  const extrinsic = registry.createType('Extrinsic', hex as Hex);
  const { method } = extrinsic;
  const names = method.args.map(
    (value, i) => [camelCase(method.meta.args[i]!.name.toString()), value.toJSON()] as const,
  );
  return {
    hex,
    call: {
      method: `${method.section}.${method.method}`,
      args: Object.fromEntries(names),
      signer: encodeSs58(registry.createType('AccountId', extrinsic.signer.toString()).toU8a()),
      nonce: Number(extrinsic.nonce.toString()),
      specVersion: specVersion,
      error: null,
    },
  };
}

/** Over a payload of the node's own making: genesis, birth block and version are the chain's, not the signer's. */
export function isSignedFor(
  registry: TypeRegistry,
  hex: string,
  chain: { readonly blockHashes: readonly string[]; readonly specVersion: number },
): boolean {
  const extrinsic = registry.createType('Extrinsic', hex as Hex);
  const { era } = extrinsic;
  const birth = era.isMortalEra ? era.asMortalEra.birth(chain.blockHashes.length - 1) : 0;
  const payload = registry.createType(
    'ExtrinsicPayload',
    {
      method: extrinsic.method.toHex(),
      era: era.toHex(),
      nonce: extrinsic.nonce,
      tip: extrinsic.tip,
      specVersion: chain.specVersion,
      transactionVersion: 1,
      genesisHash: chain.blockHashes[0]!,
      blockHash: chain.blockHashes[birth] ?? chain.blockHashes[0]!,
      mode: 0,
      metadataHash: null,
    },
    { version: 4 },
  );
  const bytes = payload.toU8a({ method: true });
  const message = bytes.length > 256 ? blake2AsU8a(bytes) : bytes;
  const signer = registry.createType('AccountId', extrinsic.signer.toString()).toU8a();
  return extrinsic.isSigned && sr25519Verify(message, extrinsic.signature, signer);
}
