// A file of 1 GiB (and of 4 GiB, FILETAO_TEST_BIG=1) through real processes: it comes back byte for byte, and no
// process needs more than 400 MB, whatever the size (issue 2).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { mainScript, runCli } from '../cli/run-cli.js';
import { peakMemoryMib, startNodeProcess } from '../nodes/processes.js';

const mebibyte = 1024 * 1024;
const memoryMibMax = 400 * (1e6 / mebibyte);
const sizes = [
  64 * mebibyte,
  1024 * mebibyte,
  ...(process.env.FILETAO_TEST_BIG === '1' ? [4096 * mebibyte] : []),
];

async function makeFile(path: string, size: number): Promise<void> {
  const part = randomBytes(mebibyte);
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < size; at += mebibyte) {
      part.writeBigUInt64LE(BigInt(at));
      await file.write(part);
    }
  } finally {
    await file.close();
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: mebibyte })) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** A command as a real process, with its peak memory as last seen before it ended. */
async function measured(home: string, args: readonly string[]) {
  const child = spawn(process.execPath, [mainScript, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let peak = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setInterval(() => {
    peak = Math.max(peak, peakMemoryMib(child.pid!) || 0);
  }, 50);
  const started = performance.now();
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  assert.equal(code, 0, stderr);
  return { stdout: stdout.trim(), peak, seconds: (performance.now() - started) / 1000 };
}

test('a large file needs no more memory than a small one, and none more than 400 MB', async (t) => {
  const home = await temporaryFolder(t);
  const needed = 6 * sizes.at(-1)!;
  const { bavail, bsize } = await statfs(home);
  if (bavail * bsize < needed) return t.skip(`NOT TESTED: ${needed} bytes of disk are needed in ${home}`);
  const wallet = (name: string) =>
    runCli(['wallet', 'create', '--no-password', '--wallet.name', name], { home });
  const minerNames = ['m1', 'm2', 'm3', 'm4'];
  for (const name of ['default', 'validator', ...minerNames]) assert.equal((await wallet(name)).code, 0);
  const nodes = {
    ...Object.fromEntries(
      await Promise.all(
        minerNames.map(async (name) => [
          name,
          await startNodeProcess(t, home, [
            'miner',
            '--wallet.name',
            name,
            '--axon.port',
            '0',
            '--proving.workers',
            '1',
          ]),
        ]),
      ),
    ),
    validator: await startNodeProcess(t, home, [
      'validator',
      '--wallet.name',
      'validator',
      '--validator.port',
      '0',
      '--neuron.challenge_every',
      '5',
    ]),
    api: await startNodeProcess(t, home, ['api', '--wallet.name', 'validator', '--api.port', '0']),
  } as Record<string, Awaited<ReturnType<typeof startNodeProcess>>>;
  const api = nodes.api!.address;
  const url = ['--api.url', `http://${api.host}:${api.port}`];
  const table: Record<string, Record<string, number>> = {};
  for (const size of sizes) {
    const file = join(home, 'original');
    await makeFile(file, size);
    const put = await measured(home, ['store', 'put', '--filepath', file, ...url]);
    const cid = put.stdout.split('\n').at(-1)!;
    const get = await measured(home, [
      'retrieve',
      'get',
      '--data_hash',
      cid,
      '-o',
      join(home, 'copy'),
      ...url,
    ]);
    assert.equal(await digestOf(join(home, 'copy')), await digestOf(file));
    await Promise.all([rm(file), rm(join(home, 'copy'))]);
    const mib = size / mebibyte;
    const row: Record<string, number> = { put: put.peak, get: get.peak };
    for (const [name, { child }] of Object.entries(nodes)) row[name] = peakMemoryMib(child.pid!);
    table[`${mib} MiB`] = row;
    t.diagnostic(
      `${mib} MiB: put ${(mib / put.seconds).toFixed(1)} MiB/s, get ${(mib / get.seconds).toFixed(1)} MiB/s; peak MiB ` +
        Object.entries(row)
          .map(([name, peak]) => `${name} ${peak.toFixed(0)}`)
          .join(', '),
    );
  }
  for (const [size, row] of Object.entries(table)) {
    for (const [name, peak] of Object.entries(row))
      assert.ok(!(peak > memoryMibMax), `${name} at ${size}: ${peak.toFixed(0)} MiB`);
  }
  for (const [name, node] of Object.entries(nodes)) assert.equal(await node.end(), 0, `${name} ends cleanly`);
  assert.deepEqual(await readdir(join(home, '.filetao', 'validator-validator-default', 'spool')), []);
});
