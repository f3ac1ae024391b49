// The data directories of every release, opened and proved by today's code; a newer one is refused in one sentence.
// Made by frozen/freeze.ts, and never written again.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../src/adapters/index/lmdb/placement-index.js';
import { openLmdbEnvironment } from '../../src/adapters/system/lmdb-environment.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../src/client/api-connection.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { retrieve } from '../../src/client/retrieve.js';
import { store } from '../../src/client/store.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { activeReplicas } from '../../src/nodes/validator/rounds.js';
import { auditTranscripts } from '../../src/tools/audit/verify.js';
import { migrateIndex } from '../../src/tools/maintenance/migrate-index.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { clockFrom, frozenAtMs, openNodes, plaintext } from './frozen/nodes.js';

const frozen = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const releases = (await readdir(frozen)).filter((name) => /^data-.*\.json\.gz$/.test(name));

async function unpack(t: TestContext, release: string): Promise<{ folder: string; cid: string }> {
  const folder = await temporaryFolder(t);
  const { cid, files } = JSON.parse(gunzipSync(await readFile(join(frozen, release))).toString()) as {
    cid: string;
    files: Record<string, string>;
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, path), Buffer.from(content, 'base64'), { mode: 0o600 });
  }
  for (const directory of ['miner', 'validator'])
    await migrateIndex({ backend: 'lmdb', directory: join(folder, directory, 'index') }, false);
  return { folder, cid };
}

test('there are frozen directories', () => assert.ok(releases.length >= 1));

for (const release of releases) {
  test(`${release}: miner, validator, API node and client go on from it`, async (t) => {
    const { folder, cid } = await unpack(t, release);
    const clock = clockFrom(frozenAtMs + 3600_000);
    const nodes = await openNodes(folder, clock);
    const wallet = await openWallet({ path: join(folder, 'wallets'), name: 'user', hotkey: 'default' });
    const connection = new ApiConnection(nodes.apiUrl, {
      signer: wallet.hotkey,
      random: systemRandom,
      nowMs: () => clock.now(),
    });
    const common = { connection, wallet, runtime: { ...nodeRuntime(), nowMs: () => clock.now() } };
    const parts: Uint8Array[] = [];
    const object = await retrieve(cid, common);
    for await (const part of object.plaintext) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(plaintext), 'the object comes back');
    let rounds = 0;
    for await (const replicas of activeReplicas(nodes.validator)) {
      for (const replica of replicas) {
        const result = await challengeReplica(nodes.validator, replica);
        assert.deepEqual([result?.outcome, result?.n], ['pass', 3], 'the chain goes on');
        assert.ok((await nodes.holding.get(replica)) !== null);
        rounds++;
      }
    }
    assert.ok(rounds >= 2);
    const input = join(folder, 'plain');
    await writeFile(input, plaintext);
    const again = await store(input, { ...common, journalFolder: join(folder, 'journal'), copies: 1 });
    assert.equal(again.cid, cid, 'the journal gives the same object again');
    connection.close();
    await nodes.close();
    const audit = await auditTranscripts([join(folder, 'validator', 'transcripts')], { loss: 0.1 });
    assert.deepEqual([audit.findings, audit.rounds], [[], 3 * rounds]);
  });
}

test('directories of a newer release are refused in one sentence, and left as they are', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [kind, open] of [
    ['holding index', openLmdbHoldingIndex],
    ['placement index', openLmdbPlacementIndex],
  ] as const) {
    const directory = join(folder, kind);
    const newer = await openLmdbEnvironment({ directory, kind, schemaVersion: 99, tables: ['later'] });
    await newer.close();
    await assert.rejects(open(directory), (error) => {
      assert.ok(error instanceof FileTaoError && error.code === 'schema');
      assert.match(error.message, /newer FileTAO .*: upgrade this program$/);
      return true;
    });
    const same = await openLmdbEnvironment({ directory, kind, schemaVersion: 99, tables: ['later'] });
    await same.close();
  }
});
