// An API node: takes objects from users and gives them back verified. It shares the hotkey, the index and the
// miners of a validator. Composition and life cycle.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from '../../adapters/rpc/server.js';
import { RequestVerifier } from '../../domain/identity/request.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import { defaults, mebibyte } from '../../domain/model/constants.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import { ByteGate } from '../byte-gate.js';
import { countObjects, ObjectCensus } from '../census.js';
import type { DashboardWish, RunningDashboard } from '../dashboard/dashboard.js';
import { PieceBuffers } from '../piece-buffers.js';
import type { RunningNode } from '../running-node.js';
import { addStatusRoutes, type Operation, serverOptionsOf } from '../status.js';
import { closeValidatorParts, composeValidator, type ValidatorParts } from '../validator/compose.js';
import { FailureCounts } from '../validator/miners.js';
import { BackgroundWork } from './background-work.js';
import { CallerRates } from './caller-rates.js';
import type { ApiContext, Quotas } from './context.js';
import { PieceCache } from './piece-cache.js';
import { addUserRoutes } from './routes.js';
import { Turns } from './turns.js';
import { UploadStore } from './upload-store.js';
import { Uploads } from './uploads.js';

export interface ApiParts extends ValidatorParts {
  readonly host: string;
  readonly port: number;
  readonly spoolDirectory: string;
  /** Folder of resumable uploads, which outlive the process. */
  readonly uploadDirectory: string;
  /** Seconds an upload is kept that does not go on. */
  readonly uploadExpirySeconds: number;
  /** Bytes of uploads under way. */
  readonly uploadBytesMax: number;
  /** Seconds that storing, or retrieving, one piece may take. */
  readonly storeSeconds: number;
  readonly retrieveSeconds: number;
  /** 0 is no limit. */
  readonly requestsPerMinute: number;
  readonly quotas: Quotas;
  readonly openAccess: boolean;
  readonly whitelistedHotkeys: readonly PublicKey[];
  readonly blacklistedHotkeys: readonly PublicKey[];
  readonly pieceSize: number;
  readonly replicas: number;
  /** Seconds that objects are kept whose owner names no time; default: `defaults.userDataSeconds`. */
  readonly dataTtl?: number;
  readonly version: string;
  /** The address to announce, null for none; default: the one it listens on. */
  readonly announce?: (listening: NodeAddress) => Promise<NodeAddress | null>;
  /** How the node is watched and ended; without it there are no metrics. */
  readonly operation?: Operation;
  readonly dashboard?: DashboardWish | undefined;
}

/** Disk the spool may use; more uploads wait. */
const spoolBytesMax = 1024 * mebibyte;
/** Bytes of pieces in memory, so that the process stays well below 400 MB. */
const memoryBytesMax = 48 * mebibyte;
/** Bytes of proofs of ranges that are being made: four of the largest. */
const proofBytesMax = 24 * mebibyte;
/** Disk for verified pieces that users are reading. */
const cacheBytesMax = 1024 * mebibyte;
/** Requests that wait for room in one of these at most; the next is told to come again. */
const waitingMax = 4096;
/** Milliseconds a connection may be idle beside the work that may have to be waited for. */
const idleMsMax = 60_000;

export async function startApi(parts: ApiParts): Promise<RunningNode> {
  const validator = composeValidator(parts);
  const { genesis, netuid, publicKey } = validator.party;
  const context: ApiContext = {
    ...validator,
    failures: new FailureCounts(),
    access: {
      open: parts.openAccess,
      allowed: new Set(parts.whitelistedHotkeys),
      blocked: new Set(parts.blacklistedHotkeys),
      verifier: new RequestVerifier({ genesis, netuid, receiver: publicKey, verify: parts.verify }),
      rates: new CallerRates(parts.requestsPerMinute),
    },
    quotas: parts.quotas,
    spoolDirectory: parts.spoolDirectory,
    spoolGate: new ByteGate(spoolBytesMax, waitingMax),
    pieceBuffers: new PieceBuffers(memoryBytesMax, waitingMax),
    proofGate: new ByteGate(proofBytesMax, waitingMax),
    pieceCache: new PieceCache(parts.spoolDirectory, cacheBytesMax, waitingMax),
    pieceTurns: new Turns(),
    background: new BackgroundWork(parts.log),
    storeMs: 1000 * parts.storeSeconds,
    retrieveMs: 1000 * parts.retrieveSeconds,
    falseClaims: new Set(),
    pieceSize: parts.pieceSize,
    replicas: parts.replicas,
    dataTtl: parts.dataTtl ?? defaults.userDataSeconds,
    version: parts.version,
  };
  const leftovers = await spoolFiles(parts.spoolDirectory);
  const uploadStore = await UploadStore.open({
    directory: parts.uploadDirectory,
    expiryMs: 1000 * parts.uploadExpirySeconds,
    bytesMax: parts.uploadBytesMax,
    now: () => parts.clock.now(),
  });
  const uploads = new Uploads(context, uploadStore);
  const { operation, log } = parts;
  const server = createServer({
    log,
    host: parts.host,
    port: parts.port,
    idleMs: idleMsMax + Math.max(context.storeMs, context.retrieveMs),
    ...serverOptionsOf(operation),
  });
  addUserRoutes(server, context, uploads);
  const checks = { chain: () => context.view.head(), index: () => context.index.window() };
  const status = await addStatusRoutes(server, checks, { operation, log });
  const census = new ObjectCensus();
  let dashboard: RunningDashboard | null = null;
  let address: NodeAddress;
  try {
    address = await server.listen();
    if (parts.dashboard !== undefined) {
      const { openApiDashboard } = await import('./dashboard.js');
      dashboard = await openApiDashboard(context, parts.dashboard, census, uploadStore);
    }
    // Only now, because until here another API node might be at work on this folder.
    for (const path of leftovers) await rm(path, { force: true });
    uploads.start();
    // Users look for the validator's hotkey on the chain and find this node.
    const announced = parts.announce === undefined ? address : await parts.announce(address);
    if (announced !== null) await context.chain.serve(context.signer, announced);
    else
      parts.log.info(
        'listening on loopback, so not announced on the chain: only this machine can use the node',
      );
  } catch (error) {
    await dashboard?.close();
    await server.close();
    await status.close();
    throw error;
  }
  status.started();
  if (dashboard !== null)
    context.background.start('could not count the objects', (signal) =>
      countObjects(context.index, { clock: context.clock, log }, signal, census),
    );
  return {
    address,
    status: status.separate,
    dashboard: dashboard?.address ?? null,
    async close() {
      status.ending();
      await dashboard?.close();
      await server.close();
      await context.background.stop();
      await context.pieceCache.close();
      await status.close();
      await closeValidatorParts(context);
    },
  };
}

/** What an earlier run left in the spool was never confirmed: its sender sends it again. */
async function spoolFiles(directory: string): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return (await readdir(directory)).map((name) => join(directory, name));
}
