// Bit rot: files are flipped, swapped, cut and deleted under a miner that stands or runs. What is damaged is detected,
// never served, said once, and whole again when it is stored anew.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeCipher } from '../../src/adapters/cipher/node.js';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { createLog } from '../../src/adapters/observe/log.js';
import { createProver } from '../../src/adapters/proving/prover.js';
import { openReplicaFiles } from '../../src/adapters/replicas/replica-files.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { JournalFolder } from '../../src/client/journal-folder.js';
import { PutJournal } from '../../src/client/put-journal.js';
import { FileTaoError } from '../../src/domain/model/errors.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import { type ScrubFinding, ScrubReports } from '../../src/nodes/miner/scrub-reports.js';
import { scrub } from '../../src/nodes/miner/scrubbing.js';
import { StakeTurns } from '../../src/nodes/miner/turns.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { renewReplicaOn } from '../../src/nodes/validator/renewing.js';
import { storeReplicaOn } from '../../src/nodes/validator/storing.js';
import { auditTranscripts } from '../../src/tools/audit/verify.js';
import { type SeededRandom, seededRandom } from '../adapters/seeded-random.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { eventually, type StoredPiece, startNetwork, type TestNetwork } from '../nodes/network.js';

type Rot = (path: string, random: SeededRandom) => Promise<void>;

const rots = {
  flip: async (path, random) => {
    const data = await readFile(path);
    data[random.below(data.length)]! ^= 1 << random.below(8);
    await writeFile(path, data);
  },
  truncate: async (path, random) => {
    await truncate(path, random.below((await readFile(path)).length));
  },
  lengthen: async (path) => writeFile(path, Buffer.concat([await readFile(path), randomBytes(10)])),
  delete: async (path) => rm(path),
} as const satisfies Record<string, Rot>;
type RotName = keyof typeof rots;

/** One pass over the data of the first miner, beside it. */
async function scrubBeside(network: TestNetwork): Promise<ScrubFinding[]> {
  const [miner] = network.miners;
  const replicas = await openReplicaFiles({ directory: join(miner!.directory, 'replicas') });
  const index = await openLmdbHoldingIndex(join(miner!.directory, 'index'));
  const prover = createProver({ threads: 1 });
  const findings: ScrubFinding[] = [];
  await scrub(
    {
      verify: verifySr25519,
      replicas,
      index,
      prover,
      turns: new StakeTurns(1, () => systemClock.monotonic()),
      clock: systemClock,
    },
    { bytesPerSecond: Number.POSITIVE_INFINITY, onFinding: (finding) => findings.push(finding) },
  );
  await prover.close();
  await index.close();
  await replicas.close();
  return findings;
}

/** Wrong bytes are never taken for the piece, whoever finds out. */
async function assertNeverServed(
  validator: Awaited<ReturnType<TestNetwork['validator']>>,
  { pieceId, data }: StoredPiece,
): Promise<boolean> {
  try {
    const fetched = await fetchPiece(validator, pieceId);
    assert.ok(Buffer.from(fetched.data).equals(data), 'only the very bytes are served');
    return true;
  } catch (error) {
    assert.ok(error instanceof FileTaoError && error.code === 'integrity', String(error));
    return false;
  }
}

