// Whoever reads what a validator publishes, its signed transcripts and reward ledger, and recomputes every score.
import { type LedgerEntry, readLedgerEntry } from '../../../src/domain/audit/ledger.js';
import { type ExchangeFact, LedgerReplay } from '../../../src/domain/audit/ledger-replay.js';
import { FrameReader, openFrame } from '../../../src/domain/audit/transcript.js';
import { type PublicKey, publicKeyOf, toHex } from '../../../src/domain/model/bytes.js';
import type { VerifySignature } from '../../../src/domain/ports/signer.js';

/** What a validator publishes, as frames. */
export interface Published {
  readonly transcripts: readonly Uint8Array[];
  readonly ledger: readonly Uint8Array[];
}

export interface Standing {
  readonly score: number;
  readonly tier: string;
  /** Of 65535, as last weighed. */
  readonly weight: number | null;
}

export class PeerReader {
  readonly #replay: LedgerReplay;
  readonly #facts = new Map<string, ExchangeFact>();
  readonly #findings: string[] = [];
  readonly #ledger = new FrameReader();
  #ledgerRead: number;
  #transcriptsRead = 0;

  /** @param first the entry of the ledger to begin with: whoever comes late begins at the last state */
  constructor(verify: VerifySignature, first = 0) {
    this.#replay = new LedgerReplay(verify, (digest) => this.#facts.get(toHex(digest)) ?? null);
    this.#ledgerRead = first;
  }

  /** Reads up to so many frames of the ledger, and all transcripts that are there. @param cut where reads end */
  read(published: Published, most = Number.POSITIVE_INFINITY, cut = (bytes: number): number => bytes): void {
    for (; this.#transcriptsRead < published.transcripts.length; this.#transcriptsRead++) {
      for (const [digest, fact] of factsOf(published.transcripts[this.#transcriptsRead]!))
        this.#facts.set(digest, fact);
    }
    const end = Math.min(published.ledger.length, this.#ledgerRead + most);
    for (; this.#ledgerRead < end; this.#ledgerRead++) {
      for (const { sealedHead } of pushed(this.#ledger, published.ledger[this.#ledgerRead]!, cut))
        this.#take(readLedgerEntry(Uint8Array.from(sealedHead)));
    }
  }

  /** What is wrong with what was read. */
  get findings(): readonly string[] {
    return this.#findings;
  }

  standings(): ReadonlyMap<PublicKey, Standing> {
    const { standings, weighed } = this.#replay;
    return new Map(
      [...standings.entries()].map(([key, { score, tier }]) => [
        key,
        { score, tier, weight: weighed.get(key)?.value ?? null },
      ]),
    );
  }

  #take(entry: LedgerEntry): void {
    for (const { sequence, about, says } of this.#replay.take(entry).findings)
      if (about !== 'word') this.#findings.push(`ledger entry ${sequence}, ${about}: ${says}`);
  }
}

type Facts = readonly (readonly [string, ExchangeFact])[];

/** Several read the same bytes, and each history has thousands of them. */
const knownFacts = new WeakMap<Uint8Array, Facts>();

function factsOf(transcript: Uint8Array): Facts {
  const known = knownFacts.get(transcript);
  if (known !== undefined) return known;
  const facts = [...new FrameReader().push(transcript)].map((frame): Facts[number] => {
    const { digest, value } = openFrame(frame).head;
    const { kind, outcome, elapsedMs, size } = value;
    return [toHex(digest), { kind, minerKey: publicKeyOf(value.minerKey), outcome, elapsedMs, size }];
  });
  knownFacts.set(transcript, facts);
  return facts;
}

/** Index of the last state in a ledger, where a restart begins. */
export function lastState(ledger: readonly Uint8Array[]): number {
  return ledger
    .map((bytes) =>
      [...new FrameReader().push(bytes)].map(
        ({ sealedHead }) => readLedgerEntry(Uint8Array.from(sealedHead)).value.event,
      ),
    )
    .findLastIndex(([event]) => event === 'state');
}

function* pushed(reader: FrameReader, bytes: Uint8Array, cut: (bytes: number) => number) {
  const at = cut(bytes.length);
  yield* reader.push(bytes.subarray(0, at));
  yield* reader.push(bytes.subarray(at));
}
