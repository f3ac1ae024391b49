// The reward ledger: entries as files hold them, and what a validator of ill will could sign.
import { signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import {
  emptyContent,
  type LedgerContent,
  type LedgerEvent,
  ledgerEvents,
  ledgerKind,
  packCounts,
  packFloat,
  packRules,
  readLedgerEntry,
} from '../../src/domain/audit/ledger.js';
import { LedgerReplay } from '../../src/domain/audit/ledger-replay.js';
import { openSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { protocolVersion } from '../../src/domain/model/constants.js';
import { defaultRules } from '../../src/domain/model/economy.js';
import { tierNames } from '../../src/domain/model/tiers.js';
import { decoding, type InputSubject, refusing } from './judging.js';

const signer = signerFromSeed(new Uint8Array(32).fill(7));
const minerKey = new Uint8Array(32).fill(5);
const [lowest, next] = tierNames as unknown as readonly [
  (typeof tierNames)[number],
  (typeof tierNames)[number],
];
const few = { store: 1, challenge: 2, retrieve: 0 };
const counts = packCounts({ attempts: few, successes: few, totalSuccesses: 3 });

const contents: Readonly<Record<LedgerEvent, LedgerContent>> = {
  state: {
    rules: packRules(defaultRules),
    miners: [{ minerKey, tier: next, score: packFloat(0.5), misses: 1, asked: true, away: false, counts }],
  },
  step: {
    occasion: 'draw',
    selection: [
      {
        task: 'challenge',
        block: 101,
        blockHash: new Uint8Array(32).fill(9),
        k: 1,
        candidates: [0, 1],
        chosen: [{ uid: 1, minerKey }],
      },
    ],
    answers: [
      {
        task: 'challenge',
        minerKey,
        transcript: minerKey,
        passed: true,
        elapsedMs: 20,
        size: 1000,
        reward: packFloat(0.9),
        score: packFloat(0.6),
      },
    ],
  },
  monitor: {
    miners: [{ minerKey, tier: lowest, score: packFloat(0.1), misses: 2, asked: true, away: true, counts }],
  },
  window: {
    judged: [{ minerKey, attempts: few, successes: few, totalSuccesses: 3, before: lowest, after: next }],
  },
  drop: {
    miners: [{ minerKey, tier: lowest, score: packFloat(0), misses: 3, asked: true, away: true, counts }],
  },
  weights: {
    neurons: [{ uid: 1, minerKey, score: packFloat(1), asked: true, value: 65535 }],
    minAllowedWeights: 1,
    maxWeightsLimit: 65535,
  },
};

const samples = ledgerEvents.map((event, i) =>
  Uint8Array.from(
    sealMessage(
      ledgerKind,
      {
        ...emptyContent,
        version: protocolVersion,
        event,
        genesis: new Uint8Array(32).fill(1),
        netuid: 21,
        validatorKey: signer.publicKey,
        sequence: i + 1,
        previous: new Uint8Array(32),
        atMs: 1_790_000_000_000 + i,
        block: 100 + i,
        window: 0,
        ...contents[event],
      },
      signer,
    ),
  ),
);

export const ledgerSubjects: Readonly<Record<string, InputSubject>> = {
  'reward ledger': {
    corpus: 'cbor',
    samples,
    judge: refusing(samples, (input) => void openSealed(ledgerKind, input, verifySr25519)),
  },
  'signed reward ledger': {
    corpus: 'cbor',
    samples,
    // Whatever is signed: it is replayed with findings, behind a genuine state.
    judge: decoding((input) => {
      const replay = new LedgerReplay(() => true, null);
      replay.take(readLedgerEntry(samples[0]!));
      replay.take(readLedgerEntry(input));
      replay.take(readLedgerEntry(samples[1]!));
    }),
  },
};
