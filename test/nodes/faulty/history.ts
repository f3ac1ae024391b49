// One random history of a validator and its miners under faults, and what must hold: no acknowledged piece is lost while
// an honest replica of it survives, no honest miner fails a proof, and whoever reads the transcripts finds one truth.
import { Chains } from '../../../src/domain/audit/chain.js';
import { exchangeFactOf } from '../../../src/domain/audit/exchange-fact.js';
import { totalOf } from '../../../src/domain/audit/ledger.js';
import { LedgerReplay } from '../../../src/domain/audit/ledger-replay.js';
import { Replayer } from '../../../src/domain/audit/replay.js';
import { answerOf } from '../../../src/domain/audit/transcript.js';
import { type PieceId, toHex } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { unixSeconds } from '../../../src/domain/ports/clock.js';
import { collectAnswers } from '../../../src/nodes/validator/answers.js';
import { challengeReplica } from '../../../src/nodes/validator/challenging.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import { fetchPiece } from '../../../src/nodes/validator/fetching.js';
import { monitorMiners, settleDeregistered } from '../../../src/nodes/validator/monitoring.js';
import { recoverRounds } from '../../../src/nodes/validator/recovery.js';
import type { Rewarding } from '../../../src/nodes/validator/rewarding.js';
import { placePiece } from '../../../src/nodes/validator/storing.js';
import { calm, storm } from '../simulated/weather.js';
import { replicaKey } from './memory-index.js';
import { type Mishaps, noMishaps } from './process.js';
import { FaultyWorld, type Mutations, type RunningValidator } from './world.js';

export interface FaultyHistory {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly steps: readonly string[];
  readonly rounds: number;
  readonly acknowledged: number;
  readonly repaired: number;
  /** Where crashes hit, and how often. */
  readonly crashedAt: ReadonlyMap<string, number>;
}

const copies = 2;
const faults: Mishaps = { crash: 1 / 150, diskError: 1 / 100 };
/** What a network, crashes and failing disks may do to an honest miner. Nothing it signed about its data. */
const excusable: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'internal', 'busy']);
const roundsToSettle = 8;

