// Replaying transcripts offline (PROTOCOL 7): every signature, seed, index, path, commitment, link and verdict is
// computed again from what the entry contains. Entries come in batches, because the commitments of many openings
// are recomputed together.
//
// Not checkable here, and said so: that a block hash is on chain, elapsed times, K of store and retrieve (whoever
// holds the replica can compare), that root encodes an object, and collusion of validator and miner.

import type { ProofCore } from '../core/proof-core.js';
import { type Opened, openSealed, signedText } from '../identity/sealed.js';
import { equalBytes, toHex } from '../model/bytes.js';
import { toFileTaoError } from '../model/errors.js';
import type { VerifySignature } from '../ports/signer.js';
import { acknowledgementKind, type ReceiptBody, receiptKind } from '../protocol/messages.js';
import { type AnsweredRound, openingFaults, type ProofFault } from '../protocol/verifier.js';
import { type Check, Checks } from './checks.js';
import { Conversation, isBetween } from './conversation.js';
import { type ChallengeReading, explainOpening, readChallenge } from './read-challenge.js';
import { readAcknowledged, readRange, readRetrieve, readStore } from './read-upkeep.js';
import { type TranscriptEntry, type TranscriptHead, transcriptKind } from './transcript.js';
import { type Blame, judgeVerdict, type Proven } from './verdict.js';

/** One entry, replayed. */
export interface Replay {
  readonly entry: TranscriptEntry;
  readonly checks: readonly Check[];
  /** The entry was changed or contradicts itself: its `broken` checks say how. */
  readonly broken: boolean;
  /** Whether the validator's signature over the entry holds: without it nothing in it counts. */
  readonly genuine: boolean;
  /** Who a recorded fail rests on; null for passes, voids and broken entries. */
  readonly blame: Blame | null;
  readonly pruned: boolean;
  /** The receipt the entry embeds or brought; null when there is none that holds. */
  readonly receipt: Opened<ReceiptBody> | null;
  /** Challenges only, as far as it went. */
  readonly round: ChallengeReading | null;
  /** Expiry the miner acknowledged (0 for a delete); null for other entries. */
  readonly acknowledged: number | null;
}

interface Begun {
  readonly entry: TranscriptEntry;
  readonly checks: Checks;
  genuine: boolean;
  receipt: Opened<ReceiptBody> | null;
  round: ChallengeReading | null;
  acknowledged: number | null;
  proven: Proven | AnsweredRound | null;
}

const receiptsKept = 4096;
/** 1024 openings each stay below the 65536 commitments of one batch. */
const roundsAtOnce = 64;

export class Replayer {
  readonly #core: ProofCore;
  readonly #verify: VerifySignature;
  /** Receipts whose signature was checked, by all their bytes: a replica's entries all embed the same one. */
  readonly #receipts = new Map<string, Opened<ReceiptBody>>();

  constructor(core: ProofCore, verify: VerifySignature) {
    this.#core = core;
    this.#verify = verify;
  }

