// The wallet a node would use: whether its hotkey is there, who else may read it, and whether a coldkey lies about that no
// node needs.

import { stat } from 'node:fs/promises';
import { describeWallet } from '../../adapters/wallets/wallet-files.js';
import { createCommand, exists, hotkeyFile, pathsOf } from '../../adapters/wallets/wallet-paths.js';
import { toFileTaoError } from '../../domain/model/errors.js';
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
  let found: Awaited<ReturnType<typeof describeWallet>>['hotkeys'][number] | undefined;
  try {
    const { hotkeys } = await describeWallet(path, name);
    found = hotkeys.find((one) => one.name === hotkey);
  } catch (error) {
    if (!['wallet-not-found', 'not-found'].includes(toFileTaoError(error).code)) throw error;
    return missing(`there is no wallet "${name}" in ${path}`);
  }
  if (found === undefined) return missing(`wallet "${name}" has no hotkey "${hotkey}"`);
  const address = found.ss58Address;
  const paths = pathsOf(path, name);
  const text = `wallet "${name}", hotkey "${hotkey}" (${address ?? 'address unknown: encrypted or damaged'})`;
  const isColdkeyHere = await exists(paths.coldkey);
  const known = { ...values, address, coldkeyHere: isColdkeyHere };
  const open: string[] = [];
  for (const secret of [hotkeyFile(paths, hotkey), ...(isColdkeyHere ? [paths.coldkey] : [])])
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
