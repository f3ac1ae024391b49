// The validator's process is killed with -9 at random points of repairs, again and again. What counts afterwards: every
// piece has all its replicas, on distinct miners, each of which passes a round, and gives back what was stored.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { changeReplica } from '../../../src/nodes/validator/replica-state.js';
import { challengeAll } from '../../../src/nodes/validator/rounds.js';
import { eventually, type StoredPiece, startNetwork } from '../network.js';
import { Dice } from '../simulated/schedule.js';

const program = fileURLToPath(new URL('./repair-child.js', import.meta.url));
const copies = 3;
const pieceCount = 2;
const size = 150_000;

export interface CrashCounts {
  readonly rounds: number;
  /** Kills that came before the repair had ended. */
  readonly inTheMiddle: number;
  /** Replicas stored anew. */
  readonly restored: number;
  /** Replicas on miners' disks that the index does not know. */
  readonly strays: number;
}

/** @param killsPerRound processes killed before one is left to end */
export async function crashRepairs(
  t: TestContext,
  { rounds, seed, killsPerRound = 1 }: { rounds: number; seed: number; killsPerRound?: number },
): Promise<CrashCounts> {
  const dice = new Dice(seed);
  const network = await startNetwork(t, { miners: 6, blockMs: 300 });
  const signerSeed = randomBytes(32);
  const signer = signerFromSeed(signerSeed);
  await network.chain.register(publicKeyOf(signer.publicKey), { stake: 1000, validatorPermit: true });
  const validator = await network.validator({ signer });
  const { index } = validator;
  const folder = join(network.folder, 'validator');
  const pieces: StoredPiece[] = [];
  for (let i = 0; i < pieceCount; i++) pieces.push(await network.storePiece(validator, size, copies));
  /** What a whole repair took of late, in milliseconds: kills fall anywhere in it, and a little behind it. */
  let tookMs = 300;
  let inTheMiddle = 0;
  let restored = 0;

  const repair = async (killAfterMs: number | null): Promise<boolean> => {
    const child = spawn(
      process.execPath,
      [program, join(network.folder, 'chain'), folder, signerSeed.toString('hex')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    let beganAt = 0;
    let endedAt = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (beganAt === 0 && said.includes('begin')) {
        beganAt = performance.now();
        if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      }
      if (said.includes('end')) endedAt = performance.now();
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (killAfterMs === null) assert.equal(code, 0, 'a repair that is left alone ends');
    if (endedAt > 0) tookMs = 0.7 * tookMs + 0.3 * (endedAt - beganAt);
    return said.includes('end');
  };

  for (let round = 0; round < rounds; round++) {
    // A miner lost one replica of each piece; which one is found out in a round or retrieval, as always.
    for (const { pieceId } of pieces) {
      const active = (await index.replicasOfPiece(pieceId)).filter(({ state }) => state === 'active');
      const lost = dice.pick(active);
      await rm(network.fileOf(lost).file, { force: true });
      await changeReplica(validator, lost, (current) => ({
        ...current,
        state: 'failed',
        lastFailure: { at: 1, reason: 'unknown-replica' },
      }));
    }
    // The same store twice in one block would be the same message.
    const { number } = await network.chain.finalisedHead();
    await eventually(async () => (await network.chain.finalisedHead()).number > number);
    for (let kill = 0; kill < killsPerRound; kill++)
      if (!(await repair(dice.next() * 1.1 * tookMs))) inTheMiddle++;
    await repair(null);
    for (const { pieceId, data } of pieces) {
      const active = (await index.replicasOfPiece(pieceId)).filter(({ state }) => state === 'active');
      assert.equal(active.length, copies, `round ${round} of seed ${seed}: all replicas are back`);
      assert.equal(new Set(active.map(({ minerKey }) => minerKey)).size, copies, 'on distinct miners');
      const outcomes: string[] = [];
      await challengeAll(validator, active, ({ outcome, reason }) => outcomes.push(outcome + reason));
      assert.deepEqual(outcomes, Array(copies).fill('pass'), `round ${round} of seed ${seed}`);
      assert.ok(Buffer.from((await fetchPiece(validator, pieceId)).data).equals(data), 'no byte is lost');
      restored++;
    }
  }
  let strays = 0;
  for (const { signer: miner, directory } of network.miners) {
    const held = await index.replicasOfMiner(publicKeyOf(miner.publicKey), null, 1000);
    const known = new Set<string>(held.items.map(({ root }) => root));
    const names = await readdir(join(directory, 'replicas'), { recursive: true });
    const roots = names.flatMap((name) => /[/\\][0-9a-f]{2}[/\\]([0-9a-f]{64})$/u.exec(name)?.[1] ?? []);
    strays += roots.filter((root) => !known.has(root)).length;
  }
  return { rounds, inTheMiddle, restored, strays };
}
