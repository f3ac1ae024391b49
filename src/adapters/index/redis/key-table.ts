// The keys as a table for docs/index.md; a test holds the page to it.

import { holdingKeys, placementKeys, type RedisKey } from './keys.js';

const rows = (keys: Readonly<Record<string, RedisKey>>): string[] =>
  Object.entries(keys).map(([name, { type, holds }]) => `| \`${name}\` | ${type} | ${holds} |`);

const table = (title: string, keys: Readonly<Record<string, RedisKey>>): string[] => [
  `**${title}**`,
  '',
  '| key | type | holds |',
  '|---|---|---|',
  ...rows(keys),
];

export const keyTable = (): string =>
  [
    ...table('Placement index (validator and API node)', placementKeys),
    '',
    ...table('Holding index (miner)', holdingKeys),
  ].join('\n');