  replay(entries: readonly TranscriptEntry[]): Replay[] {
    const begun = entries.map((entry) => this.#begin(entry));
    const waiting = begun.filter(isWaiting);
    const faults = this.#openingFaults(waiting.map(({ proven }) => proven));
    for (const [i, one] of waiting.entries()) {
      const fault = faults[i]!;
      explainOpening(fault, one.checks);
      (one as Begun).proven = fault === null ? { says: 'pass' } : { says: 'fail', reason: fault };
    }
    return begun.map((one) => finish(one));
  }

  #openingFaults(rounds: readonly AnsweredRound[]): (ProofFault | null)[] {
    const faults: (ProofFault | null)[] = [];
    for (let at = 0; at < rounds.length; at += roundsAtOnce) {
      faults.push(...openingFaults(this.#core, rounds.slice(at, at + roundsAtOnce)));
    }
    return faults;
  }

  #begin(entry: TranscriptEntry): Begun {
    const checks = new Checks();
    const begun: Begun = {
      entry,
      checks,
      genuine: false,
      receipt: null,
      round: null,
      acknowledged: null,
      proven: null,
    };
    try {
      this.#read(begun);
    } catch (error) {
      checks.breaks('entry', `cannot be replayed: ${toFileTaoError(error).message}`);
      begun.proven = null;
    }
    return begun;
  }

  #read(begun: Begun): void {
    const { entry, checks } = begun;
    const { value: head, body, signature } = entry.head;
    begun.genuine = checks.demand(
      'signature',
      this.#verify(signedText(transcriptKind.type, body), signature, head.validatorKey),
      'the validator signed the whole entry',
      'the entry is not signed by the validator it names: it was changed',
    );
    if (!begun.genuine || !this.#bulksHold(entry, checks)) return;
    const said = Conversation.open(head, this.#verify, checks);
    if (said === null || !this.#receiptHolds(begun)) return;
    if (head.kind !== 'challenge' && (head.n !== 0 || head.nu.length > 0)) {
      checks.breaks('entry', `a ${head.kind} has no round number and no ν`);
      return;
    }
    if (head.kind !== 'challenge' && head.kind !== 'range' && head.bulks.length > 0) {
      checks.breaks('entry', `a ${head.kind} has no bulk`);
      return;
    }
    switch (head.kind) {
      case 'challenge':
        begun.round = readChallenge(this.#core, head, said, entry.bulks, checks);
        begun.proven = begun.round.proven;
        return;
      case 'store': {
        const { proven, receipt } = readStore(this.#core, head, said, checks);
        begun.proven = proven;
        begun.receipt = receipt;
        return;
      }
      case 'retrieve':
        begun.proven = readRetrieve(this.#core, head, said, checks);
        return;
      case 'range':
        begun.proven = readRange(this.#core, head, said, entry.bulks, checks);
        return;
      case 'renew':
      case 'delete':
        begun.proven = readAcknowledged(head, said, checks);
        begun.acknowledged = said.first(acknowledgementKind)?.value.expiry ?? null;
        return;
    }
  }

  #bulksHold({ head, bulks }: TranscriptEntry, checks: Checks): boolean {
    for (const [i, bulk] of bulks.entries()) {
      if (bulk === null) continue;
      if (!equalBytes(this.#core.hash(bulk), head.value.bulks[i]!)) {
        checks.breaks(
          'bulk',
          'the bytes behind the entry do not have the digest it names: they were changed',
        );
        return false;
      }
    }
    return true;
  }

  /** A challenge must embed what the miner signed at store; a retrieval does, unless it is an old one. */
  #receiptHolds(begun: Begun): boolean {
    const { value: head } = begun.entry.head;
    if (head.receipt.length === 0) {
      if (head.kind !== 'challenge') return true;
      begun.checks.breaks('receipt', 'no receipt: nothing shows that the miner ever took this replica');
      return false;
    }
    let receipt: Opened<ReceiptBody>;
    try {
      receipt = this.#openReceipt(head.receipt);
    } catch (error) {
      begun.checks.breaks('receipt', toFileTaoError(error).message);
      return false;
    }
    const { value } = receipt;
    const holds =
      isBetween(head, value, head.minerKey, head.validatorKey) &&
      equalBytes(value.root, head.root) &&
      value.size === head.size;
    if (
      !begun.checks.demand(
        'receipt',
        holds,
        'the miner signed for this replica, its root and size',
        'the receipt is for another replica, miner or validator',
      )
    ) {
      return false;
    }
    begun.receipt = receipt;
    return true;
  }

  #openReceipt(sealed: Uint8Array): Opened<ReceiptBody> {
    const key = toHex(this.#core.hash(sealed));
    const known = this.#receipts.get(key);
    if (known !== undefined) return known;
    const receipt = openSealed(receiptKind, sealed.slice(), this.#verify);
    if (this.#receipts.size >= receiptsKept) this.#receipts.delete(this.#receipts.keys().next().value!);
    this.#receipts.set(key, receipt);
    return receipt;
  }
}

const isRound = (proven: Begun['proven']): proven is AnsweredRound => proven !== null && 'bulk' in proven;

const isWaiting = (begun: Begun): begun is Begun & { proven: AnsweredRound } => isRound(begun.proven);

function finish({ entry, checks, genuine, receipt, round, acknowledged, proven }: Begun): Replay {
  const head: TranscriptHead = entry.head.value;
  const blame = proven === null || isRound(proven) ? null : judgeVerdict(head, proven, checks);
  return {
    entry,
    checks: checks.list,
    broken: checks.broken,
    genuine,
    blame: checks.broken ? null : blame,
    pruned: entry.bulks.some((bulk) => bulk === null),
    receipt: genuine ? receipt : null,
    round: genuine ? round : null,
    acknowledged: genuine ? acknowledged : null,
  };
}
