// The commands that look at and write to a chain, as real processes: on the dev chain, and on a node that serves
// the real runtime's metadata.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { publicKeyFromSs58 } from '../../../src/domain/identity/ss58.js';
import { raoPerTao } from '../../../src/domain/ports/chain.js';
import { MetadataNode } from '../../adapters/chain/metadata-node.js';
import { withoutMetadata } from '../../adapters/chain/runtime-metadata.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { runCli } from '../run-cli.js';

test('the dev chain by command: register, stake, weights, faults, reset', async (context) => {
  const home = await temporaryFolder(context);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(args, { home });
    return { code, stderr, lines: stdout.split('\n').filter((line) => line.startsWith('{')) };
  };
  assert.equal((await run('wallet', 'create', '--no-password')).code, 0);
  const unasked = await run('subnet', 'register');
  assert.deepEqual([unasked.code, unasked.lines], [2, []]);
  assert.match(unasked.stderr, /costs 1 TAO.*has 1000 TAO[\s\S]*--yes/u);
  const registered = await run('subnet', 'register', '--yes', '--json');
  assert.equal(registered.code, 0, registered.stderr);
  const { uid, cost, hotkey } = JSON.parse(registered.lines[0]!) as Record<string, unknown>;
  assert.deepEqual([uid, cost], [0, '1']);
  const again = await run('subnet', 'register', '--yes');
  assert.equal(again.code, 7);
  assert.match(again.stderr, /already, as uid 0: nothing was changed/u);
  assert.equal((await run('dev', 'register', '--stake', '10', '--permit')).code, 0);
  const [neuron] = (await run('dev', 'neurons')).lines.map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  );
  assert.deepEqual([neuron!.hotkey, neuron!.stake, neuron!.validatorPermit], [hotkey, 10, true]);
  const crooked = await run('weights', 'set', '--uids', '0,1', '--weights', '1');
  assert.deepEqual([crooked.code, /2 uids and 1 weights/u.test(crooked.stderr)], [2, true]);
  const noFile = await run('weights', 'set');
  assert.deepEqual([noFile.code, /no weights file/u.test(noFile.stderr)], [3, true]);
  const faults = await run('dev', 'faults', '--finality-lag', '2');
  assert.deepEqual(JSON.parse(faults.lines[0]!), { finalityLag: 2, headStep: 1, forkFrom: null });
  assert.equal((await run('dev', 'reset')).code, 2, 'not without --yes');
  assert.equal((await run('dev', 'reset', '--yes')).code, 0);
  assert.deepEqual((await run('dev', 'neurons')).lines, []);
});

test('an operator joins a real runtime: register, run nodes, set weights', {
  skip: withoutMetadata,
}, async (context) => {
  const home = await temporaryFolder(context);
  const node = new MetadataNode();
  await node.start();
  context.after(() => node.stop());
  const network = ['--subtensor.network', node.url];
  const run = (...args: string[]) => runCli([...args, ...network], { home });
  await runCli(['wallet', 'create', '--no-password'], { home });
  const wallet = join(home, '.bittensor', 'wallets', 'default');
  const addressIn = async (file: string) =>
    publicKeyFromSs58(
      (JSON.parse(await readFile(join(wallet, file), 'utf8')) as { ss58Address: string }).ss58Address,
    );
  const coldkey = await addressIn('coldkeypub.txt');
  const hotkey = await addressIn(join('hotkeys', 'default'));

  const unregistered = await run('run', 'miner');
  assert.equal(unregistered.code, 1);
  assert.match(
    unregistered.stderr,
    /not registered on subnet 21 of local: register it with filetao subnet register/u,
  );

  const poor = await run('subnet', 'register', '--yes');
  assert.deepEqual([poor.code, node.calls.length], [1, 0]);
  assert.match(poor.stderr, /the coldkey has 0 TAO and registering costs 1: nothing was changed/u);

  node.produce(1, () => node.setBalance(coldkey, 5n * raoPerTao));
  const registered = await run('subnet', 'register', '--yes', '--json');
  assert.equal(registered.code, 0, registered.stderr);
  assert.deepEqual(
    node.calls.map(({ method, error }) => [method, error]),
    [['subtensorModule.burnedRegister', null]],
  );
  assert.equal(node.uidOf(hotkey), 0);

  const unpermitted = await run('run', 'api');
  assert.equal(unpermitted.code, 1);
  assert.match(unpermitted.stderr, /an API node needs a validator permit.*a miner cannot run one/u);

  node.produce(10, () => node.setPermit(hotkey, true));
  const planned = await run('weights', 'set', '--uids', '0', '--weights', '3', '--dry-run', '--json');
  assert.equal(planned.code, 0, planned.stderr);
  const call = JSON.parse(planned.stdout) as { name: string; hex: string };
  assert.equal(call.name, 'subtensorModule.setWeights');
  assert.match(call.hex, /^0x0700/u, 'pallet 7, call 0');
  assert.equal(node.calls.length, 1, 'nothing was sent');
  const set = await run('weights', 'set', '--uids', '0', '--weights', '3');
  assert.equal(set.code, 0, set.stderr);
  assert.deepEqual(node.weightsOf(0), [[0, 65535]]);

  const port = ['--axon.port', '0', '--axon.external_ip', '10.0.0.5'];
  const mining = await runCli(['run', 'miner', ...port, ...network], {
    home,
    onOutput: (child) => void child.kill('SIGTERM'),
  });
  assert.equal(mining.code, 0, mining.stderr);
  const { port: listening } = JSON.parse(mining.stdout) as { port: number };
  const served = node.calls.at(-1)!;
  assert.deepEqual(
    [served.method, served.args.ip, served.args.port, served.error],
    ['subtensorModule.serveAxon', 0x0a000005, listening, null],
  );
});
