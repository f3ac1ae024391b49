// A plain HTTP server that keeps one file: PUT writes and syncs it, GET streams it back. The least that any storage service
// does. Runs as a process of its own, as our nodes do; prints its port.

import { createReadStream, createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

const path = process.argv[2]!;

const server = createServer(async (request, response) => {
  try {
    if (request.method === 'PUT') {
      // `flush` syncs before closing, as our miners do before they answer.
      await pipeline(request, createWriteStream(path, { flush: true }));
      response.end('kept');
    } else await pipeline(createReadStream(path), response);
  } catch {
    response.destroy();
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
