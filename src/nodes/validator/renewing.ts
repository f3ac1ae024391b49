// Moving a replica's expiry on its miner, and recording what the miner signed for.

import { isAttributable } from '../../domain/audit/blame.js';
import type { MessageKind, Opened } from '../../domain/identity/sealed.js';
import { fromHex, type PieceId } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { ReplicaId } from '../../domain/model/records.js';
import type { NodeRoute } from '../../domain/ports/network.js';
import {
  acknowledgementKind,
  type DeleteBody,
  deleteKind,
  headerTo,
  type RenewBody,
  renewKind,
} from '../../domain/protocol/messages.js';
import { acknowledgementFault } from '../../domain/protocol/renew.js';
import { ask, openAnswer, sealQuestion } from './asking.js';
import { verdictOf } from './blame.js';
import type { ValidatorContext } from './context.js';
import { speakingAs } from './key-ring.js';
import { locateMiner } from './miners.js';
import { changeReplica, giveUpReplica } from './replica-state.js';
import { Exchange, failed, passed, recordTranscript } from './transcripts.js';

type Held = ReplicaId & { readonly size: number };

/** Renews until `expiry`; throws what went wrong. */
export async function renewReplicaOn(
  validator: ValidatorContext,
  replica: Held,
  expiry: number,
): Promise<void> {
  const context = speakingAs(validator, replica.validatorKey);
  const { number: blockNumber, hash: blockHash } = await context.view.head();
  const question = sealQuestion(context, {
    kind: renewKind,
    body: {
      ...headerTo(context.party, fromHex(replica.minerKey)),
      root: fromHex(replica.root),
      expiry,
      blockNumber,
      blockHash,
    },
  });
  await askForUpkeep(context, replica, 'renew', renewKind, question, expiry);
  await changeReplica(context, replica, (current) =>
    current.expiry >= expiry ? null : { ...current, expiry },
  );
}

/**
 * Renews the replicas in use that expire before their piece. One that cannot be renewed stays short, and so does not
 * count towards the copies: another takes its place.
 */
export async function renewShort(context: ValidatorContext, pieceId: PieceId, expiry: number): Promise<void> {
  const short = (await context.index.replicasOfPiece(pieceId)).filter(
    (replica) => replica.state === 'active' && replica.expiry < expiry,
  );
  await Promise.all(
    short.map((replica) =>
      renewReplicaOn(context, replica, expiry).catch((error) => {
        const { code, message } = toFileTaoError(error);
        context.log.warn({ miner: replica.minerKey, code, detail: message }, 'a miner did not renew');
      }),
    ),
  );
}

/** Takes the replica out of use, deletes it on its miner, then from the index. */
export async function deleteReplicaOn(validator: ValidatorContext, replica: Held): Promise<void> {
  const context = speakingAs(validator, replica.validatorKey);
  await giveUpReplica(context, replica);
  const { number: blockNumber, hash: blockHash } = await context.view.head();
  const question = sealQuestion(context, {
    kind: deleteKind,
    body: {
      ...headerTo(context.party, fromHex(replica.minerKey)),
      root: fromHex(replica.root),
      blockNumber,
      blockHash,
    },
  });
  await askForUpkeep(context, replica, 'delete', deleteKind, question, 0);
  await context.index.removeReplica(replica);
}

/** Resolves when the miner acknowledged. @param expiry asked for; 0 for a delete */
async function askForUpkeep<Body extends RenewBody | DeleteBody>(
  context: ValidatorContext,
  replica: Held,
  route: NodeRoute & ('renew' | 'delete'),
  kind: MessageKind<Body>,
  question: Opened<Body>,
  expiry: number,
): Promise<void> {
  const exchange = new Exchange(context.clock);
  const subject = { kind: route, id: replica, size: replica.size } as const;
  let fault: string | null;
  try {
    const miner = await locateMiner(context, replica.minerKey);
    const timeoutMs = context.deadlines.baseMs;
    const reply = await ask(context, miner, question, { route, kind, timeoutMs }, exchange);
    const bytes = await reply.readAll(limits.messageBytesMax);
    const answer = openAnswer(context, fromHex(replica.minerKey), acknowledgementKind, bytes, exchange);
    fault = acknowledgementFault(question, expiry, answer.value);
  } catch (error) {
    const { blockNumber: number, blockHash: hash } = question.value;
    const verdict = await verdictOf(context, exchange, error, { named: { number, hash }, replica });
    await recordTranscript(context, subject, exchange, verdict);
    throw toFileTaoError(error);
  }
  const verdict = fault === null ? passed : failed(fault, isAttributable(fault));
  await recordTranscript(context, subject, exchange, verdict);
  if (fault !== null) throw new FileTaoError('integrity', `the acknowledgement is wrong: ${fault}`);
}
