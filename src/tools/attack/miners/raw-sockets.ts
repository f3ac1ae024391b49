// Miners that break HTTP itself, over real loopback connections and the product's real HTTP client: what the
// in-process network cannot carry. Verdicts do not depend on how long anything takes.

import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createHttpNetwork } from '../../../adapters/rpc/client.js';
import { systemClock } from '../../../adapters/system/clock.js';
import { mebibyte } from '../../../domain/model/constants.js';
import { toFileTaoError } from '../../../domain/model/errors.js';
import type { NodeAddress } from '../../../domain/ports/chain.js';
import { locateMiner } from '../../../nodes/validator/miners.js';
import { storeReplicaOn } from '../../../nodes/validator/storing.js';
import type { Arena, ArenaValidator } from '../arena.js';
import { playRound, storeBoth } from '../miner-strategy.js';
import { Counter, type Strategy } from '../strategy.js';

const garbage: readonly (string | Buffer)[] = [
  'this is no HTTP at all\r\n\r\n',
  Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x01]),
  'HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hexadecimal\r\n',
  'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.filetao\r\nContent-Length: 400\r\n\r\nshort',
  `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
  'HTTP/1.1 200 OK\r\nBad Header Name: 1\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: cheat\r\nConnection: upgrade\r\n\r\n',
  'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/9.9 999 Whatever\r\n\r\n',
];

async function listen(arena: Arena, onSocket: (socket: Socket) => void): Promise<NodeAddress> {
  const sockets = new Set<Socket>();
  const server: Server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  arena.onClose(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** The same validator, speaking HTTP. */
function overHttp(arena: Arena, validator: ArenaValidator, baseMs: number): ArenaValidator {
  const network = createHttpNetwork({ clock: systemClock });
  arena.onClose(() => network.close());
  const deadlines = { ...validator.context.deadlines, baseMs };
  return { ...validator, context: { ...validator.context, network, deadlines } };
}

export const rawSockets: readonly Strategy[] = [
  {
    name: 'garbage-http',
    what: 'Answers with bytes that are no HTTP, or break its framing (real sockets)',
    who: 'miner',
    rounds: garbage.length,
    async play(arena, rounds) {
      const { validator, cheater, replica } = await storeBoth(arena, { cheat: () => ({}) });
      let round = 0;
      const address = await listen(arena, (socket) => {
        socket.once('data', () => socket.end(garbage[round % garbage.length]!));
      });
      await arena.chain.serve(cheater.signer, address);
      const http = overHttp(arena, validator, 10_000);
      http.context.view.forgetNeurons();
      const counter = new Counter();
      for (; round < rounds; round++) {
        const { outcome, reason } = await playRound(http, replica);
        counter.count(outcome, reason);
      }
      return counter.tally(0);
    },
  },
  {
    name: 'stalled-store',
    what: 'Accepts a replica and never reads it: would hold the validator for ever (real sockets)',
    who: 'miner',
    rounds: 2,
    async play(arena, rounds) {
      const validator = await arena.addValidator();
      const cheater = await arena.addMiner();
      const address = await listen(arena, (socket) => socket.pause());
      await arena.chain.serve(cheater.signer, address);
      const http = overHttp(arena, validator, 200);
      http.context.view.forgetNeurons();
      const counter = new Counter();
      const piece = await arena.piece(24 * mebibyte);
      // Only the pace of the peer matters here.
      const deadlines = { baseMs: 200, bytesPerSecond: 1024 * mebibyte };
      for (let i = 0; i < rounds; i++) {
        const storing = storeReplicaOn(
          { ...http.context, deadlines },
          piece,
          await locateMiner(http.context, cheater.hotkey),
        ).then(
          () => 'stored',
          (error) => toFileTaoError(error).code,
        );
        const hung = new Promise<string>((resolve) => setTimeout(() => resolve('hung'), 20_000).unref());
        const ended = await Promise.race([storing, hung]);
        if (ended === 'hung') counter.count('void', ended);
        else counter.count(ended === 'stored' ? 'pass' : 'fail', ended);
      }
      return counter.tally(0);
    },
  },
];
