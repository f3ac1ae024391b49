// Miners that lost data, or never had their own, and hope not to be asked.
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { readSealed, sealMessage } from '../../../domain/identity/sealed.js';
import { toHex } from '../../../domain/model/bytes.js';
import { leafSize } from '../../../domain/model/constants.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import { openedIndices } from '../../../domain/protocol/indices.js';
import { challengeKind, commitmentKind, openingRequestKind } from '../../../domain/protocol/messages.js';
import { encodeOpening } from '../../../domain/protocol/opening.js';
import { chunkLength } from '../../../domain/protocol/parameters.js';
import { requestedIndices } from '../../../domain/protocol/prover.js';
import type { MinerContext } from '../../../nodes/miner/context.js';
import type { HeldRound } from '../../../nodes/miner/rounds.js';
import type { Asked } from '../carried-network.js';
import { onRoute, overriding, sealOpening, sealRefusal, withRoots } from '../cheat.js';
import { minerStrategy, type PlayedCheat, type Shape, type Stored } from '../miner-strategy.js';
import type { Strategy } from '../strategy.js';
import { hypergeometric } from '../theory.js';

/** Overwrites chunks with zeros. The outboard stays: the miner keeps every node of the content tree. */
async function lose(stored: Stored, chunks: Iterable<number>): Promise<void> {
  const file = await open(stored.cheater.file(stored.replica).replica, 'r+');
  try {
    const zeros = new Uint8Array(leafSize);
    for (const chunk of chunks) await file.write(zeros, 0, leafSize, chunk * leafSize);
  } finally {
    await file.close();
  }
}

const chunksOf = (stored: Stored): number => stored.piece.size / leafSize;
const everyChunk = (stored: Stored): number[] => Array.from({ length: chunksOf(stored) }, (_, i) => i);

const losing =
  (share: number) =>
  ({ chunks, openings }: Shape): number =>
    hypergeometric(chunks, Math.round(chunks * share), openings);

/** Loses a share and remembers which: cheats that look at ν need to know. */
function loser(
  share: number,
  cheat: (lost: ReadonlySet<number>) => PlayedCheat['cheat'] = () => ({}),
): PlayedCheat {
  const lost = new Set<number>();
  return {
    cheat: cheat(lost) ?? {},
    async afterStore(stored) {
      const chunks = chunksOf(stored);
      for (const chunk of stored.arena.random.distinct(Math.round(chunks * share), chunks)) lost.add(chunk);
      await lose(stored, lost);
    },
  };
}

const partial = (percent: number): Strategy =>
  minerStrategy({
    name: `partial-${percent}`,
    what: `Lost ${percent} % of its chunks, keeps all nodes, proves what it has left`,
    rounds: 150,
    expected: losing(percent / 100),
    cheat: () => loser(percent / 100),
  });

/** The round and the indices that an opening request is about; null when it has not got the round. */
function askedFor(asked: Asked, self: MinerContext): { round: HeldRound; indices: number[] } | null {
  const request = readSealed(openingRequestKind, asked.head);
  const round = self.rounds.find(request.value.challengeId);
  return round === null ? null : { round, indices: requestedIndices(self.core, round, request.value) };
}

const isCaught = (asked: Asked, self: MinerContext, lost: ReadonlySet<number>): boolean =>
  askedFor(asked, self)?.indices.some((index) => lost.has(index)) ?? false;

/** Another commitment to the same nodes: other blindings, so another body. */
function reblinded(round: HeldRound, self: MinerContext, blinding: Uint8Array): HeldRound {
  const { nodes, count } = round.pass;
  const commitments = self.core.commit(nodes, self.core.blindings(blinding, 0, count));
  const commitmentRoot = self.core.treeRoot({ kind: 'commitment' }, commitments);
  const altered = {
    ...round,
    keys: { ...round.keys, blinding },
    pass: { ...round.pass, commitments, commitmentRoot },
  };
  return withRoots(altered, self, { commitmentRoot });
}

/** Tries of the grinding miner; each costs it a whole commitment. */
const grindTries = 4;

