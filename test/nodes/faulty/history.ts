// One random history of several validators and their miners under faults, and what must hold: no acknowledged piece is lost
// while an honest replica of it survives, no honest miner fails a proof, and whoever recomputes scores gets the same.
import { type PieceId, utf8 } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Happenings } from '../simulated/happenings.js';
import { calm, storm } from '../simulated/weather.js';
import { copies, type Diary, Duty } from './duty.js';
import { disagreements, missingPieces, wrongTranscripts } from './oracle.js';
import { type Mishaps, noMishaps } from './process.js';
import { FaultyWorld, type Mutations } from './world.js';

export interface FaultyHistory {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly steps: readonly string[];
  readonly rounds: number;
  readonly acknowledged: number;
  readonly repaired: number;
  /** What faults hit, where, and how often; under `await` every place where a process may end, and how often it came there. */
  readonly happened: Happenings['counts'];
}

const moveCount = 24;
const roundsToSettle = 8;
/** In each history processes end soon at one place in so many, a few times, so that rare places are met too. */
const placesApart = 20;
const crashesAtFragile = 2;

export async function playFaults(seed: number, mutations: Mutations = {}): Promise<FaultyHistory> {
  const world = new FaultyWorld(seed, mutations);
  const { dice, schedule, happenings, processes } = world;
  const diary: Diary = { violations: [], steps: [], rounds: 0, repaired: 0 };
  const { steps, violations } = diary;
  const duties = world.validators.map((validator) => new Duty(world, validator, diary));
  for (const duty of duties) await duty.restart();

  const fragile = dice.below(placesApart);
  const faults: Mishaps = {
    crash: (place) => {
      const isFragile = placeNumber(place) % placesApart === fragile;
      const isSpent = (happenings.of('crash').get(place) ?? 0) >= crashesAtFragile;
      return isFragile && !isSpent ? 1 / 2 : 1 / 400;
    },
    diskError: 1 / 100,
  };

  const withReplica = (act: (duty: Duty, replica: ReplicaRecord) => void): void => {
    const duty = dice.pick(duties);
    const all = [...duty.validator.index.replicas.values()];
    if (all.length > 0) act(duty, dice.pick(all));
  };
  /** Data goes where another honest replica of the piece stays. */
  const harm = (): void =>
    withReplica(({ validator }, replica) => {
      const isSpare = world.intactReplicas(validator, replica.pieceId).length >= 2;
      if (!world.isIntact(replica) || !isSpare) return;
      steps.push(`harmed ${replica.root.slice(0, 8)} of ${replica.pieceId.slice(0, 8)}`);
      world.harm(replica);
    });
  const leave = (): void => {
    const miner = dice.pick(world.miners);
    if (world.miners.filter(({ registered }) => registered).length <= copies + 1 || !miner.registered) return;
    const isNeeded = world.validators.some((validator) =>
      [...validator.index.replicas.values()].some(
        (one) =>
          one.minerKey === miner.hotkey &&
          world.isIntact(one) &&
          world.intactReplicas(validator, one.pieceId).length < 2,
      ),
    );
    // Nor where a store is under way: its replica may be there, and not in the index yet.
    if (isNeeded || duties.some(({ storing }) => storing > 0)) return;
    steps.push(`${miner.process.name} leaves`);
    happenings.note('miner leaves', miner.process.kind);
    miner.registered = false;
    miner.process.crash();
  };
  const crash = (process: (typeof processes)[number]): void => {
    if (!process.up) return;
    happenings.note('crash', `${process.kind} at rest`);
    process.crash();
  };
  const restart = async (): Promise<void> => {
    for (const miner of world.miners) {
      if (miner.process.up || !miner.registered) continue;
      happenings.disturb('restart', miner.process.kind);
      if (dice.chance(0.7)) miner.start();
    }
    for (const duty of duties) if (!duty.validator.process.up) await duty.restart();
  };
  const setMishaps = (mishaps: Mishaps): void => {
    for (const process of processes) process.mishaps = mishaps;
  };

  const withPiece = (act: (duty: Duty, pieceId: PieceId) => void): void => {
    const duty = dice.pick(duties);
    const pieces = [...duty.acknowledged.keys()];
    if (pieces.length > 0) act(duty, dice.pick(pieces));
  };
  /** Begins something of one validator's duty. */
  const beginAny = (name: string, work: (duty: Duty) => Promise<unknown>) => () => {
    const duty = dice.pick(duties);
    duty.begin(name, () => work(duty));
  };
  const challenge = (): void =>
    withReplica((duty, replica) =>
      duty.begin(`challenge ${replica.root.slice(0, 8)}`, () => duty.challenge(replica)),
    );
  const read = (): void => {
    const [reader, author] = [dice.pick(duties), dice.pick(duties)];
    if (reader !== author) reader.begin(`read ${author.name}`, () => reader.readPeer(author.validator));
  };
  const scrub = (): void => {
    const miner = dice.pick(world.miners);
    if (miner.up) void miner.scrub().catch(() => {});
  };

  const moves: readonly (readonly [string, number, () => unknown])[] = [
    ['store', 3, beginAny('store', (duty) => duty.store())],
    ['challenge', 6, challenge],
    ['fetch', 2, () => withPiece((duty, pieceId) => duty.begin('fetch', () => duty.fetch(pieceId)))],
    ['repair', 2, beginAny('repair', (duty) => duty.repair())],
    ['monitor', 2, beginAny('monitor', (duty) => duty.monitor())],
    ['weigh', 1, beginAny('weigh', (duty) => duty.weigh())],
    ['read', 2, read],
    ['renew', 1, () => withReplica((duty, replica) => duty.begin('renew', () => duty.renew(replica)))],
    ['forget', 0.5, () => withPiece((duty, pieceId) => duty.begin('forget', () => duty.forget(pieceId)))],
    ['scrub', 1, scrub],
    ['harm', 1, harm],
    ['leave', 0.3, leave],
    ['miner crashes', 1, () => crash(dice.pick(world.miners).process)],
    ['validator crashes', 0.5, () => crash(dice.pick(world.validators).process)],
    ['old message', 1, () => world.network.replay()],
    [
      'weather turns',
      1,
      () => {
        world.weather = dice.chance(0.5) ? storm : calm;
      },
    ],
    ['faults turn', 2, () => setMishaps(dice.chance(0.6) ? faults : noMishaps)],
    ['a clock jumps', 0.5, () => world.jumpClock(dice.pick(processes))],
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
  if (dice.chance(0.4)) setMishaps(faults);
  for (const duty of duties) duty.begin('store', () => duty.store());
  for (let i = 0; i < moveCount; i++) {
    const [name, , act] = pick();
    steps.push(name);
    act();
    await schedule.advance(dice.chance(0.7) ? dice.below(300) : dice.below(15_000));
    await restart();
  }

  // The faults are over. What is under way ends; then everything must come right by the validators' own duty.
  world.weather = calm;
  setMishaps(noMishaps);
  for (const miner of world.miners) if (!miner.process.up && miner.registered) miner.start();
  await restart();
  for (const duty of duties) await schedule.until(duty.ended());
  await schedule.advance(120_000);
  for (const duty of duties) {
    await schedule.until(duty.recover());
    await settle(world, duty);
    violations.push(...(await missingPieces(world, duty)));
  }
  for (const duty of duties) await schedule.until(duty.weigh());
  for (const duty of duties) {
    violations.push(...wrongTranscripts(world, duty.validator));
    const others = duties.filter((other) => other !== duty);
    violations.push(...disagreements(world, duty, others));
  }
  return {
    seed,
    violations,
    steps,
    rounds: diary.rounds,
    acknowledged: duties.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
    repaired: diary.repaired,
    happened: happenings.counts,
  };
}

/** The validator's own duty, until every acknowledged piece is whole: who is away, what is damaged, what is short. */
async function settle(world: FaultyWorld, duty: Duty): Promise<void> {
  const { schedule } = world;
  const pieces = [...duty.acknowledged.keys()];
  for (let i = 0; i < roundsToSettle && !pieces.every((pieceId) => duty.isWhole(pieceId)); i++) {
    for (let ping = 0; ping < 2; ping++) await schedule.until(duty.monitor());
    for (const replica of [...duty.validator.index.replicas.values()]) {
      const { pieceId } = replica;
      if (duty.acknowledged.has(pieceId) && !duty.isWhole(pieceId))
        await schedule.until(duty.challenge(replica));
    }
    await schedule.until(duty.repair());
    await schedule.advance(60_000);
  }
}

/** A number of a place's name, the same in every history. */
function placeNumber(place: string): number {
  return utf8(place).reduce((sum, byte) => (sum * 31 + byte) % 65_521, 7);
}
