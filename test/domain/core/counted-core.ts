// A core that counts its own work, for guards against regressions that no clock can blur: the sources of assembly/ with a
// counter put at the start of some functions, compiled for this test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBuild } from '../../../src/adapters/proving/load-core.js';
import { createCore } from '../../../src/domain/core/core.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';

/** What is counted: a function of assembly/, and by how much each call counts. */
const counted = {
  /** BLAKE3 compressions, four at a time. */
  compress4: '4',
  compress1: '1',
  /** Bytes read as leaves of a tree or of a message. */
  leafNodes: '<i32>length',
  /** Field inversions, each for all lanes. */
  feInvert: '1',
  /** Sub-batches that had to be done again on the complete formulas. */
  commitComplete: '1',
} as const;

export type Counts = Record<keyof typeof counted, number>;

export interface CountedCore {
  readonly core: ProofCore;
  /** What `work` took. */
  countsOf(work: () => unknown): Counts;
}

interface CountingExports {
  countAt(index: number): number;
  resetCounts(): void;
}

const names = Object.keys(counted) as (keyof typeof counted)[];
const root = fileURLToPath(new URL('../../../..', import.meta.url));

const counter = `
const COUNTS: usize = memory.data(${8 * names.length}, 16);
export function count(index: i32, by: i32): void {
  const at = COUNTS + 8 * <usize>index;
  store<f64>(at, load<f64>(at) + <f64>by);
}
export function countAt(index: i32): f64 {
  return load<f64>(COUNTS + 8 * <usize>index);
}
export function resetCounts(): void {
  memory.fill(COUNTS, 0, ${8 * names.length});
}
`;

export function countedCore(): CountedCore {
  const build = chooseBuild();
  const module = new WebAssembly.Module(compile(build));
  const Instance = WebAssembly.Instance;
  let exports: CountingExports | undefined;
  // The core keeps its instance to itself; this is the moment at which it can be seen.
  WebAssembly.Instance = class extends Instance {
    constructor(source: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(source, imports);
      exports = this.exports as unknown as CountingExports;
    }
  };
  let core: ProofCore;
  try {
    core = createCore(module, { build });
  } finally {
    WebAssembly.Instance = Instance;
  }
  return {
    core,
    countsOf(work) {
      exports!.resetCounts();
      work();
      return Object.fromEntries(names.map((name, i) => [name, exports!.countAt(i)])) as Counts;
    },
  };
}

function compile(build: 'fma' | 'simd'): Uint8Array<ArrayBuffer> {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'counted-'));
  try {
    const missing = new Set<string>(names);
    for (const file of readdirSync(join(root, 'assembly')).filter((name) => name.endsWith('.ts'))) {
      let text = readFileSync(join(root, 'assembly', file), 'utf8');
      for (const [i, name] of names.entries()) {
        const head = new RegExp(`^((?:export )?function ${name}\\([^)]*\\): \\w+ \\{)$`, 'mu');
        if (!head.test(text)) continue;
        text = `import { count as count${i} } from './counts';\n${text.replace(head, `$1\n  count${i}(${i}, ${counted[name]});`)}`;
        missing.delete(name);
      }
      if (file === 'index.ts') text += "\nexport { countAt, resetCounts } from './counts';\n";
      writeFileSync(join(folder, file), text);
    }
    if (missing.size > 0) throw new Error(`assembly/ has no function ${[...missing].join(', ')} any more`);
    writeFileSync(join(folder, 'counts.ts'), counter);
    const out = join(folder, 'core.wasm');
    const { options, targets } = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8')) as AsConfig;
    execFileSync(
      process.execPath,
      [
        join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js'),
        join(folder, 'index.ts'),
        // Less optimised than the shipped core, which changes no count.
        ...['-O1', '--noAssert', '--runtime', options.runtime, '--outFile', out],
        ...targets[build].enable.flatMap((feature) => ['--enable', feature]),
        ...options.use.flatMap((alias) => ['--use', alias]),
      ],
      { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface AsConfig {
  readonly options: { readonly runtime: string; readonly use: readonly string[] };
  readonly targets: Readonly<Record<'fma' | 'simd', { readonly enable: readonly string[] }>>;
}
