// Where the tests find real runtime metadata of subtensor: a data file that is no part of the repository.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const variable = 'SUBTENSOR_METADATA';
const name = 'subtensor-metadata-381.scale.gz';

const candidates: readonly string[] = [
  process.env[variable] ?? '',
  // dist/test/adapters/chain/ is four folders below the repository
  fileURLToPath(new URL(`../../../../../shared/chain/${name}`, import.meta.url)),
  fileURLToPath(new URL(`../../../../../../shared/chain/${name}`, import.meta.url)),
].filter((path) => path !== '');

const found = candidates.find((path) => existsSync(path));

/** false, or why tests that need the metadata are skipped. */
export const withoutMetadata: string | false =
  found === undefined
    ? `no runtime metadata: looked at ${candidates.join(', ')}; ${variable} names another file`
    : false;

export const metadataSpecVersion = 381;

/** SCALE bytes, hex. */
export function readMetadata(): string {
  if (found === undefined) throw new Error(String(withoutMetadata));
  const bytes = readFileSync(found);
  return `0x${(found.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('hex')}`;
}
