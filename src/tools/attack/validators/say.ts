// Saying anything at all to an honest miner: messages sealed by whoever likes, whatever is in them.
import * as dagCbor from '@ipld/dag-cbor';
import { contentTypes } from '../../../adapters/rpc/wire.js';
import { verifySr25519 } from '../../../adapters/wallets/sr25519.js';
import { type MessageKind, openSealed, sealMessage, signedText } from '../../../domain/identity/sealed.js';
import { concatBytes, fromHex } from '../../../domain/model/bytes.js';
import { toFileTaoError } from '../../../domain/model/errors.js';
import type { ReplicaRecord } from '../../../domain/model/records.js';
import type { NodeRoute } from '../../../domain/ports/network.js';
import type { Signer } from '../../../domain/ports/signer.js';
import { openingCommit } from '../../../domain/protocol/derivations.js';
import { type ChallengeBody, headerTo, refusalKind } from '../../../domain/protocol/messages.js';
import type { ArenaMiner, ArenaValidator } from '../arena.js';
import type { Asked } from '../carried-network.js';

export interface Said {
  /** Empty when the miner did as it was told. */
  readonly refused: string;
  readonly bytes: Uint8Array;
}

/** Sends a head as it stands. */
export async function say(
  miner: ArenaMiner,
  route: NodeRoute,
  head: Uint8Array,
  body?: Asked['body'],
): Promise<Said> {
  let answered: Awaited<ReturnType<ArenaMiner['honest']>>;
  try {
    answered = await miner.honest({ route, head, ...(body === undefined ? {} : { body }) });
  } catch (error) {
    return { refused: `connection ${toFileTaoError(error).code}`, bytes: new Uint8Array() };
  }
  const { status, contentType, bytes } = answered;
  if (contentType === contentTypes.refusal) {
    return { refused: openSealed(refusalKind, bytes, verifySr25519).value.code, bytes };
  }
  if (contentType === contentTypes.message && status === 200) return { refused: '', bytes };
  const problem = JSON.parse(new TextDecoder().decode(bytes)) as { code?: string };
  return { refused: problem.code ?? `status ${status}`, bytes };
}

/** Seals a message of a kind, and sends it. */
export const tell = <Body>(
  signer: Signer,
  miner: ArenaMiner,
  route: NodeRoute,
  kind: MessageKind<Body>,
  body: Body,
  bytes?: Asked['body'],
): Promise<Said> => say(miner, route, sealMessage(kind, body, signer), bytes);

/** Signs a body that no schema would let through. */
export function sealAnything(signer: Signer, type: string, body: object): Uint8Array {
  const encoded = dagCbor.encode(body);
  return concatBytes(signer.sign(signedText(type, encoded)), encoded);
}

export const bodyOf = (...parts: readonly Uint8Array[]): NonNullable<Asked['body']> => ({
  length: parts.reduce((sum, part) => sum + part.length, 0),
  parts: (async function* () {
    yield* parts;
  })(),
});

/** A right challenge of the validator for its replica. */
export async function challengeFor(
  validator: ArenaValidator,
  replica: ReplicaRecord,
  nu: Uint8Array,
  changes: Partial<ChallengeBody> = {},
): Promise<ChallengeBody> {
  const { context } = validator;
  const { number, hash } = await context.chain.finalisedHead();
  return {
    ...headerTo(context.party, fromHex(replica.minerKey)),
    root: fromHex(replica.root),
    size: replica.size,
    n: replica.n + 1,
    prevLink: replica.link,
    blockNumber: number,
    blockHash: hash,
    nonce: context.random.bytes(32),
    chunkSize: 1024,
    openings: 1,
    openingCommit: openingCommit(context.core, nu),
    ...changes,
  };
}
