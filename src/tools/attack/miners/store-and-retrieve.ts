// Miners that cheat when a replica is stored or fetched back.
import { open, readFile, writeFile } from 'node:fs/promises';
import { frameHead } from '../../../adapters/rpc/wire.js';
import { readSealed, sealMessage } from '../../../domain/identity/sealed.js';
import { concatBytes, equalBytes } from '../../../domain/model/bytes.js';
import { kibibyte, leafSize, signatureSize } from '../../../domain/model/constants.js';
import { toFileTaoError } from '../../../domain/model/errors.js';
import { unixSeconds } from '../../../domain/ports/clock.js';
import {
  type ReceiptBody,
  receiptKind,
  retrieveKind,
  retrieveProofKind,
  storeKind,
} from '../../../domain/protocol/messages.js';
import { retrieveProofBody } from '../../../domain/protocol/retrieve.js';
import { receiptBody } from '../../../domain/protocol/store.js';
import { fetchPiece } from '../../../nodes/validator/fetching.js';
import { changeReplica } from '../../../nodes/validator/replica-state.js';
import type { Asked } from '../carried-network.js';
import { messageAnswer } from '../carried-network.js';
import { type MinerCheat, onRoute } from '../cheat.js';
import { honestRound, playRound, storeBoth } from '../miner-strategy.js';
import { Counter, type Strategy } from '../strategy.js';

const size = 20 * kibibyte;

/** Each round stores a new piece on the cheat (a pass: the validator records it) and on an honest miner. */
function storing(name: string, what: string, cheat: () => MinerCheat): Strategy {
  return {
    name,
    what,
    who: 'miner',
    rounds: 40,
    async play(arena, rounds) {
      const validator = await arena.addValidator();
      const witness = await arena.addMiner();
      const cheater = await arena.addMiner(cheat());
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        const piece = await arena.piece(size);
        try {
          await arena.store(validator, piece, cheater);
          counter.count('pass', '');
        } catch (error) {
          const { code, message } = toFileTaoError(error);
          counter.count('fail', /wrong: (\S+)/.exec(message)?.[1] ?? code);
        }
        if (i % 10 === 0) counter.honest(await storedWell(() => arena.store(validator, piece, witness)));
      }
      return counter.tally(0);
    },
  };
}

async function storedWell(store: () => Promise<unknown>): Promise<string | null> {
  try {
    await store();
    return null;
  } catch (error) {
    return `an honest store failed: ${toFileTaoError(error).message}`;
  }
}

async function drain(body: Asked['body']): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  if (body !== undefined) for await (const part of body.parts) parts.push(part.slice());
  return concatBytes(...parts);
}

/** Forges receipts, one way after another. */
function forgedReceipts(): MinerCheat {
  let step = 0;
  return {
    answer: onRoute('store', async (asked, _honest, self) => {
      const store = readSealed(storeKind, asked.head);
      const data = await drain(asked.body);
      const { core } = self;
      const { seed, expiry } = store.value;
      const receipt = (keyed: Uint8Array): ReceiptBody =>
        receiptBody(core, self.party, self.secret, store, keyed, expiry);
      const right = receipt(core.keyed(seed, data));
      const forged: readonly ReceiptBody[] = [
        receipt(core.keyed(seed, new Uint8Array(data.length))),
        { ...right, root: core.hash(data.subarray(1)) },
        { ...right, expiry: unixSeconds(self.clock) },
        { ...right, link: core.hash(right.link) },
        { ...right, commitment: core.hash(right.commitment) },
        { ...right, blinding: new Uint8Array(32).fill(0xff) },
        { ...right, storeDigest: core.hash(right.storeDigest) },
      ];
      return messageAnswer(sealMessage(receiptKind, forged[step++ % forged.length]!, self.signer));
    }),
  };
}

/** Each round fetches the piece; a pass is a retrieval in which the cheat's bytes are believed. */
function retrieving(
  name: string,
  what: string,
  cheat: () => MinerCheat,
  spoil?: (file: string) => Promise<void>,
): Strategy {
  return {
    name,
    what,
    who: 'miner',
    rounds: 40,
    async play(arena, rounds) {
      const stored = await storeBoth(arena, { size, cheat: () => ({ cheat: cheat() }) });
      const { validator, replica, honestReplica, cheater, witness, piece } = stored;
      const { context } = validator;
      await spoil?.(cheater.file(replica).replica);
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        // The cheat is asked first, every time.
        await changeReplica(context, replica, (c) => ({ ...c, state: 'active', failedRounds: 0 }));
        await changeReplica(context, honestReplica, (c) => ({ ...c, failedRounds: 1 }));
        const before = (await context.index.statistics(cheater.hotkey)).attempts.retrieve;
        const { data, from, failures } = await fetchPiece(context, piece.pieceId);
        const { attempts } = await context.index.statistics(cheater.hotkey);
        const right = equalBytes(data, piece.data);
        counter.honest(
          right && from === witness.hotkey ? null : 'the piece did not come from the honest miner',
        );
        // Asked and not found wanting, it would have escaped the verdict.
        const outcome = attempts.retrieve > before ? 'fail' : 'void';
        counter.count(from === cheater.hotkey ? 'pass' : outcome, failures[0]?.reason ?? '');
        if (i % 10 === 0) counter.honest(await honestRound(validator, honestReplica));
      }
      return counter.tally(0);
    },
  };
}

