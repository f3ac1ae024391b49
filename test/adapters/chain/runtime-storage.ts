// Storage of a runtime as its real metadata says: keys hashed, values encoded and decoded. And that metadata itself.
import { expandMetadata, Metadata, TypeRegistry } from '@polkadot/types';
import type { Codec } from '@polkadot/types/types';
import { unwrapStorageType } from '@polkadot/types/util';
import { fromHex } from '../../../src/domain/model/bytes.js';
import { readMetadata } from './runtime-metadata.js';

export type Hex = `0x${string}`;
/** Storage at one block: key to value, both hex. */
export type State = Map<string, string>;
export type Pallet = ReturnType<typeof expandMetadata>['query'][string];

let shared:
  | { readonly registry: TypeRegistry; readonly metadata: Metadata; readonly hex: string }
  | undefined;

/** Decoding the metadata takes a second; all nodes of a test process share it. */
export function runtime() {
  if (shared === undefined) {
    const hex = readMetadata();
    const registry = new TypeRegistry();
    const metadata = new Metadata(registry, hex as Hex);
    const none = { extrinsic: {}, payload: {} };
    registry.setMetadata(
      metadata,
      undefined,
      { SudoTransactionExtension: none, SubtensorTransactionExtension: none, DrandPriority: none },
      true,
    );
    shared = { registry, metadata, hex };
  }
  return shared;
}

/** Of the same length, so that nothing else changes: the pallet under another name. */
export function metadataWithoutPallet(): string {
  const from = Buffer.from('\u003cSubtensorModule').toString('hex');
  const to = Buffer.from('\u003cAnythingElseMod').toString('hex');
  return runtime().hex.replaceAll(from, to);
}

export class RuntimeStorage {
  readonly registry: TypeRegistry;
  readonly subtensor: Pallet;
  readonly system: Pallet;

  constructor() {
    const { registry, metadata } = runtime();
    this.registry = registry;
    const { query } = expandMetadata(registry, metadata);
    this.subtensor = query.subtensorModule!;
    this.system = query.system!;
  }

  key(pallet: Pallet, item: string, args: readonly unknown[]): string {
    return this.registry.createType('StorageKey', [pallet[item]!, [...args]]).toHex();
  }

  write(state: State, pallet: Pallet, item: string, args: readonly unknown[], value: unknown): void {
    const encoded = this.registry.createType(this.#typeOf(pallet, item), value).toHex(true);
    state.set(this.key(pallet, item, args), encoded);
  }

  /** null where nothing is stored and the item has no default. */
  read(state: State, pallet: Pallet, item: string, args: readonly unknown[]): Codec | null {
    const { meta } = pallet[item]!;
    const stored = state.get(this.key(pallet, item, args));
    if (stored === undefined && meta.modifier.isOptional) return null;
    // As bytes: given hex text, a number would be read from the other end.
    const bytes = stored === undefined ? meta.fallback.toU8a(true) : fromHex(stored.slice(2));
    return this.registry.createType(this.#typeOf(pallet, item), bytes);
  }

  #typeOf(pallet: Pallet, item: string): string {
    return unwrapStorageType(this.registry, pallet[item]!.meta.type);
  }
}
