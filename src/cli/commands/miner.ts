// filetao miner (m)

import type { Command } from 'commander';
import { addMinerExit } from './miner-exit.js';
import { addMinerStats } from './miner-stats.js';

export function register(program: Command): void {
  const miner = program
    .command('miner')
    .alias('m')
    .description('Look at miners, and leave with one in good order');
  addMinerStats(miner);
  addMinerExit(miner);
}
