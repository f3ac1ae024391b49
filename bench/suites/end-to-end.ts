// A file through the whole system on loopback: client → API node → miners, each a process of its own, and back, beside a
// plain HTTP copy of the same bytes to another process. `filetao` encrypts twice, keeps three replicas and syncs each;
// on the way back it verifies, decrypts and checks the CID. The distance between the two is what that costs.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { FileTaoClient } from '../../src/client/client.js';
import { startLocalNetwork } from '../../src/tools/demo/local-network.js';
import type { BenchCase, OpenSuite, Suite } from '../frame/suite.js';

const mebibyte = 1024 * 1024;
const replicas = 3;

async function startCopyServer(path: string): Promise<{ child: ChildProcess; url: string }> {
  const program = fileURLToPath(new URL('../peers/http-copy.js', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, url: `http://127.0.0.1:${Number(String(port))}/` };
}

async function copyIn(url: string, path: string): Promise<void> {
  const sending = request(url, { method: 'PUT' });
  // Read at once: the request is not over for `pipeline` before its answer is.
  const answered = once(sending, 'response').then(async ([response]: IncomingMessage[]) => {
    for await (const _ of response!);
  });
  await Promise.all([pipeline(createReadStream(path), sending), answered]);
}

/** As many at once as the client has on their way. */
const copiesAtOnce = 16;

async function copyAllIn(url: string, paths: readonly string[]): Promise<void> {
  const left = [...paths.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop())
      await copyIn(`${url}${next[0]}`, next[1]);
  };
  await Promise.all(Array.from({ length: copiesAtOnce }, work));
}

/** Many files of 4 KiB in one put: what each costs beyond its bytes. */
async function smallFiles(
  client: FileTaoClient,
  url: string,
  folder: string,
  count: number,
): Promise<BenchCase> {
  const paths = Array.from({ length: count }, (_, i) => join(folder, `small-${i}`));
  const fresh = async (): Promise<void> => {
    for (const path of paths) await writeFile(path, randomBytes(4096));
  };
  const inputs = async function* () {
    for (const path of paths) yield { input: path, name: path, size: 4096 };
  };
  const shared = { amount: count, isPass: true, elsewhere: true, beforePass: fresh } as const;
  return {
    name: `store, ${count} files of 4 KiB`,
    unit: 'files/s',
    contenders: [
      {
        impl: 'filetao',
        ...shared,
        once: async () => {
          for await (const event of client.putMany(inputs(), {})) {
            if (event.kind === 'failed') throw event.error;
          }
        },
      },
      { impl: 'node:http copy', ...shared, once: () => copyAllIn(url, paths) },
    ],
  };
}

async function copyOut(url: string, path: string): Promise<void> {
  const asking = request(url).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  await pipeline(response, createWriteStream(path));
}

export const endToEnd: Suite = {
  name: 'end-to-end',
  title: 'Store and retrieve on loopback',
  async open({ quick, signal }) {
    const size = (quick ? 8 : 64) * mebibyte;
    const folder = await mkdtemp(join(tmpdir(), 'filetao-bench-'));
    const closing: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
    const close = async (): Promise<void> => {
      for (const end of closing.reverse()) await end();
    };
    try {
      const network = await startLocalNetwork({
        miners: replicas,
        replicas,
        ...(signal === undefined ? {} : { signal }),
      });
      closing.push(() => network.close());
      const server = await startCopyServer(join(folder, 'kept'));
      closing.push(() => server.child.kill());
      const { host, port } = network.api.address;
      const client = new FileTaoClient({
        url: `http://${host}:${port}`,
        wallet: network.user,
        hashFolder: join(folder, 'hashes'),
      });
      closing.push(() => client.close());
      const large = await transfers(client, server.url, folder, size);
      const small = await smallFiles(client, server.url, folder, quick ? 50 : 300);
      return { cases: [...large.cases, small], notes: large.notes ?? [], close };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

async function transfers(
  client: FileTaoClient,
  url: string,
  folder: string,
  size: number,
): Promise<OpenSuite> {
  const [original, target] = [join(folder, 'original'), join(folder, 'target')];
  const amount = size / mebibyte;
  const what = `${amount} MiB`;
  const fresh = () => writeFile(original, randomBytes(size));
  const isPass = { isPass: true, elsewhere: true } as const;
  // Something to retrieve, whatever pass comes first.
  await fresh();
  let { cid } = await client.put(original);
  await copyIn(url, original);
  return {
    cases: [
      {
        name: `store, ${what}`,
        unit: 'MiB/s',
        contenders: [
          {
            impl: 'filetao',
            amount,
            ...isPass,
            // The same bytes again would be found to be there already.
            beforePass: fresh,
            once: async () => {
              ({ cid } = await client.put(original));
            },
          },
          {
            impl: 'node:http copy',
            amount,
            ...isPass,
            beforePass: fresh,
            once: () => copyIn(url, original),
          },
        ],
      },
      {
        name: `retrieve, ${what}`,
        unit: 'MiB/s',
        contenders: [
          {
            impl: 'filetao',
            amount,
            ...isPass,
            beforePass: () => rm(target, { force: true }),
            once: () => client.getToFile(cid, target),
          },
          {
            impl: 'node:http copy',
            amount,
            ...isPass,
            beforePass: () => rm(target, { force: true }),
            once: () => copyOut(url, target),
          },
        ],
      },
    ],
    notes: [
      `filetao: ${replicas} replicas on ${replicas} miners, each encrypted for its miner and synced; node:http copy: one, synced.`,
    ],
  };
}
