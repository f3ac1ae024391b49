// Loads the proof core in a browser: the build its engine can run, fetched and compiled once for each thread.

import { createCore } from '../domain/core/core.js';
import type { Window } from '../domain/core/group.js';
import { type CoreBuild, probeBuild } from '../domain/core/probe.js';
import type { ProofCore } from '../domain/core/proof-core.js';
import { FileTaoError } from '../domain/model/errors.js';

export interface CoreOptions {
  /** Default: the fastest that is correct here. */
  readonly build?: CoreBuild;
  readonly window?: Window;
}

/**
 * A new core with its own memory.
 * @param folder where core-fma.wasm and core-simd.wasm lie, served as application/wasm
 */
export async function loadCore(folder: URL, options: CoreOptions = {}): Promise<ProofCore> {
  const { build = probeBuild(), window } = options;
  const url = new URL(`core-${build}.wasm`, folder);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compileStreaming(fetch(url));
  } catch (error) {
    throw new FileTaoError('unreachable', `the proof core could not be loaded from ${url.href}`, {
      cause: error,
    });
  }
  return createCore(module, { build, ...(window === undefined ? {} : { window }) });
}
