#!/usr/bin/env node
// The `filetao` command.

import { buildProgram } from './program.js';
import { runProgram } from './run-program.js';

await runProgram(await buildProgram(process.argv[2]), process.argv);
