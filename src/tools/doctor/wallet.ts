// The wallet a node would use: whether its hotkey is there, who else may read it, and whether a coldkey lies about that no
// node needs.

import { stat } from 'node:fs/promises';
import { readKeyfile } from '../../adapters/wallets/stored-keys.js';
import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { createCommand, exists, hotkeyFile, pathsOf } from '../../adapters/wallets/wallet-paths.js';
import { type FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { DoctorOptions, Finding } from './finding.js';

const check = 'wallet';

export async function checkWallet({ config }: DoctorOptions): Promise<Finding> {
  const path = config.values['wallet.path'];
  const name = config.values['wallet.name'];
  const hotkey = config.values['wallet.hotkey'];
  const values = { path, name, hotkey };
  const missing = (text: string): Finding => ({
    check,
    level: 'note',
    text,
    remedy: createCommand({ path, name, hotkey }),
    values: { ...values, address: null },
  });
  const unreadable = (what: string): Finding => ({
    check,
    level: 'problem',
    text: `${what} cannot be read by this user`,
    remedy: 'run the node as the user that the wallet belongs to, or name another with --wallet.path',
    values: { ...values, address: null },
  });
  let found: Awaited<ReturnType<typeof describeWallet>>['hotkeys'][number] | undefined;
  try {
    const { hotkeys } = await describeWallet(path, name);
    found = hotkeys.find((one) => one.name === hotkey);
  } catch (error) {
    if (['wallet-not-found', 'not-found'].includes(toFileTaoError(error).code))
      return missing(`there is no wallet "${name}" in ${path}`);
    if (!isForbidden(error)) throw error;
    return unreadable(path);
  }
  if (found === undefined) return missing(`wallet "${name}" has no hotkey "${hotkey}"`);
  const address = found.ss58Address;
  const paths = pathsOf(path, name);
  const file = hotkeyFile(paths, hotkey);
  const fault = address === null ? await faultOf(file) : null;
  if (isForbidden(fault)) return unreadable(file);
  if (fault !== null && fault.code !== 'wallet-locked')
    return {
      check,
      level: 'problem',
      text: fault.message,
      remedy: `move it away and make it again from its phrase: filetao wallet regenerate hotkey --wallet.name ${name} --wallet.hotkey ${hotkey}`,
      values: { ...values, address },
    };
  const text = `wallet "${name}", hotkey "${hotkey}" (${address ?? 'address unknown: encrypted'})`;
  const isColdkeyHere = await exists(paths.coldkey);
  const known = { ...values, address, coldkeyHere: isColdkeyHere };
  const open: string[] = [];
  for (const secret of [file, ...(isColdkeyHere ? [paths.coldkey] : [])])
    if (((await stat(secret)).mode & 0o077) !== 0) open.push(secret);
  if (open.length > 0) {
    return {
      check,
      level: 'problem',
      text: `${text}: others on this machine may read ${open.join(' and ')}`,
      remedy: `chmod 600 ${open.join(' ')}`,
      values: known,
    };
  }
  if (isColdkeyHere && config.values['subtensor.network'] !== 'dev') {
    return {
      check,
      level: 'note',
      text: `${text}; its coldkey is on this machine`,
      remedy: `no node needs it: keep ${paths.coldkey} elsewhere, and leave coldkeypub.txt`,
      values: known,
    };
  }
  return { check, level: 'ok', text, values: known };
}

/** Why a key file cannot be read; null for one that can. */
const faultOf = (file: string): Promise<FileTaoError | null> =>
  readKeyfile(file).then(() => null, toFileTaoError);

/** Whether the system refused it, or what it was caused by. */
function isForbidden(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return code === 'EACCES' || code === 'EPERM' || (cause !== undefined && isForbidden(cause));
}