async function flipOneBit(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = new Uint8Array(1);
  await handle.read(byte, 0, 1, size / 2);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, size / 2);
  await handle.close();
}

/** Signs proofs over bytes it never had, for another request, or not at all. */
function forgedRetrievals(): MinerCheat {
  let step = 0;
  return {
    answer: onRoute('retrieve', async (asked, honest, self) => {
      const answered = await honest(asked);
      const request = readSealed(retrieveKind, asked.head);
      const data = answered.bytes.slice(0, request.value.size);
      const zeros = new Uint8Array(data.length);
      const right = retrieveProofBody(self.core, self.party, request, self.core.hash(data));
      const sealed = (body: typeof right): Uint8Array => sealMessage(retrieveProofKind, body, self.signer);
      const forged: readonly Uint8Array[] = [
        concatBytes(zeros, answered.bytes.subarray(data.length)),
        concatBytes(data, sealed(right)),
        concatBytes(data, sealed({ ...right, requestDigest: self.core.hash(data) })),
        concatBytes(
          data,
          new Uint8Array(signatureSize),
          answered.bytes.subarray(data.length + signatureSize),
        ),
        answered.bytes.subarray(0, data.length),
        data.subarray(1),
        concatBytes(answered.bytes, new Uint8Array(1)),
        concatBytes(frameHead(new Uint8Array(70_000)), data),
      ];
      return { ...answered, bytes: forged[step++ % forged.length]! };
    }),
  };
}

/** The miner loses one chunk, passes rounds by luck, gets it back, and gives the right bytes: K tells. */
const repairedBeforeRetrieve: Strategy = {
  name: 'repaired-before-retrieve',
  what: 'Passes by luck without a chunk, restores it and gives the right bytes: is never found out',
  who: 'miner',
  rounds: 20,
  async play(arena, rounds) {
    const stored = await storeBoth(arena, { cheat: () => ({}) });
    const { validator, replica, honestReplica, cheater, piece } = stored;
    const { context } = validator;
    const { replica: file } = cheater.file(replica);
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged.fill(0, 0, leafSize);
    const counter = new Counter();
    for (let i = 0; i < rounds; i++) {
      await changeReplica(context, replica, (c) => ({ ...c, state: 'active', failedRounds: 0, kept: [] }));
      await changeReplica(context, honestReplica, (c) => ({ ...c, failedRounds: 1 }));
      await writeFile(file, damaged);
      while ((await playRound(validator, replica)).outcome !== 'pass') {
        // A chunk of a hundred: it passes every other round or so.
      }
      await writeFile(file, whole);
      await changeReplica(context, replica, (c) => ({ ...c, failedRounds: 0 }));
      const { from } = await fetchPiece(context, piece.pieceId);
      if (from !== cheater.hotkey) counter.honest('the cheat was not even asked');
      const reason = await settled(context, replica);
      counter.count(reason === 'false-keyed-root' ? 'fail' : 'pass', reason);
      if (i % 5 === 0) counter.honest(await honestRound(validator, honestReplica));
    }
    return counter.tally(0);
  },
};

/** The check of kept rounds runs behind the retrieval: waits until none is left, then for its verdict. */
async function settled(
  context: Parameters<typeof changeReplica>[0],
  id: Parameters<typeof changeReplica>[1],
): Promise<string> {
  for (let tries = 0; tries < 2000; tries++) {
    const record = await context.index.getReplica(id);
    if (record?.state === 'failed') return record.lastFailure?.reason ?? '';
    if (record?.kept.length === 0 && tries > 50) return 'nothing was noticed';
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return 'nothing was noticed';
}

export const storeAndRetrieve: readonly Strategy[] = [
  storing('wrong-root-at-store', 'Keeps nothing and signs a receipt for other or no data', forgedReceipts),
  storing('foreign-receipt', 'Answers a store with the receipt it gave for another', () => {
    let last: Uint8Array | null = null;
    return {
      answer: onRoute('store', async (asked, honest) => {
        const answered = await honest(asked);
        const shown = last ?? answered.bytes.toReversed();
        last = answered.bytes;
        return { ...answered, bytes: shown };
      }),
    };
  }),
  retrieving(
    'flipped-bit',
    'Gives the replica back with one bit changed, and signs for it',
    () => ({}),
    flipOneBit,
  ),
  retrieving(
    'forged-retrieval',
    'Gives zeros, cut or long streams, or proofs it cannot know',
    forgedRetrievals,
  ),
  repairedBeforeRetrieve,
];
