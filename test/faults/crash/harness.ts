// Nodes in processes of their own, killed with kill -9 in the middle of their work, at named write points and at random
// moments, again and again: what was acknowledged reads back and proves, the rest is whole or absent, leftovers are
// swept at start, and chains go on.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { placeOf } from '../../../src/adapters/replicas/layout.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { createWallet, openWallet } from '../../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../../src/client/api-connection.js';
import { nodeRuntime } from '../../../src/client/node-runtime.js';
import { retrieve } from '../../../src/client/retrieve.js';
import { store } from '../../../src/client/store.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { deleteReplicaOn, renewReplicaOn } from '../../../src/nodes/validator/renewing.js';
import { auditTranscripts } from '../../../src/tools/audit/verify.js';
import { type SeededRandom, seededRandom } from '../../adapters/seeded-random.js';
import { core, eventually, startNetwork, type TestNetwork } from '../../nodes/network.js';
import type { Child } from './child.js';
import { Restarting } from './child.js';
import type { Side } from './points.js';

export interface CrashOptions {
  readonly rounds: number;
  /** For the control that acknowledges before writing. */
  readonly hasty?: boolean;
}

/** Ends a child once: at one of the write points in turn, or at a random moment. */
class Killer {
  readonly #random: SeededRandom;
  /** Write points, and the most often that one came in a life that ended at rest. */
  readonly #names = new Map<string, number>();
  #turn = 0;
  #first: number | undefined;
  readonly hit = new Map<string, number>();
  #armed: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Whether it lived to tell. */
  async learn(child: Child): Promise<boolean> {
    child.say('points');
    const line = await child.next('points');
    for (const seen of line?.slice('points '.length).split(',') ?? []) {
      const [name, count] = seen.split('=') as [string, string];
      if (name !== '') this.#names.set(name, Math.max(Number(count), this.#names.get(name) ?? 0));
    }
    return line !== null;
  }

