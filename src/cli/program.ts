// The command line as a whole: every command comes from its own file in commands/ and registers itself.
//
// Start-up is part of how a tool feels, so those files import only commander, the configuration schema and
// types; what does the work (fastify, lmdb, polkadot, …) is imported inside the action that needs it.

import { Command } from 'commander';
import { register as registerAttack } from './commands/attack.js';
import { register as registerAudit } from './commands/audit.js';
import { register as registerChallenge } from './commands/challenge.js';
import { register as registerCid } from './commands/cid.js';
import { register as registerCompletion } from './commands/completion.js';
import { register as registerConfig } from './commands/config.js';
import { register as registerDecrypt } from './commands/decrypt.js';
import { register as registerDemo } from './commands/demo.js';
import { register as registerDev } from './commands/dev.js';
import { register as registerDoctor } from './commands/doctor.js';
import { register as registerIndex } from './commands/index.js';
import { register as registerMiner } from './commands/miner.js';
import { register as registerObjects } from './commands/objects.js';
import { register as registerPlot } from './commands/plot.js';
import { register as registerRepair } from './commands/repair.js';
import { register as registerRetrieve } from './commands/retrieve.js';
import { register as registerRewards } from './commands/rewards.js';
import { register as registerRun } from './commands/run.js';
import { register as registerSelect } from './commands/select.js';
import { register as registerSimulate } from './commands/simulate.js';
import { register as registerStore } from './commands/store.js';
import { register as registerSubnet } from './commands/subnet.js';
import { register as registerTiers } from './commands/tiers.js';
import { register as registerWallet } from './commands/wallet.js';
import { register as registerWeights } from './commands/weights.js';
import { packageVersion } from './package-version.js';

/** Each command file exports `register`; the order is that of the help text. */
const registrations: readonly ((program: Command) => void)[] = [
  registerDemo,
  registerAttack,
  registerSimulate,
  registerPlot,
  registerStore,
  registerRetrieve,
  registerObjects,
  registerCid,
  registerDecrypt,
  registerRun,
  registerChallenge,
  registerRepair,
  registerMiner,
  registerIndex,
  registerAudit,
  registerSubnet,
  registerWeights,
  registerRewards,
  registerTiers,
  registerSelect,
  registerWallet,
  registerDev,
  registerDoctor,
  registerConfig,
  registerCompletion,
];

export function buildProgram(): Command {
  const program = frame();
  for (const register of registrations) register(program);
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
