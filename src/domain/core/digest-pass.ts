// One pass over data for its content root and any number of keyed roots, and the leaf nodes (a replica's outboard).
import { type Instance, ROW_BYTES } from './instance.js';
import { NODE_BYTES } from './limits.js';
import { type Pass, PassSteps } from './pass-steps.js';
import { STEP_LEVELS, TreeRow } from './tree-row.js';

export interface DigestInput {
  /** 1 byte to 64 MiB. */
  readonly size: number;
  /** At most 64 keys of 32 bytes. */
  readonly keys: readonly Uint8Array[];
  /** Whether the leaf nodes of the content tree are wanted. */
  readonly outboard: boolean;
}

export interface DigestPass extends Pass {
  /** The digests, once all bytes are absorbed (else `bad-pass`): `keyed` in the order of the keys, `leafNodes` 32 bytes per KiB. */
  finish(): { root: Uint8Array; keyed: Uint8Array[]; leafNodes?: Uint8Array };
}

export function digestPass(instance: Instance, input: DigestInput, isCurrent: () => boolean): DigestPass {
  const { nodes, rows } = instance.regions;
  const { size, outboard } = input;
  const steps = new PassSteps(instance, size, isCurrent);
  const content = outboard
    ? new TreeRow(instance, null, size, nodes.at, 0)
    : new TreeRow(instance, null, size, rows.at, STEP_LEVELS);
  const keyed = input.keys.map(
    (key, i) => new TreeRow(instance, key, size, rows.at + (i + 1) * ROW_BYTES, STEP_LEVELS),
  );
  return {
    inputs: steps.inputs,
    absorb(which, length) {
      const step = steps.take(which, length);
      content.absorb(step);
      for (const row of keyed) row.absorb(step);
    },
    finish() {
      steps.end();
      const roots = { root: content.root(), keyed: keyed.map((row) => row.root()) };
      return outboard ? { ...roots, leafNodes: nodes.bytes.slice(0, content.count * NODE_BYTES) } : roots;
    },
  };
}
