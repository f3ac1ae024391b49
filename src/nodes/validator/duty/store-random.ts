// Storing random data, so that miners without users' data are asked for something too. It lives for a week, is in no
// object and no piece record, and so is never repaired: one piece, encoded anew for each drawn miner.

import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pieceIdOf } from '../../../domain/model/bytes.js';
import { defaults, dutyDefaults } from '../../../domain/model/constants.js';
import { toFileTaoError } from '../../../domain/model/errors.js';
import { unixSeconds } from '../../../domain/ports/clock.js';
import type { Random } from '../../../domain/ports/random.js';
import { collectAnswers } from '../answers.js';
import type { ValidatorContext } from '../context.js';
import type { Rewarding } from '../rewarding.js';
import { storeWithinLimit } from '../storing.js';
import { rewardAnswers } from './rewards.js';
import { drawMiners } from './selecting.js';
import type { Step } from './step.js';

export interface StoreRandomOptions {
  readonly everyBlocks: number;
  readonly miners: number;
  /** Largest size, drawn evenly; null draws from the reference's log-normal distribution. */
  readonly sizeMax: number | null;
  readonly folder: string;
  readonly rewarding: Pick<Rewarding, 'step'>;
}

const sizeMin = 128;

export const storeRandomStep = (context: ValidatorContext, options: StoreRandomOptions): Step => ({
  name: 'store',
  everyBlocks: options.everyBlocks,
  deadlineMs: 15 * 60_000,
  async run(block, signal) {
    const { presence } = context;
    const { miners: drawn, selection } = await drawMiners(context, 'store', block, options.miners);
    const size = randomSize(context.random, options.sizeMax);
    const miners = drawn.filter(
      ({ hotkey }) =>
        !presence.isDown(hotkey) && !presence.isLeaving(hotkey) && presence.hasRoom(hotkey, size),
    );
    if (miners.length === 0) return null;
    const data = context.random.bytes(size);
    const pieceId = pieceIdOf(context.core.hash(data));
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const path = join(options.folder, randomUUID());
    const expiry = unixSeconds(context.clock) + defaults.challengeDataSeconds;
    const batch = collectAnswers(context);
    const passedOver: string[] = [];
    try {
      await writeFile(path, data, { mode: 0o600 });
      await Promise.all(
        miners.map(async ({ hotkey }) => {
          try {
            await storeWithinLimit(batch.context, { pieceId, size, path, expiry }, hotkey, { signal });
          } catch (error) {
            // Nothing was sent: no room under the tier's limit, or no address any more.
            passedOver.push(toFileTaoError(error).code);
          }
        }),
      );
    } finally {
      await rm(path, { force: true });
    }
    const answers = await rewardAnswers(options.rewarding, block.number, batch.answers, selection);
    return { answers, details: { size, passed_over: passedOver } };
  },
});

/** Bytes from 128 to the largest piece. */
export function randomSize(random: Random, sizeMax: number | null): number {
  if (sizeMax !== null) return sizeMin + Math.floor(uniform(random) * Math.max(1, sizeMax - sizeMin + 1));
  // Box and Muller (1958); 1 − u, because the logarithm of zero is none.
  const normal = Math.sqrt(-2 * Math.log(1 - uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
  const size = Math.round(dutyDefaults.storeMedianBytes * Math.exp(dutyDefaults.storeSigma * normal));
  return Math.min(defaults.pieceSize, Math.max(sizeMin, size));
}

/** In [0, 1), to 32 bits. */
function uniform(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) / 2 ** 32;
}