export async function playFaults(seed: number, mutations: Mutations = {}): Promise<FaultyHistory> {
  const world = new FaultyWorld(seed, mutations);
  const { dice, schedule, process } = world;
  const violations: string[] = [];
  const steps: string[] = [];
  const acknowledged = new Map<PieceId, Uint8Array>();
  let rounds = 0;
  let repaired = 0;
  let validator: RunningValidator = world.startValidator();
  let rewarding: Rewarding = await schedule.until(validator.openRewards());
  let under: Promise<unknown>[] = [];

  /** Ends with the work, or with the process that does it. */
  const run = <Result>(work: Promise<Result>): Promise<Result | 'crashed'> => {
    const ended = process.ended.then(() => 'crashed' as const);
    return Promise.race([work, ended]);
  };
  /** A batch of the duty: whatever is asked in it is rewarded once it is done. */
  const rewarded = async <Result>(work: (context: ValidatorContext) => Promise<Result>): Promise<Result> => {
    const mine = rewarding;
    const { context, answers } = collectAnswers(validator.context);
    const result = await work(context);
    const { number } = await context.view.head();
    await mine.step({ block: number, occasion: 'operator', answers });
    await mine.rollIfDue(number);
    return result;
  };
  const begin = (name: string, work: () => Promise<unknown>): void => {
    steps.push(name);
    under.push(run(work()).catch((error: unknown) => steps.push(`${name} failed: ${String(error)}`)));
  };

  let storing = 0;
  const store = async (): Promise<void> => {
    storing++;
    try {
      await storeOne();
    } finally {
      storing--;
    }
  };
  const storeOne = async (): Promise<void> => {
    const { context, failures } = validator;
    const { pieceId, data } = world.newPiece();
    const expiry = unixSeconds(context.clock) + 20 * 24 * 3600;
    const path = world.spool(data);
    const piece = { pieceId, size: data.length, path, expiry };
    await context.index.putPiece({
      pieceId,
      size: data.length,
      copies,
      expiry,
      storedAt: unixSeconds(context.clock),
    });
    const { replicas } = await placePiece(context, piece, copies, failures);
    if (replicas.length < copies) return;
    acknowledged.set(pieceId, data);
    steps.push(`stored ${pieceId.slice(0, 8)}`);
  };
  const anyReplica = (): ReplicaRecord | null => {
    const all = [...world.index.replicas.values()];
    return all.length === 0 ? null : dice.pick(all);
  };
  const challenge = async (replica: ReplicaRecord): Promise<void> => {
    const miner = world.minerOf(replica.minerKey);
    const before = world.disturbances + miner.process.diskErrors;
    const result = await rewarded((context) => challengeReplica(context, replica));
    if (result === null) return;
    rounds++;
    const { outcome, reason, attributable } = result;
    steps.push(`round ${result.n} of ${replica.root.slice(0, 8)}: ${outcome} ${reason}`);
    if (outcome !== 'fail' || world.harmed.has(replicaKey(replica)) || !miner.registered) return;
    const excused = world.disturbances + miner.process.diskErrors !== before;
    if (!excusable.has(reason)) violations.push(`a round failed an honest miner: ${reason}`);
    else if (!excused)
      violations.push(
        `a round failed (${reason}, ${attributable ? 'signed' : 'unsigned'}) although nothing disturbed it`,
      );
  };
  const fetch = async (pieceId: PieceId): Promise<boolean> => {
    const { data } = await rewarded((context) => fetchPiece(context, pieceId));
    const same = toHex(data) === toHex(acknowledged.get(pieceId)!);
    if (!same) violations.push('other bytes were fetched than stored');
    return same;
  };
  const repair = (): Promise<void> =>
    validator.repairs.pass(
      ({ outcome }) => {
        if (outcome === 'repaired') repaired++;
      },
      { patient: false },
    );
  const monitor = async (): Promise<void> => {
    const { context } = validator;
    const mine = rewarding;
    const hotkeys = world.miners.filter(({ registered }) => registered).map(({ hotkey }) => hotkey);
    const { lines } = await monitorMiners(context, hotkeys, 5_000);
    const { number: block } = await context.view.head();
    const pings = lines.map(({ hotkey, success }) => ({ minerKey: hotkey, answered: success }));
    await mine.monitor({ block, pings });
    await settleDeregistered(validator.context);
  };
  /** Data goes where another honest replica of the piece stays. */
  const harm = (): void => {
    const replica = anyReplica();
    if (replica === null || !world.isIntact(replica) || world.intactReplicas(replica.pieceId).length < 2)
      return;
    steps.push(`harmed ${replica.root.slice(0, 8)} of ${replica.pieceId.slice(0, 8)}`);
    world.harm(replica);
  };
  const leave = (): void => {
    const miner = dice.pick(world.miners);
    if (world.miners.filter(({ registered }) => registered).length <= copies + 1 || !miner.registered) return;
    const needed = [...world.index.replicas.values()].some(
      (one) =>
        one.minerKey === miner.hotkey && world.isIntact(one) && world.intactReplicas(one.pieceId).length < 2,
    );
    // Nor where a store is under way: its replica may be there, and not in the index yet.
    if (needed || storing > 0) return;
    steps.push(`${miner.process.name} leaves`);
    miner.registered = false;
    miner.process.crash();
  };
  const crashMiner = (): void => {
    const miner = dice.pick(world.miners);
    if (miner.process.up) miner.process.crash();
  };
  const restart = async (): Promise<void> => {
    for (const miner of world.miners) {
      if (miner.process.up || !miner.registered) continue;
      world.disturbances++;
      if (dice.chance(0.7)) world.startMiner(miner);
    }
    for (let tries = 0; !process.up; tries++) {
      world.disturbances++;
      under = [];
      storing = 0;
      // Nobody crashes for ever.
      if (tries > 5) process.mishaps = noMishaps;
      validator = world.startValidator();
      const opened = await schedule.until(
        run(validator.openRewards()).catch((error: unknown) => {
          steps.push(`the rewards could not be opened: ${String(error)}`);
          process.crash();
          return 'crashed' as const;
        }),
      );
      if (opened === 'crashed') continue;
      rewarding = opened;
      await schedule.until(
        run(recoverRounds(validator.context)).catch((error: unknown) =>
          steps.push(`recovery failed: ${String(error)}`),
        ),
      );
    }
  };

  const moves: readonly (readonly [string, number, () => unknown])[] = [
    ['store', 3, () => begin('store', store)],
    [
      'challenge',
      6,
      () => {
        const replica = anyReplica();
        if (replica !== null) begin(`challenge ${replica.root.slice(0, 8)}`, () => challenge(replica));
      },
    ],
    [
      'fetch',
      2,
      () => {
        const pieces = [...acknowledged.keys()];
        if (pieces.length > 0) begin('fetch', () => fetch(dice.pick(pieces)));
      },
    ],
    ['repair', 2, () => begin('repair', repair)],
    ['monitor', 2, () => begin('monitor', monitor)],
    ['harm', 1, harm],
    ['leave', 0.3, leave],
    ['miner crashes', 1, crashMiner],
    ['validator crashes', 0.5, () => process.crash()],
    ['old message', 1, () => world.replay()],
    [
      'weather turns',
      1,
      () => {
        world.weather = dice.chance(0.5) ? storm : calm;
      },
    ],
    [
      'faults turn',
      1,
      () => {
        const mishaps = dice.chance(0.6) ? faults : noMishaps;
        for (const one of [process, ...world.miners.map((miner) => miner.process)]) one.mishaps = mishaps;
      },
    ],
    [
      'a clock jumps',
      0.5,
      () => {
        const { name } = dice.pick([process, ...world.miners.map((miner) => miner.process)]);
        world.clockOffsets.set(name, dice.below(7_200_000) - 3_600_000);
      },
    ],
  ];
  const weight = moves.reduce((sum, [, share]) => sum + share, 0);
  const pick = (): (typeof moves)[number] => {
    let at = dice.next() * weight;
    for (const move of moves) {
      at -= move[1];
      if (at < 0) return move;
    }
    return moves[0]!;
  };
  begin('store', store);
  for (let i = 0; i < 20; i++) {
    const [name, , act] = pick();
    if (!['store', 'challenge', 'fetch', 'repair', 'monitor'].includes(name)) steps.push(name);
    await act();
    await schedule.advance(dice.chance(0.7) ? dice.below(300) : dice.below(15_000));
    await restart();
  }

  // The faults are over. What is under way ends; then everything must come right by the validator's own duty.
  world.weather = calm;
  for (const one of [process, ...world.miners.map((miner) => miner.process)]) one.mishaps = noMishaps;
  for (const miner of world.miners) if (!miner.process.up && miner.registered) world.startMiner(miner);
  await restart();
  await schedule.until(Promise.all(under));
  under = [];
  await schedule.advance(120_000);
  await schedule.until(recoverRounds(validator.context));
  const isWhole = (pieceId: PieceId): boolean => {
    const good = [...world.index.replicas.values()].filter(
      (one) => one.pieceId === pieceId && one.state === 'active',
    );
    return good.length >= copies && good.every((one) => world.isIntact(one));
  };
  for (let i = 0; i < roundsToSettle && ![...acknowledged.keys()].every(isWhole); i++) {
    for (let ping = 0; ping < 2; ping++) await schedule.until(monitor());
    for (const replica of [...world.index.replicas.values()]) {
      const { pieceId } = replica;
      if (acknowledged.has(pieceId) && !isWhole(pieceId)) await schedule.until(challenge(replica));
    }
    await schedule.until(repair());
    await schedule.advance(60_000);
  }
  for (const pieceId of acknowledged.keys()) {
    const name = pieceId.slice(0, 8);
    const fetched = await schedule.until(fetch(pieceId)).catch((error: unknown) => String(error));
    if (fetched !== true) {
      const intact = world.intactReplicas(pieceId).length;
      const known = [...world.index.replicas.values()]
        .filter((one) => one.pieceId === pieceId)
        .map((one) => describe(world, one));
      violations.push(
        `piece ${name} is lost, with ${intact} honest replicas: ${known.join('; ')}: ${String(fetched)}`,
      );
    } else if (!isWhole(pieceId))
      violations.push(`piece ${name} did not get back to ${copies} honest replicas`);
  }
  // What waits in the index, and what a crash kept out of it, is taken when the validator starts.
  rewarding = await schedule.until(validator.openRewards());
  violations.push(
    ...audit(world),
    ...auditRewards(world, rewarding),
    ...(await auditCounts(world, rewarding)),
  );
  return {
    seed,
    violations,
    steps,
    rounds,
    acknowledged: acknowledged.size,
    repaired,
    crashedAt: world.crashedAt,
  };
}

