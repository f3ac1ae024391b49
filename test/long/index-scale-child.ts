// Fills an index by the calls that copying one uses: index-scale-child.js ADDRESS REPLICAS. A process of its own,
// because the test runner's hooks on every promise would cost more than the writing. A line now and then says how far.
import { writeSync } from 'node:fs';
import { openPlacementAt } from '../adapters/index/backends.js';
import { copies, pieceRecord, replicaRecord } from './index-scale-records.js';

const pageReplicas = 1000 * copies;
/** While the server works on one page the next is made. */
const lanes = 2;

const [address, count] = [process.argv[2]!, Number(process.argv[3])];
const index = await openPlacementAt(address);
let next = 0;

async function lane(): Promise<void> {
  while (next < count) {
    const first = next;
    next = Math.min(count, first + pageReplicas);
    const numbers = Array.from({ length: next - first }, (_, i) => first + i);
    await index.putPieces(numbers.filter((n) => n % copies === 0).map(pieceRecord));
    const added = await index.addReplicas(numbers.map(replicaRecord));
    if (!added.every((isNew) => isNew)) throw new Error('a replica was there already');
    writeSync(1, `${first + numbers.length}\n`);
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
await index.close();
