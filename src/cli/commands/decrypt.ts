// filetao decrypt: objects of the reference's encryption scheme

import type { Command } from 'commander';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { unlockAtTerminal } from '../unlock-at-terminal.js';

interface DecryptFlags {
  readonly payload: string;
  readonly output?: string;
}

export function register(program: Command): void {
  addConfigOptions(
    program
      .command('decrypt')
      .description('Open an object that the Python implementation of FileTAO encrypted, with your coldkey')
      .argument('<file>', 'The encrypted object')
      .requiredOption('--payload <json>', 'Its encryption payload: JSON, or the name of a file that holds it')
      .option('-o, --output <file>', 'File to write; - writes to standard output, as does leaving it out'),
    'wallet',
    { without: ['wallet.hotkey'] },
  ).action(async (file: string, flags: DecryptFlags, command: Command) => {
    const { values } = await configOf(command, 'wallet');
    const [
      { openReferencePayload, parseReferencePayload },
      { assertNew, assertReadable, decryptToFile, decryptToStream },
    ] = await Promise.all([
      import('../../adapters/wallets/reference-payload.js'),
      import('../../adapters/cipher/aes-gcm-file.js'),
    ]);
    const payload = parseReferencePayload(await payloadText(flags.payload));
    const toFile = flags.output !== undefined && flags.output !== '-';
    if (flags.output === undefined && process.stdout.isTTY) {
      throw new FileTaoError('bad-input', 'name the file to write with -o FILE; -o - writes to the terminal');
    }
    // what can go wrong is found out before the password is asked for and the keys are derived
    await assertReadable(file);
    if (toFile) await assertNew(flags.output);
    const { openColdkey } = await import('../../adapters/wallets/wallet-files.js');
    const unlock = unlockAtTerminal();
    const coldkey = await openColdkey({ path: values['wallet.path'], name: values['wallet.name'] }, unlock);
    const secret = await openReferencePayload(payload, coldkey, unlock.watch);
    if (!toFile) {
      await decryptToStream(file, secret, process.stdout, interruptSignal());
      return;
    }
    await decryptToFile(file, secret, flags.output, interruptSignal());
    process.stdout.write(`${flags.output}\n`);
  });
}

async function payloadText(given: string): Promise<string> {
  if (/^\s*["{]/u.test(given)) return given;
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(given, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FileTaoError('bad-input', '--payload is neither JSON nor the name of a file', { cause: error });
  }
}