export const lostData: readonly Strategy[] = [
  minerStrategy({
    name: 'no-data',
    what: 'Holds no data at all and proves zeros instead',
    cheat: () => ({
      async afterStore(stored) {
        await lose(stored, everyChunk(stored));
        await rm(stored.cheater.file(stored.replica).outboard);
      },
    }),
  }),
  minerStrategy({
    name: 'one-chunk',
    what: 'Keeps one chunk of a hundred and all nodes',
    expected: ({ chunks, openings }) => hypergeometric(chunks, chunks - 1, openings),
    cheat: () => ({ afterStore: async (stored) => lose(stored, everyChunk(stored).slice(1)) }),
  }),
  partial(1),
  partial(10),
  partial(50),
  minerStrategy({
    name: 'hash-states',
    what: 'Keeps all roots and hash states instead of the data',
    cheat: () => ({ afterStore: async (stored) => lose(stored, everyChunk(stored)) }),
  }),
  minerStrategy({
    name: 'foreign-replica',
    what: 'Has only the replica another miner keeps of the same piece',
    cheat: () => ({
      async afterStore({ cheater, replica, witness, honestReplica }) {
        await writeFile(cheater.file(replica).replica, await readFile(witness.file(honestReplica).replica));
      },
    }),
  }),
  minerStrategy({
    name: 'shared-copy',
    what: 'Two miners share one copy on disk; the one that encoded it lends it',
    cheat: ({ witness }) => {
      let lent = '';
      return {
        cheat: {
          parts: (honest) => ({
            prover: overriding(honest.prover, {
              prove: (request, signal) =>
                honest.prover.prove({ ...request, path: lent || request.path }, signal),
            }),
            replicas: overriding(honest.replicas, {
              async read(id, start, end) {
                if (lent === '') return honest.replicas.read(id, start, end);
                return (await readFile(lent)).subarray(start, end);
              },
            }),
          }),
        },
        async afterStore({ honestReplica, cheater, replica }) {
          lent = witness.file(honestReplica).replica;
          await writeFile(cheater.file(replica).replica, '');
        },
      };
    },
  }),
  minerStrategy({
    name: 'abort-and-retry',
    what: 'Lost 1 %; drops the connection when ν asks for it, reconnects without limit',
    rounds: 150,
    expected: losing(0.01),
    cheat: () =>
      loser(0.01, (lost) => ({
        answer: onRoute('open', async (asked, honest, self) => {
          if (isCaught(asked, self, lost)) throw new FileTaoError('unreachable', 'the miner hung up');
          return honest(asked);
        }),
      })),
  }),
  minerStrategy({
    name: 'recommit-after-nu',
    what: 'Lost 1 %; forgets the round when ν asks for it and commits anew',
    rounds: 150,
    expected: losing(0.01),
    cheat: () =>
      loser(0.01, (lost) => {
        const regretted = new Set<string>();
        return {
          async answer(asked, honest, self) {
            if (asked.route === 'open' && isCaught(asked, self, lost)) {
              const request = readSealed(openingRequestKind, asked.head);
              regretted.add(toHex(request.value.challengeId));
              return sealRefusal(self, request, 'unknown-round');
            }
            const answered = await honest(asked);
            if (asked.route !== 'challenge') return answered;
            const { digest } = readSealed(challengeKind, asked.head);
            if (!regretted.has(toHex(digest))) return answered;
            const round = self.rounds.find(digest)!;
            return { ...answered, bytes: reblinded(round, self, self.core.hash(digest)).answer };
          },
        };
      }),
  }),
  minerStrategy({
    name: 'ground-commitment',
    what: 'Lost 1 %; tries several commitments for one it hopes is lucky',
    rounds: 100,
    expected: losing(0.01),
    cheat: ({ arena }) =>
      loser(0.01, (lost) => ({
        round(round, self) {
          const { openings } = round.challenge.value;
          const guess = arena.random.bytes(32);
          let best = round;
          for (let i = 0; i < grindTries; i++) {
            best = reblinded(round, self, arena.random.bytes(32));
            const indices = openedIndices(
              self.core,
              guess,
              best.commitmentDigest,
              round.pass.count,
              openings,
            );
            if (!indices.some((index) => lost.has(index))) break;
          }
          return best;
        },
      })),
  }),
  minerStrategy({
    name: 'own-nu',
    what: 'Lost half; opens chunks of its own choice instead of those ν names',
    cheat: () =>
      loser(0.5, (lost) => ({
        answer: onRoute('open', async (asked, honest, self) => {
          const found = askedFor(asked, self);
          const held = found && (await self.index.list(null, 1)).items[0];
          if (!found || !held) return honest(asked);
          const { round } = found;
          const { chunkSize, size, sender } = round.challenge.value;
          const { count } = round.pass;
          const indices = Array.from({ length: count }, (_, i) => i)
            .filter((index) => !lost.has(index))
            .slice(0, found.indices.length);
          const outboard = (await self.replicas.readOutboard(held, size))!;
          const bulk = encodeOpening({
            chunks: await Promise.all(
              indices.map(async (index) => {
                const start = index * chunkSize;
                const data = await self.replicas.read(
                  held,
                  start,
                  start + chunkLength(size, chunkSize, index),
                );
                return { index, data, blinding: self.core.blindings(round.keys.blinding, index, 1) };
              }),
            ),
            contentProof: self.core.multiproof({ kind: 'content' }, outboard, indices),
            keyedProof: self.core.multiproof(
              { kind: 'keyed', key: round.keys.seed },
              round.pass.nodes,
              indices,
            ),
            commitmentProof: self.core.multiproof({ kind: 'commitment' }, round.pass.commitments, indices),
          });
          return sealOpening(self, sender, round.challenge.digest, bulk);
        }),
      })),
  }),
  minerStrategy({
    name: 'foreign-commitment',
    what: 'Answers with a commitment that another miner made and signed',
    cheat: ({ witness }) => ({
      cheat: {
        answer: onRoute('challenge', async (asked, honest) => {
          const answered = await honest(asked);
          const { value } = readSealed(commitmentKind, answered.bytes);
          const foreign = { ...value, sender: witness.signer.publicKey };
          return { ...answered, bytes: sealMessage(commitmentKind, foreign, witness.signer) };
        }),
      },
    }),
  }),
];
