// The job that replays transcripts: the same audit as `filetao audit verify`, on the same core.

import { partsOf } from '../../../browser/blob-source.js';
import { loadCore } from '../../../browser/core.js';
import { verifySr25519 } from '../../../browser/sr25519.js';
import { audit } from '../../../domain/audit/audit.js';
import type { ReplicaReport } from '../../../domain/audit/chain.js';
import { entriesIn, framesOf } from '../../../domain/audit/reading.js';
import type { Replay } from '../../../domain/audit/replay.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex, toHex } from '../../../domain/model/bytes.js';
import { defaults } from '../../../domain/model/constants.js';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { Job, JobNews, JobResult, ReplicaLine, RoundLine } from './jobs.js';

/** Replicas that are told of one by one; the totals count them all. */
const replicasToldMax = 200;

export async function auditFiles(
  { files }: Extract<Job, { kind: 'audit' }>,
  tell: (news: JobNews['audit']) => void,
): Promise<JobResult['audit']> {
  const started = performance.now();
  if (files.length === 0) throw new FileTaoError('bad-input', 'no transcript was chosen');
  const core = await loadCore(new URL('./', self.location.href), { window: 11 });
  const bytesTotal = files.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  let rounds: RoundLine[] = [];
  const flush = (): void => {
    tell({ bytes: Math.min(bytes, bytesTotal), bytesTotal, rounds });
    rounds = [];
  };
  const replicas: ReplicaLine[] = [];
  let replicasLeftOut = 0;
  const sources = files.map((file) => ({
    entries: () =>
      entriesIn(
        file.name,
        framesOf(
          partsOf(file, (read) => {
            bytes += read;
            flush();
          }),
        ),
      ),
  }));
  const totals = await audit(sources, {
    core,
    verify: verifySr25519,
    loss: defaults.auditLoss,
    onEntry(replay, source) {
      rounds.push(roundLine(replay, source));
      if (rounds.length >= 16) flush();
    },
    onReplica(report) {
      if (replicas.length < replicasToldMax) replicas.push(replicaLine(report));
      else replicasLeftOut++;
    },
  });
  flush();
  const elapsedMs = Math.round(performance.now() - started);
  if (totals.entries === 0 && totals.broken === 0)
    throw new FileTaoError('bad-input', 'there is nothing in what was chosen: is it a transcript?');
  return { totals, replicas, replicasLeftOut, build: core.build, elapsedMs };
}

function roundLine(replay: Replay, source: string): RoundLine {
  const head = replay.entry.head.value;
  return {
    source,
    what: head.kind === 'challenge' ? `round ${head.n}` : head.kind,
    root: toHex(head.root),
    miner: encodeSs58(head.minerKey),
    outcome: head.outcome,
    reason: head.reason,
    broken: replay.broken,
    blame: replay.blame,
    pruned: replay.pruned,
    startedAtMs: head.startedAtMs,
    checks: replay.checks.map(({ about, result, says }) => ({ about, result, says })),
  };
}

function replicaLine(report: ReplicaReport): ReplicaLine {
  const { root, minerKey, first, last, passed, failedByMiner, failedByWord, voids, confidence } = report;
  return {
    root,
    miner: encodeSs58(fromHex(minerKey)),
    first,
    last,
    passed,
    failed: failedByMiner + failedByWord,
    voids,
    miss: confidence.rounds === 0 ? null : confidence.miss,
  };
}
