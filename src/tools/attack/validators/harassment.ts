// Validators that try to overload, misuse or outwit an honest miner. A pass is a demand the miner gave in to, or
// work it did for one it should have refused; after each the miner must still pass an ordinary round.
import { blake3 } from '@noble/hashes/blake3.js';
import { readSealed, sealMessage } from '../../../domain/identity/sealed.js';
import { concatBytes, fromHex } from '../../../domain/model/bytes.js';
import { kibibyte, limits, mebibyte } from '../../../domain/model/constants.js';
import type { ReplicaRecord } from '../../../domain/model/records.js';
import { unixSeconds } from '../../../domain/ports/clock.js';
import { openedIndices } from '../../../domain/protocol/indices.js';
import {
  challengeKind,
  commitmentKind,
  deleteKind,
  headerTo,
  openingRequestKind,
  rangeKind,
  renewKind,
  retrieveKind,
  storeKind,
} from '../../../domain/protocol/messages.js';
import { WorkBudget } from '../../../nodes/miner/budget.js';
import type { Arena, ArenaMiner, ArenaValidator } from '../arena.js';
import { overriding } from '../cheat.js';
import { honestRound } from '../miner-strategy.js';
import { Counter, type Strategy, type Tally } from '../strategy.js';
import { chiSquaredSigmas } from '../theory.js';
import { bodyOf, challengeFor, type Said, say, sealAnything, tell } from './say.js';

const size = 16 * kibibyte;
const witnessEvery = 8;

export interface Victim {
  readonly arena: Arena;
  readonly counter: Counter;
  /** An ordinary validator, whose rounds the miner must go on passing. */
  readonly ordinary: ArenaValidator;
  readonly ordinaryReplica: ReplicaRecord;
  readonly cheater: ArenaValidator;
  /** The cheat's own replica on the miner, rightly stored. */
  readonly replica: ReplicaRecord;
  readonly miner: ArenaMiner;
  /** Passes over data the miner made so far. */
  readonly proofs: () => number;
}

/** One demand of the cheat; null for one that cannot even be made. */
type Demand = (victim: Victim) => Promise<Said>;

interface ValidatorStrategyOptions {
  readonly name: string;
  readonly what: string;
  readonly rounds?: number;
  /** Taken in turn, one a round; each must be refused without work. */
  demands(victim: Victim): readonly Demand[];
}

export async function victim(arena: Arena, budget?: WorkBudget): Promise<Victim> {
  let proofs = 0;
  const miner = await arena.addMiner({
    parts: (honest) => ({
      ...(budget === undefined ? {} : { budget }),
      prover: overriding(honest.prover, {
        prove(request, signal) {
          proofs++;
          return honest.prover.prove(request, signal);
        },
      }),
    }),
  });
  const ordinary = await arena.addValidator();
  const ordinaryReplica = await arena.store(ordinary, await arena.piece(size), miner);
  const cheater = await arena.addValidator();
  const replica = await arena.store(cheater, await arena.piece(size), miner);
  const counter = new Counter();
  return { arena, counter, ordinary, ordinaryReplica, cheater, replica, miner, proofs: () => proofs };
}

function validatorStrategy(options: ValidatorStrategyOptions): Strategy {
  return {
    name: options.name,
    what: options.what,
    who: 'validator',
    rounds: options.rounds ?? 40,
    async play(arena, rounds) {
      const scene = await victim(arena);
      const demands = options.demands(scene);
      for (let i = 0; i < rounds; i++) {
        const before = scene.proofs();
        const { refused } = await demands[i % demands.length]!(scene);
        const worked = scene.proofs() > before;
        scene.counter.count(refused === '' || worked ? 'pass' : 'fail', refused);
        if (i % witnessEvery === 0 || i === rounds - 1) await checkHonest(scene);
      }
      return scene.counter.tally(0);
    },
  };
}

