// A validator's world for its dashboard: a real index, a real reward ledger and the real pages over miners that were never
// started. What a network of a thousand looks like after an hour takes a second to make.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openLmdbPlacementIndex } from '../../../src/adapters/index/lmdb/placement-index.js';
import { Activity } from '../../../src/adapters/observe/activity.js';
import { openRewardLog } from '../../../src/adapters/observe/ledger-files.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import type { RoundSeen } from '../../../src/adapters/observe/observer.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { makeCid } from '../../../src/domain/content/cid.js';
import {
  type Cid,
  type PieceId,
  type PublicKey,
  pieceIdOf,
  publicKeyOf,
  rootOf,
} from '../../../src/domain/model/bytes.js';
import { mebibyte } from '../../../src/domain/model/constants.js';
import { defaultRules } from '../../../src/domain/model/economy.js';
import type { MinerStatistics, ReplicaRecord } from '../../../src/domain/model/records.js';
import { tierTable } from '../../../src/domain/model/tiers.js';
import type { Neuron } from '../../../src/domain/ports/chain.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import { PlacementCensus } from '../../../src/nodes/census.js';
import type { RunningDashboard } from '../../../src/nodes/dashboard/dashboard.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { followLedger, openValidatorDashboard } from '../../../src/nodes/validator/dashboard.js';
import { Presence } from '../../../src/nodes/validator/presence.js';
import { openRewarding, type Rewarding } from '../../../src/nodes/validator/rewarding.js';
import { temporaryFolder } from '../../adapters/temporary-folder.js';

export interface SceneOptions {
  readonly miners: number;
  readonly objects?: number;
  /** Minutes of rounds until now; default 75. A tier window ends 40 minutes ago. */
  readonly minutes?: number;
  /** The same seed gives the same scene, apart from the time. */
  readonly seed?: string;
  readonly host?: string;
  readonly limits?: {
    readonly readersMax?: number;
    readonly stalledMsMax?: number;
    readonly tickMs?: number;
  };
}

export interface Scene {
  readonly dashboard: RunningDashboard;
  /** `http://127.0.0.1:1234` */
  readonly origin: string;
  readonly activity: Activity;
  readonly rewarding: Rewarding;
  readonly presence: Presence;
  readonly miners: readonly PublicKey[];
  readonly cids: readonly Cid[];
  /** A challenge of the miner has ended now. */
  round(miner: PublicKey, change?: Partial<RoundSeen>): void;
}

const bytesFrom = (text: string): Uint8Array => createHash('sha256').update(text).digest();
const windowBlocks = defaultRules.constants['tier.window'];
const startBlock = 40 * windowBlocks - 300;
const minuteMs = 60_000;