function describe(world: FaultyWorld, replica: ReplicaRecord): string {
  const { process, registered } = world.minerOf(replica.minerKey);
  const harmed = world.harmed.has(replicaKey(replica)) ? ', harmed' : '';
  const where = `${process.name}${registered ? '' : ', off the subnet'}${harmed}`;
  return `${replica.root.slice(0, 8)} on ${where} (${replica.state} ${replica.lastFailure?.reason ?? ''})`;
}

/** The transcripts verify, blame nobody honest, and give every reader the same counts. */
function audit(world: FaultyWorld): string[] {
  const violations: string[] = [];
  const replays = new Replayer(world.core, world.keys.verify).replay(world.entries());
  const chains = new Chains(0.1);
  for (const replay of replays) {
    chains.add(replay);
    const { kind, n, minerKey, root } = replay.entry.head.value;
    const key = replicaKey({
      validatorKey: world.validatorKey,
      minerKey: toHex(minerKey) as ReplicaRecord['minerKey'],
      root: toHex(root) as ReplicaRecord['root'],
    });
    if (
      replay.blame === 'miner' &&
      !world.harmed.has(key) &&
      !excusable.has(replay.entry.head.value.reason)
    ) {
      violations.push(
        `the transcripts blame an honest miner: ${kind} ${n} ${replay.entry.head.value.reason}`,
      );
    }
    if (!replay.broken) continue;
    const broken = replay.checks.filter(({ result }) => result === 'broken');
    violations.push(`${kind} ${n}: ${broken.map(({ about, says }) => `${about}: ${says}`).join('; ')}`);
  }
  violations.push(...[...chains.reports()].flatMap(({ findings }) => findings.map(({ says }) => says)));
  if (chains.hasRepeats) violations.push('rounds of the same n');
  return violations;
}

