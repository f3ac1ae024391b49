// Our own contenders: the build chosen on this machine, and beside it the plain one, forced.

import { chooseBuild, loadCore } from '../../src/adapters/proving/load-core.js';
import { createCore } from '../../src/domain/core/core.js';
import type { Window } from '../../src/domain/core/group.js';
import type { CoreBuild } from '../../src/domain/core/probe.js';
import type { ProofCore } from '../../src/domain/core/proof-core.js';

export interface OurBuild {
  readonly impl: 'filetao' | 'filetao simd';
  readonly core: ProofCore;
}

let named: { readonly build: CoreBuild; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;

/** From now on `ourBuilds` makes this build from these bytes: the profiler's, whose functions have names. */
export function useModule(build: CoreBuild, bytes: Uint8Array<ArrayBuffer>): void {
  named = { build, bytes };
}

const coreOf = (build: CoreBuild, window: Window): ProofCore =>
  named?.build === build ? createCore(named.bytes, { build, window }) : loadCore(build, { window });

/** Two cores with memory of their own. The window is the one for many workers unless given. */
export function ourBuilds(window: Window = 11): readonly OurBuild[] {
  return [
    { impl: 'filetao', core: coreOf(chooseBuild(), window) },
    { impl: 'filetao simd', core: coreOf('simd', window) },
  ];
}

/** Reproducible bytes: an XOF's, so no implementation meets a pattern. */
export function benchBytes(length: number, label: string): Uint8Array {
  const core = loadCore();
  const out = new Uint8Array(length);
  const step = 1 << 20;
  const key = core.hash(new TextEncoder().encode(label));
  for (let at = 0; at < length; at += step) {
    out.set(core.xof({ kind: 'keyed', key }, new Uint8Array(0), Math.min(step, length - at), at), at);
  }
  return out;
}

/** `count` scalars below L. */
export function benchScalars(count: number, label: string): Uint8Array {
  const core = loadCore();
  const out = new Uint8Array(32 * count);
  const key = core.hash(new TextEncoder().encode(label));
  for (let at = 0; at < count; at += 4096) {
    out.set(core.blindings(key, at, Math.min(4096, count - at)), 32 * at);
  }
  return out;
}
