// filetao audit show: one exchange for a person. Who asked what, which chunks, what each check said.

import { formatBytes } from '../../adapters/config/byte-size.js';
import { loadCore } from '../../adapters/proving/load-core.js';
import { verifySr25519 } from '../../adapters/wallets/sr25519.js';
import type { CheckResult } from '../../domain/audit/checks.js';
import { type Replay, Replayer } from '../../domain/audit/replay.js';
import type { TranscriptEntry, TranscriptHead } from '../../domain/audit/transcript.js';
import { encodeSs58 } from '../../domain/identity/ss58.js';
import { toHex } from '../../domain/model/bytes.js';
import { defaults } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { chunksOfShare, detectionProbability } from '../../domain/protocol/parameters.js';
import { entriesOf, filesOf } from './entries.js';
import { checkAgainstReplica } from './with-replica.js';

export interface Wanted {
  /** First digits of the root. */
  readonly root?: string;
  readonly n?: number;
  /** Of what fits, the last that began; else the first. */
  readonly last?: boolean;
}

/** The entry that fits; throws `not-found`. */
export async function findEntry(paths: readonly string[], wanted: Wanted): Promise<TranscriptEntry> {
  let chosen: TranscriptEntry | null = null;
  for (const path of await filesOf(paths)) {
    for await (const found of entriesOf(path)) {
      if (found.kind !== 'entry' || !fits(found.entry.head.value, wanted)) continue;
      if (wanted.last !== true) return found.entry;
      const { startedAtMs } = found.entry.head.value;
      if (chosen === null || startedAtMs >= chosen.head.value.startedAtMs) chosen = found.entry;
    }
  }
  if (chosen === null) throw new FileTaoError('not-found', 'no entry of these transcripts fits');
  return chosen;
}

function fits(head: TranscriptHead, { root, n }: Wanted): boolean {
  if (root !== undefined && !toHex(head.root).startsWith(root.toLowerCase())) return false;
  return n === undefined || (head.kind === 'challenge' && head.n === n);
}

export const replayOne = (entry: TranscriptEntry): Replay =>
  new Replayer(loadCore(), verifySr25519).replay([entry])[0]!;

/** The same, and whether the K that the miner signed is that of the replica in the file. */
export async function replayWithReplica(entry: TranscriptEntry, path: string): Promise<Replay> {
  const replay = replayOne(entry);
  const check = await checkAgainstReplica(loadCore(), entry.head.value, path);
  return { ...replay, checks: [...replay.checks, check] };
}

const marks: Readonly<Record<CheckResult, string>> = {
  ok: 'ok    ',
  fault: 'FAULT ',
  word: 'word  ',
  pruned: 'pruned',
  broken: 'BROKEN',
};

/** What the message asks or says, by its type. */
const meanings: Readonly<Record<string, string>> = {
  store: 'take this replica',
  receipt: 'taken, and here is what I commit to',
  challenge: 'commit to every chunk of it under this seed',
  commitment: 'I am bound to K, R and the next link',
  'opening-request': 'here is ν: open the chunks it names',
  opening: 'the chunks, their blindings and three proofs',
  retrieve: 'give it back whole',
  'retrieve-proof': 'that was it, and K of what I sent',
  range: 'give back these chunks',
  'range-answer': 'the chunks and their proof',
  renew: 'keep it longer',
  delete: 'delete it',
  acknowledgement: 'done',
  refusal: 'no',
};

const asking = new Set(['store', 'challenge', 'opening-request', 'retrieve', 'range', 'renew', 'delete']);

export function* showLines(replay: Replay): Generator<string> {
  const { head, bulks } = replay.entry;
  const { value } = head;
  const verdict = value.outcome === 'pass' ? 'pass' : `${value.outcome}: ${value.reason}`;
  yield `${value.kind === 'challenge' ? `Round ${value.n}` : value.kind} — recorded as ${verdict}`;
  yield '';
  yield `  replica    ${toHex(value.root)} (${formatBytes(value.size)})`;
  yield `  validator  ${encodeSs58(value.validatorKey)}`;
  yield `  miner      ${encodeSs58(value.minerKey)}`;
  yield `  network    subnet ${value.netuid} of chain ${toHex(value.genesis).slice(0, 16)}…`;
  yield `  begun      ${new Date(value.startedAtMs).toISOString()}, over after ${value.elapsedMs} ms (the validator's clock)`;
  yield `  entry      ${toHex(head.digest)}`;
  yield '';
  yield* saidLines(value, bulks);
  if (replay.round !== null) yield* roundLines(replay);
  yield 'Checks:';
  for (const { about, result, says } of replay.checks)
    yield `  ${marks[result]}  ${about.padEnd(16)}  ${says}`;
  yield '';
  yield conclusion(replay);
}

function* saidLines(head: TranscriptHead, bulks: readonly (Uint8Array | null)[]): Generator<string> {
  if (head.messages.length === 0) {
    yield 'Nothing was said.';
    yield '';
    return;
  }
  yield 'Said:';
  for (const { type, atMs, bytes } of head.messages) {
    const who = asking.has(type) ? 'validator' : 'miner    ';
    yield `  ${String(atMs).padStart(7)} ms  ${who}  ${type.padEnd(15)}  ${meanings[type] ?? ''} (${bytes.length} bytes)`;
  }
  for (const bulk of bulks)
    yield `  behind it: ${bulk === null ? 'bytes that were pruned' : formatBytes(bulk.length)}`;
  yield '';
}

function* roundLines({ round }: Replay): Generator<string> {
  const { challenge, commitment, indices } = round!;
  if (challenge === null) return;
  const { chunkSize, openings, blockNumber, prevLink, nonce } = challenge.value;
  yield `Asked: ${openings} chunks of ${formatBytes(chunkSize)}, at block ${blockNumber}`;
  yield `  prevLink   ${toHex(prevLink)}`;
  yield `  nonce      ${toHex(nonce)}`;
  if (commitment !== null) {
    const { count, keyedRoot, commitmentRoot, link } = commitment.value;
    yield `Committed to ${count} chunks:`;
    yield `  K          ${toHex(keyedRoot)}`;
    yield `  R          ${toHex(commitmentRoot)}`;
    yield `  link       ${toHex(link)}`;
    if (indices.length > 0) {
      yield 'Opened:';
      for (let at = 0; at < indices.length; at += 16) yield `  ${indices.slice(at, at + 16).join(' ')}`;
      const lost = chunksOfShare(count, defaults.auditLoss);
      const caught = detectionProbability(count, lost, openings);
      yield `  a miner without ${lost} of ${count} chunks would have been caught with ${(100 * caught).toFixed(2)} %`;
    }
  }
  yield '';
}

function conclusion({ broken, blame, checks, entry, pruned }: Replay): string {
  const { outcome } = entry.head.value;
  if (broken) return 'This entry does not hold.';
  if (checks.some(({ about, result }) => about === 'data' && result === 'fault'))
    return `Recorded as ${outcome}, and the replica shows that the miner signed a false K: its own signature proves it.`;
  if (outcome === 'pass') {
    return pruned ? 'Passed, as far as signed heads go.' : 'Passed, and everything in it was computed again.';
  }
  if (outcome === 'void') return 'Void: it counts neither for nor against the miner.';
  return blame === 'miner'
    ? "Failed, and the miner's own signature proves it."
    : "Failed, on the validator's word.";
}
