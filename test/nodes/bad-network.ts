// A TCP proxy that does what networks do: delays, resets, closes one half, passes byte by byte, repeats and reorders.
// TCP itself hides loss and order from applications, so bytes are repeated and swapped only where a broken middlebox
// would: then nothing may be believed.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { NodeAddress } from '../../src/domain/ports/chain.js';
import type { SeededRandom } from '../adapters/seeded-random.js';

export type Trouble =
  | { readonly kind: 'none' }
  /** Each part waits this long. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection is reset after so many bytes in this direction. */
  | { readonly kind: 'reset'; readonly after: number; readonly direction: 'up' | 'down' }
  /** The answering half ends after so many bytes. */
  | { readonly kind: 'half-close'; readonly after: number }
  | { readonly kind: 'byte-by-byte' }
  /** A part of what flows down is sent twice. */
  | { readonly kind: 'repeat' }
  /** Two parts of what flows down change places. */
  | { readonly kind: 'reorder' }
  /** Nothing gets through and nobody is told. */
  | { readonly kind: 'silence' }
  /** Nobody listens. */
  | { readonly kind: 'refuse' };

export interface BadNetwork {
  readonly address: NodeAddress;
  /** For connections from now on. */
  trouble: Trouble;
  /** Connections since the proxy was made. */
  connections: number;
  /** Cuts every connection there is. */
  cut(): void;
}

/**
 * A reset of a socket whose end is being sent fails with EINVAL and leaves its handle closed for Node and open for
 * libuv, for good: the process would then not end (Node 20 and 24). Such a socket is closed in the usual way.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export async function badNetwork(context: TestContext, to: () => NodeAddress): Promise<BadNetwork> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (from) => {
    network.connections++;
    const { trouble } = network;
    sockets.add(from);
    from.on('error', () => {}).on('close', () => sockets.delete(from));
    if (trouble.kind === 'refuse') {
      reset(from);
      return;
    }
    if (trouble.kind === 'silence') return;
    const { host, port } = to();
    const onward = connect({ host, port, allowHalfOpen: true });
    sockets.add(onward);
    onward.on('error', () => reset(from)).on('close', () => sockets.delete(onward));
    from.on('error', () => onward.destroy());
    flow(from, onward, trouble, 'up');
    flow(onward, from, trouble, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const network: BadNetwork = {
    address: { host: '127.0.0.1', port },
    trouble: { kind: 'none' },
    connections: 0,
    cut() {
      for (const socket of sockets) reset(socket);
    },
  };
  context.after(() => {
    network.cut();
    server.close();
  });
  return network;
}

function flow(from: Socket, to: Socket, trouble: Trouble, direction: 'up' | 'down'): void {
  let seen = 0;
  let turn = Promise.resolve();
  from.on('end', () => {
    turn = turn.then(() => void to.end());
  });
  from.on('data', (part: Buffer) => {
    seen += part.length;
    if (trouble.kind === 'reset' && trouble.direction === direction && seen > trouble.after) {
      to.write(part.subarray(0, Math.max(0, trouble.after - (seen - part.length))));
      reset(from);
      setImmediate(() => reset(to));
      return;
    }
    if (trouble.kind === 'half-close' && direction === 'down' && seen > trouble.after) {
      from.pause();
      to.end(part.subarray(0, Math.max(0, trouble.after - (seen - part.length))));
      return;
    }
    turn = turn.then(async () => {
      if (trouble.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, trouble.ms));
      if (trouble.kind === 'byte-by-byte') {
        // Small messages only: a megabyte of single bytes proves nothing more.
        for (let at = 0; at < part.length; at++) {
          if (at < 2000)
            await new Promise<void>((resolve) => to.write(part.subarray(at, at + 1), () => resolve()));
          else {
            to.write(part.subarray(at));
            break;
          }
        }
      } else if (trouble.kind === 'repeat' && direction === 'down') {
        to.write(part);
        to.write(part.subarray(part.length >> 1));
      } else if (trouble.kind === 'reorder' && direction === 'down') {
        const half = part.length >> 1;
        to.write(part.subarray(half));
        to.write(part.subarray(0, half));
      } else if (!to.write(part)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  });
}

export function anyTrouble(random: SeededRandom): Trouble {
  return random.pick<Trouble>([
    { kind: 'delay', ms: random.below(60) },
    { kind: 'reset', after: random.below(3000), direction: random.pick(['up', 'down']) },
    { kind: 'reset', after: 0, direction: 'down' },
    { kind: 'half-close', after: random.below(2000) },
    { kind: 'byte-by-byte' },
    { kind: 'repeat' },
    { kind: 'reorder' },
    { kind: 'refuse' },
  ]);
}
