// `filetao repair` and `filetao miner exit` as their operators run them: a validator and a miner in processes of their
// own, on one chain with miners of this process. The validator's own steps are off, so that what happens is what the
// commands asked for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWallet, openWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { type PublicKey, publicKeyOf } from '../../../src/domain/model/bytes.js';
import { startNetwork } from '../../nodes/network.js';
import { startNodeProcess } from '../../nodes/processes.js';
import { mainScript, runCli } from '../run-cli.js';

test('a repair brings back what was lost; a leaving miner is emptied, and told when it may stop', async (t) => {
  const network = await startNetwork(t, { miners: 2 });
  const { folder, chain } = network;
  const at = (hotkey: string) => ({ path: join(folder, 'wallets'), name: 'operators', hotkey });
  const walletOf = async (hotkey: string) => {
    await createWallet(at(hotkey), { unencrypted: true });
    return {
      signer: (await openWallet(at(hotkey))).hotkey,
      flags: [
        ...['--wallet.path', at(hotkey).path, '--wallet.name', 'operators', '--wallet.hotkey', hotkey],
        ...['--subtensor.dev_directory', join(folder, 'chain')],
      ],
    };
  };
  const [asValidator, asMiner] = [await walletOf('validator'), await walletOf('miner')];
  const directory = join(folder, 'validator');
  const [validator, miner] = await Promise.all([
    startNodeProcess(t, folder, [
      ...['validator', ...asValidator.flags, '--database.directory', directory, '--validator.port', '0'],
      ...['store', 'challenge', 'retrieve', 'distribute', 'monitor', 'repair'].flatMap((step) => [
        `--neuron.${step}_every`,
        '0',
      ]),
      ...['--monitor.misses', '1', '--logging.level', 'warn'],
    ]),
    startNodeProcess(t, folder, ['miner', ...asMiner.flags, '--axon.port', '0']),
  ]);
  const toValidator = [...asValidator.flags, '--validator.port', String(validator.address.port)];
  const toMiner = [...asMiner.flags, '--axon.port', String(miner.address.port)];
  const minerKey = publicKeyOf(asMiner.signer.publicKey);
  const helper = await network.validator({ signer: asValidator.signer, processId: 'helper' });
  const { pieceId } = await network.storePiece(helper, 20_000, 3);
  const holders = async (): Promise<PublicKey[]> =>
    (await helper.index.replicasOfPiece(pieceId))
      .filter(({ state }) => state === 'active')
      .map((replica) => replica.minerKey);
  assert.ok((await holders()).includes(minerKey));
  const repair = (...flags: string[]) => runCli(['repair', ...toValidator, ...flags], { home: folder });

  const whole = await repair();
  assert.deepEqual([whole.code, whole.stdout], [0, 'every piece has its replicas\n'], whole.stderr);

  // One of three is lost, and there is nobody else.
  const lost = network.miners[0]!;
  const lostKey = publicKeyOf(lost.signer.publicKey);
  await lost.stop();
  const short = await repair();
  assert.equal(short.code, 4, short.stderr);
  assert.match(short.stdout, new RegExp(`^miner  ${encodeSs58(lost.signer.publicKey)}: down$`, 'mu'));
  assert.match(short.stdout, /2 of 3 replicas before, 2 now: short \(no other miner can take a replica\)/u);
  assert.match(
    short.stdout,
    /^0 replicas stored, 0 given up; 1 pieces have too few still, 0 of them lost$/mu,
  );

  await network.join();
  const repaired = await repair('--json');
  assert.equal(repaired.code, 0, repaired.stderr);
  const lines = repaired.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [piece] = lines.filter(({ kind }) => kind === 'piece');
  assert.deepEqual([piece.pieceId, piece.before, piece.after, piece.outcome], [pieceId, 2, 3, 'repaired']);
  const { replicas, short: left } = lines.at(-1);
  assert.deepEqual([lines.at(-1).kind, replicas, left], ['summary', 1, 0]);
  assert.equal((await holders()).length, 3);
  assert.ok(!(await holders()).includes(lostKey));

  // The miner in its own process leaves: said, called off, and gone through with.
  const exit = (...flags: string[]) => runCli(['miner', 'exit', ...toMiner, ...flags], { home: folder });
  const begun = await exit();
  assert.equal(begun.code, 0, begun.stderr);
  assert.match(begun.stdout, /is leaving and still holds 1 replica, .*Keep it running/u);
  const stays = await exit('--cancel', '--json');
  assert.deepEqual([stays.code, JSON.parse(stays.stdout).leaving], [0, false], stays.stderr);

  await network.join();
  const waiting = spawn(process.execPath, [mainScript, 'miner', 'exit', ...toMiner, '--wait'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => waiting.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => waiting.once('close', resolve));
  let said = '';
  await new Promise<void>((resolve) =>
    waiting.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      resolve();
    }),
  );
  assert.match(said, /is leaving and still holds 1 replica/u);
  const moved = await repair();
  assert.equal(moved.code, 0, moved.stderr);
  assert.match(moved.stdout, new RegExp(`${encodeSs58(asMiner.signer.publicKey)}: leaving`, 'u'));
  assert.match(moved.stdout, /2 of 3 replicas before, 3 now: repaired/u);
  assert.equal(await ended, 0);
  assert.match(said, /Nothing is left on the miner: it is safe to stop it\.\n$/u);
  assert.ok(!(await holders()).includes(minerKey));
  assert.equal(await helper.index.usedBytes(minerKey), 0);

  // Without the node there is a sentence that says what to do.
  await miner.end();
  const away = await exit();
  assert.equal(away.code, 6);
  assert.match(away.stderr, /start it, or name its address with --axon\.ip and --axon\.port/u);
  assert.equal((await chain.neurons()).length, 7);
});
