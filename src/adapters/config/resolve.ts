// Which value an option has, and why: flag over environment over file over default.

import { dirname } from 'node:path';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ConfigFile } from './config-file.js';
import type { Kind } from './kinds.js';
import { nearestName } from './nearest-name.js';
import {
  type ConfigOf,
  environmentNameOf,
  flagOf,
  type OptionKey,
  optionKeys,
  optionOf,
  optionsOf,
  otherVariables,
  type Role,
  variablesOf,
} from './schema.js';

export interface ConfigSources {
  /** By option key, as the command line gave them; undefined means not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | null;
}

export interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  /** The flag, variable or file that gave the value. */
  readonly name: string;
}

export interface ResolvedConfig<ForRole extends Role> {
  readonly role: ForRole;
  readonly values: ConfigOf<ForRole>;
  readonly origins: Readonly<Record<keyof ConfigOf<ForRole>, Origin>>;
}

const isOptionKey = (key: string): key is OptionKey => (optionKeys as readonly string[]).includes(key);

/**
 * Options of other roles are passed over in file and environment, which roles share, and refused as flags;
 * names that no role knows are refused everywhere.
 */
export function resolveConfig<ForRole extends Role>(
  role: ForRole,
  sources: ConfigSources,
): ResolvedConfig<ForRole> {
  const { flags = {}, env = {}, file = null } = sources;
  refuseUnknown(role, flags, env, file);

  const values = new Map<string, unknown>();
  const origins: Record<string, Origin> = {};
  for (const key of optionsOf(role)) {
    const { kind, default: preset } = optionOf(key);
    const given = find(key, flags, env, file);
    if (given !== null) {
      values.set(key, parse(given, kind));
      origins[key] = given.origin;
    } else {
      const context = { role, value: (other: string) => values.get(other) };
      values.set(key, typeof preset === 'function' ? preset(context) : preset);
      origins[key] = { source: 'default', name: 'default' };
    }
  }
  return {
    role,
    values: Object.fromEntries(values) as unknown as ConfigOf<ForRole>,
    origins: origins as Record<keyof ConfigOf<ForRole>, Origin>,
  };
}

interface Given {
  readonly text: string;
  /** What relative paths start from. */
  readonly folder: string;
  readonly origin: Origin;
  /** What an error calls the place: `--axon.port`, `FILETAO_AXON_PORT`, `/etc/filetao.json: axon.port`. */
  readonly place: string;
}

function find(
  key: OptionKey,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  file: ConfigFile | null,
): Given | null {
  const folder = process.cwd();
  const flag = flags[key];
  if (flag !== undefined) {
    const name = flagOf(key);
    return { text: String(flag), folder, origin: { source: 'flag', name }, place: name };
  }
  for (const variable of variablesOf(key)) {
    const text = env[variable];
    // An empty variable means "not set": example.env and compose files leave options empty.
    if (text !== undefined && text !== '')
      return { text, folder, origin: { source: 'environment', name: variable }, place: variable };
  }
  const entry = file?.entries.get(key);
  if (file !== null && entry !== undefined) {
    const { path } = file;
    return {
      text: String(entry),
      folder: dirname(path),
      origin: { source: 'file', name: path },
      place: `${path}: ${key}`,
    };
  }
  return null;
}

function parse(given: Given, kind: Kind<unknown>): unknown {
  try {
    return kind.parse(given.text, given.folder);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const quoted = kind.secret ? '' : ` ${JSON.stringify(given.text)}`;
    throw new FileTaoError('config', `${given.place}${quoted} ${error.message}`);
  }
}

function refuseUnknown(
  role: Role,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  file: ConfigFile | null,
): void {
  const own = optionsOf(role);
  for (const key of Object.keys(flags)) {
    if (!(own as readonly string[]).includes(key)) {
      throw unknown(
        isOptionKey(key) ? `${flagOf(key)} is no option of ${role}` : `unknown option --${key}`,
        nearestName(key, own),
        '--',
      );
    }
  }
  const variables = [...optionKeys.map(environmentNameOf), ...otherVariables];
  for (const name of Object.keys(env)) {
    if (name.startsWith('FILETAO_') && !variables.includes(name)) {
      throw unknown(`unknown environment variable ${name}`, nearestName(name, variables), '');
    }
  }
  for (const key of file?.entries.keys() ?? []) {
    if (!isOptionKey(key))
      throw unknown(`${file?.path}: unknown key ${key}`, nearestName(key, optionKeys), '');
  }
}

const unknown = (what: string, nearest: string | null, prefix: string): FileTaoError =>
  new FileTaoError('config', nearest === null ? what : `${what}; did you mean ${prefix}${nearest}?`);
