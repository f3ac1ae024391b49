// An API node: takes objects from users and gives them back verified. It shares the hotkey, the index and the
// miners of a validator. Composition and life cycle.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from '../../adapters/rpc/server.js';
import { RequestVerifier } from '../../domain/identity/request.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { type PublicKey, toHex } from '../../domain/model/bytes.js';
import { mebibyte } from '../../domain/model/constants.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import { ByteGate } from '../byte-gate.js';
import type { RunningNode } from '../running-node.js';
import { addStatusRoutes, type Operation, serverOptionsOf } from '../status.js';
import { closeValidatorParts, composeValidator, type ValidatorParts } from '../validator/compose.js';
import { FailureCounts } from '../validator/miners.js';
import type { ApiContext } from './context.js';
import { addObjectRoutes } from './objects.js';
import { PieceBuffers } from './piece-buffers.js';
import { addPieceRoutes } from './pieces.js';

export interface ApiParts extends ValidatorParts {
  readonly host: string;
  readonly port: number;
  readonly spoolDirectory: string;
  readonly openAccess: boolean;
  readonly whitelistedHotkeys: readonly PublicKey[];
  readonly blacklistedHotkeys: readonly PublicKey[];
  readonly pieceSize: number;
  readonly replicas: number;
  readonly version: string;
  /** The address to announce, null for none; default: the one it listens on. */
  readonly announce?: (listening: NodeAddress) => Promise<NodeAddress | null>;
  /** How the node is watched and ended; without it there are no metrics. */
  readonly operation?: Operation;
}

/** Disk the spool may use; more uploads wait. */
const spoolBytesMax = 1024 * mebibyte;
/** Bytes of pieces in memory, so that the process stays well below 400 MB. */
const memoryBytesMax = 48 * mebibyte;

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
    },
    spoolDirectory: parts.spoolDirectory,
    spoolGate: new ByteGate(spoolBytesMax),
    pieceBuffers: new PieceBuffers(memoryBytesMax),
    pieceSize: parts.pieceSize,
    replicas: parts.replicas,
    version: parts.version,
  };
  const leftovers = await spoolFiles(parts.spoolDirectory);
  const { operation, log } = parts;
  const server = createServer({
    log,
    host: parts.host,
    port: parts.port,
    ...serverOptionsOf(operation),
  });
  server.app.get('/v1/info', async () => ({
    version: parts.version,
    role: 'api',
    network: parts.chain.network,
    netuid,
    genesis: toHex(genesis),
    hotkey: encodeSs58(publicKey),
    hotkeyHex: toHex(publicKey),
    pieceSize: parts.pieceSize,
    replicas: parts.replicas,
    blockNumber: (await context.view.head()).number,
  }));
  addPieceRoutes(server, context);
  addObjectRoutes(server, context);
  const checks = { chain: () => context.view.head(), index: () => context.index.window() };
  const status = await addStatusRoutes(server, checks, { operation, log });
  let address: NodeAddress;
  try {
    address = await server.listen();
    // Only now, because until here another API node might be at work on this folder.
    for (const path of leftovers) await rm(path, { force: true });
    // Users look for the validator's hotkey on the chain and find this node.
    const announced = parts.announce === undefined ? address : await parts.announce(address);
    if (announced !== null) await context.chain.serve(context.signer, announced);
    else
      parts.log.info(
        'listening on loopback, so not announced on the chain: only this machine can use the node',
      );
  } catch (error) {
    await server.close();
    await status.close();
    throw error;
  }
  status.started();
  return {
    address,
    status: status.separate,
    async close() {
      status.ending();
      await server.close();
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
