// The builds this machine can run: every test of the core runs on each of them, and they are compared with one another.
import { chooseBuild, loadCore } from '../../../src/adapters/proving/load-core.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';

const fastest = loadCore(chooseBuild(''));

/** `simd` always; `fma` where its instructions exist and round once, as on the machines that run CI. */
export const cores: readonly ProofCore[] = fastest.build === 'fma' ? [fastest, loadCore('simd')] : [fastest];
