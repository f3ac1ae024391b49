// filetao cid FILE

import type { Command } from 'commander';
import { interruptSignal } from '../interrupt.js';

export function register(program: Command): void {
  program
    .command('cid')
    .description("Print the CID of a file's own bytes (CIDv1, raw, sha2-256)")
    .argument('<file>', 'File to hash; - reads standard input')
    .option('--unixfs', 'The CID that `ipfs add --cid-version 1` prints')
    .option('--json', 'Print one line of JSON')
    .action(async (file: string, flags: { unixfs?: true; json?: true }) => {
      const { cidOfInput, unixfsCidOfInput } = await import('../../client/file-cid.js');
      const of = flags.unixfs === true ? unixfsCidOfInput : cidOfInput;
      const cid = await of(file === '-' ? process.stdin : file, interruptSignal());
      process.stdout.write(flags.json === true ? `${JSON.stringify({ cid, file })}\n` : `${cid}\n`);
    });
}
