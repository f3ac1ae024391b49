// A plain HTTP server that keeps files: PUT writes and syncs one, GET streams it back. The least that any storage service
// does. Names are not checked: it is for the bench alone. Runs as a process of its own, as our nodes do; prints its port.

import { createReadStream, createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

const path = process.argv[2]!;

const server = createServer(async (request, response) => {
  const file = `${path}${(request.url ?? '').replaceAll('/', '-')}`;
  try {
    if (request.method === 'PUT') {
      // `flush` syncs before closing, as our miners do before they answer.
      await pipeline(request, createWriteStream(file, { flush: true }));
      response.end('kept');
    } else await pipeline(createReadStream(file), response);
  } catch {
    response.destroy();
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
