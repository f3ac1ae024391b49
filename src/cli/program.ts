// The command line as a whole: every command comes from its own file in commands/ and registers itself.
//
// Start-up is part of how a tool feels. Only the file of the command that is asked for is loaded; it imports only commander,
// the configuration schema and types, and what does the work (fastify, lmdb, …) inside the action that needs it.

import { Command } from 'commander';
import { packageVersion } from './package-version.js';

/** All first words that a file registers, aliases too, and the file, in the order of the help text. */
const commandFiles: readonly (readonly [names: string, load: () => Promise<CommandFile>])[] = [
  ['demo', () => import('./commands/demo.js')],
  ['attack', () => import('./commands/attack.js')],
  ['simulate', () => import('./commands/simulate.js')],
  ['plot', () => import('./commands/plot.js')],
  ['store s', () => import('./commands/store.js')],
  ['retrieve r', () => import('./commands/retrieve.js')],
  ['status delete renew', () => import('./commands/objects.js')],
  ['cid', () => import('./commands/cid.js')],
  ['decrypt', () => import('./commands/decrypt.js')],
  ['run n', () => import('./commands/run.js')],
  ['challenge', () => import('./commands/challenge.js')],
  ['repair', () => import('./commands/repair.js')],
  ['miner m', () => import('./commands/miner.js')],
  ['index', () => import('./commands/index.js')],
  ['audit', () => import('./commands/audit.js')],
  ['subnet', () => import('./commands/subnet.js')],
  ['weights', () => import('./commands/weights.js')],
  ['rewards', () => import('./commands/rewards.js')],
  ['tiers', () => import('./commands/tiers.js')],
  ['select', () => import('./commands/select.js')],
  ['wallet', () => import('./commands/wallet.js')],
  ['dev', () => import('./commands/dev.js')],
  ['doctor', () => import('./commands/doctor.js')],
  ['config', () => import('./commands/config.js')],
  ['completion', () => import('./commands/completion.js')],
];

interface CommandFile {
  readonly register: (program: Command) => void;
}

/**
 * The program with the commands that the first word of the command line may need: the one of that name alone; all of them
 * for help, for a word that names none, and for the script of completion, which holds all words.
 */
export async function buildProgram(firstWord?: string): Promise<Command> {
  const program = frame();
  if (firstWord === '--version' || firstWord === '-V') return program;
  const named = commandFiles.filter(
    ([names]) => firstWord !== undefined && names.split(' ').includes(firstWord),
  );
  const needed = named.length === 0 || firstWord === 'completion' ? commandFiles : named;
  for (const { register } of await Promise.all(needed.map(([, load]) => load()))) register(program);
  return program;
}

/** The program without its commands. */
export function frame(): Command {
  return (
    new Command('filetao')
      .description('Decentralised storage with proofs: put a file, get it back, know that it is there.')
      .version(packageVersion(), '-V, --version', 'Print the version')
      .helpOption('-h, --help', 'Print this help')
      .helpCommand('help [command]', 'Print the help of a command')
      // usage errors become exceptions, which run-program.ts turns into one line and an exit code
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .configureHelp({ showGlobalOptions: false })
      .showSuggestionAfterError(true)
  );
}