export async function checkHonest({
  counter,
  ordinary,
  ordinaryReplica,
  cheater,
  replica,
}: Victim): Promise<void> {
  counter.honest(await honestRound(ordinary, ordinaryReplica));
  counter.honest(await honestRound(cheater, replica));
}

const to = ({ cheater, miner }: Victim) => headerTo(cheater.context.party, miner.signer.publicKey);

async function headOf({ cheater }: Victim) {
  const { number, hash } = await cheater.context.chain.finalisedHead();
  return { blockNumber: number, blockHash: hash };
}

/** Blocks that a miner must not accept: stale, of the far future, of another fork. */
async function badBlocks(scene: Victim) {
  const { blockNumber, blockHash } = await headOf(scene);
  const { chain } = scene.cheater.context;
  const old = blockNumber - limits.blockAgeMax - 1;
  return {
    stale: { blockNumber: old, blockHash: (await chain.blockHash(old))! },
    future: { blockNumber: blockNumber + limits.blockAgeMax + 1, blockHash },
    fork: { blockNumber, blockHash: blake3(blockHash) },
    oldFork: { blockNumber: blockNumber - 3, blockHash },
  };
}

const blockDemands = (names: readonly (keyof Awaited<ReturnType<typeof badBlocks>>)[]): readonly Demand[] =>
  names.flatMap((name): readonly Demand[] => [
    async (scene) => {
      const { cheater, replica, miner, arena } = scene;
      const body = await challengeFor(
        cheater,
        replica,
        arena.random.bytes(32),
        (await badBlocks(scene))[name],
      );
      return tell(cheater.signer, miner, 'challenge', challengeKind, body);
    },
    async (scene) => {
      const { cheater, miner, arena } = scene;
      const data = arena.random.bytes(100);
      const body = {
        ...to(scene),
        root: blake3(data),
        size: data.length,
        seed: arena.random.bytes(32),
        expiry: unixSeconds(arena.clock) + 3600,
        ...(await badBlocks(scene))[name],
      };
      return tell(cheater.signer, miner, 'store', storeKind, body, bodyOf(data));
    },
    async (scene) => {
      const { cheater, replica, miner, arena } = scene;
      const expiry = unixSeconds(arena.clock) + 60 * 24 * 3600;
      const body = { ...to(scene), root: fromHex(replica.root), expiry, ...(await badBlocks(scene))[name] };
      return tell(cheater.signer, miner, 'renew', renewKind, body);
    },
    async (scene) => {
      const { cheater, replica, miner } = scene;
      const body = { ...to(scene), root: fromHex(replica.root), ...(await badBlocks(scene))[name] };
      return tell(cheater.signer, miner, 'delete', deleteKind, body);
    },
  ]);

/** Every request that names a replica, made with the given keys for the ordinary validator's replica. */
const foreignDemands: readonly Demand[] = [
  async ({ cheater, ordinaryReplica, miner, arena }) => {
    const body = await challengeFor(cheater, ordinaryReplica, arena.random.bytes(32));
    return tell(cheater.signer, miner, 'challenge', challengeKind, body);
  },
  async (scene) => {
    const { cheater, ordinaryReplica, miner, arena } = scene;
    const body = {
      ...to(scene),
      root: fromHex(ordinaryReplica.root),
      size,
      prevLink: ordinaryReplica.link,
      nonce: arena.random.bytes(32),
    };
    return tell(cheater.signer, miner, 'retrieve', retrieveKind, body);
  },
  async (scene) => {
    const { cheater, ordinaryReplica, miner, arena } = scene;
    const body = {
      ...to(scene),
      root: fromHex(ordinaryReplica.root),
      size,
      chunkSize: 1024,
      firstChunk: 0,
      chunks: 1,
      nonce: arena.random.bytes(32),
    };
    return tell(cheater.signer, miner, 'range', rangeKind, body);
  },
  async (scene) => {
    const { cheater, ordinaryReplica, miner, arena } = scene;
    const expiry = unixSeconds(arena.clock) + 1e6;
    const body = { ...to(scene), root: fromHex(ordinaryReplica.root), expiry, ...(await headOf(scene)) };
    return tell(cheater.signer, miner, 'renew', renewKind, body);
  },
  // A delete of what is not there is acknowledged, so what counts is that the replica is still there.
  async (scene) => {
    const { cheater, ordinaryReplica, miner } = scene;
    const body = { ...to(scene), root: fromHex(ordinaryReplica.root), ...(await headOf(scene)) };
    await tell(cheater.signer, miner, 'delete', deleteKind, body);
    const held = await miner.context.index.get(ordinaryReplica);
    return { refused: held === null ? '' : 'nothing deleted', bytes: new Uint8Array() };
  },
  // The owner's name under the cheat's signature.
  async ({ ordinary, cheater, ordinaryReplica, miner, arena }) => {
    const body = await challengeFor(ordinary, ordinaryReplica, arena.random.bytes(32));
    return tell(cheater.signer, miner, 'challenge', challengeKind, body);
  },
];

