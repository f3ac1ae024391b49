// Where the password of a key file comes from: FILETAO_WALLET_PASSWORD, else the file's own variable as
// Bittensor's tools keep it (https://github.com/opentensor/btwallet, src/keyfile.rs, `env_var_name` and
// `decrypt_password`), else a person who is asked.

import { FileTaoError } from '../../domain/model/errors.js';
import type { DerivationWatch } from './argon2-key.js';

/** How a caller can help with an encrypted key file. */
export interface Unlock {
  /** Asks a person for the password of a file; absent where there is nobody to ask. */
  readonly ask?: (file: string) => Promise<string>;
  /** Asks for a new password, twice. */
  readonly askNew?: (file: string) => Promise<string>;
  readonly watch?: DerivationWatch;
  /** Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Password {
  readonly text: string;
  /** As an error names it, e.g. "the password in FILETAO_WALLET_PASSWORD". */
  readonly origin: string;
}

export const passwordVariable = 'FILETAO_WALLET_PASSWORD';

/** The variable of one file: BT_PW_ and the path in upper case, with _ for / and for a dot. */
export const btPasswordVariable = (file: string): string =>
  `BT_PW_${file.replaceAll(/[/\\.]/gu, '_').toUpperCase()}`;

/** base64(password xor the variable's name, repeated). */
function decodeBtPassword(variable: string, value: string): string {
  const unreadable = new FileTaoError(
    'bad-input',
    `${variable} does not hold a password as btcli keeps it: base64 of the password xor the variable's name`,
  );
  if (!/^[A-Za-z0-9+/]+={0,2}$/u.test(value)) throw unreadable;
  const name = Buffer.from(variable);
  const bytes = Buffer.from(value, 'base64').map((byte, i) => byte ^ name[i % name.length]!);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable;
  }
}

/** An empty variable means "not set", as for every option. */
function passwordFromEnvironment(file: string, env: NonNullable<Unlock['env']>): Password | null {
  const ours = env[passwordVariable];
  if (ours !== undefined && ours !== '') return { text: ours, origin: `the password in ${passwordVariable}` };
  const variable = btPasswordVariable(file);
  const theirs = env[variable];
  if (theirs === undefined || theirs === '') return null;
  return { text: decodeBtPassword(variable, theirs), origin: `the password in ${variable}` };
}

/** The password of a file that is there; throws `wallet-locked` when there is none to be had. */
export async function passwordOf(file: string, { ask, env = process.env }: Unlock): Promise<Password> {
  const given = passwordFromEnvironment(file, env);
  if (given !== null) return given;
  if (ask === undefined) {
    throw new FileTaoError(
      'wallet-locked',
      `${file} is encrypted with a password: give it in ${passwordVariable}, or run this at a terminal`,
    );
  }
  return { text: trimmed(await ask(file)), origin: 'the password' };
}

/** Blanks at the ends are cut off as Bittensor's tools do at their prompt. */
const trimmed = (text: string): string => text.trim();

const askedLengthMin = 6;

/** A password for a new file; throws `bad-input` when there is none to be had or it would not work. */
export async function newPassword(file: string, { askNew, env = process.env }: Unlock): Promise<string> {
  const given = passwordFromEnvironment(file, env);
  if (given !== null) {
    if (given.text !== trimmed(given.text)) {
      throw new FileTaoError(
        'bad-input',
        `${given.origin} begins or ends with a blank, which Bittensor's tools would cut off`,
      );
    }
    return given.text;
  }
  if (askNew === undefined) {
    throw new FileTaoError(
      'bad-input',
      `the coldkey is encrypted with a password: run this at a terminal, give it in ${passwordVariable}, or leave the coldkey unencrypted with --no-password`,
    );
  }
  const asked = trimmed(await askNew(file));
  if ([...asked].length < askedLengthMin) {
    throw new FileTaoError(
      'bad-input',
      `a password has at least ${askedLengthMin} characters; nothing was changed`,
    );
  }
  return asked;
}
