// Honest parties under bad conditions (PROTOCOL 9, invariant 3): they must pass every round. No side effect of a
// delay, a duplicate, a crash or a backup may look like cheating.
import { rm } from 'node:fs/promises';
import { readSealed } from '../../../domain/identity/sealed.js';
import { equalBytes } from '../../../domain/model/bytes.js';
import { kibibyte, leafSize } from '../../../domain/model/constants.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { HeldReplica, ReplicaRecord } from '../../../domain/model/records.js';
import { challengeKind } from '../../../domain/protocol/messages.js';
import { RoundTable } from '../../../nodes/miner/rounds.js';
import { fetchPiece } from '../../../nodes/validator/fetching.js';
import { changeReplica } from '../../../nodes/validator/replica-state.js';
import { challengeAll } from '../../../nodes/validator/rounds.js';
import type { Arena, ArenaMiner, ArenaValidator } from '../arena.js';
import type { Asked } from '../carried-network.js';
import { type MinerCheat, sealRefusal } from '../cheat.js';
import { playRound } from '../miner-strategy.js';
import { Counter, type Strategy } from '../strategy.js';

const size = 20 * kibibyte;

interface Pair {
  readonly arena: Arena;
  readonly validator: ArenaValidator;
  readonly miner: ArenaMiner;
  readonly replica: ReplicaRecord;
}

interface HardTimeOptions {
  readonly name: string;
  readonly what: string;
  readonly rounds?: number;
  readonly condition?: (arena: Arena) => MinerCheat;
  /** Before each round. */
  readonly before?: (pair: Pair, round: number) => Promise<void>;
}

function hardTime(options: HardTimeOptions): Strategy {
  const { name, what, rounds = 40 } = options;
  return {
    name,
    what,
    who: 'nobody',
    rounds,
    async play(arena, played) {
      const validator = await arena.addValidator();
      const miner = await arena.addMiner(options.condition?.(arena));
      const replica = await arena.store(validator, await arena.piece(size), miner);
      const counter = new Counter();
      for (let i = 0; i < played; i++) {
        await options.before?.({ arena, validator, miner, replica }, i);
        const { outcome, reason } = await playRound(validator, replica);
        counter.count(outcome, reason);
      }
      return counter.tally(1);
    },
  };
}

/** Sizes around every edge of leaves and chunks. */
const oddSizes = [
  1, 31, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 3073, 4096, 4097, 5000, 8191, 65_535, 65_537,
  100_001,
] as const;