export const harassment: readonly Strategy[] = [
  validatorStrategy({
    name: 'stale-block',
    what: 'Names a block more than 50 old or ahead in challenge, store, renew and delete',
    demands: () => blockDemands(['stale', 'future']),
  }),
  validatorStrategy({
    name: 'fork-block',
    what: 'Names a block that is not on the miner’s chain',
    demands: () => blockDemands(['fork', 'oldFork']),
  }),
  validatorStrategy({
    name: 'absurd-shapes',
    what: 'Asks for absurd counts and sizes; no work may be done before they are refused',
    rounds: 60,
    demands: () => {
      const shape =
        (changes: Readonly<Record<string, unknown>>): Demand =>
        async ({ cheater, replica, miner, arena }) => {
          const body = await challengeFor(cheater, replica, arena.random.bytes(32));
          return say(miner, 'challenge', sealAnything(cheater.signer, 'challenge', { ...body, ...changes }));
        };
      const range =
        (changes: Readonly<Record<string, unknown>>): Demand =>
        async (scene) => {
          const { cheater, replica, miner, arena } = scene;
          const { root, nonce } = await challengeFor(cheater, replica, arena.random.bytes(32));
          const body = {
            ...to(scene),
            root,
            size,
            chunkSize: 1024,
            firstChunk: 0,
            chunks: 1,
            nonce,
            ...changes,
          };
          return say(miner, 'range', sealAnything(cheater.signer, 'range', body));
        };
      return [
        shape({ chunkSize: 3000 }),
        shape({ chunkSize: 1 }),
        shape({ chunkSize: 512 }),
        shape({ chunkSize: 2 * mebibyte }),
        shape({ chunkSize: 0 }),
        shape({ openings: 17 }),
        shape({ openings: 1024 }),
        shape({ openings: 1025 }),
        shape({ openings: 0 }),
        shape({ openings: 2 ** 40 }),
        shape({ openings: -1 }),
        shape({ openings: 1.5 }),
        shape({ size: size - 1 }),
        shape({ size: limits.replicaSizeMax }),
        shape({ size: limits.replicaSizeMax + 1 }),
        shape({ size: Number.MAX_SAFE_INTEGER }),
        shape({ n: 0 }),
        shape({ nonce: new Uint8Array(31) }),
        shape({ nonce: new Uint8Array(limits.messageBytesMax) }),
        shape({ version: 2 }),
        range({ chunks: 17 }),
        range({ firstChunk: 16 }),
        range({ chunks: 0 }),
        range({ chunkSize: 1023 }),
        range({ firstChunk: limits.chunkCountMax, chunks: limits.chunkCountMax }),
      ];
    },
  }),
  validatorStrategy({
    name: 'lying-lengths',
    what: 'Sends bodies longer or shorter than promised, or where there may be none',
    demands: () => {
      const store =
        (promised: number, sent: number): Demand =>
        async (scene) => {
          const { cheater, miner, arena } = scene;
          const data = arena.random.bytes(promised);
          const body = {
            ...to(scene),
            root: blake3(data),
            size: promised,
            seed: arena.random.bytes(32),
            expiry: unixSeconds(arena.clock) + 3600,
            ...(await headOf(scene)),
          };
          const bytes = concatBytes(data, new Uint8Array(Math.max(0, sent - promised))).subarray(0, sent);
          return tell(cheater.signer, miner, 'store', storeKind, body, bodyOf(bytes));
        };
      return [
        store(1000, 999),
        store(1000, 1001),
        store(1000, 0),
        store(1, 5000),
        async ({ cheater, replica, miner, arena }) => {
          const body = await challengeFor(cheater, replica, arena.random.bytes(32));
          return tell(cheater.signer, miner, 'challenge', challengeKind, body, bodyOf(new Uint8Array(1)));
        },
        async ({ miner, arena }) => say(miner, 'challenge', arena.random.bytes(limits.messageBytesMax + 1)),
        async ({ miner, arena }) => say(miner, 'challenge', arena.random.bytes(200)),
        async ({ miner }) => say(miner, 'open', new Uint8Array(0)),
      ];
    },
  }),
  validatorStrategy({
    name: 'foreign-owner',
    what: 'Asks for, renews or deletes a replica that belongs to another validator',
    demands: () => foreignDemands,
  }),
  validatorStrategy({
    name: 'forged-header',
    what: 'Sends messages made for another miner, chain or subnet, or as another kind',
    demands: () => {
      const changed =
        (changes: (scene: Victim) => object): Demand =>
        async (scene) => {
          const { cheater, replica, miner, arena } = scene;
          const body = await challengeFor(cheater, replica, arena.random.bytes(32));
          return say(
            miner,
            'challenge',
            sealAnything(cheater.signer, 'challenge', { ...body, ...changes(scene) }),
          );
        };
      return [
        changed(({ arena }) => ({ receiver: arena.random.bytes(32) })),
        changed(({ arena }) => ({ genesis: arena.random.bytes(32) })),
        changed(() => ({ netuid: 22 })),
        changed(({ ordinary }) => ({ sender: ordinary.signer.publicKey })),
        async ({ cheater, replica, miner, arena }) => {
          const body = await challengeFor(cheater, replica, arena.random.bytes(32));
          return say(miner, 'challenge', sealAnything(cheater.signer, 'store', body));
        },
      ];
    },
  }),
  validatorStrategy({
    name: 'wrong-root',
    what: 'Stores bytes that do not have the root it names: nothing may stay on the disk',
    demands: () => [
      async (scene) => {
        const { cheater, miner, arena } = scene;
        const data = arena.random.bytes(size);
        const root = blake3(data);
        const body = {
          ...to(scene),
          root,
          size,
          seed: arena.random.bytes(32),
          expiry: unixSeconds(arena.clock) + 3600,
          ...(await headOf(scene)),
        };
        data[size - 1]! ^= 1;
        const before = await miner.context.index.usedBytes();
        const said = await tell(cheater.signer, miner, 'store', storeKind, body, bodyOf(data));
        const grown = (await miner.context.index.usedBytes()) > before;
        return grown ? { ...said, refused: '' } : said;
      },
    ],
  }),
  validatorStrategy({
    name: 'forged-expiry',
    what: 'Stores or renews for longer than anything may be kept, or into the past',
    demands: () => {
      const store =
        (seconds: number): Demand =>
        async (scene) => {
          const { cheater, miner, arena } = scene;
          const data = arena.random.bytes(100);
          const body = {
            ...to(scene),
            root: blake3(data),
            size: data.length,
            seed: arena.random.bytes(32),
            expiry: unixSeconds(arena.clock) + seconds,
            ...(await headOf(scene)),
          };
          return tell(cheater.signer, miner, 'store', storeKind, body, bodyOf(data));
        };
      const renew =
        (expiry: number): Demand =>
        async (scene) => {
          const { cheater, miner, replica } = scene;
          const body = { ...to(scene), root: fromHex(replica.root), expiry, ...(await headOf(scene)) };
          const said = await tell(cheater.signer, miner, 'renew', renewKind, body);
          // An earlier expiry is acknowledged with the one in force; what counts is that it did not move.
          const held = await miner.context.index.get(replica);
          return held?.expiry === replica.expiry ? { ...said, refused: said.refused || 'not moved' } : said;
        };
      return [store(0), store(-1000), store(1e11), renew(Number.MAX_SAFE_INTEGER), renew(1e12), renew(1)];
    },
  }),
  {
    name: 'unregistered',
    what: 'Is no validator of the subnet and wants its data kept',
    who: 'validator',
    rounds: 40,
    async play(arena, rounds) {
      const scene = await victim(arena);
      const outsider = await arena.addValidator({ permit: false });
      const demoted = await arena.addValidator({ permit: false });
      await arena.chain.register(demoted.hotkey);
      for (let i = 0; i < rounds; i++) {
        const cheater = i % 2 === 0 ? outsider : demoted;
        const data = arena.random.bytes(100);
        const body = {
          ...to({ ...scene, cheater }),
          root: blake3(data),
          size: data.length,
          seed: arena.random.bytes(32),
          expiry: unixSeconds(arena.clock) + 3600,
          ...(await headOf(scene)),
        };
        const { refused } = await tell(cheater.signer, scene.miner, 'store', storeKind, body, bodyOf(data));
        scene.counter.count(refused === '' ? 'pass' : 'fail', refused);
        arena.clock.advance(1500);
      }
      await checkHonest(scene);
      return scene.counter.tally(0);
    },
  },
  {
    name: 'replayed-messages',
    what: 'Replays stores and deletes, fresh and stale: nothing may vanish or come back',
    who: 'validator',
    rounds: 24,
    play: playReplays,
  },
  {
    name: 'second-nu',
    what: 'Wants more chunks opened: a second ν, or ν before the commitment',
    who: 'validator',
    rounds: 60,
    async play(arena, rounds) {
      const scene = await victim(arena);
      const { cheater, replica, miner, counter } = scene;
      for (let i = 0; i < rounds; i++) {
        const nu = arena.random.bytes(32);
        const other = arena.random.bytes(32);
        const challenge = sealMessage(
          challengeKind,
          await challengeFor(cheater, replica, nu),
          cheater.signer,
        );
        const { digest: challengeId } = readSealed(challengeKind, challenge);
        const open = (value: Uint8Array) =>
          tell(cheater.signer, miner, 'open', openingRequestKind, { ...to(scene), challengeId, nu: value });
        const early = i % 2 === 0 ? await open(nu) : null;
        await say(miner, 'challenge', challenge);
        const second = early ?? (await open(other));
        counter.honest((await open(nu)).refused === '' ? null : 'the right ν was refused');
        const third = await open(other);
        const refused = second.refused === '' || third.refused === '' ? '' : second.refused;
        counter.count(refused === '' ? 'pass' : 'fail', refused);
      }
      await checkHonest(scene);
      return counter.tally(0);
    },
  },
  {
    name: 'ground-nonces',
    what: 'Repeats its ν and picks nonces, so as to see the chunk it wants opened',
    who: 'validator',
    rounds: 240,
    async play(arena, rounds) {
      const scene = await victim(arena);
      const { cheater, replica, miner, counter } = scene;
      const nu = arena.random.bytes(32);
      const opened = new Array<number>(size / kibibyte).fill(0);
      for (let i = 0; i < rounds; i++) {
        // The nonce that makes the challenge itself point where it wants: all it can know beforehand.
        let body = await challengeFor(cheater, replica, nu);
        for (let tries = 0; tries < 4; tries++) {
          const { digest } = readSealed(challengeKind, sealMessage(challengeKind, body, cheater.signer));
          if (openedIndices(arena.core, nu, digest, opened.length, 1)[0] === 0) break;
          body = { ...body, nonce: arena.random.bytes(32) };
        }
        const said = await tell(cheater.signer, miner, 'challenge', challengeKind, body);
        const { digest } = readSealed(commitmentKind, said.bytes);
        opened[openedIndices(arena.core, nu, digest, opened.length, 1)[0]!]!++;
        counter.count('fail', 'no say in it');
      }
      const sigmas = chiSquaredSigmas(opened, rounds / opened.length);
      if (sigmas > 5) counter.honest(`the opened chunks are ${sigmas.toFixed(1)} σ from uniform`);
      await checkHonest(scene);
      return counter.tally(0);
    },
  },
  {
    name: 'exhausted-budget',
    what: 'Has all the work under way it can get; another validator must not notice',
    who: 'validator',
    rounds: 10,
    async play(arena, rounds) {
      const scene = await victim(arena, new WorkBudget(3 * size));
      const { cheater, replica, miner, counter, ordinary, ordinaryReplica } = scene;
      let refusals = 0;
      for (let i = 0; i < rounds; i++) {
        const flood = Array.from({ length: 24 }, async (_, j) => {
          const challenge = await challengeFor(cheater, replica, arena.random.bytes(32));
          if (j % 2 === 0) return tell(cheater.signer, miner, 'challenge', challengeKind, challenge);
          const { root, prevLink, nonce } = challenge;
          return tell(cheater.signer, miner, 'retrieve', retrieveKind, {
            ...to(scene),
            root,
            size,
            prevLink,
            nonce,
          });
        });
        const harm = await honestRound(ordinary, ordinaryReplica);
        const said = await Promise.all(flood);
        refusals += said.filter(({ refused }) => refused === 'budget').length;
        counter.count(harm === null ? 'fail' : 'pass', 'budget');
        counter.honest(harm);
      }
      if (refusals === 0) counter.honest('the budget was never reached');
      counter.honest(await honestRound(cheater, replica));
      return counter.tally(0);
    },
  },
];