  /** Every second child dies at a random moment. */
  aim(child: Child): void {
    const places = [...this.#names.keys()].sort().flatMap((name): [string, Side][] => [
      [name, 'before'],
      [name, 'after'],
    ]);
    const turn = this.#turn++;
    // Moments are counted in write points: on a busy machine milliseconds would all fall before the first.
    const all = [...this.#names.values()].reduce((sum, count) => sum + count, 0);
    if (turn % 4 === 3 || places.length === 0) {
      this.#armed = null;
      this.#timer = setTimeout(() => void child.kill(), this.#random.below(1000));
    } else if (turn % 2 === 1) {
      this.#armed = null;
      child.say(`arm * after ${1 + this.#random.below(all)}`);
    } else {
      // From anywhere on, so that a few rounds are not always the same few; 7 is prime to most numbers of places.
      this.#first ??= this.#random.below(places.length);
      const [name, side] = places[(this.#first + 7 * (turn / 2)) % places.length]!;
      this.#armed = `${name} ${side}`;
      child.say(`arm ${name} ${side} ${1 + this.#random.below(Math.max(1, this.#names.get(name)! / 2))}`);
    }
  }

  /** After the work: whoever still lives is killed at rest. */
  async finish(child: Child): Promise<void> {
    clearTimeout(this.#timer);
    const where = (await this.learn(child)) ? 'at rest' : (this.#armed ?? 'at a random moment');
    this.hit.set(where, (this.hit.get(where) ?? 0) + 1);
    await child.kill();
  }

  get summary(): string {
    const places = [...this.hit.keys()].filter((where) => / (before|after)$/.test(where));
    const count = (where: string): number => this.hit.get(where) ?? 0;
    const atPoints = places.reduce((sum, where) => sum + count(where), 0);
    return (
      `${atPoints} kills at ${places.length} places of ${2 * this.#names.size}, ` +
      `${count('at a random moment')} at random moments, ${count('at rest')} at rest`
    );
  }
}

const settled = async (work: readonly Promise<unknown>[]): Promise<void> =>
  void (await Promise.allSettled(work));

/** No verdict against an honest party, no round left out or held twice, every file readable. */
async function assertChains(folder: string): Promise<string> {
  const audit = await auditTranscripts([join(folder, 'validator', 'transcripts')], { loss: 0.1 });
  assert.deepEqual(audit.findings, [], 'the audit finds nothing');
  assert.ok(audit.ok);
  return `${audit.rounds} rounds in the transcripts, ${audit.voids} void`;
}

export async function crashMiner(t: TestContext, { rounds, hasty }: CrashOptions): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 0 });
  const seed = randomBytes(32);
  const minerKey = publicKeyOf(signerFromSeed(seed).publicKey);
  await network.chain.register(minerKey, {});
  const node = new Restarting(t, 'miner', network.folder, seed, ...(hasty ? ['hasty'] : []));
  const validator = await network.validator();
  const kept = new Map<string, { readonly replica: ReplicaRecord; readonly data: Uint8Array }>();
  const killer = new Killer(random);
  let acknowledged = 0;
  let { child } = await node.start();
  for (let round = 0; round < rounds; round++) {
    validator.view.forgetNeurons();
    if (round > 0) killer.aim(child);
    const replicas = [...kept.values()].map(({ replica }) => replica);
    // Those that are deleted are dropped first: whether it succeeds is as may be.
    const underDeletion = new Set(replicas.slice(0, -4));
    for (const { root } of underDeletion) kept.delete(root);
    const work: Promise<unknown>[] = Array.from({ length: 2 }, async () => {
      const stored = await network.storePiece(validator, 1 + random.below(40_000));
      const [replica] = stored.replicas;
      kept.set(replica!.root, { replica: replica!, data: stored.data });
      acknowledged++;
    });
    for (const [i, replica] of replicas.entries()) {
      if (underDeletion.has(replica)) work.push(deleteReplicaOn(validator, replica));
      else if (i % 3 === 0) work.push(renewReplicaOn(validator, replica, replica.expiry + round + 1));
      else if (i % 3 === 1)
        work.push(
          challengeReplica(validator, replica).then((result) => {
            if (result?.outcome === 'fail') assert.fail(`an honest miner failed: ${result.reason}`);
          }),
        );
      else work.push(fetchPiece(validator, replica.pieceId));
    }
    // Rounds under way go on with the miner that is started again; everything else fails and is forgotten.
    await Promise.race([settled(work), child.died]);
    await killer.finish(child);
    ({ child } = await node.start());
    validator.view.forgetNeurons();
    await settled(work);
    for (const { replica, data } of kept.values()) {
      const result = await challengeReplica(validator, replica);
      assert.equal(result?.outcome, 'pass', `round ${round}: an acknowledged replica: ${result?.reason}`);
      const fetched = await fetchPiece(validator, replica.pieceId);
      assert.ok(Buffer.from(fetched.data).equals(data), 'an acknowledged replica reads back');
    }
    await assertWholeOrAbsent(network);
  }
  t.diagnostic(`miner: ${killer.summary}; ${acknowledged} replicas acknowledged`);
  t.diagnostic(await assertChains(network.folder));
}

/** Every file is a whole replica that the index knows, every record has its file, nothing is left over. */
async function assertWholeOrAbsent(network: TestNetwork): Promise<void> {
  const directory = join(network.folder, 'miner', 'replicas');
  assert.deepEqual(await readdir(join(directory, 'incoming')), [], 'leftovers are swept at start');
  const replicas = await openReplicaFiles({ directory });
  const index = await openLmdbHoldingIndex(join(network.folder, 'miner', 'index'));
  try {
    for await (const { id } of replicas.list()) {
      const data = await readFile(placeOf(directory, id).file);
      assert.equal(Buffer.from(core.hash(data)).toString('hex'), id.root, 'what is there is whole');
      // In the background after a start.
      await eventually(async () => (await index.get(id)) !== null);
    }
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<typeof index.list>> = await index.list(cursor, 100);
      // One that was being deleted: its record goes with the next delete or its expiry.
      const lost: string[] = [];
      for (const held of page.items) await replicas.path(held).catch(() => lost.push(held.root));
      assert.ok(lost.length <= 3, `${lost.length} records without a file`);
      for (const root of lost) {
        const held = page.items.find((item) => item.root === root)!;
        await index.remove(held);
      }
      cursor = page.next;
      if (cursor === null) break;
    }
  } finally {
    await index.close();
    await replicas.close();
  }
}

