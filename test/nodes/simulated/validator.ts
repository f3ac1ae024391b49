// A validator's context over simulated parts: what the real one is composed of, but for its watch over its own event loop,
// which has no place in simulated time.
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { silentLog } from '../../../src/adapters/observe/log.js';
import type { TranscriptEntry } from '../../../src/domain/audit/transcript.js';
import { composeValidator, type ValidatorParts } from '../../../src/nodes/validator/compose.js';
import type { ValidatorContext } from '../../../src/nodes/validator/context.js';
import type { WorkFiles } from '../../../src/nodes/validator/work-files.js';
import type { Dice } from './schedule.js';

type SimulatedParts = Pick<
  ValidatorParts,
  'signer' | 'verify' | 'core' | 'chain' | 'index' | 'prover' | 'network' | 'clock' | 'processId'
> & {
  readonly dice: Dice;
  readonly transcripts: {
    append(entry: Uint8Array): Promise<void>;
    entries(): readonly TranscriptEntry[];
  };
  readonly workFiles?: WorkFiles;
};

export function simulatedValidator({
  dice,
  transcripts,
  workFiles,
  ...parts
}: SimulatedParts): ValidatorContext {
  const context = composeValidator({
    ...parts,
    cipher: nodeCipher,
    random: { bytes: (length) => dice.bytes(length) },
    log: silentLog(),
    audit: { loss: 0.1, confidence: 0.99 },
    transcripts: {
      append: transcripts.append,
      entriesSince: async function* () {
        yield* transcripts.entries();
      },
      close: async () => {},
    },
  });
  context.lag.stop();
  return {
    ...context,
    lag: { since: () => 0, stop: () => {} } as unknown as ValidatorContext['lag'],
    workFiles: workFiles ?? context.workFiles,
  };
}
