// Data directories as they are frozen for later releases: real nodes with fixed keys over a folder, at a fixed time, so
// that nothing in them ever expires.
import { join } from 'node:path';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { openLmdbHoldingIndex } from '../../../src/adapters/index/lmdb/holding-index.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { createProver } from '../../../src/adapters/proving/prover.js';
import { openReplicaFiles } from '../../../src/adapters/replicas/replica-files.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import { publicKeyOf } from '../../../src/domain/model/bytes.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import { startApi } from '../../../src/nodes/api/api.js';
import { startMiner } from '../../../src/nodes/miner/miner.js';
import { closeValidatorParts, composeValidator } from '../../../src/nodes/validator/compose.js';
import { apiSettingsIn, validatorPartsIn } from '../../nodes/parts.js';

/** 2026-11-22: when the directories were made. What opens them lives an hour later. */
export const frozenAtMs = Date.UTC(2026, 10, 22, 12);

export const clockFrom = (startMs: number): Clock => {
  const began = performance.now();
  return { ...systemClock, now: () => Math.round(startMs + performance.now() - began) };
};

export const keysOf = {
  miner: signerFromSeed(new Uint8Array(32).fill(0x51)),
  validator: signerFromSeed(new Uint8Array(32).fill(0x52)),
} as const;

/** What the frozen object holds: two pieces. */
export const plaintext = Buffer.alloc(70_000, 'FileTAO keeps what it was given. ');

export async function openNodes(folder: string, clock: Clock) {
  const log = silentLog();
  const core = loadCore();
  const openChain = () => openDevChain({ directory: join(folder, 'chain'), clock, intervalMs: 1000 });
  const chain = await openChain();
  await chain.register(publicKeyOf(keysOf.miner.publicKey), {});
  await chain.register(publicKeyOf(keysOf.validator.publicKey), { stake: 1000, validatorPermit: true });
  const common = { verify: verifySr25519, core, clock, log };
  const replicas = await openReplicaFiles({ directory: join(folder, 'miner', 'replicas') });
  const holding = await openLmdbHoldingIndex(join(folder, 'miner', 'index'));
  const miner = await startMiner({
    ...common,
    signer: keysOf.miner,
    chain: await openChain(),
    index: holding,
    replicas,
    prover: createProver({ threads: 1 }),
    host: '127.0.0.1',
    port: 0,
  });
  const directory = join(folder, 'validator');
  const partsOf = async (processId: string) => ({
    ...common,
    ...(await validatorPartsIn(directory, { processId, clock })),
    signer: keysOf.validator,
    chain: await openChain(),
    prover: createProver({ threads: 1 }),
  });
  const validator = composeValidator(await partsOf('validator'));
  const api = await startApi({ ...(await partsOf('api')), ...apiSettingsIn(directory) });
  return {
    validator,
    holding,
    apiUrl: `http://127.0.0.1:${api.address.port}`,
    async close() {
      await api.close();
      await closeValidatorParts(validator);
      await miner.close();
      await chain.close();
    },
  };
}
