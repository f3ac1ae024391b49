// filetao miner exit

import type { Command } from 'commander';
import { formatBytes } from '../../adapters/config/byte-size.js';
import { type OptionKey, optionsOf } from '../../adapters/config/schema.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';

const shown: readonly OptionKey[] = [
  'wallet.path',
  'wallet.name',
  'wallet.hotkey',
  'subtensor.network',
  'subtensor.chain_endpoint',
  'subtensor.timeout',
  'subtensor.dev_directory',
  'netuid',
  'axon.ip',
  'axon.port',
];

interface Flags {
  readonly cancel?: true;
  readonly wait?: true;
  readonly json?: true;
}

/** @param miner the command `filetao miner` */
export function addMinerExit(miner: Command): void {
  const command = miner
    .command('exit')
    .description(
      'Leave in good order: your running miner takes nothing new, and validators move its replicas away',
    )
    .option('--cancel', 'Stay after all')
    .option('--wait', 'Wait until it is safe to stop the miner')
    .option('--json', 'Print one line of JSON per state');
  addConfigOptions(command, 'miner', {
    without: optionsOf('miner').filter((key) => !shown.includes(key)),
  }).action(async (flags: Flags) => {
    const config = await configOf(command, 'miner');
    const [{ operatedNode }, exit, { systemClock }] = await Promise.all([
      import('../../tools/operator/operated-node.js'),
      import('../../tools/operator/miner-exit.js'),
      import('../../adapters/system/clock.js'),
    ]);
    const { values } = config;
    const ip = values['axon.ip'];
    const host = ip === '0.0.0.0' ? '127.0.0.1' : ip === '::' ? '::1' : ip;
    const node = await operatedNode(config, { host, port: values['axon.port'] });
    const signal = interruptSignal();
    type State = Awaited<ReturnType<typeof exit.beginExit>>;
    const print = (state: State): void =>
      void process.stdout.write(flags.json ? `${JSON.stringify(state)}\n` : `${asText(state)}\n`);
    if (flags.cancel) {
      print(await exit.cancelExit(node, signal));
      return;
    }
    const begun = await exit.beginExit(node, signal);
    print(begun);
    if (!flags.wait || begun.safeToStop) return;
    let last = JSON.stringify(begun);
    for await (const state of exit.watchExit(node, systemClock.sleep, signal)) {
      if (JSON.stringify(state) === last) continue;
      last = JSON.stringify(state);
      print(state);
    }
  });
}

function asText(state: {
  readonly leaving: boolean;
  readonly safeToStop: boolean;
  readonly replicas: number;
  readonly bytes: number;
  readonly validators: readonly {
    readonly validator: string;
    readonly replicas: number;
    readonly bytes: number;
    readonly lastExpiry: number;
  }[];
}): string {
  if (!state.leaving) return 'The miner stays, and takes new replicas.';
  if (state.safeToStop) return 'Nothing is left on the miner: it is safe to stop it.';
  const sum = `${state.replicas} ${state.replicas === 1 ? 'replica' : 'replicas'}, ${formatBytes(state.bytes)}`;
  const lines = state.validators.map(
    ({ validator, replicas, bytes, lastExpiry }) =>
      `  ${validator}: ${replicas}, ${formatBytes(bytes)}, the last expires ${new Date(1000 * lastExpiry).toISOString().slice(0, 16)}Z`,
  );
  return [
    `The miner is leaving and still holds ${sum}. Keep it running until its validators have moved them:`,
    ...lines,
  ].join('\n');
}
