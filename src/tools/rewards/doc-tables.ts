// The tables of docs/rewards.md, made from the code: every number of the economy with its option, and the tiers.

import { formatBytes } from '../../adapters/config/byte-size.js';
import { defaultTextOf, flagOf, optionOf } from '../../adapters/config/schema.js';
import { defaultRules, economyKeys, tierColumnKeys, tierColumns } from '../../domain/model/economy.js';
import { tierRows } from './tier-table.js';

const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** By the name that stands in the page: `<!-- table:NAME -->`. */
export const docTables: Readonly<Record<string, () => string>> = {
  constants: () =>
    table(
      ['option', 'default', 'what it is'],
      economyKeys.map((key) => [`\`${flagOf(key)}\``, defaultTextOf(key), optionOf(key).help]),
    ),
  columns: () =>
    table(
      ['option', 'what it is'],
      tierColumnKeys.map((key) => [
        `\`${flagOf(key)}\``,
        `${tierColumns[key].help}: eight values, the highest tier first`,
      ]),
    ),
  tiers: () =>
    table(
      ['tier', 'storage limit', 'Wilson score ≥', 'successes ≥', 'factor', 'boost', 'factor × boost'],
      tierRows(defaultRules).map((row) => [
        row.tier,
        formatBytes(row.storageLimit),
        String(row.wilsonScore),
        String(row.successes),
        String(row.factor),
        String(row.boost),
        String(row.boosted),
      ]),
    ),
};

/** The page with its tables as the code has them. */
export const withTables = (page: string): string =>
  page.replaceAll(
    /(<!-- table:(\w+)[^\n]*-->\n)[\s\S]*?(<!-- \/table -->)/gu,
    (whole, start: string, name: string, end: string) => {
      const make = docTables[name];
      return make === undefined ? whole : `${start}\n${make()}\n\n${end}`;
    },
  );
