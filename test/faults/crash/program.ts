// A node of a role in a process of its own, over write points (points.ts), told what to do by lines on standard input:
//   program ROLE FOLDER SEED PORT [hasty]
//   go                      opens everything and starts; answers `ready <port>`
//   arm NAME SIDE N         kills itself there
//   points                  answers `points NAME=COUNT,…`
//   store FILE SIZE         (validator) answers `stored <pieceId>` or `failed <code>`
//   rounds                  (validator) answers `round <root> <n> <outcome> <reason>` …, `rounds`
//   fetch PIECE             (validator) answers `fetched <pieceId>` or `failed <code>`
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { openTranscriptLog } from '../../../src/adapters/observe/transcript-log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { createProver } from '../../../src/adapters/proving/prover.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { createHttpNetwork } from '../../../src/adapters/rpc/client.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemFiles } from '../../../src/adapters/system/files.js';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { type PieceId, pieceIdOf } from '../../../src/domain/model/bytes.js';
import { toFileTaoError } from '../../../src/domain/model/errors.js';
import { unixSeconds } from '../../../src/domain/ports/clock.js';
import { startApi } from '../../../src/nodes/api/api.js';
import { startMiner } from '../../../src/nodes/miner/miner.js';
import { composeValidator } from '../../../src/nodes/validator/compose.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { FailureCounts } from '../../../src/nodes/validator/miners.js';
import { recoverRounds } from '../../../src/nodes/validator/recovery.js';
import { activeReplicas, challengeAll } from '../../../src/nodes/validator/rounds.js';
import { placePiece } from '../../../src/nodes/validator/storing.js';
import { hastyReplicas, Points, pointedFiles, pointedIndex, type Side } from './points.js';

const [role, folder = '', seed = '', port = '0', hasty] = process.argv.slice(2);
const points = new Points();
const log = silentLog();
const signer = signerFromSeed(Buffer.from(seed, 'hex'));
const core = loadCore();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const chainOf = () =>
  openDevChain({ directory: join(folder, 'chain'), clock: systemClock, intervalMs: 1000 });

async function runMiner(): Promise<number> {
  const directory = join(folder, 'miner');
  const files = pointedFiles(points, 'replicas', systemFiles);
  const replicas = await openReplicaFiles({ directory: join(directory, 'replicas'), files });
  const node = await startMiner({
    signer,
    verify: verifySr25519,
    chain: await chainOf(),
    core,
    index: pointedIndex(points, await openLmdbHoldingIndex(join(directory, 'index'))),
    replicas: hasty === 'hasty' ? hastyReplicas(replicas) : replicas,
    prover: createProver({ threads: 1 }),
    clock: systemClock,
    log,
    host: '127.0.0.1',
    port: Number(port),
  });
  return node.address.port;
}

async function partsOfValidator(processId: string) {
  const directory = join(folder, 'validator');
  return {
    signer,
    verify: verifySr25519,
    chain: await chainOf(),
    core,
    index: pointedIndex(points, await openLmdbPlacementIndex(join(directory, 'index'))),
    prover: createProver({ threads: 1 }),
    network: createHttpNetwork({ clock: systemClock }),
    cipher: nodeCipher,
    clock: systemClock,
    random: systemRandom,
    transcripts: await openTranscriptLog({
      directory: join(directory, 'transcripts'),
      processName: processId,
      clock: systemClock,
      files: pointedFiles(points, 'transcripts', systemFiles),
    }),
    log,
    audit: { loss: 0.1, confidence: 0.99 },
    processId,
    deadlines: { baseMs: 60_000, bytesPerSecond: 1e6 },
  };
}

async function runApi(): Promise<number> {
  const node = await startApi({
    ...(await partsOfValidator('api')),
    host: '127.0.0.1',
    port: Number(port),
    spoolDirectory: join(folder, 'validator', 'spool'),
    uploadDirectory: join(folder, 'validator', 'uploads'),
    uploadExpirySeconds: 3600,
    uploadBytesMax: 1e9,
    storeSeconds: 60,
    retrieveSeconds: 60,
    requestsPerMinute: 0,
    quotas: { objectBytesMax: 1e12, ownedBytesMax: 0, ownedObjectsMax: 0 },
    whitelistedHotkeys: [],
    blacklistedHotkeys: [],
    openAccess: true,
    pieceSize: 64 * 1024,
    replicas: 1,
    version: '0.0.0-test',
  });
  return node.address.port;
}

let validator: ValidatorContext | null = null;

async function runValidator(): Promise<number> {
  validator = composeValidator(await partsOfValidator('validator'));
  await recoverRounds(validator);
  return 0;
}

const commands: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  async go() {
    const bound = await (role === 'miner' ? runMiner() : role === 'api' ? runApi() : runValidator());
    say(`ready ${bound}`);
  },
  async arm(name, side, nth) {
    points.arm(name!, side as Side, Number(nth));
  },
  async points() {
    say(`points ${[...points.seen].map(([name, count]) => `${name}=${count}`).join(',')}`);
  },
  async store(path, size) {
    const pieceId = pieceIdOf(core.hash(await readFile(path!)));
    const expiry = unixSeconds(systemClock) + 3600;
    await validator!.index.putPiece({
      pieceId,
      size: Number(size),
      copies: 1,
      expiry,
      storedAt: expiry - 3600,
    });
    const source = { pieceId, size: Number(size), path: path!, expiry };
    const { replicas } = await placePiece(validator!, source, 1, new FailureCounts());
    say(replicas.length === 1 ? `stored ${pieceId}` : 'failed partial');
  },
  async rounds() {
    for await (const replicas of activeReplicas(validator!)) {
      await challengeAll(validator!, replicas, ({ id, n, outcome, reason }) =>
        say(`round ${id.root} ${n} ${outcome} ${reason}`),
      );
    }
    say('rounds');
  },
  async fetch(pieceId) {
    await fetchPiece(validator!, pieceId as PieceId); // which checks every byte against the id
    say(`fetched ${pieceId}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = line.split(' ');
  void commands[name!]!(...args).catch((error) => say(`failed ${toFileTaoError(error).code}`));
}
process.exit(0);
