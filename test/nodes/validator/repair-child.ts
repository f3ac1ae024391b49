// A validator process that repairs once and ends, for tests that kill it: chain folder, validator folder, seed in hex.
import { join } from 'node:path';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { openTranscriptLog } from '../../../src/adapters/observe/transcript-log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { createProver } from '../../../src/adapters/proving/prover.js';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { closeValidatorParts, composeValidator } from '../../../src/nodes/validator/compose.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { clearWorkFolder } from '../../../src/nodes/validator/piece-at-hand.js';
import { Repairs } from '../../../src/nodes/validator/repairs.js';

const [chainFolder, folder, seed] = process.argv.slice(2) as [string, string, string];
const context = composeValidator({
  signer: signerFromSeed(Buffer.from(seed, 'hex')),
  verify: verifySr25519,
  chain: await openDevChain({ directory: chainFolder, clock: systemClock, create: false }),
  core: loadCore(),
  index: await openLmdbPlacementIndex(join(folder, 'index')),
  prover: createProver({ threads: 1 }),
  network: createHttpNetwork({ clock: systemClock }),
  cipher: nodeCipher,
  clock: systemClock,
  random: systemRandom,
  transcripts: await openTranscriptLog({
    directory: join(folder, 'transcripts'),
    processName: `repair-${process.pid}`,
    clock: systemClock,
  }),
  log: silentLog(),
  audit: { loss: 0.1, confidence: 0.99 },
  processId: 'validator',
  deadlines: { baseMs: 60_000, bytesPerSecond: 1e6 },
});
const work = join(folder, 'work');
await clearWorkFolder(work);
const repairs = new Repairs(context, {
  folder: work,
  failures: new FailureCounts(),
  piecesAtOnce: 2,
  bytesPerSecond: 1e9,
});
process.stdout.write('begin\n');
await repairs.pass(() => {}, { patient: false });
process.stdout.write('end\n');
await closeValidatorParts(context);