/** Whoever saw a message may send it again: a pass is a replica gone, or one that is back. */
async function playReplays(arena: Arena, rounds: number): Promise<Tally> {
  const scene = await victim(arena);
  const { cheater, miner, counter } = scene;
  const { index } = miner.context;
  for (let i = 0; i < rounds; i++) {
    const data = arena.random.bytes(200);
    const root = blake3(data);
    const expiry = unixSeconds(arena.clock) + 30 * 24 * 3600;
    const store = async () => {
      const seed = arena.random.bytes(32);
      const body = { ...to(scene), root, size: data.length, seed, expiry, ...(await headOf(scene)) };
      return sealMessage(storeKind, body, cheater.signer);
    };
    const remove = async () =>
      sealMessage(deleteKind, { ...to(scene), root, ...(await headOf(scene)) }, cheater.signer);
    const id = {
      validatorKey: cheater.hotkey,
      minerKey: miner.hotkey,
      root: Buffer.from(root).toString('hex') as ReplicaRecord['root'],
    };
    const wait = (): void => {
      if (i % 2 === 1) arena.clock.advance((limits.blockAgeMax + 2) * arena.chain.blockIntervalMs);
    };
    const firstStore = await store();
    await say(miner, 'store', firstStore, bodyOf(data));
    const firstDelete = await remove();
    await say(miner, 'delete', firstDelete);
    wait();
    const storeAgain = await say(miner, 'store', firstStore, bodyOf(data));
    const back = (await index.get(id)) !== null;
    await say(miner, 'store', await store(), bodyOf(data));
    wait();
    const deleteAgain = await say(miner, 'delete', firstDelete);
    const gone = (await index.get(id)) === null;
    counter.count(back || gone ? 'pass' : 'fail', [storeAgain.refused, deleteAgain.refused].join(' and '));
    // The same delete in the same block is the same bytes: a right one names the next.
    arena.passBlocks(1);
    await say(miner, 'delete', await remove());
    counter.honest((await index.get(id)) === null ? null : 'a right delete was not carried out');
  }
  await checkHonest(scene);
  return counter.tally(0);
}
