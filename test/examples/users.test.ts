// The user's guide and the examples against a real network: three miners, a validator and an API node as processes.
// What the page says happens, happens.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LocalNetwork, startLocalNetwork } from '../../src/tools/demo/local-network.js';
import { mainScript } from '../cli/run-cli.js';
import { testFolder } from '../client/fixtures.js';

const root = new URL('../../../', import.meta.url);
const home = testFolder();
let network: LocalNetwork;
let env: Record<string, string>;

before(async () => {
  network = await startLocalNetwork({ miners: 3, replicas: 3 });
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'filetao'), `#!/bin/sh\nexec "${process.execPath}" "${mainScript}" "$@"\n`, {
    mode: 0o755,
  });
  // No address is given: the node is found on the dev chain.
  env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    FILETAO_SUBTENSOR_DEV_DIRECTORY: join(network.folder, 'dev-chain'),
    FILETAO_WALLET_PATH: join(network.folder, 'wallets'),
    FILETAO_WALLET_NAME: 'user',
  };
});
after(async () => network?.close());

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

// All at once: most of the time is Node's start.
describe('guide and examples', { concurrency: 3 }, () => {
  test('the commands of docs/users.md do what the page says', { timeout: 240_000 }, async () => {
    const page = readFileSync(new URL('docs/users.md', root), 'utf8');
    const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
    const { code, output } = await run('bash', ['-eo', 'pipefail', '-c', script]);
    assert.equal(code, 0, output);
    assert.match(output, /accept its terms of use: .*TERMS.md/);
    assert.match(output, /^bafkrei[a-z2-7]{52} {2}photos\/2024\/a.txt$/m);
    assert.match(output, /stored 3 files/);
    assert.match(output, /warning: --no-encrypt/);
    assert.match(output, /^1\n2\n3$/m, 'the first lines by standard output');
    assert.match(output, /user +numbers.txt .* healthy +bafkrei/);
    assert.match(output, /health +healthy: 1 of 1 pieces/);
    assert.match(output, /is kept until/);
    assert.match(output, /deleted bafkrei/);
    assert.match(output, /wallet.name +user +environment FILETAO_WALLET_NAME/);
  });

  const examples: readonly [name: string, ...says: RegExp[]][] = [
    ['cids.mjs', /^bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu\n/, /sha256 of the data/],
    [
      'store-and-retrieve.mjs',
      /^Stored bafkrei\w+ with validator hotkeys 5\w{47}\nSome bytestring data!\nnaïve – text\nnot-found: /,
    ],
    ['subnets-api.mjs', /^stored bafkrei\w+\nsome data\nhttp:\/\/127.0.0.1:…:? ?api/],
    [
      'stream-a-file.mjs',
      /put: cancelled\nput 20000000 bytes, the first piece was there already\nget: cancelled\n/,
      /the first piece was here already\nstream and file are the same\nbytes 100 to 199: 100 bytes\n/,
    ],
  ];

  for (const [name, ...says] of examples) {
    test(`examples/${name}`, { timeout: 120_000 }, async () => {
      const { code, output } = await run(process.execPath, [
        fileURLToPath(new URL(`examples/${name}`, root)),
      ]);
      assert.equal(code, 0, output);
      for (const text of says) assert.match(output, text);
    });
  }
});
