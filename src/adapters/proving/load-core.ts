// Loads the proof core in Node: chooses the build this machine can run and instantiates it from dist/assembly/.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { createCore } from '../../domain/core/core.js';
import type { Window } from '../../domain/core/group.js';
import { type CoreBuild, hasFusedMultiplyAdd, hasRelaxedSimd } from '../../domain/core/probe.js';
import type { ProofCore } from '../../domain/core/proof-core.js';

/** A build was forced that cannot run here. */
export class CoreUnavailableError extends Error {
  readonly code = 'core-unavailable';

  constructor(message: string) {
    super(message);
    this.name = 'CoreUnavailableError';
  }
}

const modules = new Map<CoreBuild, WebAssembly.Module>();

/** The build to run here: FILETAO_CORE=fma|simd if set, else the fastest that is correct. Throws CoreUnavailableError. */
export function chooseBuild(forced = process.env.FILETAO_CORE): CoreBuild {
  if (forced !== undefined && forced !== '' && forced !== 'fma' && forced !== 'simd') {
    throw new CoreUnavailableError(`FILETAO_CORE is "${forced}"; it can be "fma" or "simd"`);
  }
  if (forced === 'simd') return 'simd';
  // Node 20 knows relaxed SIMD but hides it behind a flag that later versions, which need no flag, warn about.
  if (!hasRelaxedSimd() && Number(process.versions.node.split('.')[0]) < 22) {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
  }
  if (hasFusedMultiplyAdd()) return 'fma';
  if (forced === 'fma') {
    throw new CoreUnavailableError(
      'FILETAO_CORE=fma cannot run here: WebAssembly has no fused multiply-add; unset it or use "simd"',
    );
  }
  return 'simd';
}

/** A new core with its own memory. Compiled once per thread and build; a core is ready in 1 to 7 ms on a busy machine, the first the slowest. */
export function loadCore(build: CoreBuild = chooseBuild(), options: { window?: Window } = {}): ProofCore {
  if (build === 'fma') chooseBuild('fma');
  let module = modules.get(build);
  if (!module) {
    const file = new URL(`../../../assembly/core-${build}.wasm`, import.meta.url);
    module = new WebAssembly.Module(readFileSync(file));
    modules.set(build, module);
  }
  return createCore(module, { build, ...options });
}