export async function openScene(t: TestContext, options: SceneOptions): Promise<Scene> {
  const {
    miners: count,
    objects = 9,
    minutes = 75,
    seed = 'scene',
    host = '127.0.0.1',
    limits = {},
  } = options;
  const dice = (name: string): number => Buffer.from(bytesFrom(`${seed} ${name}`)).readUInt32LE() / 2 ** 32;
  const folder = await temporaryFolder(t);
  const index = await openLmdbPlacementIndex(join(folder, 'index'));
  t.after(() => index.close());
  const real = systemClock.now();
  let at = real;
  const clock: Clock = { ...systemClock, now: () => at };
  const signer = signerFromSeed(bytesFrom(seed));
  const party = { genesis: bytesFrom('genesis'), netuid: 21, publicKey: signer.publicKey };
  const own = publicKeyOf(signer.publicKey);
  const miners = Array.from({ length: count }, (_, i) => publicKeyOf(bytesFrom(`${seed} miner ${i}`)));
  const activity = new Activity(() => at);
  const presence = new Presence();
  const directory = join(folder, 'transcripts');
  const log = await openRewardLog({ directory, processName: 'validator', clock });
  t.after(() => log.close());
  const follower = followLedger(directory);

  // The miners' lives until now: who is good at it, and for how long.
  const skill = miners.map((_, i) => (dice(`skill ${i}`) < 0.08 ? 0.6 : 0.99));
  const life = miners.map((_, i) => Math.floor(17_000 * dice(`life ${i}`) ** 3));
  const statistics = (i: number, asked: number): MinerStatistics => {
    const counts = (share: number): number => Math.round(asked * share);
    const good = (n: number): number => Math.round(n * skill[i]!);
    const attempts = { store: counts(0.15), challenge: counts(0.7), retrieve: counts(0.15) };
    const successes = {
      store: good(attempts.store),
      challenge: good(attempts.challenge),
      retrieve: good(attempts.retrieve),
    };
    return { minerKey: miners[i]!, attempts, successes, totalSuccesses: life[i]!, tier: 'Bronze' };
  };
  at = real - 75 * minuteMs;
  // Together: writes that come at once share a commit.
  await Promise.all(miners.map((_, i) => index.putStatistics(statistics(i, 40))));
  const rewarding = await openRewarding(
    { clock, index, log: silentLog(), party, signer },
    { log, rules: defaultRules, block: startBlock, onEntry: (entry) => follower.take(entry) },
  );

  // Everything is in place: replicas, and the objects they are of.
  const now = Math.floor(real / 1000);
  const replicas: ReplicaRecord[] = [];
  const cids: Cid[] = [];
  const sizes = [64, 12, 3.5, 220, 0.4, 31, 96, 1.2, 700];
  for (let o = 0; o < objects && count > 0; o++) {
    const size = Math.round((sizes[o % sizes.length] ?? 1) * mebibyte);
    const pieceCount = Math.ceil(size / (64 * mebibyte));
    const pieceIds: PieceId[] = [];
    for (let p = 0; p < pieceCount; p++) {
      const pieceId = pieceIdOf(bytesFrom(`${seed} piece ${o} ${p}`));
      const pieceSize = Math.min(64 * mebibyte, size - p * 64 * mebibyte);
      pieceIds.push(pieceId);
      await index.putPiece({ pieceId, size: pieceSize, copies: 3, expiry: now + 9e6, storedAt: now - 9000 });
      const holders = new Set(
        [0, 1, 2].map((c) => Math.floor(count * dice(`holder ${o} ${p} ${c}`)) % Math.max(1, count)),
      );
      for (const holder of holders) replicas.push(replica(pieceId, pieceSize, holder, `${o} ${p}`));
    }
    const cid = makeCid(`${seed} object ${o}`);
    cids.push(cid);
    await index.putObject({
      cid,
      owner: publicKeyOf(bytesFrom(`${seed} owner ${o % 3}`)),
      size,
      pieceSize: 64 * mebibyte,
      pieceIds,
      redundancy: { scheme: 'replicate', copies: 3 },
      expiry: now + 86_400 * (20 + o),
      storedAt: now - 4000 * (o + 1),
      manifest: new Uint8Array(64),
    });
  }
  // What else the miners hold, of users that are not shown.
  for (const i of miners.keys()) {
    if (i % 23 === 5) continue;
    const pieceId = pieceIdOf(bytesFrom(`${seed} other ${i}`));
    replicas.push(replica(pieceId, Math.round(mebibyte * 900 * (0.1 + dice(`other ${i}`))), i, 'other'));
  }
  await index.addReplicas(replicas);

  function replica(pieceId: PieceId, size: number, holder: number, name: string): ReplicaRecord {
    const passed = Math.floor(60 * dice(`passed ${holder} ${name}`));
    const isFailed = skill[holder]! < 0.9 && dice(`failed ${holder} ${name}`) < 0.5;
    return {
      validatorKey: own,
      minerKey: miners[holder]!,
      root: rootOf(bytesFrom(`${seed} root ${holder} ${name}`)),
      pieceId,
      size,
      expiry: now + 86_400 * 30,
      storedAt: now - 90_000,
      state: isFailed ? 'failed' : 'active',
      n: passed + (isFailed ? 1 : 0),
      link: new Uint8Array(32),
      kept: [],
      receipt: new Uint8Array(64),
      openRound: null,
      passed,
      failedRounds: isFailed ? 1 : 0,
      lastPassAt: passed === 0 ? null : now - 700 - Math.floor(6000 * dice(`pass ${holder} ${name}`)),
      lastFailure: isFailed ? { at: now - 300, reason: 'commitment' } : null,
      version: 1,
    };
  }

  // An hour of rounds, and the end of a window within it.
  const asked = Math.min(count, 24);
  const blockAt = (ms: number): number => startBlock + Math.floor((ms - (real - 75 * minuteMs)) / 12_000);
  const reasons = ['commitment', 'deadline', 'unknown-replica'];
  for (let minute = minutes - 1; minute >= 0; minute--) {
    at = real - minute * minuteMs;
    const block = blockAt(at) + (minute < 40 ? 300 : 0);
    if (minute < 40) await rewarding.rollIfDue(block);
    const answers = Array.from(
      { length: asked === 0 ? 0 : Math.ceil(asked * (0.4 + 0.6 * dice(`n ${minute}`))) },
      (_, k) => {
        const i = k === 0 ? 0 : Math.floor(count * dice(`asked ${minute} ${k}`));
        const passed = dice(`passes ${minute} ${k}`) < skill[i]!;
        const elapsedMs = Math.round(180 + 900 * dice(`time ${minute} ${k}`) ** 2);
        const size = Math.round(mebibyte * (1 + 63 * dice(`size ${minute} ${k}`)));
        const kind = (['challenge', 'challenge', 'challenge', 'store', 'retrieve'] as const)[
          Math.floor(5 * dice(`kind ${minute} ${k}`))
        ]!;
        activity.round({
          kind,
          minerKey: miners[i]!,
          root: rootOf(bytesFrom(`${seed} root ${i} other`)),
          n: kind === 'challenge' ? 12 + minute : 0,
          outcome: passed ? 'pass' : 'fail',
          reason: passed ? '' : reasons[k % 3]!,
          challengeId: bytesFrom(`${minute} ${k}`),
          startedAtMs: at - 40_000 + 1600 * k,
          elapsedMs,
          size,
          openedBytes: kind === 'challenge' ? 300_000 : 0,
        });
        const transcript = bytesFrom(`${seed} transcript ${minute} ${k}`);
        return { task: kind, minerKey: miners[i]!, passed, elapsedMs, size, transcript };
      },
    );
    if (answers.length > 0) await rewarding.step({ block, answers });
  }
  at = real;
  const height = blockAt(real) + 300;
  const neurons = miners.slice(0, Math.max(0, count - (count > 20 ? 1 : 0))).map(
    (hotkey, uid): Neuron => ({
      uid,
      hotkey,
      stake: 0,
      validatorPermit: false,
      address: { host: `10.${uid >> 8}.${uid & 255}.1`, port: 8091 },
      lastUpdate: 0,
    }),
  );
  if (count > 20) {
    await rewarding.weigh({ block: height, neurons, minAllowedWeights: 1, maxWeightsLimit: 65_535 });
    for (let miss = 0; miss < 5; miss++) presence.missed(miners[7]!);
    presence.heard(miners[11]!, { leaving: true, freeBytes: 0 });
    const ping = { minerKey: miners[15]!, answered: false };
    await rewarding.monitor({ block: height, pings: [ping] });
  }
  // The tiers the window gave stay; the window that has begun has its own counts.
  const tiers = new Map((await index.listStatistics()).map(({ minerKey, tier }) => [minerKey, tier]));
  await Promise.all(
    miners.map(async (minerKey, i) => {
      const tier = tiers.get(minerKey) ?? 'Bronze';
      if (i % 31 !== 9) await index.putStatistics({ ...statistics(i, 6 + (i % 9)), tier });
    }),
  );
  const census = new PlacementCensus();
  await census.count(index);
  const context = {
    index,
    presence,
    party,
    clock,
    audit: { loss: 0.01, confidence: 0.99 },
    vpermitTaoLimit: 500,
    liveRounds: new Set(count === 0 ? [] : ['one', 'two', 'three']),
    chain: { network: 'dev' },
    log: silentLog(),
    view: { neurons: async () => neurons, head: async () => ({ number: height, hash: new Uint8Array(32) }) },
  } as unknown as ValidatorContext;
  const dashboard = await openValidatorDashboard(context, {
    wish: { listen: { host, port: 0 }, activity, version: '0.0.0', ...limits },
    census,
    rewarding,
    follower,
    rules: { ...defaultRules, tiers: tierTable },
  });
  t.after(() => dashboard.close());
  return {
    dashboard,
    origin: `http://127.0.0.1:${dashboard.address.port}`,
    activity,
    rewarding,
    presence,
    miners,
    cids,
    round(minerKey, change = {}) {
      at = systemClock.now();
      activity.round({
        kind: 'challenge',
        minerKey,
        root: rootOf(bytesFrom('root')),
        n: 7,
        outcome: 'pass',
        reason: '',
        challengeId: null,
        startedAtMs: at - 500,
        elapsedMs: 500,
        size: 8 * mebibyte,
        openedBytes: 1000,
        ...change,
      });
    },
  };
}
