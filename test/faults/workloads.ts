// Short histories of everything that keeps state in files through the Files port: each step says what is known once it
// resolves, and reading starts from what is on the disk alone. Played with failing operations (io-faults.test.ts) and
// with power cuts (power-loss.test.ts).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { nodeCipher } from '../../src/adapters/cipher/node.js';
import {
  pruneTranscripts,
  readFrames,
  transcriptFiles,
} from '../../src/adapters/observe/transcript-files.js';
import { openTranscriptLog } from '../../src/adapters/observe/transcript-log.js';
import { openReplicaFiles } from '../../src/adapters/replicas/replica-files.js';
import { createFile, makePrivateFolder, replaceFile } from '../../src/adapters/system/durable-file.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { signerFromSeed } from '../../src/adapters/wallets/sr25519.js';
import { JournalFolder } from '../../src/client/journal-folder.js';
import { PutJournal } from '../../src/client/put-journal.js';
import { encodeEntry } from '../../src/domain/audit/transcript.js';
import type { Files } from '../../src/domain/ports/files.js';
import type { Replicas } from '../../src/domain/ports/replicas.js';
import { manualClock } from '../adapters/manual-clock.js';
import { content, leafValues, replicaId } from '../adapters/replicas/samples.js';

export interface Step {
  /** What the step changes. */
  readonly key: string;
  /** Resolves with what is known of `key` from then on. */
  run(): Promise<string>;
  /** What may be found when it was interrupted, beside what was known before; default: anything that is whole. */
  readonly between?: readonly string[];
}

export interface Playing {
  readonly steps: readonly Step[];
  close(): Promise<void>;
}

export interface Workload {
  readonly name: string;
  start(files: Files, folder: string): Promise<Playing>;
  /** What is on the disk, by key; throws when anything is neither whole nor absent. */
  read(files: Files, folder: string): Promise<ReadonlyMap<string, string>>;
}

const absent = 'absent';
const bare = 'bare';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const size = 3000;
const otherOutboard = new Uint8Array(leafValues(size).length).fill(99);
const terms = (n: number): Uint8Array => new Uint8Array(700).fill(n);

async function store(replicas: Replicas, n: number): Promise<string> {
  const writer = await replicas.create(replicaId(n), size);
  await writer.write(content(n, 1000));
  await writer.write(content(n, size).subarray(1000));
  await writer.commit(leafValues(size), terms(1));
  return 'stored, terms 1';
}

async function replicaState(replicas: Replicas, n: number): Promise<string> {
  const id = replicaId(n);
  const data = await replicas.read(id, 0, size).catch((error: { code: string }) => {
    assert.equal(error.code, 'unknown-replica');
    return null;
  });
  if (data === null) return absent;
  assert.ok(Buffer.from(data).equals(content(n, size)), 'a replica that is there is whole');
  const outboard = await replicas.readOutboard(id, size);
  const read = await replicas.readTerms(id);
  // Only what was under way may have lost them: the outboard is a cache, and without terms nothing was acknowledged.
  if (outboard === null || read === null) return bare;
  assert.ok(read.length === 700 && read.every((byte) => byte === read[0]), 'terms are whole');
  const rebuilt = Buffer.compare(outboard, otherOutboard) === 0;
  if (!rebuilt) assert.deepEqual(outboard, leafValues(size));
  return `${rebuilt ? 'rebuilt' : 'stored'}, terms ${read[0]}`;
}

