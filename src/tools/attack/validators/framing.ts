// Validators that edit, leave out, reorder or make up transcripts, to blame an honest miner or to favour a friend.
// The judge is the auditor anybody can run (domain/audit): a pass is a lie it believes.
import { writeFile } from 'node:fs/promises';
import { blake3 } from '@noble/hashes/blake3.js';
import { verifySr25519 } from '../../../adapters/wallets/sr25519.js';
import { Chains } from '../../../domain/audit/chain.js';
import { Replayer } from '../../../domain/audit/replay.js';
import {
  type TranscriptEntry,
  type TranscriptHead,
  TranscriptReader,
  transcriptKind,
} from '../../../domain/audit/transcript.js';
import { type MessageKind, readSealed, sealMessage } from '../../../domain/identity/sealed.js';
import {
  challengeKind,
  commitmentKind,
  openingKind,
  openingRequestKind,
  receiptKind,
  refusalKind,
} from '../../../domain/protocol/messages.js';
import { type Arena, type ArenaMiner, type ArenaValidator, defaultAudit } from '../arena.js';
import { honestRound, playRound, storeBoth } from '../miner-strategy.js';
import { Counter, type Strategy } from '../strategy.js';

interface Case {
  readonly arena: Arena;
  readonly validator: ArenaValidator;
  readonly miner: ArenaMiner;
  /** A store and rounds of an honest miner, as recorded. */
  readonly entries: readonly TranscriptEntry[];
}

const decode = (recorded: readonly Uint8Array[]): TranscriptEntry[] => {
  const reader = new TranscriptReader();
  return recorded.flatMap((bytes) => [...reader.push(bytes)]);
};

const recordedRounds = 6;

async function record(arena: Arena): Promise<Case> {
  const validator = await arena.addValidator();
  const miner = await arena.addMiner();
  const replica = await arena.store(validator, await arena.piece(16 * 1024), miner);
  for (let i = 0; i < recordedRounds; i++) {
    const failure = await honestRound(validator, replica);
    if (failure !== null) throw new Error(`an honest round ended in ${failure}`);
    arena.passBlocks(1);
  }
  return { arena, validator, miner, entries: decode(validator.transcripts) };
}

/** The entry as its validator would have it, signed as if it were so. */
function edited(
  { validator }: Case,
  entry: TranscriptEntry,
  changes: Partial<TranscriptHead>,
  bulks: TranscriptEntry['bulks'] = entry.bulks,
): TranscriptEntry {
  const sealed = sealMessage(transcriptKind, { ...entry.head.value, ...changes }, validator.signer);
  return { head: readSealed(transcriptKind, sealed), bulks };
}

const blaming = (reason: string): Partial<TranscriptHead> => ({
  outcome: 'fail',
  reason,
  attributable: true,
});

/** The messages with those of one type changed. */
const withMessage = (
  { head }: TranscriptEntry,
  type: string,
  change: (bytes: Uint8Array) => Uint8Array,
): TranscriptHead['messages'] =>
  head.value.messages.map((message) =>
    message.type === type ? { ...message, bytes: change(message.bytes) } : message,
  );

const without = ({ head }: TranscriptEntry, ...types: readonly string[]): TranscriptHead['messages'] =>
  head.value.messages.filter((message) => !types.includes(message.type));

type Edit = (scene: Case, entry: TranscriptEntry, other: TranscriptEntry) => TranscriptEntry;

/** Signed by the validator, as if the miner had. */
const forged =
  <Value>(kind: MessageKind<Value>, change: (value: Value) => Value, reason: string): Edit =>
  (scene, entry) =>
    edited(scene, entry, {
      ...blaming(reason),
      messages: withMessage(entry, kind.type, (bytes) =>
        sealMessage(kind, change(readSealed(kind, bytes).value), scene.validator.signer),
      ),
    });

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const changed = bytes.slice();
  changed[at]! ^= 1;
  return changed;
};

