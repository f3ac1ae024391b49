// The `filetao` command with the cheapest argon2i there is, so that tests of passwords take no seconds.

import { useCostForTests } from '../../src/adapters/wallets/argon2-key.js';
import { buildProgram } from '../../src/cli/program.js';
import { runProgram } from '../../src/cli/run-program.js';

useCostForTests({ passes: 3, memory_bytes: 8192 });
await runProgram(await buildProgram(process.argv[2]), process.argv);
