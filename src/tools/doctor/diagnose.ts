// `filetao doctor`: what this machine is to FileTAO, and what to do about what is not well. Every check stands alone: one that
// fails says so and the next goes on. Nothing is changed; the disk is measured with a file that is removed again.

import { toFileTaoError } from '../../domain/model/errors.js';
import { checkChain } from './chain.js';
import { checkClock } from './clock.js';
import { checkDisk } from './disk.js';
import { type Check, checkNames, type DoctorOptions, type Finding } from './finding.js';
import { checkIndex } from './index-place.js';
import { checkCompute, checkCore, checkMemory, checkSpeed, checkSystem } from './machine.js';
import { checkPorts } from './ports.js';
import { checkWallet } from './wallet.js';

const checks: Readonly<Record<Finding['check'], Check>> = {
  system: checkSystem,
  core: checkCore,
  speed: checkSpeed,
  memory: checkMemory,
  compute: checkCompute,
  disk: checkDisk,
  index: checkIndex,
  wallet: checkWallet,
  chain: checkChain,
  clock: checkClock,
  ports: checkPorts,
};

/** All findings, in the order of `checkNames`. */
export async function diagnose(options: DoctorOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const name of checkNames) {
    try {
      findings.push(await checks[name](options));
    } catch (error) {
      const { code, message } = toFileTaoError(error);
      findings.push({
        check: name,
        level: 'problem',
        text: `the check failed: ${message}`,
        remedy: 'see the message; FILETAO_DEBUG=1 with the command that fails says more',
        values: { code },
      });
    }
  }
  return findings;
}