const replicaFiles: Workload = {
  name: 'replica files',
  async start(files, folder) {
    const replicas = await openReplicaFiles({ directory: join(folder, 'data', 'replicas'), files });
    const change = (n: number, run: () => Promise<string>, ...between: string[]): Step => ({
      key: String(n),
      run,
      between: [...between, bare],
    });
    return {
      steps: [
        change(1, () => store(replicas, 1), 'stored, terms 1'),
        change(2, () => store(replicas, 2), 'stored, terms 1'),
        change(
          1,
          async () => {
            await replicas.writeOutboard(replicaId(1), otherOutboard);
            return 'rebuilt, terms 1';
          },
          'rebuilt, terms 1',
        ),
        change(
          1,
          async () => {
            await replicas.writeTerms(replicaId(1), terms(2));
            return 'rebuilt, terms 2';
          },
          'rebuilt, terms 2',
        ),
        change(2, async () => {
          await replicas.remove(replicaId(2));
          return absent;
        }),
        // Over what is there: outboard and terms come before the replica, all of the same bytes.
        change(1, () => store(replicas, 1), 'stored, terms 2', 'stored, terms 1', 'rebuilt, terms 1'),
        change(2, () => store(replicas, 2), 'stored, terms 1'),
        change(1, async () => {
          await replicas.remove(replicaId(1));
          return absent;
        }),
      ],
      close: () => replicas.close(),
    };
  },
  async read(files, folder) {
    const replicas = await openReplicaFiles({ directory: join(folder, 'data', 'replicas'), files });
    await replicas.sweep();
    const known = new Map<string, string>();
    for (const n of [1, 2]) known.set(String(n), await replicaState(replicas, n));
    assert.equal(await replicas.sweep(), 0, 'leftovers are swept at once');
    // The work goes on.
    await store(replicas, 3);
    assert.equal(await replicaState(replicas, 3), 'stored, terms 1');
    await replicas.remove(replicaId(3));
    await replicas.close();
    return known;
  },
};

const journalSigner = signerFromSeed(new Uint8Array(32).fill(5));
const openJournal = (files: Files, folder: string): PutJournal =>
  new PutJournal(
    new JournalFolder(join(folder, 'hashes', 'journal'), files),
    journalSigner,
    nodeCipher,
    systemRandom,
  );
const plaintext = (n: number): Uint8Array => new Uint8Array(64).fill(n);
let envelopes = 0;
const newEnvelope = async () => ({
  fileKey: new Uint8Array(16).fill(++envelopes),
  payloadNonce: new Uint8Array(16).fill(envelopes),
  header: new Uint8Array(300).fill(envelopes),
});

const putJournal: Workload = {
  name: 'put journal',
  async start(files, folder) {
    const journal = openJournal(files, folder);
    const put = (n: number): Step => ({
      key: String(n),
      run: async () =>
        hex((await journal.findOrCreate(plaintext(n), ['age1x'], newEnvelope)).envelope.header),
    });
    return { steps: [put(1), put(2), put(1), put(3)], close: async () => {} };
  },
  async read(files, folder) {
    const known = new Map<string, string>();
    for (const n of [1, 2, 3]) {
      const nothing = new Error('nothing there');
      const entry = await openJournal(files, folder)
        .findOrCreate(plaintext(n), ['age1x'], () => Promise.reject(nothing))
        .catch((error: { cause?: unknown }) => {
          assert.equal(error.cause, nothing);
          return null;
        });
      known.set(String(n), entry === null ? absent : hex(entry.envelope.header));
    }
    return known;
  },
};

const entry = (n: number): Uint8Array =>
  encodeEntry(new Uint8Array(700 + n).fill(n), [new Uint8Array(2000).fill(n)]);
const transcriptFolder = (folder: string): string => join(folder, 'validator', 'transcripts');
const startOfDay = Date.parse('2026-01-10T23:00:00Z');

