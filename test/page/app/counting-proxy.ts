// A reverse proxy before an API node that counts which pieces were sent and which the node confirmed, and can let some
// through and hold the rest.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface CountingProxy {
  readonly url: string;
  /** Pieces whose bytes came, in order, with repetitions. */
  readonly sent: string[];
  /** Of those, the ones the node answered with 200. */
  readonly confirmed: Set<string>;
  /** Pieces that may still pass; the others are taken and never answered. */
  pass: number;
  /** Changes what flows down to the browser. */
  tamper: ((path: string, part: Buffer) => Buffer) | null;
}

export async function countingProxy(
  context: TestContext,
  node: { readonly host: string; readonly port: number },
): Promise<CountingProxy> {
  const forward = (from: IncomingMessage, to: ServerResponse, pieceId: string | null): void => {
    const { method, url: path, headers } = from;
    const onward = request({ host: node.host, port: node.port, method, path, headers }, (answer) => {
      if (pieceId !== null && answer.statusCode === 200) proxy.confirmed.add(pieceId);
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', (part: Buffer) => to.write(proxy.tamper?.(path ?? '', part) ?? part));
      answer.on('end', () => to.end());
      answer.on('error', () => to.destroy());
    });
    onward.on('error', () => to.destroy());
    // A browser that closes a tab breaks off; the node must learn of it.
    to.on('close', () => onward.destroy());
    from.pipe(onward);
  };
  const server = createServer((from, to) => {
    const [, pieceId = null] = /^\/pieces\/([0-9a-f]{64})/.exec(from.url ?? '') ?? [];
    if (pieceId === null || from.method !== 'PUT') return forward(from, to, null);
    proxy.sent.push(pieceId);
    if (proxy.pass-- > 0) forward(from, to, pieceId);
    else from.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const proxy: CountingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: [],
    confirmed: new Set(),
    pass: Number.POSITIVE_INFINITY,
    tamper: null,
  };
  return proxy;
}
