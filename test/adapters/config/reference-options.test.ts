// Start lines of the Python node, whole, through the commands they become.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { referenceOptions } from '../../../src/adapters/config/reference-options.js';
import { optionKeys, optionOf, type Role } from '../../../src/adapters/config/schema.js';
import { register } from '../../../src/cli/commands/run.js';
import { configOf } from '../../../src/cli/config-options.js';
import { frame } from '../../../src/cli/program.js';

/** The values a start line gives a node, and what is said on stderr. */
async function started(line: string) {
  const words = line.split(/\s+/u);
  const role = words[0] as 'miner' | 'validator' | 'api';
  const program = frame();
  register(program);
  const command = program.commands[0]!.commands.find((one) => one.name() === role)!;
  let values: Readonly<Record<string, unknown>> = {};
  command.action(async () => {
    values = (await configOf(command, role)).values;
  });
  const notices: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = ((text: string) => notices.push(text) > 0) as typeof write;
  try {
    await program.parseAsync(['node', 'filetao', 'run', ...words]);
  } finally {
    process.stderr.write = write;
  }
  return { values, notices };
}

test('the miner of the seed’s pm2 line', async () => {
  const { values, notices } = await started(
    'miner --netuid 21 --wandb.off --wallet.name default --wallet.hotkey miner --axon.port 8888 --logging.debug',
  );
  assert.equal(values['axon.port'], 8888);
  assert.equal(values['logging.level'], 'debug');
  assert.equal(values.netuid, 21);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^--wandb\.off means nothing here: .*events_file\n$/u);
});

test('the validator of the seed’s pm2 line, and one with everything', async () => {
  const plain = await started(
    'validator --netuid 21 --logging.debug --wallet.name default --wallet.hotkey v',
  );
  assert.deepEqual([plain.values['logging.level'], plain.notices], ['debug', []]);
  const { values, notices } = await started(
    'validator --neuron.name core --neuron.device cpu --neuron.curve P-256 --neuron.min_chunk_size 256 ' +
      '--neuron.num_concurrent_forwards 1 --neuron.disable_set_weights --neuron.checkpoint_block_length 50 ' +
      '--neuron.events_retention_size 1GB --neuron.dont_save_events --neuron.vpermit_tao_limit 300 ' +
      '--encryption.wallet_name a --encryption.password s3cret --wandb.project_name p --neuron.maxsize 1MiB',
  );
  assert.equal(values['neuron.checkpoint_block_length'], 50);
  assert.equal(values['neuron.vpermit_tao_limit'], 300);
  assert.equal(values['neuron.dont_save_events'], true);
  assert.equal(values['neuron.maxsize'], 1024 * 1024);
  assert.ok(
    notices.length >= 8 && notices.every((line) => /^--\S+ means nothing here: [^\n]+\n$/u.test(line)),
  );
  assert.ok(!notices.join('').includes('s3cret'));
});

test('lists with spaces, and an own level beside --logging.debug', async () => {
  const [a, b] = [
    '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
  ];
  const { values } = await started(
    `miner --blacklist.blacklist_hotkeys ${a} ${b} --logging.debug --logging.level warn --miner.priority.default 0.0`,
  );
  assert.deepEqual(values['blacklist.blacklist_hotkeys'], [a, b]);
  assert.equal(values['logging.level'], 'warn');
});

test('no option of the reference hides one of ours', () => {
  const hidden = Object.entries(referenceOptions).filter(([key, { roles }]) => {
    const own = optionKeys.find((one) => one === key);
    return own !== undefined && optionOf(own).roles.some((role: Role) => roles.includes(role));
  });
  assert.deepEqual(hidden, []);
});
