// filetao run miner | validator | api

import type { Command } from 'commander';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';
import { packageVersion } from '../package-version.js';

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
        const [{ launchNode }, { createLog }] = await Promise.all([
          import('../../nodes/launch.js'),
          import('../../adapters/observe/log.js'),
        ]);
        const { values } = config;
        const log = createLog({ level: values['logging.level'], json: values['logging.json'], name: role });
        const node = await launchNode(config, log, packageVersion());
        const { address, hotkey, network } = node;
        log.info({ hotkey, network, address: `${address.host}:${address.port}` }, `the ${role} is ready`);
        // One line on stdout for whoever started this: the node answers from here on.
        process.stdout.write(`${JSON.stringify({ ready: role, hotkey, network, ...address })}\n`);
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
        log.info('stopping');
        await node.close();
      },
    );
  }
}
