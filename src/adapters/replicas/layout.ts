// Where replica files are:
//
//   <directory>/<minerKey>/<validatorKey>/<root[0:2]>/<root>            E
//   <directory>/<minerKey>/<validatorKey>/<root[0:2]>/<root>.outboard   values of its 1 KiB leaves
//   <directory>/<minerKey>/<validatorKey>/<root[0:2]>/<root>.terms      what was agreed about it: store, receipt, renewal
//   <directory>/incoming/<name>                                         being written
//   <directory>/damaged/<root>-<validatorKey>-<name>                    found damaged, kept for whoever wants to look
//
// The path is the whole id, so the files alone can rebuild the index. Ids are checked here to be 64
// lower-case hex digits: nothing else that came over the wire becomes part of a path.
import { join } from 'node:path';
import { isHex32, type PublicKey, type Root } from '../../domain/model/bytes.js';
import { leafSize, nodeSize } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { Files } from '../../domain/ports/files.js';

const outboardEnding = '.outboard';
const termsEnding = '.terms';
const endings = /\.(?:outboard|terms)$/u;

export const incomingFolder = (directory: string): string => join(directory, 'incoming');

export const damagedFolder = (directory: string): string => join(directory, 'damaged');

export interface ReplicaPlace {
  /** From the top: each may have to be made. */
  readonly folders: readonly [miner: string, validator: string, shard: string];
  readonly folder: string;
  readonly file: string;
  readonly outboard: string;
  readonly terms: string;
}

export function placeOf(directory: string, id: ReplicaId): ReplicaPlace {
  for (const part of [id.minerKey, id.validatorKey, id.root])
    if (typeof part !== 'string' || !isHex32(part))
      throw new FileTaoError('bad-input', 'a replica id is three times 64 lower-case hex digits');
  const miner = join(directory, id.minerKey);
  const validator = join(miner, id.validatorKey);
  const folder = join(validator, id.root.slice(0, 2));
  const file = join(folder, id.root);
  return {
    folders: [miner, validator, folder],
    folder,
    file,
    outboard: file + outboardEnding,
    terms: file + termsEnding,
  };
}

/** Bytes of the outboard of a replica. */
export const outboardBytes = (size: number): number => nodeSize * Math.ceil(size / leafSize);

/** Bytes a replica takes with its outboard. */
export const footprint = (size: number): number => size + outboardBytes(size);

/** Largest replica whose footprint fits. */
export function sizeThatFits(bytes: number): number {
  const leaves = Math.floor(bytes / (leafSize + nodeSize));
  const rest = bytes - leaves * (leafSize + nodeSize);
  return leaves * leafSize + Math.max(0, rest - nodeSize);
}

export interface FoundReplica {
  readonly id: ReplicaId;
  readonly hasReplica: boolean;
  readonly hasOutboard: boolean;
  readonly hasTerms: boolean;
}

/** Every replica, and every outboard or terms without one; one shard's names in memory at a time. */
export async function* walk(files: Files, directory: string): AsyncGenerator<FoundReplica> {
  for await (const minerKey of hexFolders(files, directory)) {
    for await (const validatorKey of hexFolders(files, join(directory, minerKey))) {
      for await (const shard of files.entries(join(directory, minerKey, validatorKey))) {
        if (shard.kind !== 'folder') continue;
        const names = new Set<string>();
        for await (const { name, kind } of files.entries(join(directory, minerKey, validatorKey, shard.name)))
          if (kind === 'file') names.add(name);
        const roots = new Set(Array.from(names, (name) => name.replace(endings, '')));
        for (const root of roots) {
          if (!isHex32(root) || !root.startsWith(shard.name)) continue;
          yield {
            id: {
              minerKey: minerKey as PublicKey,
              validatorKey: validatorKey as PublicKey,
              root: root as Root,
            },
            hasReplica: names.has(root),
            hasOutboard: names.has(root + outboardEnding),
            hasTerms: names.has(root + termsEnding),
          };
        }
      }
    }
  }
}

async function* hexFolders(files: Files, path: string): AsyncGenerator<string> {
  for await (const { name, kind } of files.entries(path)) if (kind === 'folder' && isHex32(name)) yield name;
}
