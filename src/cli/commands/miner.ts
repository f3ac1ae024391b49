// filetao miner (m)

import type { Command } from 'commander';
import { addMinerExit } from './miner-exit.js';
import { addMinerScrub } from './miner-scrub.js';
import { addMinerStats } from './miner-stats.js';

export function register(program: Command): void {
  const miner = program
    .command('miner')
    .alias('m')
    .description('Look at miners, look after the data of one, and leave with it in good order');
  addMinerStats(miner);
  addMinerScrub(miner);
  addMinerExit(miner);
}
