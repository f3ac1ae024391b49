// The process that the dev chain's tests start beside themselves: waits for a line, opens the chain, registers
// one hotkey of its own per number and one that all share, and says what it saw in one line.
//   … DIRECTORY NAME COUNT
import { once } from 'node:events';
import { openDevChain } from '../../../../src/adapters/chain/dev/dev-chain.js';
import { systemClock } from '../../../../src/adapters/system/clock.js';
import { type PublicKey, toHex } from '../../../../src/domain/model/bytes.js';

const [directory, name, count] = process.argv.slice(2);
console.log('ready');
await once(process.stdin, 'data');
const chain = await openDevChain({ directory: directory!, clock: systemClock, intervalMs: 20 });
const uids: number[] = [];
const shared = await chain.register('ff'.repeat(32) as PublicKey, { stake: Number(name) });
for (let n = 0; n < Number(count); n++) {
  const hotkey = (name!.padStart(2, '0') + n.toString(16).padStart(62, '0')) as PublicKey;
  uids.push(await chain.register(hotkey));
}
const head = await chain.finalisedHead();
console.log(
  JSON.stringify({
    genesis: toHex(chain.genesis),
    startedAtMs: chain.startedAtMs,
    shared,
    uids,
    head: head.number,
    hash: toHex(head.hash),
  }),
);
await chain.close();
process.exit(0);