/** Every exchange that counts is in the ledger once, and ledger, transcripts and index have the same counts. */
async function auditCounts(world: FaultyWorld, rewarding: Rewarding): Promise<string[]> {
  const violations: string[] = [];
  const named = world
    .ledgerEntries()
    .flatMap(({ value }) => value.answers.map(({ transcript }) => toHex(transcript)));
  const counting = world.entries().flatMap(({ head }) => answerOf(head) ?? []);
  const left = new Set(counting.map(({ transcript }) => toHex(transcript)));
  for (const transcript of named)
    if (!left.delete(transcript)) violations.push(`${transcript} is counted twice`);
  if (left.size > 0) violations.push(`${left.size} exchanges are in no ledger entry`);
  if (world.index.answers.size > 0) violations.push(`${world.index.answers.size} answers wait for ever`);
  for (const { minerKey, totalSuccesses, attempts, tier } of world.index.statistics.values()) {
    const standing = rewarding.standingOf(minerKey);
    const shown = counting.filter((answer) => answer.minerKey === minerKey && answer.passed).length;
    if (totalSuccesses !== standing.totalSuccesses || totalSuccesses !== shown)
      violations.push(
        `${minerKey}: ${totalSuccesses} successes in the index, ${standing.totalSuccesses} in the ledger, ${shown} transcripts`,
      );
    if (totalOf(attempts) !== totalOf(standing.attempts) || tier !== standing.tier)
      violations.push(`${minerKey}: the index is at another window than the ledger`);
  }
  return violations;
}

/** Everybody who reads the ledger, from the start or from its last state, gets the validator's scores to the last bit. */
function auditRewards(world: FaultyWorld, rewarding: Rewarding): string[] {
  const facts = new Map(world.entries().map(({ head }) => [toHex(head.digest), exchangeFactOf(head)]));
  const whole = new LedgerReplay(world.keys.verify, (digest) => facts.get(toHex(digest)) ?? null);
  const entries = world.ledgerEntries();
  const violations = entries
    .flatMap((entry) => whole.take(entry).findings)
    .filter(({ about }) => about !== 'word')
    .map(({ sequence, about, says }) => `ledger entry ${sequence}, ${about}: ${says}`);
  const late = new LedgerReplay(world.keys.verify, null);
  for (const entry of entries.slice(entries.map(({ value }) => value.event).lastIndexOf('state')))
    late.take(entry);
  for (const [minerKey, score] of rewarding.scores) {
    for (const [reader, replay] of [
      ['a reader of all of it', whole],
      ['a reader of its end', late],
    ] as const) {
      const read = replay.standings.of(minerKey).score;
      if (!Object.is(read, score))
        violations.push(`${reader} finds the score ${read}, the validator has ${score}`);
    }
  }
  return violations;
}
