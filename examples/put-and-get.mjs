// Stores some bytes with the SDK and gets them back:  node put-and-get.mjs [URL of an API node]
// The wallet is `default` in ~/.bittensor/wallets; `filetao wallet create` makes it.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { FileTaoClient, FileTaoError, openWallet } from 'filetao';

const wallet = await openWallet({
  path: join(homedir(), '.bittensor', 'wallets'),
  name: 'default',
  hotkey: 'default',
});
const client = new FileTaoClient({
  url: process.argv[2] ?? 'http://127.0.0.1:8092',
  wallet,
  hashFolder: join(homedir(), '.filetao', 'hashes'),
});
try {
  const { cid } = await client.put(new TextEncoder().encode('hello'), { name: 'hello.txt' });
  const path = join(homedir(), 'hello.txt');
  await client.getToFile(cid, path, { overwrite: true });
  console.log(`${cid} is back in ${path}`);
} catch (error) {
  if (!(error instanceof FileTaoError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
