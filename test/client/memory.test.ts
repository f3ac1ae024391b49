import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../cli/run-cli.js';
import { startNode, testFolder } from './fixtures.js';
import { largeFile, runMeasured, sha256Of } from './peak-memory.js';

test('putting and getting 256 MiB takes the client less than 400 MB of memory', async () => {
  const home = testFolder();
  const node = await startNode();
  node.pieceSize = 16 << 20;
  await runCli(['wallet', 'create', '--no-password'], { home });
  largeFile(join(home, 'large'), 256);
  const put = await runMeasured(['store', 'put', '--filepath', 'large'], home, node.url);
  assert.equal(put.code, 0, put.stderr);
  const get = await runMeasured(
    ['retrieve', 'get', '--cid', put.stdout.trim(), '-o', 'back'],
    home,
    node.url,
  );
  assert.equal(get.code, 0, get.stderr);
  assert.equal(await sha256Of(join(home, 'back')), await sha256Of(join(home, 'large')));
  console.log(put.stderr.trim());
  console.log(get.stderr.trim());
  console.log(`peak: put ${Math.round(put.peakMegabytes)} MB, get ${Math.round(get.peakMegabytes)} MB`);
  assert.ok(put.peakMegabytes < 400);
  assert.ok(get.peakMegabytes < 400);
});
