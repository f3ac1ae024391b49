// filetao miner (m) stats | scrub

import type { Command } from 'commander';
import { addMinerScrub } from './miner-scrub.js';
import { addMinerStats } from './miner-stats.js';

export function register(program: Command): void {
  const miner = program
    .command('miner')
    .alias('m')
    .description('Look at miners as a validator counts them, and after the data of a miner');
  addMinerStats(miner);
  addMinerScrub(miner);
}
