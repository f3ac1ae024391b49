// Changed requests, byte by byte as they go over the wire, to every route of a running miner, API node and validator:
// each is answered or its connection closed, nothing is an internal error, no node ends, and afterwards the nodes hold
// what they held before.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openLmdbHoldingIndex } from '../../src/adapters/index/lmdb/holding-index.js';
import { createHttpNetwork } from '../../src/adapters/rpc/client.js';
import { frameHead } from '../../src/adapters/rpc/wire.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import type { HeldReplica } from '../../src/domain/model/records.js';
import type { NodeAddress } from '../../src/domain/ports/chain.js';
import type { Network } from '../../src/domain/ports/network.js';
import { challengeReplica } from '../../src/nodes/validator/challenging.js';
import { fetchPiece } from '../../src/nodes/validator/fetching.js';
import { roundsRoute } from '../../src/nodes/validator/operating.js';
import { repairRoute } from '../../src/nodes/validator/operating-repair.js';
import { renewReplicaOn } from '../../src/nodes/validator/renewing.js';
import { startValidator } from '../../src/nodes/validator/validator.js';
import { dutyIn, startNetwork, type TestNetwork } from '../nodes/network.js';
import { apiRequests } from './api-requests.js';
import { caseRandom } from './case-random.js';
import { mutate } from './mutate.js';
import { requestOf } from './raw-request.js';

export interface HttpFailure {
  readonly route: string;
  readonly seed: number;
  readonly number: number;
  readonly says: string;
}

export interface HttpFuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly only?: number;
}

interface Target {
  readonly route: string;
  readonly address: NodeAddress;
  readonly request: Uint8Array;
}

/** Far above what any of these requests takes on a busy machine. */
const answerMsMax = 60_000;

/** Genuine requests of every kind, as a validator sent them just now. */
async function genuineRequests(network: TestNetwork): Promise<Target[]> {
  const [miner] = network.miners;
  const http = createHttpNetwork({ clock: systemClock });
  const targets: Target[] = [];
  const recording: Network = {
    async request(request) {
      const body = request.body === undefined ? Buffer.alloc(0) : randomBytes(request.body.length);
      targets.push({
        route: `POST /v1/${request.route}`,
        address: miner!.node.address,
        request: requestOf('POST', `/v1/${request.route}`, Buffer.concat([frameHead(request.head), body])),
      });
      return http.request(request);
    },
    close: () => http.close(),
  };
  const validator = await network.validator({ network: recording });
  const { replicas, pieceId } = await network.storePiece(validator, 3000);
  await challengeReplica(validator, replicas[0]!);
  await fetchPiece(validator, pieceId);
  await renewReplicaOn(validator, replicas[0]!, replicas[0]!.expiry + 5);
  const garbage = Buffer.concat([frameHead(randomBytes(200)), randomBytes(20)]);
  for (const route of ['range', 'inventory', 'delete', 'open', 'ping', 'operator/exit'])
    targets.push({
      route: `POST /v1/${route}`,
      address: miner!.node.address,
      request: requestOf('POST', `/v1/${route}`, garbage, 'authorization: FileTAO AAAA'),
    });

  const api = await network.api({ replicas: 1 });
  for (const one of await apiRequests(api)) targets.push({ ...one, address: api.address });
  for (const path of ['/healthz', '/readyz', '/metrics'])
    targets.push({
      route: `GET ${path}`,
      address: api.address,
      request: requestOf('GET', path, null, 'accept: text/plain'),
    });

  const node = await startValidator({
    ...(await network.validatorParts({ processId: 'fuzzed' })),
    host: '127.0.0.1',
    port: 0,
    duty: dutyIn(network.folder),
    rewards: await network.rewardParts(),
    prune: async () => ({ files: 0, bytes: 0, unreadable: [] }),
  });
  closing.set(network, () => node.close());
  for (const route of [roundsRoute, repairRoute])
    targets.push({
      route: `POST ${route}`,
      address: node.address,
      request: requestOf('POST', route, Buffer.from('{}'), 'authorization: FileTAO AAAA'),
    });
  return targets;
}

const closing = new WeakMap<TestNetwork, () => Promise<void>>();

