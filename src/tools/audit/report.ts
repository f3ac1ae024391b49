// The audit's report for people.

import { formatBytes } from '../../adapters/config/byte-size.js';
import type { ReplicaReport } from '../../domain/audit/chain.js';
import type { Confidence } from '../../domain/audit/confidence.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import type { ObjectConfidence } from './objects.js';
import type { AuditSummary } from './verify.js';

/** Rows of each table that are printed; --json has them all. */
const rowsMax = 50;

/** 1 − miss, told so that more nines do not look like 100 %. */
export function sureness(miss: number): string {
  if (miss >= 0.0001) return `${(100 * (1 - miss)).toFixed(2)} %`;
  return miss === 0 ? 'certain' : `1 − ${miss.toExponential(1)}`;
}

export function* reportLines(
  summary: AuditSummary,
  loss: number,
  replicas: readonly ReplicaReport[],
  objects: readonly ObjectConfidence[] | null,
): Generator<string> {
  const { entries, rounds, files, passed, failedByMiner, failedByWord, voids, broken } = summary;
  yield `${entries} entries in ${files} ${files === 1 ? 'file' : 'files'}, ${rounds} of them rounds, over ${summary.replicas} ${summary.replicas === 1 ? 'replica' : 'replicas'} (${formatBytes(summary.headBytes)} heads, ${formatBytes(summary.bulkBytes)} opened bytes)`;
  for (const validator of summary.validators) yield `signed by validator ${validator}`;
  yield '';
  yield `  passed                        ${passed}`;
  yield `  failed, proved by the miner's
    own signature               ${failedByMiner}`;
  yield `  failed, on the validator's
    word                        ${failedByWord}`;
  const reasons = Object.entries(summary.voidReasons).map(([reason, count]) => `${reason} ${count}`);
  yield `  void                          ${voids}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`;
  yield `  opened bytes pruned           ${summary.pruned}`;
  yield `  broken                        ${broken}`;
  yield `  gaps                          ${summary.gaps}`;
  yield '';
  if (replicas.length > 0) yield* replicaLines(loss, replicas);
  if (objects !== null) yield* objectLines(loss, objects);
  if (summary.ok) {
    yield 'Everything holds: every signature, seed, index, path, commitment, link and verdict was computed again.';
  } else {
    const all = summary.findings.length + summary.findingsLeftOut;
    yield `${all} ${all === 1 ? 'FINDING' : 'FINDINGS'}`;
    for (const { where, about, says } of summary.findings.slice(0, 2 * rowsMax)) {
      yield `  ${where}`;
      yield `    ${about}: ${says}`;
    }
    if (all > 2 * rowsMax) yield `  … and ${all - 2 * rowsMax} more`;
  }
  yield 'Not checkable offline: that block hashes are on chain, elapsed times, K of store and retrieve, that roots';
  yield 'encode objects, that nothing was left out at the end of a chain, collusion of validator and miner.';
}

/** A replica's report as JSON has it. */
export const replicaJson = (report: ReplicaReport) => ({
  ...report,
  confidence: confidenceJson(report.confidence),
  pruned: confidenceJson(report.pruned),
});

const confidenceJson = ({ rounds, caught, miss }: Confidence) => ({ rounds, caught, miss });

const spread = (rounds: ReplicaReport): string =>
  rounds.last === 0 ? 'none' : `${rounds.first}…${rounds.last}`;

const surenessOf = (confidence: Confidence): string =>
  confidence.rounds === 0 ? '–' : sureness(confidence.miss);

function* replicaLines(loss: number, replicas: readonly ReplicaReport[]): Generator<string> {
  const share = `${Number((100 * loss).toFixed(4))} %`;
  yield `Had ${share} or more of a replica's chunks been missing since its first round, its rounds would have caught it:`;
  yield '';
  yield '  replica           miner                                             rounds     passed  failed  void  caught by replayed rounds';
  // What to look at comes first: those that failed by their own signature, then the least sure.
  const sorted = [...replicas].sort(
    (a, b) => b.failedByMiner - a.failedByMiner || b.confidence.miss - a.confidence.miss,
  );
  for (const replica of sorted.slice(0, rowsMax)) {
    const cells = [
      replica.root.slice(0, 16),
      encodeSs58(Buffer.from(replica.minerKey, 'hex')),
      spread(replica).padEnd(9),
      String(replica.passed).padStart(7),
      String(replica.failedByMiner + replica.failedByWord).padStart(6),
      String(replica.voids).padStart(4),
      surenessOf(replica.confidence),
    ];
    const pruned =
      replica.pruned.rounds === 0
        ? ''
        : ` (and on the validator's word, ${replica.pruned.rounds} pruned rounds: ${surenessOf(replica.pruned)})`;
    const fails = replica.failedByMiner === 0 ? '' : ', but it failed';
    yield `  ${cells.join('  ')}${fails}${pruned}`;
  }
  if (replicas.length > rowsMax) yield `  … and ${replicas.length - rowsMax} more, all surer than these`;
  yield '';
}

function* objectLines(loss: number, objects: readonly ObjectConfidence[]): Generator<string> {
  yield `By object: the surest replica of its weakest piece (loss of ${Number((100 * loss).toFixed(4))} %):`;
  yield '';
  const sorted = [...objects].sort((a, b) => b.miss - a.miss);
  for (const { cid, pieces, replicas, audited, miss } of sorted.slice(0, rowsMax)) {
    const says = miss === 1 ? 'not audited' : sureness(miss);
    yield `  ${cid}  ${pieces} ${pieces === 1 ? 'piece' : 'pieces'}, ${audited} of ${replicas} replicas audited  ${says}`;
  }
  if (objects.length > rowsMax) yield `  … and ${objects.length - rowsMax} more, all surer than these`;
  yield '';
}
