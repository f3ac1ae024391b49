// What the nodes in child processes (program.ts) share: arguments, write points, and the parts of any node.
import { join } from 'node:path';
import { openDevChain } from '../../../src/adapters/chain/dev/dev-chain.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import { createProver } from '../../../src/adapters/proving/prover.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { signerFromSeed, verifySr25519 } from '../../../src/adapters/wallets/sr25519.js';
import type { Prover } from '../../../src/domain/ports/prover.js';
import { Points } from './points.js';

const [role, folder = '', seed = '', hasty] = process.argv.slice(2);

export { folder, hasty, role };

export const points = new Points();
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A role once its code is loaded: most of a start, and done ahead of time. */
export interface Role {
  /** Opens everything and starts; answers with the port, which is any when 0 is given. */
  start(port: number): Promise<number>;
  readonly commands?: Readonly<Record<string, (...args: string[]) => Promise<void>>>;
}

// Its thread takes as long to start as the rest of a validator's code, and only a miner's is always asked.
let started: Prover | null = role === 'miner' ? createProver({ threads: 1 }) : null;
const prover = new Proxy({} as Prover, {
  get(_, name) {
    started ??= createProver({ threads: 1 });
    return Reflect.get(started, name);
  },
});

const common = {
  signer: signerFromSeed(Buffer.from(seed, 'hex')),
  verify: verifySr25519,
  core: loadCore(),
  clock: systemClock,
  log: silentLog(),
  prover,
};

export const partsOfNode = async () => ({
  ...common,
  chain: await openDevChain({ directory: join(folder, 'chain'), clock: systemClock, intervalMs: 1000 }),
});
