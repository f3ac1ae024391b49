// Does the client's memory grow with the object? 256 MiB and four times as much, put and got by the command.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../cli/run-cli.js';
import { startNode, testFolder } from '../client/fixtures.js';
import { largeFile, runMeasured, sha256Of } from '../client/peak-memory.js';

test('putting and getting takes the client less than 400 MB, for 1 GiB no more than for 256 MiB', async () => {
  const home = testFolder();
  await runCli(['wallet', 'create', '--no-password'], { home });
  const peaks: { put: number; get: number }[] = [];
  for (const mebibytes of [256, 1024]) {
    const node = await startNode();
    node.pieceSize = 16 << 20;
    const file = join(home, 'large');
    const copy = join(home, 'copy');
    largeFile(file, mebibytes);
    const put = await runMeasured(['store', 'put', '--filepath', file], home, node.url);
    assert.equal(put.code, 0, put.stderr);
    const get = await runMeasured(
      ['retrieve', 'get', '--cid', put.stdout.trim(), '-o', copy],
      home,
      node.url,
    );
    assert.equal(get.code, 0, get.stderr);
    assert.equal(await sha256Of(copy), await sha256Of(file));
    console.log(put.stderr.trim());
    console.log(get.stderr.trim());
    console.log(
      `${mebibytes} MiB: peak ${put.peakMegabytes.toFixed()} MB to put, ${get.peakMegabytes.toFixed()} MB to get`,
    );
    peaks.push({ put: put.peakMegabytes, get: get.peakMegabytes });
    rmSync(file);
    rmSync(copy);
    await node.kill();
  }
  const [small, large] = peaks;
  for (const direction of ['put', 'get'] as const) {
    assert.ok(large![direction] < 400);
    // a tenth, and what garbage collection leaves to chance
    assert.ok(large![direction] < small![direction] * 1.1 + 40, direction);
  }
});