const edits: readonly Edit[] = [
  // The verdict alone.
  ...[
    'content-path',
    'keyed-path',
    'commitment-path',
    'link',
    'count',
    'opening-length',
    'blinding-range',
  ].map(
    (reason): Edit =>
      (scene, entry) =>
        edited(scene, entry, blaming(reason)),
  ),
  ...['timeout', 'unknown-replica', 'damaged', 'bad-signature', 'made-up'].map(
    (reason): Edit =>
      (scene, entry) =>
        edited(scene, entry, blaming(reason)),
  ),
  // Other bytes in the opening, with the digest of the head fitted or not.
  (scene, entry) => edited(scene, entry, blaming('content-path'), [flipped(entry.bulks[0]!, 5)]),
  (scene, entry) => {
    const bulk = flipped(entry.bulks[0]!, 5);
    return edited(scene, entry, { ...blaming('content-path'), bulks: [blake3(bulk)] }, [bulk]);
  },
  (scene, entry) => edited(scene, entry, blaming('opening-length'), [entry.bulks[0]!.subarray(1)]),
  // Words put into the miner's mouth.
  forged(commitmentKind, (value) => ({ ...value, link: blake3(value.link) }), 'link'),
  forged(commitmentKind, (value) => ({ ...value, count: value.count + 1 }), 'count'),
  forged(openingKind, (value) => ({ ...value, bulkLength: value.bulkLength + 1 }), 'opening-length'),
  // Words of another round.
  (scene, entry, other) => {
    const wrong = other.head.value.messages.find(({ type }) => type === commitmentKind.type)!;
    return edited(scene, entry, {
      ...blaming('wrong-round'),
      messages: withMessage(entry, commitmentKind.type, () => wrong.bytes),
    });
  },
  (scene, entry, other) => {
    const wrong = other.head.value.messages.find(({ type }) => type === openingKind.type)!;
    return edited(
      scene,
      entry,
      { ...blaming('content-path'), messages: withMessage(entry, openingKind.type, () => wrong.bytes) },
      other.bulks,
    );
  },
  // Questions asked otherwise afterwards.
  (scene, entry) =>
    edited(scene, entry, {
      ...blaming('content-path'),
      nu: blake3(entry.head.value.nu),
    }),
  (scene, entry) => {
    const nu = blake3(entry.head.value.nu);
    return edited(scene, entry, {
      ...blaming('content-path'),
      nu,
      messages: withMessage(entry, openingRequestKind.type, (bytes) =>
        sealMessage(
          openingRequestKind,
          { ...readSealed(openingRequestKind, bytes).value, nu },
          scene.validator.signer,
        ),
      ),
    });
  },
  (scene, entry) =>
    edited(scene, entry, {
      ...blaming('link'),
      messages: withMessage(entry, challengeKind.type, (bytes) => {
        const { value } = readSealed(challengeKind, bytes);
        return sealMessage(challengeKind, { ...value, chunkSize: 2048 }, scene.validator.signer);
      }),
    }),
  (scene, entry) => edited(scene, entry, { ...blaming('link'), prevLink: blake3(entry.head.value.prevLink) }),
  (scene, entry) => edited(scene, entry, { ...blaming('content-path'), root: blake3(entry.head.value.root) }),
  (scene, entry) => edited(scene, entry, { ...blaming('count'), size: entry.head.value.size + 1 }),
  // Words left out or turned round.
  (scene, entry) =>
    edited(
      scene,
      entry,
      { ...blaming('timeout'), messages: without(entry, openingKind.type), bulks: [] },
      [],
    ),
  (scene, entry) =>
    edited(scene, entry, {
      ...blaming('content-path'),
      messages: [...entry.head.value.messages].reverse(),
    }),
  // Somebody else's receipt or refusal.
  (scene, entry) =>
    edited(scene, entry, {
      ...blaming('content-path'),
      receipt: sealMessage(
        receiptKind,
        readSealed(receiptKind, entry.head.value.receipt).value,
        scene.validator.signer,
      ),
    }),
  (scene, entry) => {
    const challenge = entry.head.value.messages.find(({ type }) => type === challengeKind.type)!;
    const { value, digest } = readSealed(challengeKind, challenge.bytes);
    const refusal = {
      version: value.version,
      genesis: value.genesis,
      netuid: value.netuid,
      sender: value.receiver,
      receiver: value.sender,
      requestDigest: digest,
      code: 'unknown-replica' as const,
      detail: '',
      retryAfter: 0,
      blockNumber: value.blockNumber,
    };
    const bytes = sealMessage(refusalKind, refusal, scene.validator.signer);
    const messages = [
      ...without(entry, commitmentKind.type, openingRequestKind.type, openingKind.type),
      { type: refusalKind.type, atMs: 0, bytes },
    ];
    return edited(
      scene,
      entry,
      { ...blaming('unknown-replica'), messages, bulks: [], nu: new Uint8Array() },
      [],
    );
  },
  // Another validator's or miner's name.
  (scene, entry) =>
    edited(scene, entry, { ...blaming('content-path'), minerKey: scene.arena.signer().publicKey }),
  (scene, entry) => {
    const other = scene.arena.signer();
    const head = { ...entry.head.value, ...blaming('content-path') };
    return { head: readSealed(transcriptKind, sealMessage(transcriptKind, head, other)), bulks: entry.bulks };
  },
];

/** Believed: nothing in it is broken, and it blames the miner for something the miner signed. */
function blames(
  { arena }: Case,
  entry: TranscriptEntry,
): { readonly blamed: boolean; readonly says: string } {
  const [replay] = new Replayer(arena.core, verifySr25519).replay([entry]);
  const broken = replay!.checks.find(({ result }) => result === 'broken');
  return {
    blamed: replay!.genuine && !replay!.broken && replay!.blame === 'miner',
    says: broken?.about ?? (replay!.blame === 'word' ? 'only its word' : 'not genuine'),
  };
}

