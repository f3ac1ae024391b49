// Miners that have the data, or part of it, and answer with values of another round, another shape or another
// making: roots, links, counts, chunks, proof arrays, scalars, parameters.

import { writeFile } from 'node:fs/promises';
import { concatBytes } from '../../../domain/model/bytes.js';
import { leafSize, nodeSize } from '../../../domain/model/constants.js';
import { encodeOpening, type OpeningBulk } from '../../../domain/protocol/opening.js';
import type { HeldRound } from '../../../nodes/miner/rounds.js';
import { type AskedOpening, overriding, recommitted, withOpening, withRoots } from '../cheat.js';
import { minerStrategy } from '../miner-strategy.js';
import type { Strategy } from '../strategy.js';

/** Order of the group, little-endian: 2^252 + 27742317777372353535851937790883648493. */
const groupOrder = Uint8Array.from(
  Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex'),
);

/** r + L as 32 bytes: the same scalar mod L, spelled beyond the order. */
function plusOrder(scalar: Uint8Array): Uint8Array {
  const sum = new Uint8Array(nodeSize);
  let carry = 0;
  for (let i = 0; i < nodeSize; i++) {
    carry += scalar[i]! + groupOrder[i]!;
    sum[i] = carry & 0xff;
    carry >>= 8;
  }
  return sum;
}

/** The opening with its first chunk changed. */
const withFirstChunk = (
  bulk: OpeningBulk,
  change: (chunk: OpeningBulk['chunks'][number]) => Partial<OpeningBulk['chunks'][number]>,
): OpeningBulk => ({
  ...bulk,
  chunks: bulk.chunks.map((chunk, i) => (i === 0 ? { ...chunk, ...change(chunk) } : chunk)),
});

const proofNames = ['contentProof', 'keyedProof', 'commitmentProof'] as const;

/** Does one thing after another, round by round. */
function inTurn<Step>(...steps: readonly Step[]): () => Step {
  let turn = 0;
  return () => steps[turn++ % steps.length]!;
}

/** Sizes at which an inner node's 64 bytes of children fit the last chunk. */
const innerNodeSize = 3 * leafSize + 64;

