// filetao miner (m)

import type { Command } from 'commander';
import { addMinerStats } from './miner-stats.js';

export function register(program: Command): void {
  const miner = program.command('miner').alias('m').description('Look at miners');
  addMinerStats(miner);
}