/** All that comes back until the connection is closed; null when it is not. */
function exchange({ host, port }: NodeAddress, parts: readonly Uint8Array[]): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect(port, host);
    const timer = setTimeout(() => {
      resolve(null);
      socket.destroy();
    }, answerMsMax);
    socket.on('data', (part: Buffer) => received.push(part));
    socket.on('error', () => {}); // the node may close before all was sent
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(received));
    });
    for (const part of parts) socket.write(part);
    socket.end();
  });
}

function faultIn(answer: Buffer | null, logged: readonly Record<string, unknown>[]): string | null {
  if (answer === null) return `no answer and no end within ${answerMsMax} ms`;
  const text = answer.toString('latin1');
  if (text !== '' && !/^HTTP\/1\.1 [1-5]\d\d /.test(text))
    return `an answer that is no HTTP: ${text.slice(0, 100)}`;
  if (/"code":"internal"|dcodehinternal|internal error/.test(text))
    return `an internal error: ${text.slice(0, 600)}`;
  if (/\n {4}at /.test(text)) return 'a stack trace in an answer';
  const error = logged.find(({ level }) => level === 'error' || level === 'fatal');
  return error === undefined ? null : `the node logged: ${JSON.stringify(error).slice(0, 1500)}`;
}

async function heldBy(network: TestNetwork): Promise<HeldReplica[]> {
  const index = await openLmdbHoldingIndex(join(network.miners[0]!.directory, 'index'));
  const { items } = await index.list(null, 1000);
  await index.close();
  return [...items];
}

const replicaKeyOf = ({ validatorKey, root }: HeldReplica): string => `${validatorKey}/${root}`;

/** @param context ends the nodes */
export async function fuzzHttp(
  context: Pick<TestContext, 'after'>,
  { seed, seconds, only }: HttpFuzzOptions,
): Promise<{ readonly cases: number; readonly failure: HttpFailure | null }> {
  const network = await startNetwork(context as TestContext, { miners: 1 });
  const targets = await genuineRequests(network);
  context.after(() => closing.get(network)?.());
  const before = await heldBy(network);
  const requests = targets.map(({ request }) => request);
  const end = performance.now() + 1000 * seconds;
  let number = only ?? 0;
  for (; only === undefined ? performance.now() < end : number === only; number++) {
    const { route, address, request } = targets[number % targets.length]!;
    const random = caseRandom(seed, number);
    // The head of the request and its body in turn: a broken head keeps the body from being read.
    const bodyAt = Buffer.from(request).indexOf('\r\n\r\n') + 4;
    const changed =
      random.below(2) === 0
        ? mutate(request, requests, random)
        : Buffer.concat([request.subarray(0, bodyAt), mutate(request.subarray(bodyAt), requests, random)]);
    const cut = random.below(changed.length + 1);
    const says = faultIn(
      await exchange(
        address,
        random.below(3) === 0 ? [changed.subarray(0, cut), changed.subarray(cut)] : [changed],
      ),
      network.logged,
    );
    if (says !== null) return { cases: number, failure: { route, seed, number, says } };
  }
  // What was stored through the API node since is more. What was there is kept, and for no shorter a time: the validator's own duty, and a
  // genuine body under a harmless change of the head, may have asked for a proof or renewed it.
  const after = new Map((await heldBy(network)).map((held) => [replicaKeyOf(held), held]));
  const missing = before.flatMap((held) => {
    const now = after.get(replicaKeyOf(held));
    const isKept = now !== undefined && now.expiry >= held.expiry && now.lastN >= held.lastN;
    return isKept ? [] : [`${held.root}: ${JSON.stringify([held, now ?? null])}`];
  });
  for (const { address } of targets.slice(-3)) {
    const answer = await exchange(address, [requestOf('GET', '/nowhere', null)]);
    if (!answer?.toString('latin1').startsWith('HTTP/1.1 404'))
      return {
        cases: number,
        failure: { route: '/nowhere', seed, number, says: 'the node does not answer any more' },
      };
  }
  return {
    cases: only === undefined ? number : 1,
    failure:
      missing.length === 0
        ? null
        : { route: 'all', seed, number, says: `replicas were changed: ${missing.join(', ')}` },
  };
}