for (const isRunning of [false, true]) {
  test(`replica files rot under a miner that ${isRunning ? 'runs' : 'stands'}`, async (t) => {
    const random = seededRandom(t);
    const network = await startNetwork(t, { miners: 1 });
    const validator = await network.validator();
    const [miner] = network.miners;
    const names = Object.keys(rots) as RotName[];
    const pieces: StoredPiece[] = [];
    for (let i = 0; i < names.length + 3; i++)
      pieces.push(await network.storePiece(validator, 5000 + random.below(30_000)));
    const fileOf = ({ replicas }: StoredPiece): string => network.fileOf(replicas[0]!).file;
    if (!isRunning) await miner!.stop();
    for (const [i, name] of names.entries()) await rots[name](fileOf(pieces[i]!), random);
    const [a, b, whole] = pieces.slice(names.length) as [StoredPiece, StoredPiece, StoredPiece];
    await rename(fileOf(a), `${fileOf(a)}.swap`);
    await rename(fileOf(b), fileOf(a));
    await rename(`${fileOf(a)}.swap`, fileOf(b));
    if (!isRunning) await miner!.restart();

    const found = new Map((await scrubBeside(network)).map(({ root, fault }) => [root, fault]));
    for (const [i, piece] of pieces.entries()) {
      const wanted = piece === whole ? undefined : names[i] === 'delete' ? 'missing' : 'damaged';
      assert.equal(found.get(piece.replicas[0]!.root), wanted, names[i] ?? 'swapped');
    }
    // What was set aside is not found again; what is missing stays missing, until it is stored anew.
    assert.deepEqual(
      (await scrubBeside(network)).map(({ fault }) => fault),
      ['missing'],
    );
    for (const piece of pieces) {
      const isServed = await assertNeverServed(validator, piece);
      assert.equal(isServed, piece === whole);
      const neuron = (await validator.view.neuron(piece.replicas[0]!.minerKey))!;
      await storeReplicaOn(validator, piece.source, { ...neuron, address: miner!.node.address } as never);
      assert.ok(await assertNeverServed(validator, piece), 'stored anew, it is whole');
      assert.equal((await challengeReplica(validator, piece.replicas[0]!))?.outcome, 'pass');
    }
    assert.deepEqual(await scrubBeside(network), []);
    assert.equal((await readdir(join(miner!.directory, 'replicas', 'damaged'))).length, 5);
  });
}

test('a store that is sent again heals a damaged replica that nobody had noticed', async (t) => {
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const piece = await network.storePiece(validator, 20_000);
  const { file } = network.fileOf(piece.replicas[0]!);
  await rots.flip(file, seededRandom(t));
  const neuron = (await validator.view.neuron(piece.replicas[0]!.minerKey))!;
  await storeReplicaOn(validator, piece.source, {
    ...neuron,
    address: network.miners[0]!.node.address,
  } as never);
  assert.ok(await assertNeverServed(validator, piece), 'the receipt stands for bytes that are there');
});

test('outboards and terms rot, live: rounds and renewals go on, and each is said once', async (t) => {
  const random = seededRandom(t);
  const logged: Record<string, unknown>[] = [];
  const log = createLog({ level: 'warn', json: true, write: (line) => logged.push(JSON.parse(line)) });
  const network = await startNetwork(t, { miners: 1, minerParts: () => ({ log }) });
  const validator = await network.validator();
  const healthy = async (replica: ReplicaRecord): Promise<void> => {
    const current = (await validator.index.getReplica(replica))!;
    await renewReplicaOn(validator, current, current.expiry + 1);
    assert.equal((await challengeReplica(validator, current))?.outcome, 'pass');
  };
  for (const name of Object.keys(rots) as RotName[]) {
    const { replicas } = await network.storePiece(validator, 20_000);
    const { outboard } = network.fileOf(replicas[0]!);
    await rots[name](outboard, random);
    await healthy(replicas[0]!);
    const other = await network.storePiece(validator, 20_000);
    const { file } = network.fileOf(other.replicas[0]!);
    await rots[name](`${file}.terms`, random);
    await healthy(other.replicas[0]!);
  }
  assert.equal(logged.filter(({ msg }) => String(msg).includes('rebuilt the outboard')).length, 4);
  const findings = await scrubBeside(network);
  assert.deepEqual(
    findings.map(({ fault }) => fault),
    ['terms', 'terms', 'terms', 'terms'],
  );
  const lines: string[] = [];
  const reports = new ScrubReports(
    createLog({ level: 'warn', json: true, write: (line) => lines.push(line) }),
  );
  for (const finding of [...findings, ...(await scrubBeside(network))]) reports.report(finding);
  assert.equal(lines.length, 4, 'each is said once');
});

