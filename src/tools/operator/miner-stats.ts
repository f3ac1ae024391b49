// filetao miner stats: what a validator's index counts of every miner.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../../adapters/config/byte-size.js';
import type { ResolvedConfig } from '../../adapters/config/resolve.js';
import { configuredIndex } from '../../adapters/index/configured.js';
import { openPlacementIndex } from '../../adapters/index/open-index.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { fromHex } from '../../domain/model/bytes.js';
import { tiersOf } from '../../domain/model/economy.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { StatisticKind } from '../../domain/model/records.js';
import { tierNamed } from '../../domain/model/tiers.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import { columns } from '../rewards/text-columns.js';
import { hotkeyOf } from './hotkey.js';

interface Counted {
  readonly attempts: number;
  readonly successes: number;
  /** Successes of 100 attempts; null before the first of this window. */
  readonly percent: number | null;
}

export interface MinerRow extends Readonly<Record<StatisticKind, Counted>> {
  readonly hotkey: string;
  readonly totalSuccesses: number;
  readonly tier: string;
  readonly storedBytes: number;
  readonly storageLimit: number;
}

export interface StatsReader {
  read(): Promise<readonly MinerRow[]>;
  close(): Promise<void>;
}

const kinds: readonly StatisticKind[] = ['store', 'challenge', 'retrieve'];

/** Opens the index that the configuration names, which a validator may be using. Throws `not-found` without one. */
export async function openStats(config: ResolvedConfig<'validator'>): Promise<StatsReader> {
  const { values } = config;
  const named = values['database.url'] !== '' || values['database.prefix'] !== '';
  // Only the keys in Redis are named after the hotkey.
  const address = named
    ? ''
    : await hotkeyOf(values, undefined).then(
        (hotkey) => hotkey.address,
        () => '',
      );
  const location = await configuredIndex(config as unknown as Parameters<typeof configuredIndex>[0], address);
  if (location.backend === 'lmdb' && !existsSync(join(location.directory, 'data.mdb')))
    throw new FileTaoError(
      'not-found',
      `there is no index in ${location.directory}: name the validator with --wallet.name and --wallet.hotkey, its folder with --database.directory, or its Redis with --database.url`,
    );
  const index = await openPlacementIndex(location);
  const tiers = tiersOf(values);
  return { read: () => readRows(index, tiers), close: () => index.close() };
}

async function readRows(
  index: PlacementIndex,
  tiers: ReturnType<typeof tiersOf>,
): Promise<readonly MinerRow[]> {
  const rows: MinerRow[] = [];
  for (const record of await index.listStatistics()) {
    const of = (kind: StatisticKind): Counted => {
      const [attempts, successes] = [record.attempts[kind], record.successes[kind]];
      return { attempts, successes, percent: attempts === 0 ? null : (100 * successes) / attempts };
    };
    rows.push({
      hotkey: encodeSs58(fromHex(record.minerKey)),
      totalSuccesses: record.totalSuccesses,
      store: of('store'),
      challenge: of('challenge'),
      retrieve: of('retrieve'),
      tier: record.tier,
      storedBytes: await index.usedBytes(record.minerKey),
      storageLimit: tierNamed(tiers, record.tier).storageLimit,
    });
  }
  return rows.sort((a, b) => b.totalSuccesses - a.totalSuccesses || (a.hotkey < b.hotkey ? -1 : 1));
}

/** A table of no more characters than `width` where that can be: hotkeys are shortened and limits left out before it is. */
export function statsLines(
  rows: readonly MinerRow[],
  width: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const full = fullTable(rows);
  return (full[0]?.length ?? 0) <= width ? full : narrowTable(rows);
}

const rateText = (percent: number | null): string => (percent === null ? '–' : `${percent.toFixed(1)} %`);

const fullTable = (rows: readonly MinerRow[]): readonly string[] =>
  columns(
    [
      'hotkey',
      'total successes',
      ...kinds.flatMap((kind) => [`${kind} a/s`, 'rate']),
      'tier',
      'storage / limit',
    ],
    rows.map((row) => [
      row.hotkey,
      String(row.totalSuccesses),
      ...kinds.flatMap((kind) => {
        const { attempts, successes, percent } = row[kind];
        return [`${attempts} / ${successes}`, rateText(percent)];
      }),
      row.tier,
      `${formatBytes(row.storedBytes)} / ${formatBytes(row.storageLimit)}`,
    ]),
  );

const narrowTable = (rows: readonly MinerRow[]): readonly string[] =>
  columns(
    ['hotkey', 'total', ...kinds, 'tier', 'stored'],
    rows.map((row) => [
      `${row.hotkey.slice(0, 6)}…${row.hotkey.slice(-4)}`,
      String(row.totalSuccesses),
      ...kinds.map((kind) => `${row[kind].successes} ${rateText(row[kind].percent)}`),
      row.tier,
      formatBytes(row.storedBytes),
    ]),
  );
