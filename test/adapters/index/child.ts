// The process that the index tests start beside themselves:
//   child.js advance ADDRESS NAME ROUNDS   advances replica 1 ROUNDS times by compare-and-set
//   child.js load ADDRESS FROM…            runs the load's lanes, each from its step, until killed
// Each acknowledged change is one line on standard output, written before anything else happens.
import { writeSync } from 'node:fs';
import { openPlacementAt } from './backends.js';
import { lanes, step, stepsMax } from './load.js';
import { replica } from './records.js';

const [mode, address, ...rest] = process.argv.slice(2);
const index = await openPlacementAt(address!);

if (mode === 'advance') {
  const [name, rounds] = [rest[0]!, Number(rest[1])];
  for (let done = 0; done < rounds; ) {
    const seen = (await index.getReplica(replica(1)))!;
    const link = Uint8Array.from(seen.link, (byte, i) => (byte * 31 + i + name.charCodeAt(0)) & 0xff);
    if (await index.updateReplica({ ...seen, n: seen.n + 1, link, version: seen.version + 1 })) {
      writeSync(1, `${seen.version + 1} ${name}\n`);
      done++;
    }
  }
} else {
  const lane = async (number: number) => {
    for (let i = Number(rest[number]); i < stepsMax; i++) {
      await step(index, number, i);
      writeSync(1, `${number} ${i}\n`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
}
await index.close();
