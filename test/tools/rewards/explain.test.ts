// A real validator and real miners work and fail; then tier, score and weight of each miner are computed again from
// the folder of transcripts alone, and must be the validator's own to the last bit.
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ledgerEntries, ledgerFiles } from '../../../src/adapters/observe/ledger-files.js';
import { transcriptFiles } from '../../../src/adapters/observe/transcript-files.js';
import { type LedgerBody, ledgerKind, readLedgerEntry, totalOf } from '../../../src/domain/audit/ledger.js';
import { encodeEntry } from '../../../src/domain/audit/transcript.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, type PublicKey } from '../../../src/domain/model/bytes.js';
import { collectAnswers } from '../../../src/nodes/validator/answers.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { openRewarding } from '../../../src/nodes/validator/rewarding.js';
import { challengeAll } from '../../../src/nodes/validator/rounds.js';
import { flipByte } from '../../../src/tools/demo/damage.js';
import { auditRewards, explainRewards } from '../../../src/tools/rewards/explain.js';
import { replayRewards } from '../../../src/tools/rewards/replay.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { runCli } from '../../cli/run-cli.js';
import { startNetwork } from '../../nodes/network.js';

const size = 200_000;

test('tier, score and weight from the transcripts alone, to the last bit; what was changed is told', async (t) => {
  const network = await startNetwork(t, { miners: 3 });
  const validator = await network.validator();
  const parts = await network.rewardParts();
  t.after(() => parts.log.close());
  const rewarding = await openRewarding(validator, { ...parts, block: 700 });
  const stored = collectAnswers(validator);
  const { pieceId, replicas } = await network.storePiece(stored.context, size, 3);
  assert.deepEqual(
    stored.answers.map(({ task, passed, size: bytes }) => [task, passed, bytes]),
    [0, 1, 2].map(() => ['store', true, size]),
  );
  await rewarding.step({ block: 701, occasion: 'operator', answers: stored.answers });
  const spoilt = replicas[2]!;
  for (let round = 0; round < 3; round++) {
    const batch = collectAnswers(validator);
    await challengeAll(batch.context, replicas, () => {});
    await rewarding.step({ block: 710 + round, occasion: 'operator', answers: batch.answers });
    if (round === 1) {
      const { file } = network.fileOf(spoilt);
      for (let i = 0; i < 200; i++) await flipByte(file, size);
    }
  }
  const retrieved = collectAnswers(validator);
  await fetchPiece(retrieved.context, pieceId);
  await rewarding.step({ block: 715, occasion: 'operator', answers: retrieved.answers });
  await rewarding.monitor({
    block: 716,
    pings: replicas.map(({ minerKey }) => ({ minerKey, answered: minerKey !== spoilt.minerKey })),
  });
  await rewarding.rollIfDue(720);
  const neurons = (await validator.chain.neurons()).map(({ uid, hotkey }) => ({ uid, hotkey }));
  const weights = await rewarding.weigh({
    block: 721,
    neurons,
    minAllowedWeights: 0,
    maxWeightsLimit: 65535,
  });

  // The folder alone goes to the auditor.
  const folder = await temporaryFolder(t);
  const given = join(folder, 'given');
  await cp(join(network.folder, 'validator', 'transcripts'), given, { recursive: true });
  const failed = new Map<PublicKey, number>([[spoilt.minerKey, 1]]);
  for (const { minerKey } of replicas) {
    const told = await explainRewards([given], minerKey, 100);
    assert.deepEqual(told.findings, []);
    const standing = rewarding.standingOf(minerKey);
    assert.ok(Object.is(told.score, standing.score));
    assert.equal(told.tier, (await validator.index.statistics(minerKey)).tier);
    const { uid } = neurons.find(({ hotkey }) => hotkey === minerKey)!;
    assert.equal(told.weight?.value ?? 0, weights.find((weight) => weight.uid === uid)?.value ?? 0);
    assert.ok(Object.is(told.weight!.score, standing.score));
    const { judged, changes } = told;
    assert.equal(totalOf(judged!.attempts), changes.length);
    assert.equal(totalOf(judged!.successes), changes.length - (failed.get(minerKey) ?? 0));
    assert.equal(judged!.attempts.challenge, 3);
    assert.equal(changes.at(-1)!.score, told.score);
  }
  assert.ok(rewarding.scores.get(spoilt.minerKey)! < rewarding.scores.get(replicas[0]!.minerKey)!);
  const audited = await auditRewards([given]);
  assert.ok(audited.ok);
  assert.deepEqual([audited.miners.length, audited.window, audited.entries], [3, 1, 10]);

  const address = encodeSs58(fromHex(spoilt.minerKey));
  const cli = await runCli(['rewards', 'explain', address, given, '--json'], { home: folder });
  assert.deepEqual([cli.code, cli.stderr], [0, '']);
  const printed = JSON.parse(cli.stdout);
  assert.ok(Object.is(printed.score, rewarding.scores.get(spoilt.minerKey)));
  const plain = await runCli(['rewards', 'explain', address, given], { home: folder });
  assert.match(plain.stdout, /challenge failed in \d+ ms, 200000 bytes: reward -0\.03 \(penalty\)/u);
  assert.match(plain.stdout, /every figure holds, to the last bit/u);

  // A validator that lies and signs what it says, from the first false entry on.
  const [ledger] = await ledgerFiles(given);
  const honest = await readFile(ledger!);
  const rewrite = async (change: (body: LedgerBody) => LedgerBody): Promise<void> => {
    await writeFile(ledger!, honest);
    const sealed: Uint8Array[] = [];
    let previous = new Uint8Array(32);
    for await (const found of ledgerEntries(ledger!)) {
      assert.ok('entry' in found);
      const bytes = sealMessage(ledgerKind, { ...change(found.entry.value), previous }, validator.signer);
      previous = Uint8Array.from(readLedgerEntry(bytes).digest);
      sealed.push(encodeEntry(bytes, []));
    }
    await writeFile(ledger!, Buffer.concat(sealed));
  };
  await rewrite((body) => body);
  assert.ok((await auditRewards([given])).ok, 'the same entries signed again');
  await rewrite((body) => ({
    ...body,
    judged: body.judged.map((row) =>
      encodeSs58(row.minerKey) === address
        ? { ...row, successes: row.attempts, totalSuccesses: row.totalSuccesses + 1 }
        : row,
    ),
  }));
  const forged = await runCli(['rewards', 'explain', address, given], { home: folder });
  assert.equal(forged.code, 5);
  assert.match(
    forged.stdout,
    /count: \w+ was judged by 4 of 4 and 4 in all, and its transcripts are 3 of 4 and 3/u,
  );
  assert.match(forged.stdout, /counted again by transcript: 1 of 1 store, 2 of 3 challenge/u);
  // A failure that is left out, and everything counted without it.
  await rewrite((body) => ({ ...body, answers: body.answers.filter(({ passed }) => passed) }));
  const { findings } = await replayRewards([given], { graceMs: 0 });
  assert.deepEqual(
    findings.filter(({ about }) => about === 'omitted').map(({ says }) => says.split(', ')[1]),
    [`a challenge of ${spoilt.minerKey} (fail)`],
  );
  await writeFile(ledger!, honest);
  assert.deepEqual((await replayRewards([given], { graceMs: 0 })).findings, []);

  // A transcript that is gone, and a bit that was turned.
  const [transcript] = await transcriptFiles(given);
  const kept = await readFile(transcript!);
  await rm(transcript!);
  const gone = await runCli(['audit', 'rewards', given], { home: folder });
  assert.equal(gone.code, 5);
  assert.match(gone.stdout, /gap: transcript [0-9a-f]{16} is not here/u);
  await writeFile(transcript!, kept);
  const bytes = await readFile(ledger!);
  const at = bytes.length - 1000;
  bytes[at]! ^= 1;
  await writeFile(ledger!, bytes);
  assert.equal((await auditRewards([given])).ok, false);

  await rm(ledger!);
  const without = await runCli(['rewards', 'explain', address, given], { home: folder });
  assert.equal(without.code, 3);
  assert.match(without.stderr, /no reward ledger/u);
  const nobody = await runCli(['rewards', 'explain', 'nonsense', given], { home: folder });
  assert.equal(nobody.code, 2);
});