export async function crashValidator(t: TestContext, { rounds }: CrashOptions): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 2 });
  const seed = randomBytes(32);
  await network.chain.register(publicKeyOf(signerFromSeed(seed).publicKey), {
    stake: 1000,
    validatorPermit: true,
  });
  const node = new Restarting(t, 'validator', network.folder, seed);
  const killer = new Killer(random);
  const pieces = new Set<string>();
  /** Root → the last round that was said to be over. */
  const said = new Map<string, number>();
  let { child } = await node.start();
  const piece = async (): Promise<{ path: string; size: number }> => {
    const data = randomBytes(1 + random.below(30_000));
    const path = join(network.folder, `piece-${randomBytes(6).toString('hex')}`);
    await writeFile(path, data);
    return { path, size: data.length };
  };
  const rowsOf = async (from: Child): Promise<string[] | null> => {
    from.say('rounds');
    const rows: string[] = [];
    for (;;) {
      const line = await from.next('round', 'rounds', 'failed');
      if (line === null) return null;
      if (line.startsWith('failed')) continue;
      if (line === 'rounds') return rows;
      const [, root, n, outcome, reason] = line.split(' ');
      assert.notEqual(outcome, 'fail', `an honest miner failed: ${reason}`);
      assert.ok(Number(n) > (said.get(root!) ?? 0), 'no number is used twice');
      said.set(root!, Number(n));
      rows.push(line);
    }
  };
  for (let round = 0; round < rounds; round++) {
    if (round > 0) killer.aim(child);
    const [a, b] = [await piece(), await piece()];
    for (const { path, size } of [a, b]) child.say(`store ${path} ${size}`);
    const rows = rowsOf(child);
    for (let answers = 0; answers < 2; answers++) {
      const line = await child.next('stored', 'failed');
      if (line?.startsWith('stored')) pieces.add(line.split(' ')[1]!);
    }
    await rows;
    await killer.finish(child);
    ({ child } = await node.start());
    const after = await rowsOf(child);
    assert.ok(after !== null);
    for (const row of after) assert.equal(row.split(' ')[3], 'pass', `after a crash: ${row}`);
    assert.ok(after.length >= pieces.size, 'every acknowledged piece is challenged');
    for (const pieceId of pieces) {
      child.say(`fetch ${pieceId}`);
      const line = await child.next('fetched', 'failed');
      assert.equal(line, `fetched ${pieceId}`, 'an acknowledged piece reads back');
    }
    // Few at a time keep the rounds short; what is dropped here stays in the index and in its rounds.
    while (pieces.size > 3) pieces.delete(pieces.values().next().value!);
  }
  await child.kill();
  t.diagnostic(`validator: ${killer.summary}; ${said.size} replicas`);
  t.diagnostic(await assertChains(network.folder));
}

export async function crashApi(t: TestContext, { rounds }: CrashOptions): Promise<void> {
  const random = seededRandom(t);
  const network = await startNetwork(t, { miners: 2 });
  const seed = randomBytes(32);
  await network.chain.register(publicKeyOf(signerFromSeed(seed).publicKey), {
    stake: 1000,
    validatorPermit: true,
  });
  const names = { path: join(network.folder, 'wallets'), name: 'user', hotkey: 'default' };
  await createWallet(names, { unencrypted: true });
  const wallet = await openWallet(names);
  const node = new Restarting(t, 'api', network.folder, seed);
  const killer = new Killer(random);
  const objects = new Map<string, Uint8Array>();
  let acknowledged = 0;
  let { child, port } = await node.start();
  const connect = () =>
    new ApiConnection(`http://127.0.0.1:${port}`, {
      signer: wallet.hotkey,
      random: systemRandom,
      nowMs: Date.now,
    });
  const retry = { attempts: 1, firstDelayMs: 1, delayMsMax: 1 };
  const put = async (connection: ApiConnection): Promise<void> => {
    const data = randomBytes(1 + random.below(200_000));
    const { cid } = await store(data, {
      connection,
      wallet,
      runtime: nodeRuntime(),
      retry,
      journalFolder: null,
      copies: 1 + random.below(2),
    });
    objects.set(cid, data);
    acknowledged++;
  };
  const get = async (connection: ApiConnection, cid: string): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    const object = await retrieve(cid, { connection, wallet, runtime: nodeRuntime(), retry });
    for await (const part of object.plaintext) parts.push(part);
    return Buffer.concat(parts);
  };
  for (let round = 0; round < rounds; round++) {
    if (round > 0) killer.aim(child);
    const busy = connect();
    const work = [put(busy), put(busy), ...[...objects.keys()].slice(0, 2).map((cid) => get(busy, cid))];
    await Promise.race([settled(work), child.died]);
    await killer.finish(child);
    await settled(work);
    await busy.close();
    ({ child, port } = await node.start());
    assert.deepEqual(await readdir(join(network.folder, 'validator', 'spool')), [], 'the spool is swept');
    const connection = connect();
    for (const [cid, data] of objects)
      assert.ok((await get(connection, cid)).equals(data), 'an acknowledged object reads back');
    await connection.close();
    while (objects.size > 4) objects.delete(objects.keys().next().value!);
  }
  t.diagnostic(`API node: ${killer.summary}; ${acknowledged} objects acknowledged`);
  t.diagnostic(await assertChains(network.folder));
}