/** How the record of several rounds can be told otherwise. */
const stories: readonly ((scene: Case) => readonly TranscriptEntry[])[] = [
  ({ entries }) => [...entries.slice(0, 3), ...entries.slice(4)],
  ({ entries }) => [entries[0]!, ...entries.slice(2)],
  ({ entries }) => [...entries.slice(0, 2), ...entries.slice(5)],
  (scene) => {
    const { entries } = scene;
    const [a, b] = [entries[2]!, entries[3]!];
    const swap = (entry: TranscriptEntry, n: number): TranscriptEntry => edited(scene, entry, { n });
    return [...entries.slice(0, 2), swap(b, 2), swap(a, 3), ...entries.slice(4)];
  },
  (scene) => {
    const { entries } = scene;
    return [...entries.slice(0, 4), edited(scene, entries[3]!, { n: 4 }), ...entries.slice(5)];
  },
  (scene) => {
    const { entries } = scene;
    const left = { outcome: 'void', reason: 'validator-fault', attributable: false } as const;
    return [...entries.slice(0, 3), edited(scene, entries[3]!, left), ...entries.slice(4)];
  },
];

function tellsOff({ arena }: Case, entries: readonly TranscriptEntry[]): string | null {
  const chains = new Chains(defaultAudit.loss);
  const replays = new Replayer(arena.core, verifySr25519).replay(entries);
  for (const replay of replays) chains.add(replay);
  const broken = replays.flatMap(({ checks }) => checks).find(({ result }) => result === 'broken');
  if (broken !== undefined) return broken.about;
  for (const report of chains.reports()) if (report.findings.length > 0) return report.findings[0]!.about;
  return null;
}

export const framing: readonly Strategy[] = [
  {
    name: 'edited-transcripts',
    what: 'Edits what it recorded of an honest miner, signs it anew, and blames the miner',
    who: 'validator',
    rounds: 3 * edits.length,
    async play(arena, rounds) {
      const scene = await record(arena);
      const challenges = scene.entries.filter(({ head }) => head.value.kind === 'challenge');
      const counter = new Counter();
      for (const entry of challenges) {
        const [replay] = new Replayer(arena.core, verifySr25519).replay([entry]);
        counter.honest(replay!.broken ? 'a true transcript was not believed' : null);
      }
      for (let i = 0; i < rounds; i++) {
        const entry = challenges[i % challenges.length]!;
        const other = challenges[(i + 1) % challenges.length]!;
        const { blamed, says } = blames(scene, edits[i % edits.length]!(scene, entry, other));
        counter.count(blamed ? 'pass' : 'fail', says);
      }
      return counter.tally(0);
    },
  },
  {
    name: 'changed-bytes',
    what: 'Changes any single byte of a recorded round, without signing it anew',
    who: 'validator',
    rounds: 200,
    async play(arena, rounds) {
      const scene = await record(arena);
      const recorded = scene.validator.transcripts.at(-1)!;
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        const changed = flipped(recorded, arena.random.below(recorded.length));
        let reason = 'unreadable';
        let believed = false;
        try {
          const [entry, more] = decode([changed]);
          if (entry !== undefined && more === undefined) {
            const [replay] = new Replayer(arena.core, verifySr25519).replay([entry]);
            believed = replay!.genuine && !replay!.broken;
            reason = replay!.genuine ? 'broken' : 'signature';
          }
        } catch {
          // no entry any more
        }
        counter.count(believed ? 'pass' : 'fail', reason);
      }
      return counter.tally(0);
    },
  },
  {
    name: 'omitted-rounds',
    what: 'Leaves rounds out, swaps, repeats or voids them: the chain of links must tell',
    who: 'validator',
    rounds: 4 * stories.length,
    async play(arena, rounds) {
      const scene = await record(arena);
      const counter = new Counter();
      counter.honest(tellsOff(scene, scene.entries));
      for (let i = 0; i < rounds; i++) {
        const finding = tellsOff(scene, stories[i % stories.length]!(scene));
        counter.count(finding === null ? 'pass' : 'fail', finding ?? '');
      }
      return counter.tally(0);
    },
  },
  {
    name: 'favoured-friend',
    what: 'Records a pass for a miner that failed',
    who: 'validator',
    rounds: 20,
    async play(arena, rounds) {
      const { validator, replica, cheater } = await storeBoth(arena, {
        cheat: () => ({
          async afterStore(stored) {
            const file = stored.cheater.file(stored.replica).replica;
            await writeFile(file, new Uint8Array(stored.piece.size));
          },
        }),
      });
      const counter = new Counter();
      for (let i = 0; i < rounds; i++) {
        await playRound(validator, replica);
        const [entry] = decode([validator.transcripts.at(-1)!]);
        const scene = { arena, validator, miner: cheater, entries: [] };
        const friendly = edited(scene, entry!, { outcome: 'pass', reason: '', attributable: false });
        const [replay] = new Replayer(arena.core, verifySr25519).replay([friendly]);
        const broken = replay!.checks.find(({ result }) => result === 'broken');
        counter.count(replay!.broken ? 'fail' : 'pass', broken?.about ?? '');
      }
      return counter.tally(0);
    },
  },
];
