// Takes the place of a miner on the chain: whatever comes to its address is answered by the test, at the level of
// HTTP or of plain bytes, with the miner's own key at hand.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { contentTypes } from '../../src/adapters/rpc/wire.js';
import { readSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import {
  challengeKind,
  headerTo,
  openingRequestKind,
  type RefusalCode,
  refusalKind,
  retrieveKind,
  storeKind,
} from '../../src/domain/protocol/messages.js';
import type { TestMiner, TestNetwork } from './network.js';

type Handle = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void | Promise<void>;

interface Listening {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
}

async function takePlace(network: TestNetwork, miner: TestMiner, server: Listening): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await network.chain.serve(miner.signer, { host: '127.0.0.1', port });
}

/** Every request is read whole, then handed to `handle`. */
export async function answerInstead(
  context: TestContext,
  network: TestNetwork,
  miner: TestMiner,
  handle: Handle,
): Promise<void> {
  const server = createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => {});
    request.on('end', () => void handle(request, Buffer.concat(parts), response));
  });
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await takePlace(network, miner, server);
}

/** Every connection is handed to `handle` as it is. */
export async function connectInstead(
  context: TestContext,
  network: TestNetwork,
  miner: TestMiner,
  handle: (socket: Socket) => void,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await takePlace(network, miner, server);
}

const kinds = {
  challenge: challengeKind,
  open: openingRequestKind,
  retrieve: retrieveKind,
  store: storeKind,
};

/** Sends a refusal that the miner signs. */
export function refuse(
  network: TestNetwork,
  miner: TestMiner,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  code: RefusalCode,
  retryAfter = 0,
): void {
  const route = request.url!.slice('/v1/'.length) as keyof typeof kinds;
  const head = body.subarray(4, 4 + body.readUInt32LE(0));
  const { value, digest } = readSealed<{ readonly sender: Uint8Array }>(kinds[route], head);
  const { genesis, netuid } = network.chain;
  const refusal = sealMessage(
    refusalKind,
    {
      ...headerTo({ genesis, netuid, publicKey: miner.signer.publicKey }, value.sender),
      requestDigest: digest,
      code,
      detail: '',
      retryAfter,
      blockNumber: 0,
    },
    miner.signer,
  );
  response.writeHead(400, { 'content-type': contentTypes.refusal }).end(Buffer.from(refusal));
}

/** Passes a request on to the real miner, and back its answer with what `change` does to it. */
export async function passOn(
  miner: TestMiner,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  change: (answer: Buffer) => void = () => {},
): Promise<void> {
  const { host, port } = miner.node.address;
  const answer = await fetch(`http://${host}:${port}${request.url}`, {
    method: 'POST',
    headers: { 'content-type': contentTypes.message },
    body: new Uint8Array(body),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  change(bytes);
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type')! }).end(bytes);
}