test('the background pass finds damage at a bounded rate, and goes on where a restart cut it off', async (t) => {
  const logged: Record<string, unknown>[] = [];
  const log = createLog({ level: 'info', json: true, write: (line) => logged.push(JSON.parse(line)) });
  const folder = await temporaryFolder(t);
  const file = join(folder, 'scrub.json');
  const network = await startNetwork(t, { miners: 1, minerParts: () => ({ log }) });
  const validator = await network.validator();
  const pieces: StoredPiece[] = [];
  for (let i = 0; i < 4; i++) pieces.push(await network.storePiece(validator, 20_000));
  await rots.flip(network.fileOf(pieces[2]!.replicas[0]!).file, seededRandom(t));
  const began = performance.now();
  await network.miners[0]!.restart({ scrubbing: { file, bytesPerSecond: 200_000, everySeconds: 3600 } });
  await eventually(() => logged.some(({ msg }) => msg === 'looked at all replicas'));
  assert.ok(performance.now() - began >= 350, '80 kB at 200 kB/s');
  const found = logged.filter(({ msg }) => String(msg).includes('was set aside'));
  assert.deepEqual(
    found.map(({ root }) => root),
    [pieces[2]!.replicas[0]!.root],
  );
  const { beganAt, cursor } = JSON.parse(await readFile(file, 'utf8'));
  assert.ok(beganAt > 0 && cursor === null);
  // Not due again; a file that is no progress is as none.
  await network.miners[0]!.restart({ scrubbing: { file, bytesPerSecond: 1e9, everySeconds: 3600 } });
  await network.miners[0]!.stop();
  assert.equal(JSON.parse(await readFile(file, 'utf8')).beganAt, beganAt);
});

test('transcripts, put journals and key files rot: what is wrong is not believed', async (t) => {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 1 });
  const validator = await network.validator();
  const { replicas } = await network.storePiece(validator, 20_000);
  for (let n = 0; n < 4; n++)
    assert.equal((await challengeReplica(validator, replicas[0]!))?.outcome, 'pass');
  const directory = join(network.folder, 'validator', 'transcripts');
  const [name] = await readdir(directory);
  const transcript = join(directory, name!);
  const good = await readFile(transcript);
  assert.ok((await auditTranscripts([directory], { loss: 0.1 })).ok);
  for (let i = 0; i < 20; i++) {
    await rots.flip(transcript, random);
    const audit = await auditTranscripts([directory], { loss: 0.1 });
    assert.ok(audit.findings.length > 0, 'a flipped bit of a transcript is found');
    await writeFile(transcript, good);
  }

  const signer = signerFromSeed(randomBytes(32));
  const folder = join(network.folder, 'journal');
  const journal = new PutJournal(new JournalFolder(folder), signer, nodeCipher, systemRandom);
  const envelope = (fill: number) => async () => ({
    fileKey: new Uint8Array(16).fill(fill),
    payloadNonce: new Uint8Array(16).fill(fill),
    header: new Uint8Array(300).fill(fill),
  });
  for (const rot of [rots.flip, rots.truncate, rots.lengthen, rots.delete]) {
    const plaintext = randomBytes(32);
    await journal.findOrCreate(plaintext, ['age1x'], envelope(1));
    const [entry] = await readdir(folder);
    await rot(join(folder, entry!), random);
    const again = await journal.findOrCreate(plaintext, ['age1x'], envelope(2));
    assert.deepEqual([again.found, again.envelope.fileKey[0]], [false, 2], 'it counts as absent');
    await rm(folder, { recursive: true });
  }

  const location = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(location, { unencrypted: true });
  const hotkeyFile = join(location.path, 'user', 'hotkeys', 'default');
  const keys = await readFile(hotkeyFile);
  const publicKey = (await openWallet(location)).hotkey.publicKey;
  for (let i = 0; i < 40; i++) {
    await rots[i % 2 === 0 ? 'flip' : 'truncate'](hotkeyFile, random);
    try {
      // A flipped letter of what does not matter (a phrase that is not used) leaves the very same key.
      assert.deepEqual((await openWallet(location)).hotkey.publicKey, publicKey);
    } catch (error) {
      assert.ok(error instanceof FileTaoError && !error.message.includes('\n'), String(error));
      for (const secret of [JSON.parse(keys.toString()).secretPhrase, JSON.parse(keys.toString()).secretSeed])
        assert.ok(!error.message.includes(secret), 'no secret in an error');
    }
    await writeFile(hotkeyFile, keys);
  }
});
