// filetao run miner | validator | api

import { join } from 'node:path';
import type { Command } from 'commander';
import type { ConfigOf } from '../../adapters/config/schema.js';
import type { Log } from '../../adapters/observe/log.js';
import type { RotatingFile } from '../../adapters/observe/rotating-file.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { packageVersion } from '../package-version.js';

type NodeRole = keyof typeof roles;

const roles = {
  miner: 'Keep replicas and prove them',
  validator: 'Challenge the miners that hold this validator’s replicas',
  api: 'Take objects from users and give them back (same wallet as a validator)',
} as const;

export function register(program: Command): void {
  const run = program.command('run').alias('n').description('Run a node of the network until Ctrl-C');
  for (const [role, description] of Object.entries(roles) as [keyof typeof roles, string][]) {
    addConfigOptions(run.command(role).description(description), role).action(
      async (_options: unknown, command: Command) => {
        const stop = interruptSignal();
        const config = await configOf(command, role);
        const [{ launchNode }, { createLog }, { unlockAtTerminal }] = await Promise.all([
          import('../../nodes/launch.js'),
          import('../../adapters/observe/log.js'),
          import('../unlock-at-terminal.js'),
        ]);
        const { values } = config;
        const file = await logFile(values, role);
        const log = createLog({
          level: values['logging.level'],
          json: values['logging.json'],
          name: role,
          ...(file === null ? {} : { file }),
        });
        switchLevelBySignal(log);
        const node = await launchNode(config, log, packageVersion(), unlockAtTerminal());
        const { address, status, dashboard, hotkey, network } = node;
        log.info({ hotkey, network, address: `${address.host}:${address.port}` }, `the ${role} is ready`);
        // One line on stdout for whoever started this: the node answers from here on.
        process.stdout.write(
          `${JSON.stringify({
            ready: role,
            hotkey,
            network,
            ...address,
            ...(status === null ? {} : { status }),
            ...(dashboard === null ? {} : { dashboard }),
          })}\n`,
        );
        process.send?.('ready'); // to pm2, which waits for it (wait_ready)
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
        log.info('stopping');
        await node.close();
        log.info('stopped');
      },
    );
  }
}

/** The file that --logging.logging_dir asks for; named so that nodes of one machine can share the folder. */
async function logFile(values: ConfigOf<NodeRole>, role: NodeRole): Promise<RotatingFile | null> {
  const folder = values['logging.logging_dir'];
  if (folder === '') return null;
  const { RotatingFile } = await import('../../adapters/observe/rotating-file.js');
  const name = `${role}-${values['wallet.name']}-${values['wallet.hotkey']}.log`;
  const rotation = { maxBytes: values['logging.max_size'], keep: values['logging.keep'] };
  try {
    return new RotatingFile(join(folder, name), rotation);
  } catch (error) {
    throw new FileTaoError('config', `--logging.logging_dir: ${(error as Error).message}`);
  }
}

/** SIGUSR2 switches between the level of the configuration and `debug` (or `info`, if it is that already). */
function switchLevelBySignal(log: Log): void {
  if (process.platform === 'win32') return; // it has no such signal
  const configured = log.level;
  const other = configured === 'debug' || configured === 'trace' ? 'info' : 'debug';
  process.on('SIGUSR2', () => {
    const next = log.level === other ? configured : other;
    log.setLevel('warn');
    log.warn({ level: next }, 'the log level was changed by SIGUSR2');
    log.setLevel(next);
  });
}
