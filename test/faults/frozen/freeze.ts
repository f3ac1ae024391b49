// Makes the data directories of the release that this code is: node dist/test/faults/frozen/freeze.js FILE. Run once
// when a release is made; frozen.test.ts opens what it made for ever after.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { createWallet, openWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../../src/client/api-connection.js';
import { nodeRuntime } from '../../../src/client/node-runtime.js';
import { store } from '../../../src/client/store.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { activeReplicas } from '../../../src/nodes/validator/rounds.js';
import { clockFrom, frozenAtMs, openNodes, plaintext } from './nodes.js';

const folder = mkdtempSync(join(tmpdir(), 'filetao-freeze-'));
const clock = clockFrom(frozenAtMs);
const nodes = await openNodes(folder, clock);
const names = { path: join(folder, 'wallets'), name: 'user', hotkey: 'default' };
await createWallet(names, { unencrypted: true });
const wallet = await openWallet(names);
const connection = new ApiConnection(nodes.apiUrl, {
  signer: wallet.hotkey,
  random: systemRandom,
  nowMs: () => clock.now(),
});
const input = join(folder, 'plain');
writeFileSync(input, plaintext);
const { cid } = await store(input, {
  connection,
  wallet,
  runtime: { ...nodeRuntime(), nowMs: () => clock.now() },
  journalFolder: join(folder, 'journal'),
  copies: 1,
});
for (let round = 0; round < 2; round++)
  for await (const replicas of activeReplicas(nodes.validator))
    for (const replica of replicas) await challengeReplica(nodes.validator, replica);
connection.close();
await nodes.close();
rmSync(input);

const files: Record<string, string> = {};
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  // A lock file is of the machine that made it.
  if (entry.isFile() && entry.name !== 'lock.mdb')
    files[relative(folder, path)] = readFileSync(path).toString('base64');
}
writeFileSync(process.argv[2]!, gzipSync(JSON.stringify({ cid, files }), { level: 9 }));
rmSync(folder, { recursive: true });
process.exit();
