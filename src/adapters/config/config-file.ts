// The configuration file: JSON, keys flat ("axon.port": 8091) or nested ({"axon": {"port": 8091}}), values
// text, numbers, true or false. Which keys and values are right is the schema's business (resolve.ts).

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';

export interface ConfigFile {
  /** Absolute; relative paths in the file start from its folder. */
  readonly path: string;
  readonly entries: ReadonlyMap<string, string | number | boolean>;
}

export const defaultConfigPath = (): string => join(homedir(), '.filetao', 'config.json');

/** Reads `path`, which must exist, or else the default file, which need not. */
export async function readConfigFile(path?: string): Promise<ConfigFile | null> {
  const file = path ?? defaultConfigPath();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    if (missing && path === undefined) return null;
    if (missing) throw new FileTaoError('not-found', `there is no configuration file ${file}`);
    if (code === 'EISDIR') throw new FileTaoError('config', `${file} is a folder, not a configuration file`);
    throw toFileTaoError(error);
  }
  return parseConfigFile(text, file);
}

export function parseConfigFile(text: string, path: string): ConfigFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // The parser quotes what stands around the place: that may be a password.
    const why = (error as Error).message.replace(/, (?:\.\.\.)?".*" is not valid JSON$/su, '');
    throw new FileTaoError('config', `${path} is not JSON: ${why}`);
  }
  const entries = new Map<string, string | number | boolean>();
  collect(parsed, '', entries, path);
  return { path, entries };
}

/** Keys have two parts. */
const depthMax = 8;

function collect(
  value: unknown,
  key: string,
  entries: Map<string, string | number | boolean>,
  path: string,
  depth = 0,
): void {
  if (depth > depthMax) throw new FileTaoError('config', `${path} is nested more than ${depthMax} deep`);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, inner] of Object.entries(value))
      collect(inner, key === '' ? name : `${key}.${name}`, entries, path, depth + 1);
    return;
  }
  if (key === '') throw new FileTaoError('config', `${path} is not a JSON object`);
  if (entries.has(key)) throw new FileTaoError('config', `${path} sets ${key} twice`);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new FileTaoError('config', `${path}: ${key} is neither text, a number, true nor false`);
  }
  entries.set(key, value);
}