export const hardTimes: readonly Strategy[] = [
  hardTime({ name: 'honest', what: 'An ordinary miner, challenged again and again', rounds: 100 }),
  {
    name: 'odd-sizes',
    what: 'Replicas of 1 byte to 98 KiB, around every edge of leaves and chunks',
    who: 'nobody',
    rounds: 2 * oddSizes.length,
    async play(arena, rounds) {
      const validator = await arena.addValidator();
      const miner = await arena.addMiner();
      const replicas: ReplicaRecord[] = [];
      for (const bytes of oddSizes)
        replicas.push(await arena.store(validator, await arena.piece(bytes), miner));
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        const { outcome, reason } = await playRound(validator, replicas[i % replicas.length]!);
        counter.count(outcome, reason);
      }
      return counter.tally(1);
    },
  },
  hardTime({
    name: 'delayed-duplicates',
    what: 'Every request arrives twice, and older ones arrive again in between',
    condition: (arena) => {
      const old: Asked[] = [];
      return {
        async answer(asked, honest) {
          if (asked.body !== undefined) return honest(asked);
          if (old.length > 0) await honest(old[arena.random.below(old.length)]!);
          old.push(asked);
          if (old.length > 50) old.shift();
          const [answered] = await Promise.all([honest(asked), honest(asked)]);
          return answered;
        },
      };
    },
  }),
  {
    name: 'concurrent-rounds',
    what: 'Rounds over several replicas at once while they are fetched back',
    who: 'nobody',
    rounds: 48,
    async play(arena, rounds) {
      const validator = await arena.addValidator();
      const miners = [await arena.addMiner(), await arena.addMiner()];
      const pieces = await Promise.all([1, 2, 3, 4].map((i) => arena.piece(size + i)));
      const replicas: ReplicaRecord[] = [];
      for (const piece of pieces)
        for (const miner of miners) replicas.push(await arena.store(validator, piece, miner));
      const counter = new Counter();
      while (counter.rounds < rounds) {
        const held = challengeAll(validator.context, replicas, ({ outcome, reason }) =>
          counter.count(outcome, reason),
        );
        const fetched = await Promise.all(
          pieces.map((piece) => fetchPiece(validator.context, piece.pieceId)),
        );
        await held;
        for (const [i, { data, failures }] of fetched.entries()) {
          const right = failures.length === 0 && equalBytes(data, pieces[i]!.data);
          counter.honest(right ? null : 'a retrieval failed');
        }
      }
      return counter.tally(1);
    },
  },
  {
    name: 'same-replica-at-once',
    what: 'Four processes of one validator challenge one replica at the same time',
    who: 'nobody',
    rounds: 40,
    async play(arena, rounds) {
      const validator = await arena.addValidator();
      const miner = await arena.addMiner();
      const replica = await arena.store(validator, await arena.piece(size), miner);
      const counter = new Counter();
      while (counter.rounds < rounds) {
        // The index lets one of them open the round; the others find it open and do nothing.
        await Promise.all(
          [1, 2, 3, 4].map(() =>
            challengeAll(validator.context, [replica], ({ outcome, reason }) =>
              counter.count(outcome, reason),
            ),
          ),
        );
      }
      const record = await validator.context.index.getReplica(replica);
      counter.honest(
        record?.n === counter.rounds ? null : `n is ${record?.n} after ${counter.rounds} rounds`,
      );
      return counter.tally(1);
    },
  },
  hardTime({
    name: 'miner-restored',
    what: 'The miner is restored from a backup before every third round',
    before: (() => {
      let backup: HeldReplica | null = null;
      return async ({ miner, replica }: Pair, round: number) => {
        backup ??= await miner.context.index.get(replica);
        if (round % 3 === 2) await miner.context.index.put(backup!);
        if (round === 0) backup = await miner.context.index.get(replica);
      };
    })(),
  }),
  hardTime({
    name: 'validator-restored',
    what: 'The validator is restored from a backup before every third round',
    before: (() => {
      let backup: ReplicaRecord | null = null;
      return async ({ validator, replica }: Pair, round: number) => {
        const { index } = validator.context;
        if (round === 2) backup = await index.getReplica(replica);
        const older = backup;
        if (round > 2 && round % 3 === 2 && older !== null) {
          await changeReplica(validator.context, replica, (current) => ({
            ...older,
            version: current.version,
          }));
        }
      };
    })(),
  }),
  hardTime({
    name: 'restarted-between-moves',
    what: 'The miner restarts after every commitment and must recompute the round',
    condition: () => {
      let table: RoundTable | null = null;
      const forgotten = new Set<string>();
      return {
        parts: (honest) => {
          const fresh = (): RoundTable => new RoundTable(() => honest.clock.monotonic());
          table = fresh();
          return {
            rounds: new Proxy(table, {
              get(_target, name) {
                const value = Reflect.get(table!, name, table);
                return typeof value === 'function' ? value.bind(table) : value;
              },
            }),
          };
        },
        async answer(asked, honest, self) {
          const answered = await honest(asked);
          if (asked.route !== 'challenge') return answered;
          const id = Buffer.from(readSealed(challengeKind, asked.head).digest).toString('hex');
          if (!forgotten.has(id)) {
            forgotten.add(id);
            table = new RoundTable(() => self.clock.monotonic());
          }
          return answered;
        },
      };
    },
  }),
  hardTime({
    name: 'broken-connections',
    what: 'Every request is lost once on its way, and every answer once on its way back',
    condition: () => {
      const tries = new Map<string, number>();
      return {
        async answer(asked, honest) {
          if (asked.body !== undefined) return honest(asked);
          const id = Buffer.from(asked.head).toString('latin1');
          const count = (tries.get(id) ?? 0) + 1;
          tries.set(id, count);
          if (count === 1) throw new FileTaoError('unreachable', 'lost on its way');
          const answered = await honest(asked);
          if (count === 2) throw new FileTaoError('unreachable', 'the answer was lost');
          return answered;
        },
      };
    },
  }),
  hardTime({
    name: 'busy-once',
    what: 'The miner is busy when first asked and says so',
    condition: () => {
      const told = new Set<string>();
      return {
        async answer(asked, honest, self) {
          const id = Buffer.from(asked.head).toString('latin1');
          if (asked.route !== 'challenge' || told.has(id)) return honest(asked);
          told.add(id);
          return sealRefusal(self, readSealed(challengeKind, asked.head), 'busy', 30);
        },
      };
    },
  }),
  hardTime({
    name: 'lost-outboard',
    what: 'The miner’s cache of nodes is gone, or damaged, before every round',
    async before({ miner, replica }, round) {
      const { outboard } = miner.file(replica);
      if (round % 2 === 0) await rm(outboard, { force: true });
      else await miner.context.replicas.writeOutboard(replica, new Uint8Array((32 * size) / leafSize));
    },
  }),
];
