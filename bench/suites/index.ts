// All suites, in the order they are run: the core from the inside out, then the whole.

import type { Suite } from '../frame/suite.js';
import { commit } from './commit.js';
import { endToEnd } from './end-to-end.js';
import { hash } from './hash.js';
import { pool } from './pool.js';
import { prove } from './prove.js';
import { start } from './start.js';
import { tree } from './tree.js';
import { verify } from './verify.js';

export const suites: readonly Suite[] = [hash, commit, tree, prove, verify, pool, start, endToEnd];
