// What an option is, and what the tables of options share.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { integer, type Kind } from '../kinds.js';

/** Who reads an option. `client` stores and retrieves, `wallet` manages key files, `operator` writes to the chain. */
export const roles = ['miner', 'validator', 'api', 'client', 'wallet', 'operator'] as const;
export type Role = (typeof roles)[number];

/** What a computed default may look at: the role, and options that stand earlier in the table. */
export interface DefaultContext {
  readonly role: Role;
  value(key: string): unknown;
}

export interface Option<Value, ForRole extends Role> {
  readonly roles: readonly ForRole[];
  readonly kind: Kind<Value>;
  readonly default: Value | ((context: DefaultContext) => Value);
  readonly help: string;
  /** How help shows a computed default. */
  readonly defaultText?: string;
  /** A variable that gives the value too, after the one named after the option. */
  readonly variable?: string;
}

export const option = <Value, const ForRole extends Role>(
  roles: readonly ForRole[],
  kind: Kind<Value>,
  preset: NoInfer<Value> | ((context: DefaultContext) => NoInfer<Value>),
  help: string,
  defaultText?: string,
  variable?: string,
): Option<Value, ForRole> => ({
  roles,
  kind,
  default: preset,
  help,
  ...(defaultText === undefined ? {} : { defaultText }),
  ...(variable === undefined ? {} : { variable }),
});

export const onChain = ['miner', 'validator', 'api', 'client', 'operator'] as const;
export const nodes = ['miner', 'validator', 'api'] as const;
export const validators = ['validator', 'api'] as const;
export const home = (...parts: readonly string[]): string => join(homedir(), '.filetao', ...parts);
export const day = 24 * 3600;

/** Blocks between two runs of a step. */
export const interval = integer('blocks', 0, 1_000_000);

export const isDev = ({ value }: DefaultContext): boolean => value('subtensor.network') === 'dev';
