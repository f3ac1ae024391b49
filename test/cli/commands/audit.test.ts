import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../../adapters/temporary-folder.js';
import { encoded, type Sample, sampleWorld } from '../../domain/audit/samples.js';
import { runCli } from '../run-cli.js';

let sample: Sample;

before(async () => {
  sample = await sampleWorld(1, 200_000);
});

const day = '2026-01-10';

async function transcripts(context: Parameters<typeof temporaryFolder>[0]) {
  const home = await temporaryFolder(context);
  const folder = join(home, 'transcripts');
  await mkdir(folder);
  const files = {
    // As two processes share a folder: the API node stores, the validator holds rounds.
    api: join(folder, `${day}-api-1.transcript`),
    validator: join(folder, `${day}-validator-1.transcript`),
  };
  const entries = sample.entries.map(encoded);
  await writeFile(files.api, Buffer.concat([entries[0]!, ...entries.slice(4)]));
  await writeFile(files.validator, Buffer.concat(entries.slice(1, 4)));
  return { home, folder, files, entries };
}

test('audit verify reports what it replayed, and exits 0 when all of it holds', async (context) => {
  const { home, folder } = await transcripts(context);
  const { code, stdout, stderr } = await runCli(['audit', 'verify', folder], { home });
  assert.equal(code, 0, stderr + stdout);
  assert.match(stdout, /7 entries in 2 files, 3 of them rounds, over 1 replica /);
  assert.match(stdout, /Everything holds/);
  assert.match(stdout, /1…3/);
  const json = await runCli(['audit', 'verify', folder, folder, '--json', '--loss', '5%'], { home });
  assert.equal(json.code, 0);
  assert.equal(json.stdout.trim().split('\n').length, 1);
  const result = JSON.parse(json.stdout);
  assert.deepEqual(
    [result.ok, result.files, result.entries, result.rounds, result.passed, result.broken, result.loss],
    [true, 2, 7, 3, 7, 0, 0.05],
  );
  const [replica] = result.replicaReports;
  assert.deepEqual([replica.first, replica.last, replica.confidence.rounds], [1, 3, 3]);
  assert.ok(replica.confidence.caught > 0.99 && replica.confidence.caught < 1);
});

test('audit verify names a changed byte, a gap and a torn end, and exits 5', async (context) => {
  const { home, files, entries } = await transcripts(context);
  const changed = Buffer.concat(entries.slice(1, 4));
  changed[entries[1]!.length + 5000]! ^= 1;
  await writeFile(files.validator, changed);
  const broken = await runCli(['audit', 'verify', files.validator], { home });
  assert.equal(broken.code, 5);
  assert.match(broken.stdout, /at byte \d+: round 2 of replica/);
  assert.match(broken.stdout, /bulk: the bytes behind the entry do not have the digest it names/);

  await writeFile(files.validator, Buffer.concat([entries[1]!, entries[3]!, entries[2]!.subarray(0, 99)]));
  const gap = await runCli(['audit', 'verify', files.validator, files.api, '--json'], { home });
  assert.equal(gap.code, 5);
  const result = JSON.parse(gap.stdout);
  const says = result.findings.map((finding: { says: string }) => finding.says).join('\n');
  assert.match(says, /round 2 is missing/);
  assert.match(says, /round 3 does not name|the last 99 bytes are no whole entry/);
  assert.deepEqual([result.ok, result.gaps], [false, 1]);
});

test('audit show prints one round for a person', async (context) => {
  const { home, folder } = await transcripts(context);
  const { code, stdout } = await runCli(['audit', 'show', folder, '--n', '2'], { home });
  assert.equal(code, 0);
  for (const part of [
    /^Round 2 — recorded as pass/,
    /validator {2}challenge/,
    /miner {6}commitment/,
    /validator {2}opening-request/,
    /Asked: 44 chunks of 1KiB/,
    /Committed to 196 chunks/,
    /ok {6}commitment-path/,
    /would have been caught with 99\.\d\d %/,
    /Passed, and everything in it was computed again/,
  ]) {
    assert.match(stdout, part);
  }
  const last = await runCli(['audit', 'show', folder, '--last'], { home });
  assert.match(last.stdout, /^delete/);
  const none = await runCli(['audit', 'show', folder, '--root', 'ffffffffff'], { home });
  assert.equal(none.code, 3);
  assert.match(none.stderr, /no entry of these transcripts fits/);
  const missing = await runCli(['audit', 'verify', join(folder, 'nothing')], { home });
  assert.equal(missing.code, 3);
});