const transcripts: Workload = {
  name: 'transcripts',
  async start(files, folder) {
    const clock = manualClock(startOfDay);
    const directory = transcriptFolder(folder);
    const log = await openTranscriptLog({ directory, processName: 'validator', clock, files });
    const acknowledged = new Set<number>();
    const append = (n: number, before: () => void = () => {}): Step => ({
      key: String(n),
      async run() {
        before();
        // What was acknowledged is not said again.
        const left = [n, n + 50, n + 100].filter((one) => !acknowledged.has(one));
        const results = await Promise.allSettled(
          left.map((one) => log.append(entry(one)).then(() => acknowledged.add(one))),
        );
        for (const result of results) if (result.status === 'rejected') throw result.reason;
        return 'there';
      },
    });
    return {
      steps: [append(1), append(2), append(3, () => clock.advance(2 * 3600_000)), append(4)],
      close: () => log.close(),
    };
  },
  async read(files, folder) {
    const directory = transcriptFolder(folder);
    const clock = manualClock(startOfDay + 24 * 3600_000);
    const log = await openTranscriptLog({ directory, processName: 'validator', clock, files });
    await log.append(entry(9));
    await log.close();
    const found: number[] = [];
    for (const path of await transcriptFiles(directory, files)) {
      const frames = readFrames(path, files);
      let next = await frames.next();
      for (; !next.done; next = await frames.next()) {
        const { sealedHead, bulks } = next.value;
        const n = sealedHead[0]!;
        assert.deepEqual(Buffer.from(sealedHead), Buffer.alloc(700 + n, n));
        assert.deepEqual(Buffer.from(bulks[0]!), Buffer.alloc(2000, n));
        found.push(n);
      }
      assert.deepEqual([next.value.torn, next.value.problem], [0, null], 'every file is readable to its end');
    }
    assert.ok(found.includes(9), 'the work goes on');
    assert.equal(new Set(found).size, found.length, 'nothing is there twice');
    return new Map(
      [1, 2, 3, 4].map((n) => [
        String(n),
        [n, n + 50, n + 100].every((one) => found.includes(one)) ? 'there' : absent,
      ]),
    );
  },
};

const prunedDay = '2026-01-09-validator-1.transcript';

const pruning: Workload = {
  name: 'pruning',
  async start(files, folder) {
    const directory = transcriptFolder(folder);
    await makePrivateFolder(directory, files);
    const path = join(directory, prunedDay);
    const late = startOfDay + 30 * 24 * 3600_000;
    return {
      steps: [
        {
          key: 'file',
          async run() {
            const old = Buffer.concat([entry(1), entry(2)]);
            await createFile(path, old, files);
            return 'full';
          },
        },
        {
          key: 'file',
          async run() {
            await pruneTranscripts(directory, 0, late, new Set(), files);
            return 'pruned';
          },
          between: ['pruned'],
        },
      ],
      close: async () => {},
    };
  },
  async read(files, folder) {
    const path = join(transcriptFolder(folder), prunedDay);
    if ((await files.size(path)) === null) return new Map([['file', absent]]);
    const heads: number[] = [];
    let bulks = 0;
    for await (const frame of readFrames(path, files)) {
      heads.push(frame.sealedHead.length);
      if (frame.bulks[0] !== null) bulks++;
    }
    assert.deepEqual(heads, [701, 702], 'heads stay, whatever happens');
    assert.ok(bulks === 0 || bulks === 2);
    return new Map([['file', bulks === 0 ? 'pruned' : 'full']]);
  },
};

const smallFiles: Workload = {
  name: 'small files',
  async start(files, folder) {
    const directory = join(folder, 'wallets', 'default');
    await makePrivateFolder(directory, files);
    const write = (key: string, text: string): Step => ({
      key,
      async run() {
        if (key === 'replaced') await replaceFile(join(directory, key), text.repeat(500), undefined, files);
        // false: an earlier attempt had made it, and it may not be made twice
        else await createFile(join(directory, key), text.repeat(500), files);
        return text;
      },
      between: [text],
    });
    return {
      steps: [write('replaced', 'a'), write('created', 'b'), write('replaced', 'c'), write('other', 'd')],
      close: async () => {},
    };
  },
  async read(files, folder) {
    const known = new Map<string, string>();
    for (const key of ['replaced', 'created', 'other']) {
      const path = join(folder, 'wallets', 'default', key);
      const bytes = await files.size(path);
      if (bytes === null) known.set(key, absent);
      else {
        assert.equal(bytes, 500);
        const file = await files.open(path);
        const text = Buffer.from(await file.read(0, bytes)).toString();
        await file.close();
        assert.equal(text, text[0]!.repeat(500));
        known.set(key, text[0]!);
      }
    }
    return known;
  },
};

export const workloads: readonly Workload[] = [replicaFiles, putJournal, transcripts, pruning, smallFiles];

/** Every key of a workload was absent at first. */
export const knownOf = (known: ReadonlyMap<string, string>, key: string): string => known.get(key) ?? absent;