export const forgedProofs: readonly Strategy[] = [
  minerStrategy({
    name: 'replayed-commitment',
    what: 'Keeps the nodes of its first round and commits to them in every later one',
    cheat: () => {
      let first: HeldRound | null = null;
      return {
        cheat: {
          parts: (honest) => ({
            prover: overriding(honest.prover, {
              async prove(request, signal) {
                if (first !== null) return first.pass;
                return honest.prover.prove({ ...request, key: honest.core.hash(request.key) }, signal);
              },
            }),
          }),
          round(round) {
            first ??= round;
            return round;
          },
        },
      };
    },
  }),
  minerStrategy({
    name: 'replayed-answer',
    what: 'Sends the very bytes of its first answer, or right values under another challenge’s name',
    cheat: ({ arena }) => {
      let first: Uint8Array | null = null;
      const verbatim = inTurn(true, false);
      return {
        cheat: {
          round(round, self) {
            const renamed = recommitted(round, self, { challengeId: arena.random.bytes(32) });
            first ??= renamed.answer;
            return verbatim() ? { ...round, answer: first } : renamed;
          },
        },
      };
    },
  }),
  minerStrategy({
    name: 'other-keyed-root',
    what: 'Signs K of other data; root, chunks and commitments are right',
    cheat: ({ arena }) => ({
      cheat: { round: (round, self) => withRoots(round, self, { keyedRoot: arena.random.bytes(32) }) },
    }),
  }),
  minerStrategy({
    name: 'other-commitment-root',
    what: 'Signs R of other commitments than those it opens',
    cheat: ({ arena }) => ({
      cheat: {
        round(round, self) {
          const { core } = self;
          const blindings = core.blindings(arena.random.bytes(32), 0, round.pass.count);
          const other = core.commit(round.pass.nodes, blindings);
          return withRoots(round, self, { commitmentRoot: core.treeRoot({ kind: 'commitment' }, other) });
        },
      },
    }),
  }),
  minerStrategy({
    name: 'other-link',
    what: 'Signs the link of another round, a link without K, or any link',
    cheat: ({ arena }) => {
      const links = inTurn<(round: HeldRound) => Uint8Array>(
        (round) => round.challenge.value.prevLink,
        (round) => round.pass.keyedRoot,
        () => arena.random.bytes(32),
      );
      return { cheat: { round: (round, self) => recommitted(round, self, { link: links()(round) }) } };
    },
  }),
  minerStrategy({
    name: 'wrong-count',
    what: 'Claims one chunk more, one less, half as many, or a single one',
    cheat: () => {
      const change = inTurn<(count: number) => number>(
        (count) => count + 1,
        (count) => count - 1,
        (count) => count / 2,
        () => 1,
      );
      return {
        cheat: {
          round: (round, self) => recommitted(round, self, { count: change()(round.pass.count) }),
        },
      };
    },
  }),
  minerStrategy({
    name: 'prover-chosen-parameters',
    what: 'Chooses its own chunk size, or opens fewer chunks than asked',
    cheat: () => {
      const fewer = withOpening(({ bulk }) => encodeOpening({ ...bulk, chunks: bulk.chunks.slice(0, 1) }));
      let rounds = 0;
      return {
        cheat: {
          parts: (honest) => ({
            prover: overriding(honest.prover, {
              prove: (request, signal) =>
                honest.prover.prove(
                  rounds++ % 2 === 0 ? { ...request, chunkSize: 2 * request.chunkSize } : request,
                  signal,
                ),
            }),
          }),
          answer: fewer,
        },
      };
    },
  }),
  minerStrategy({
    name: 'wrong-chunk-length',
    what: 'Opens a chunk a byte short, a byte long, or with a byte moved to its neighbour',
    cheat: () => {
      const change = inTurn<(bulk: OpeningBulk) => OpeningBulk>(
        (bulk) => withFirstChunk(bulk, ({ data }) => ({ data: data.subarray(1) })),
        (bulk) => withFirstChunk(bulk, ({ data }) => ({ data: concatBytes(data, new Uint8Array(1)) })),
        (bulk) => ({
          ...bulk,
          chunks: bulk.chunks.map((chunk, i) => {
            if (i === 0) return { ...chunk, data: chunk.data.subarray(1) };
            return i === 1 ? { ...chunk, data: concatBytes(new Uint8Array(1), chunk.data) } : chunk;
          }),
        }),
      );
      return { cheat: { answer: withOpening(({ bulk }) => change()(bulk)) } };
    },
  }),
  minerStrategy({
    name: 'wrong-array-length',
    what: 'One proof array a node short or long, or a node moved between arrays',
    cheat: () => {
      const steps = proofNames.flatMap((name) => [
        (bulk: OpeningBulk) => ({ ...bulk, [name]: bulk[name].subarray(nodeSize) }),
        (bulk: OpeningBulk) => ({
          ...bulk,
          [name]: concatBytes(bulk[name], bulk[name].subarray(0, nodeSize)),
        }),
      ]);
      const moved = (bulk: OpeningBulk): OpeningBulk => ({
        ...bulk,
        contentProof: bulk.contentProof.subarray(0, -nodeSize),
        keyedProof: concatBytes(bulk.contentProof.subarray(-nodeSize), bulk.keyedProof),
        commitmentProof: concatBytes(bulk.commitmentProof.subarray(nodeSize), new Uint8Array(nodeSize)),
      });
      const change = inTurn<(bulk: OpeningBulk) => OpeningBulk>(...steps, moved);
      return { cheat: { answer: withOpening(({ bulk }) => change()(bulk)) } };
    },
  }),
  minerStrategy({
    name: 'swapped-chunks',
    what: 'Shows the right chunks at the wrong indices, or the right nodes on the wrong side',
    cheat: () => {
      const change = inTurn<(bulk: OpeningBulk) => OpeningBulk>(
        (bulk) => ({ ...bulk, chunks: [bulk.chunks[1]!, bulk.chunks[0]!, ...bulk.chunks.slice(2)] }),
        (bulk) => {
          const { contentProof } = bulk;
          const [a, b] = [contentProof.slice(0, nodeSize), contentProof.slice(nodeSize, 2 * nodeSize)];
          return { ...bulk, contentProof: concatBytes(b, a, contentProof.subarray(2 * nodeSize)) };
        },
      );
      return { cheat: { answer: withOpening(({ bulk }) => change()(bulk)) } };
    },
  }),
  minerStrategy({
    name: 'inner-node-as-leaf',
    what: 'Shows the two children of an inner node as the bytes of a chunk it lost',
    size: innerNodeSize,
    cheat: () => ({
      cheat: {
        answer: withOpening(({ round, bulk }: AskedOpening) => {
          const { nodes } = round.pass;
          const children = nodes.slice(2 * nodeSize, 4 * nodeSize);
          const chunks = bulk.chunks.map((chunk) =>
            chunk.index === 3 ? { ...chunk, data: children } : chunk,
          );
          return { ...bulk, chunks };
        }),
      },
    }),
  }),
  minerStrategy({
    name: 'empty-path',
    what: 'A replica of one chunk: proves the root itself as its bytes, with an empty path',
    size: nodeSize,
    // Everything but the content is consistent: K, R and link are of the bytes it shows.
    cheat: () => ({
      afterStore: ({ cheater, replica }) =>
        writeFile(cheater.file(replica).replica, Buffer.from(replica.root, 'hex')),
    }),
  }),
  minerStrategy({
    name: 'large-r',
    what: 'Opens with r + L, the same scalar spelled beyond the group order',
    cheat: () => ({
      cheat: {
        answer: withOpening(({ bulk }) =>
          withFirstChunk(bulk, ({ blinding }) => ({ blinding: plusOrder(blinding) })),
        ),
      },
    }),
  }),
  minerStrategy({
    name: 'other-blinding',
    what: 'Opens a commitment with another r',
    cheat: ({ arena }) => ({
      cheat: {
        answer: withOpening(({ bulk }, self) =>
          withFirstChunk(bulk, () => ({ blinding: self.core.reduceScalar(arena.random.bytes(32)) })),
        ),
      },
    }),
  }),
  minerStrategy({
    name: 'replayed-opening',
    what: 'Sends the opening of the round before, signed for this one',
    cheat: () => {
      let last: OpeningBulk | null = null;
      return {
        cheat: {
          answer: withOpening(({ bulk }) => {
            const shown = last ?? withFirstChunk(bulk, ({ data }) => ({ data: data.toReversed() }));
            last = bulk;
            return shown;
          }),
        },
      };
    },
  }),
];
