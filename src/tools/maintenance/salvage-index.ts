// An LMDB index in which bits have rotted: what is whole goes into a new one, which takes its place; the old folder is
// kept beside it. What was lost is for the rebuilding that follows. Of what can be derived from the records nothing is
// taken over: listings, sums and the rest are made anew.

import { access, rename, rm } from 'node:fs/promises';
import {
  heldReplicaCodec,
  objectCodec,
  pieceCodec,
  type RecordCodec,
  replicaCodec,
  statisticsCodec,
} from '../../adapters/index/codec.js';
import { indexAt } from '../../adapters/index/kind-at.js';
import { type LmdbSurvey, openLmdbSurvey, type SurveyedTable } from '../../adapters/index/lmdb/survey.js';
import type { IndexLocation } from '../../adapters/index/location.js';
import { openHoldingIndex, openPlacementIndex } from '../../adapters/index/open-index.js';
import { readTier } from '../../adapters/index/statistics.js';
import { holdingParts, type IndexPart, placementParts } from './index-parts.js';

export interface SalvagedIndex {
  /** Entries of all tables that are damaged; nothing was changed where there are none. */
  readonly damaged: number;
  /** Records in the new index. */
  readonly kept: number;
  /** Where the damaged index is now. */
  readonly oldFolder: string | null;
}

const atOnce = 256;

/** No node may have the index open. null where there is no index, or one whose backend minds its own rot. */
export async function salvageIndex(location: IndexLocation): Promise<SalvagedIndex | null> {
  if (location.backend !== 'lmdb') return null;
  const found = await indexAt(location);
  if (found === null) return null;
  const survey = await openLmdbSurvey(location.directory, found.kind);
  try {
    let damaged = 0;
    for (const table of survey.tables)
      for (const { value } of survey.of(table)) if (value === null) damaged++;
    if (damaged === 0) return { damaged, kept: 0, oldFolder: null };
    const fresh = `${location.directory}.salvaged`;
    await rm(fresh, { recursive: true, force: true });
    const open = found.kind === 'holding index' ? openHolding : openPlacement;
    const kept = await open(fresh, survey);
    await survey.close();
    const oldFolder = await freeName(`${location.directory}.damaged`);
    await rename(location.directory, oldFolder);
    await rename(fresh, location.directory);
    return { damaged, kept, oldFolder };
  } finally {
    await survey.close();
  }
}

async function openHolding(directory: string, survey: LmdbSurvey): Promise<number> {
  const index = await openHoldingIndex({ backend: 'lmdb', directory });
  try {
    return await writeAll(holdingParts(index), [whole(survey, 'replicas', heldReplicaCodec)]);
  } finally {
    await index.close();
  }
}

async function openPlacement(directory: string, survey: LmdbSurvey): Promise<number> {
  const index = await openPlacementIndex({ backend: 'lmdb', directory });
  try {
    for (const { value } of survey.of('window'))
      if (value !== null) await index.rollWindow(Number(value.readBigUInt64BE()), []);
    const tiers = new Map<string, Buffer | null>();
    for (const { key, value } of survey.of('miner-tiers')) tiers.set(key.toString('hex'), value);
    function* statistics() {
      for (const record of whole(survey, 'miner-statistics', statisticsCodec))
        yield { ...record, tier: readTier(tiers.get(record.minerKey)) };
    }
    return await writeAll(placementParts(index), [
      whole(survey, 'objects', objectCodec),
      whole(survey, 'pieces', pieceCodec),
      whole(survey, 'replicas', replicaCodec),
      statistics(),
    ]);
  } finally {
    await index.close();
  }
}

function* whole<Value>(
  survey: LmdbSurvey,
  table: SurveyedTable,
  codec: RecordCodec<Value>,
): Generator<Value> {
  for (const { value } of survey.of(table)) if (value !== null) yield codec.decode(value);
}

async function writeAll(parts: readonly IndexPart[], records: readonly Iterable<unknown>[]): Promise<number> {
  let kept = 0;
  for (const [i, part] of parts.entries()) {
    let some: unknown[] = [];
    for (const record of records[i]!) {
      some.push(record);
      kept++;
      if (some.length < atOnce) continue;
      await part.write(some);
      some = [];
    }
    await part.write(some);
  }
  return kept;
}

async function freeName(wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    const taken = await access(name).then(
      () => true,
      () => false,
    );
    if (!taken) return name;
  }
}
