// Rounds that an earlier run left open. Their n is spent. If the transcript of n was written before the end, its
// verdict is what counts and only the record is behind; if not, the round is void, and says so in a transcript:
// every n leaves exactly one.

import type { TranscriptHead } from '../../domain/audit/transcript.js';
import { openSealed } from '../../domain/identity/sealed.js';
import { publicKeyOf, rootOf } from '../../domain/model/bytes.js';
import type { ReplicaRecord } from '../../domain/model/records.js';
import { roundSeed } from '../../domain/protocol/derivations.js';
import { challengeKind, commitmentKind } from '../../domain/protocol/messages.js';
import { closeRound, type PassedRound, roundKey } from './challenging.js';
import type { ValidatorContext } from './context.js';
import { Exchange, recordTranscript, voided } from './transcripts.js';

/** No round lasts this long: whatever process left it open is gone. */
const abandonedRoundMs = 15 * 60_000;
const pageSize = 500;

/** Closes abandoned rounds; returns how many. */
export async function recoverRounds(context: ValidatorContext): Promise<number> {
  const abandoned: ReplicaRecord[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof context.index.listReplicas>> = await context.index.listReplicas(
      cursor,
      pageSize,
    );
    abandoned.push(...page.items.filter((replica) => isAbandoned(context, replica)));
    cursor = page.next;
  } while (cursor !== null);
  if (abandoned.length === 0) return 0;
  const written = await writtenVerdicts(context, abandoned);
  for (const replica of abandoned) {
    const { n } = replica.openRound!;
    const head = written.get(`${roundKey(replica)}/${n}`);
    if (head === undefined) {
      const verdict = voided('interrupted');
      const { size, link: prevLink, receipt } = replica;
      const subject = { kind: 'challenge', id: replica, size, n, prevLink, receipt } as const;
      await recordTranscript(context, subject, new Exchange(context.clock), verdict);
      await closeRound(context, replica, n, verdict, null);
    } else {
      await closeRound(
        context,
        replica,
        n,
        head,
        head.outcome === 'pass' ? passedRoundOf(context, head) : null,
      );
    }
  }
  return abandoned.length;
}

function isAbandoned(context: ValidatorContext, replica: ReplicaRecord): boolean {
  const { openRound } = replica;
  if (openRound === null) return false;
  if (openRound.owner === context.processId) return !context.liveRounds.has(roundKey(replica));
  return context.clock.now() - openRound.startedAtMs >= abandonedRoundMs;
}

/** Heads of the abandoned rounds that reached the transcripts, by replica and n. */
async function writtenVerdicts(
  context: ValidatorContext,
  abandoned: readonly ReplicaRecord[],
): Promise<Map<string, TranscriptHead>> {
  const wanted = new Set(abandoned.map((replica) => `${roundKey(replica)}/${replica.openRound!.n}`));
  const since = Math.min(...abandoned.map((replica) => replica.openRound!.startedAtMs));
  const found = new Map<string, TranscriptHead>();
  for await (const { head } of context.transcripts.entriesSince(since)) {
    if (head.value.kind !== 'challenge') continue;
    const key = `${publicKeyOf(head.value.minerKey)}/${rootOf(head.value.root)}/${head.value.n}`;
    if (wanted.has(key)) found.set(key, head.value);
  }
  return found;
}

/** Link and kept round from the messages of a passed round. */
function passedRoundOf(context: ValidatorContext, head: TranscriptHead): PassedRound {
  const last = (type: string): Uint8Array =>
    head.messages.filter((message) => message.type === type).at(-1)!.bytes;
  const challenge = openSealed(challengeKind, last(challengeKind.type), context.verify);
  const { link, keyedRoot } = openSealed(commitmentKind, last(commitmentKind.type), context.verify).value;
  return { link, kept: { n: head.n, seed: roundSeed(context.core, challenge.body), keyedRoot } };
}
