// Learning again where everything is, from what the miners can prove they were given (PROTOCOL 4): for a validator
// that has lost its index. Every entry holds this validator's own signed store message and the miner's receipt for
// it, so a miner can leave replicas out, but not make any up. Chains begin anew at the receipt's link, which the
// store message and the receipt determine; rounds are counted on from the miner's last, so no n comes again.

import { randomBytes } from 'node:crypto';
import { splitFrame } from '../../adapters/rpc/wire.js';
import { equalBytes, fromHex, pieceIdOf, publicKeyOf, rootOf } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { unixSeconds } from '../../domain/ports/clock.js';
import { genesisLink } from '../../domain/protocol/derivations.js';
import { decodeEntries, type InventoryEntry } from '../../domain/protocol/inventory.js';
import { headerTo, inventoryAnswerKind, inventoryKind } from '../../domain/protocol/messages.js';
import { openPieceId } from '../../domain/protocol/store-seed.js';
import { openTerms } from '../../domain/protocol/terms.js';
import { ask, openAnswer, type ReachableNeuron, sealQuestion } from './asking.js';
import type { ValidatorContext } from './context.js';
import { speakingAs } from './key-ring.js';
import { reachableMiners } from './miners.js';
import { Exchange } from './transcripts.js';

export interface RecoveredPlacement {
  /** Miners that answered, and those that did not. */
  readonly miners: number;
  readonly silent: number;
  /** Replicas that are new to the index, and those it had. */
  readonly replicas: number;
  readonly known: number;
  /** Entries whose terms do not prove a store of this validator on that miner. */
  readonly refused: number;
  readonly expired: number;
}

/** Answers with a round number above this are not believed: one round a second takes 136 years to get there. */
const lastNMax = 2 ** 32;
const pagesMax = 1_000_000;

/**
 * Replicas stored under a retired hotkey of the key ring are asked for under that hotkey.
 * @param copies what pieces are to have, as long as their objects do not say otherwise
 */
export async function recoverPlacement(
  context: ValidatorContext,
  copies: number,
  signal?: AbortSignal,
): Promise<RecoveredPlacement> {
  const counts = { miners: 0, silent: 0, replicas: 0, known: 0, refused: 0, expired: 0 };
  const retired = [...context.retired.keys()].map((hotkey) => speakingAs(context, hotkey));
  for (const miner of await reachableMiners(context)) {
    signal?.throwIfAborted();
    try {
      await recoverFrom(context, miner, copies, counts, signal);
      for (const before of retired)
        await recoverFrom(before, miner, copies, counts, signal).catch(unlessUnknown);
      counts.miners++;
    } catch (error) {
      const { code, message } = toFileTaoError(error);
      if (code === 'cancelled') throw error;
      counts.silent++;
      context.log.warn({ miner: miner.hotkey, code, detail: message }, 'a miner gave no inventory');
    }
  }
  return counts;
}

/** A miner that holds nothing of a hotkey that has left the subnet does not speak with it. */
function unlessUnknown(error: unknown): void {
  if (toFileTaoError(error).code !== 'forbidden') throw error;
}

async function recoverFrom(
  context: ValidatorContext,
  miner: ReachableNeuron,
  copies: number,
  counts: { replicas: number; known: number; refused: number; expired: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { index, clock } = context;
  for await (const page of inventoryOf(context, miner, signal)) {
    const proven = page
      .map(({ terms, lastN }) => provenRecord(context, miner, terms, lastN))
      .filter((record) => record !== null);
    const due = proven.filter(({ expiry }) => expiry > unixSeconds(clock));
    await index.putPieces(
      due.map(({ pieceId, size, expiry, storedAt }) => ({ pieceId, size, copies, expiry, storedAt })),
    );
    const added = (await index.addReplicas(due)).filter((isNew) => isNew).length;
    counts.refused += page.length - proven.length;
    counts.expired += proven.length - due.length;
    counts.replicas += added;
    counts.known += due.length - added;
  }
}

async function* inventoryOf(
  context: ValidatorContext,
  miner: ReachableNeuron,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly InventoryEntry[]> {
  const minerKey = fromHex(miner.hotkey);
  let cursor = '';
  for (let page = 0; page < pagesMax; page++) {
    const { number: blockNumber, hash: blockHash } = await context.view.head();
    const question = sealQuestion(context, {
      kind: inventoryKind,
      body: {
        ...headerTo(context.party, minerKey),
        cursor,
        nonce: randomBytes(32),
        blockNumber,
        blockHash,
      },
    });
    const exchange = new Exchange(context.clock);
    const reply = await ask(
      context,
      miner,
      question,
      {
        route: 'inventory',
        kind: inventoryKind,
        timeoutMs: context.deadlines.baseMs,
        ...(signal === undefined ? {} : { signal }),
      },
      exchange,
    );
    const { head, bulk } = splitFrame(await reply.readAll(limits.inventoryBytesMax + limits.messageBytesMax));
    const { value } = openAnswer(context, minerKey, inventoryAnswerKind, head, exchange);
    if (!equalBytes(value.requestDigest, question.digest))
      throw new FileTaoError('bad-message', 'the inventory is for another request');
    if (value.bulkLength !== bulk.length || !equalBytes(value.bulkDigest, context.core.hash(bulk)))
      throw new FileTaoError('bad-message', 'the inventory is not the one that was signed');
    yield decodeEntries(bulk);
    if (value.next === '') return;
    if (value.next === cursor) throw new FileTaoError('bad-message', 'the inventory does not go on');
    cursor = value.next;
  }
}

/** null unless the terms prove that this validator stored this replica on this miner. */
function provenRecord(
  context: ValidatorContext,
  miner: ReachableNeuron,
  terms: InventoryEntry['terms'],
  lastN: number,
): ReplicaRecord | null {
  const { core, party, secret, verify } = context;
  const minerKey = fromHex(miner.hotkey);
  try {
    const { storeMessage, receiptMessage, expiry, storedAt } = openTerms(terms, verify);
    const store = storeMessage.value;
    const receipt = receiptMessage.value;
    const own = equalBytes(store.sender, party.publicKey) && equalBytes(store.receiver, minerKey);
    const here = equalBytes(store.genesis, party.genesis) && store.netuid === party.netuid;
    const link = genesisLink(core, store.seed, receipt.keyedRoot, store.root, store.sender, minerKey);
    if (!own || !here || !equalBytes(receipt.link, link) || lastN > lastNMax) return null;
    const block = { number: store.blockNumber, hash: store.blockHash };
    const occasion = { minerKey, expiry: store.expiry, block };
    return {
      validatorKey: publicKeyOf(store.sender),
      minerKey: miner.hotkey,
      root: rootOf(store.root),
      pieceId: pieceIdOf(openPieceId(core, secret, occasion, store.seed)),
      size: store.size,
      expiry,
      storedAt,
      state: 'active',
      n: lastN,
      link: receipt.link,
      kept: [],
      receipt: receiptMessage.bytes.slice(),
      openRound: null,
      passed: 0,
      failedRounds: 0,
      lastPassAt: null,
      lastFailure: null,
      version: 1,
    };
  } catch (error) {
    if (error instanceof FileTaoError && (error.code === 'bad-message' || error.code === 'bad-signature'))
      return null;
    throw error;
  }
}
