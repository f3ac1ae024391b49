// A node of a role in a process of its own, over write points (points.ts), told what to do by lines on standard input:
//   program ROLE FOLDER SEED [hasty]
//   go PORT [NAME SIDE N]   opens everything and starts, or kills itself there; answers `ready <port> NAME=COUNT,…`
//   arm NAME SIDE N         kills itself there, after `killed NAME SIDE`
//   points                  answers `points NAME=COUNT,…`, of what came since
//   store FILE SIZE         (validator) answers `stored <pieceId>` or `failed <code>`
//   rounds                  (validator) answers `round <root> <n> <outcome> <reason>` …, `rounds`
//   fetch PIECE             (validator) answers `fetched <pieceId>` or `failed <code>`
import { createInterface } from 'node:readline';
import { toFileTaoError } from '../../../src/domain/model/errors.js';
import { points, type Role, role, say } from './parts.js';
import type { Side } from './points.js';

const loaders: Readonly<Record<string, () => Promise<{ readonly role: Role }>>> = {
  miner: () => import('./miner-role.js'),
  validator: () => import('./validator-role.js'),
  api: () => import('./api-role.js'),
};
const node = (await loaders[role!]!()).role;

const commands: NonNullable<Role['commands']> = {
  ...node.commands,
  async go(port, name, side, nth) {
    points.arm(name || 'none', side as Side, Number(nth));
    const listening = await node.start(Number(port));
    const { seen } = points;
    points.arm('none', 'before', 0);
    say(`ready ${listening} ${seen}`);
  },
  async arm(name, side, nth) {
    points.arm(name!, side as Side, Number(nth));
  },
  async points() {
    say(`points ${points.seen}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = line.split(' ');
  void commands[name!]!(...args).catch((error) => say(`failed ${toFileTaoError(error).code}`));
}
process.exit(0);
