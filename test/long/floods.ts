// More at once than a node will keep waiting, of what holds its bytes or its workers: every answer must be the thing asked
// for, or 503 with Retry-After.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { DevChain } from '../../src/adapters/chain/dev/dev-chain.js';
import { contentTypes, frameHead } from '../../src/adapters/rpc/wire.js';
import { sealMessage } from '../../src/domain/identity/sealed.js';
import { fromHex } from '../../src/domain/model/bytes.js';
import { limits } from '../../src/domain/model/constants.js';
import type { ReplicaRecord } from '../../src/domain/model/records.js';
import type { NodeAddress } from '../../src/domain/ports/chain.js';
import type { Signer } from '../../src/domain/ports/signer.js';
import { challengeKind } from '../../src/domain/protocol/messages.js';
import { challengeBody } from '../../src/domain/protocol/verifier.js';
import { core } from '../nodes/network.js';

/** How many were served, and the seconds that each of the others was told to wait. */
export interface Answers {
  readonly served: number;
  readonly retryAfter: readonly number[];
  /** Anything else. */
  readonly others: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
}

function counted(answers: readonly Answer[]): Answers {
  const refused = answers.filter(({ status }) => status === 503);
  return {
    served: answers.filter(({ status }) => status === 200).length,
    retryAfter: refused.map(({ retryAfter }) => Number(retryAfter)),
    others: answers.filter(({ status }) => status !== 200 && status !== 503).map(({ status }) => `${status}`),
  };
}

/**
 * Different challenges of one replica, all at once: none is recorded by a validator, whose own pacing never asks so
 * much of a miner.
 */
export async function floodMiner(
  { host, port }: NodeAddress,
  chain: DevChain,
  signer: Signer,
  replica: ReplicaRecord,
  questions: number,
): Promise<Answers> {
  const { root, size, n, link, minerKey } = replica;
  const { genesis, netuid } = chain;
  const party = { genesis, netuid, publicKey: signer.publicKey };
  const block = await chain.finalisedHead();
  const ask = async (): Promise<Answer> => {
    const body = challengeBody(core, party, fromHex(minerKey), {
      root: fromHex(root),
      size,
      n: n + 1,
      prevLink: link,
      block,
      nonce: randomBytes(32),
      chunkSize: 1024,
      openings: 1,
      nu: randomBytes(32),
    });
    const post = () =>
      fetch(`http://${host}:${port}/v1/challenge`, {
        method: 'POST',
        headers: { 'content-type': contentTypes.message },
        body: Buffer.from(frameHead(sealMessage(challengeKind, body, signer))),
      });
    // As a validator does where the connection broke: a machine that is starved closes some before it has read them.
    const response = await post().catch(post);
    await response.arrayBuffer();
    return { status: response.status, retryAfter: response.headers.get('retry-after') };
  };
  return counted(await Promise.all(Array.from({ length: questions }, ask)));
}

/**
 * Pieces of the largest size announced and not sent, until `refusals` of them have been told to come again. Then
 * `meanwhile`; after it all of them go away.
 */
export async function floodApi(
  { host, port }: NodeAddress,
  { announced, refusals }: { readonly announced: number; readonly refusals: number },
  meanwhile: () => Promise<void>,
): Promise<Answers> {
  const answers: Answer[] = [];
  const sockets: Socket[] = [];
  let enough = (): void => {};
  const refused = new Promise<void>((resolve) => {
    enough = resolve;
  });
  for (let i = 0; i < announced; i++) {
    const socket = connect(port, host);
    socket.on('error', () => {});
    await once(socket, 'connect');
    sockets.push(socket);
    socket.once('data', (data: Buffer) => {
      const head = data.toString('latin1');
      answers.push({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
        retryAfter: /^retry-after: (\d+)/im.exec(head)?.[1] ?? null,
      });
      if (answers.length === refusals) enough();
    });
    const id = randomBytes(32).toString('hex');
    socket.write(
      `PUT /pieces/${id} HTTP/1.1\r\nhost: api\r\ncontent-type: application/octet-stream\r\n` +
        `content-length: ${limits.replicaSizeMax}\r\n\r\n`,
    );
  }
  await refused;
  await meanwhile();
  for (const socket of sockets) socket.destroy();
  return counted(answers);
}
