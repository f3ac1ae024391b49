// filetao cid FILE

import type { Command } from 'commander';
import { interruptSignal } from '../interrupt.js';

export function register(program: Command): void {
  program
    .command('cid')
    .description("Print the CID of a file's own bytes (CIDv1, raw, sha2-256)")
    .argument('<file>', 'File to hash; - reads standard input')
    .action(async (file: string) => {
      const { cidOfInput } = await import('../../client/file-cid.js');
      const cid = await cidOfInput(file === '-' ? process.stdin : file, interruptSignal());
      process.stdout.write(`${cid}\n`);
    });
}
