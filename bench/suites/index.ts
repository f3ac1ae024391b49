// All suites by name, in the order they are run: the core from the inside out, then the whole. Each is loaded when it is
// run, since the peers of all of them take a second to load.

import type { Suite } from '../frame/suite.js';

const loaders: Readonly<Record<string, () => Promise<Suite>>> = {
  hash: async () => (await import('./hash.js')).hash,
  commit: async () => (await import('./commit.js')).commit,
  tree: async () => (await import('./tree.js')).tree,
  prove: async () => (await import('./prove.js')).prove,
  verify: async () => (await import('./verify.js')).verify,
  pool: async () => (await import('./pool.js')).pool,
  start: async () => (await import('./start.js')).start,
  index: async () => (await import('./index-backends.js')).indexBackends,
  'end-to-end': async () => (await import('./end-to-end.js')).endToEnd,
};

export const suiteNames: readonly string[] = Object.keys(loaders);

export const loadSuite = (name: string): Promise<Suite> => loaders[name]!();
