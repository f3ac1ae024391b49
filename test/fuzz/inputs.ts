// What the fuzzer feeds: every decoder of bytes or text that come from elsewhere, each with genuine samples to begin
// with. A subject says what is wrong, or null: refused with a typed, one-line error, or accepted as it may be.
import { randomBytes } from 'node:crypto';
import { nodeCipher } from '../../src/adapters/cipher/node.js';
import { parseBytes } from '../../src/adapters/config/byte-size.js';
import { parseConfigFile } from '../../src/adapters/config/config-file.js';
import { parseDuration } from '../../src/adapters/config/duration.js';
import { resolveConfig } from '../../src/adapters/config/resolve.js';
import { flagOf, type OptionKey, optionsOf, type Role } from '../../src/adapters/config/schema.js';
import {
  heldReplicaCodec,
  objectCodec,
  pieceCodec,
  type RecordCodec,
  replicaCodec,
  statisticsCodec,
} from '../../src/adapters/index/codec.js';
import { cursorAfter, keyOfCursor } from '../../src/adapters/index/cursor.js';
import { loadCore } from '../../src/adapters/proving/load-core.js';
import { PartReader, splitFrame } from '../../src/adapters/rpc/wire.js';
import { isNaclKeyfile, openKeyfile } from '../../src/adapters/wallets/encrypted-keyfile.js';
import { formatKeyfile, keyPairOf, parseKeyfile } from '../../src/adapters/wallets/keyfile.js';
import { keyPairFromSeed, signerFromSeed, verifySr25519 } from '../../src/adapters/wallets/sr25519.js';
import { parseRecords } from '../../src/client/hash-records.js';
import { encodeEntry, FrameReader, openFrame, TranscriptReader } from '../../src/domain/audit/transcript.js';
import { decodeCid, makeCid, objectCid } from '../../src/domain/content/cid.js';
import { checkManifest, manifestKind } from '../../src/domain/content/manifest.js';
import type { Tree } from '../../src/domain/core/modes.js';
import {
  ageHeaderLength,
  createEnvelope,
  openHeader,
  plaintextSize,
} from '../../src/domain/identity/age-envelope.js';
import { ageIdentityOf, ageRecipientOf } from '../../src/domain/identity/age-identity.js';
import { authorise, RequestVerifier } from '../../src/domain/identity/request.js';
import { type MessageKind, openSealed } from '../../src/domain/identity/sealed.js';
import { decodeSs58, encodeSs58 } from '../../src/domain/identity/ss58.js';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { decodeEntries, encodeEntry as encodeInventoryEntry } from '../../src/domain/protocol/inventory.js';
import * as messages from '../../src/domain/protocol/messages.js';
import { decodeOpening, openingLength } from '../../src/domain/protocol/opening.js';
import { decodeTerms, encodeTerms, openTerms } from '../../src/domain/protocol/terms.js';
import * as records from '../adapters/index/records.js';
import { sampleWorld } from '../domain/audit/samples.js';
import type { CaseRandom } from './case-random.js';
import { clientSubjects } from './client-inputs.js';
import { asJson, type Decode, decoding, type InputSubject, refusing, textOf, utf8 } from './judging.js';
import { ledgerSubjects } from './ledger-inputs.js';

const core = loadCore();
const world = await sampleWorld();
const kinds = (Object.values(messages) as unknown[]).filter(
  (value): value is MessageKind<unknown> =>
    typeof value === 'object' && value !== null && 'maxBytes' in value,
);
const said = world.entries.flatMap(({ head }) => head.value.messages);
const saidAs = (type: string): Uint8Array[] =>
  said.filter((message) => message.type === type).map(({ bytes }) => Uint8Array.from(bytes));

const signer = signerFromSeed(new Uint8Array(32).fill(3));
const receiver = signerFromSeed(new Uint8Array(32).fill(4)).publicKey;
const address = { genesis: new Uint8Array(32).fill(1), netuid: 21, receiver };
const nowMs = 1_790_000_000_000;

const subjects: Record<string, InputSubject> = { ...clientSubjects, ...ledgerSubjects };

for (const kind of [...kinds, manifestKind] as MessageKind<unknown>[]) {
  const own = saidAs(kind.type);
  const samples = own.length > 0 ? own : said.slice(0, 3).map(({ bytes }) => Uint8Array.from(bytes));
  subjects[`message ${kind.type}`] = {
    corpus: 'cbor',
    samples,
    judge: refusing(own, (input) => {
      const { value } = openSealed(kind, input, verifySr25519);
      if (kind === (manifestKind as MessageKind<unknown>)) checkManifest(value as never);
    }),
  };
  // Behind the signature: what a sender of ill will could sign.
  subjects[`signed ${kind.type}`] = {
    corpus: 'cbor',
    samples,
    judge: decoding((input) => {
      const { value } = openSealed(kind, input, () => true);
      if (kind === (manifestKind as MessageKind<unknown>)) checkManifest(value as never);
    }),
  };
}

const entries = world.entries.map(({ head, bulks }) => encodeEntry(head.bytes, bulks));
const inParts = (input: Uint8Array, random: CaseRandom, push: (part: Uint8Array) => void): void => {
  for (let at = 0; at < input.length; ) {
    const length = 1 + random.below(random.below(4) === 0 ? 7 : 40_000);
    push(input.subarray(at, at + length));
    at += length;
  }
};
subjects['transcript frames'] = {
  corpus: 'cbor',
  samples: entries,
  judge: decoding((input, random) => {
    const reader = new FrameReader();
    inParts(input, random, (part) => {
      for (const frame of reader.push(part)) openFrame(frame);
    });
  }),
};
subjects['transcript entries'] = {
  corpus: 'cbor',
  samples: entries,
  judge: decoding((input, random) => {
    const reader = new TranscriptReader();
    inParts(input, random, (part) => {
      for (const entry of reader.push(part)) void entry;
    });
  }),
};

const [store] = saidAs('store');
const [receipt] = saidAs('receipt');
const [renew] = saidAs('renew');
const terms = { store: store!, receipt: receipt!, renew: renew ?? new Uint8Array(), storedAt: 1_790_000_000 };
const termsSample = encodeTerms(terms);
subjects.terms = {
  corpus: 'cbor',
  samples: [termsSample],
  judge: decoding((input) => {
    const opened = openTerms(decodeTerms(input), verifySr25519);
    // The time of storing is the miner's own note and the renewal may be missing.
    const genuine = equalBytes(opened.store, terms.store) && equalBytes(opened.receipt, terms.receipt);
    return genuine ? null : 'accepted terms that nobody signed';
  }),
};
const inventorySample = Buffer.concat([
  encodeInventoryEntry({ lastN: 3, terms }),
  encodeInventoryEntry({ lastN: 0, terms: { ...terms, renew: new Uint8Array() } }),
]);
subjects.inventory = {
  corpus: 'cbor',
  samples: [inventorySample],
  judge: decoding((input) => void decodeEntries(input)),
};

const codecs: [string, RecordCodec<never>, unknown][] = [
  ['object', objectCodec as never, records.object(1)],
  ['piece', pieceCodec as never, records.placedPiece(1)],
  ['replica', replicaCodec as never, records.replica(1)],
  [
    'statistics',
    statisticsCodec as never,
    {
      minerKey: records.miner(1),
      attempts: { store: 1, challenge: 2, retrieve: 3 },
      successes: { store: 1, challenge: 1, retrieve: 1 },
      totalSuccesses: 9,
    },
  ],
  [
    'held replica',
    heldReplicaCodec as never,
    {
      validatorKey: records.validator(1),
      minerKey: records.miner(1),
      root: records.root(1),
      size: 5,
      expiry: 6,
      storedAt: 1,
      link: records.bytes32(1),
      lastN: 0,
      receipt: new Uint8Array(10),
    },
  ],
];
for (const [name, codec, value] of codecs) {
  subjects[`index record: ${name}`] = {
    corpus: 'cbor',
    samples: [Uint8Array.from(codec.encode(value as never))],
    judge: decoding((input) => {
      const decoded = codec.decode(input);
      // What is believed can be written again.
      codec.encode(decoded);
    }),
  };
}
subjects['index cursor'] = {
  corpus: 'text',
  samples: [utf8(cursorAfter(randomBytes(64))), utf8(cursorAfter(new Uint8Array(1)))],
  judge: decoding((input) => void keyOfCursor(textOf(input))),
};

subjects.cid = {
  corpus: 'text',
  samples: [utf8(makeCid('a')), utf8('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG')],
  judge: decoding((input) => {
    const text = textOf(input);
    const { digest } = decodeCid(text);
    if (digest.length !== 32) return 'a CID of another length';
    objectCid(text);
    return null;
  }),
};
subjects.ss58 = {
  corpus: 'text',
  samples: [utf8(encodeSs58(signer.publicKey))],
  judge: decoding((input) => void decodeSs58(textOf(input))),
};

const identity = ageIdentityOf(signer);
const envelope = createEnvelope(
  [await ageRecipientOf(identity)],
  { bytes: (n) => new Uint8Array(randomBytes(n)) },
  nodeCipher,
);
subjects['age header'] = {
  corpus: 'text',
  samples: [envelope.header],
  judge: decoding(async (input) => {
    const length = ageHeaderLength(input);
    if (length === null) return null;
    plaintextSize(length, input.length + 1000);
    const key = await openHeader(input.subarray(0, length), identity);
    return equalBytes(key, envelope.fileKey) ? null : 'opened to another key';
  }),
};

const seed = new Uint8Array(32).fill(3);
const keyfile = utf8(formatKeyfile(keyPairFromSeed(seed), { phrase: null, seed }));
subjects.keyfile = {
  corpus: 'json',
  samples: [keyfile],
  judge: decoding(async (input) => {
    await keyPairOf(parseKeyfile(input, 'hotkey'), 'hotkey');
  }),
};
subjects['encrypted keyfile'] = {
  corpus: 'text',
  samples: [utf8('$NACL'), new Uint8Array(Buffer.concat([Buffer.from('$NACL'), randomBytes(300)]))],
  // Without a password: the key derivation costs half a second by design.
  judge: decoding(async (input) => {
    if (isNaclKeyfile(input)) await openKeyfile(input, 'coldkey', {});
  }),
};

subjects['hash records'] = {
  corpus: 'json',
  samples: [
    asJson({ version: 1, objects: [{ name: 'a', cid: 'b', size: 1, storedAt: 2, expiry: 3, hotkeys: [] }] }),
  ],
  judge: decoding((input) => void parseRecords(textOf(input), 'hashes')),
};
subjects['configuration file'] = {
  corpus: 'json',
  samples: [
    asJson({ axon: { port: 8091 }, 'storage.quota': '10TB', netuid: 21 }),
    asJson({ wallet: { name: 'a' } }),
  ],
  judge: decoding((input) => {
    const file = parseConfigFile(textOf(input), 'config.json');
    for (const role of ['miner', 'api'] as const) resolveConfig(role, { flags: {}, env: {}, file });
  }),
};
const roles: readonly Role[] = ['miner', 'validator', 'api', 'client', 'wallet', 'operator'];
subjects['configuration value'] = {
  corpus: 'text',
  samples: [
    utf8('10GiB'),
    utf8('127.0.0.1'),
    utf8('5m'),
    utf8('redis://user:pass@host:6379/1'),
    utf8(encodeSs58(signer.publicKey)),
    utf8('ws://a:1,wss://b'),
  ],
  judge: decoding((input, random) => {
    const role = roles[random.below(roles.length)]!;
    const keys = optionsOf(role);
    const key = keys[random.below(keys.length)] as OptionKey;
    const secret = textOf(input);
    try {
      resolveConfig(role, { flags: { [key]: secret }, env: {}, file: null });
    } catch (error) {
      const { message } = error as Error;
      if (!message.includes(flagOf(key)) && !message.includes(key)) return `${message}: does not name ${key}`;
      throw error;
    }
    return null;
  }),
};
const rangeErrors =
  (parse: (text: string) => number): Decode =>
  (input) => {
    try {
      const value = parse(textOf(input));
      return Number.isFinite(value) && value >= 0 ? null : `parsed to ${value}`;
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  };
subjects['byte size'] = {
  corpus: 'text',
  samples: [utf8('10 MiB'), utf8('1.5TB')],
  judge: decoding(rangeErrors(parseBytes)),
};
subjects.duration = {
  corpus: 'text',
  samples: [utf8('500ms'), utf8('7d')],
  judge: decoding(rangeErrors(parseDuration)),
};

const authorisation = utf8(
  authorise(
    { method: 'GET', path: '/objects/x', content: new Uint8Array(32) },
    address,
    signer,
    { bytes: (n) => new Uint8Array(n).fill(9) },
    nowMs,
  ),
);
/** The scheme's name in any case is the same scheme (RFC 9110, 11.1). */
const inSmallLetters = (header: Uint8Array): Uint8Array =>
  utf8(
    Buffer.from(header)
      .toString('latin1')
      .replace(/^filetao /i, 'filetao '),
  );
subjects['request authorisation'] = {
  corpus: 'text',
  samples: [authorisation],
  judge: refusing(
    [inSmallLetters(authorisation)],
    (input) => {
      const verifier = new RequestVerifier({ ...address, verify: verifySr25519 });
      verifier.check(Buffer.from(input).toString('latin1'), 'GET', '/objects/x', nowMs);
    },
    inSmallLetters,
  ),
};

subjects['framed answer'] = {
  corpus: 'cbor',
  samples: [new Uint8Array([5, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7])],
  judge: decoding(async (input, random) => {
    async function* parts(): AsyncGenerator<Uint8Array> {
      const cut = random.below(input.length + 1);
      yield input.subarray(0, cut);
      yield input.subarray(cut);
    }
    const reader = new PartReader(parts());
    await reader.takeHead();
    await reader.takeRest(1000);
    splitFrame(input);
  }),
};

const leaves = new Uint8Array(randomBytes(32 * 37));
const trees: readonly Tree[] = [
  { kind: 'content' },
  { kind: 'keyed', key: new Uint8Array(32) },
  { kind: 'commitment' },
];
const opened = [0, 5, 17, 36];
const multiproofs = trees.map((tree) => core.multiproof(tree, leaves, opened));
subjects.multiproof = {
  corpus: 'cbor',
  samples: multiproofs,
  judge: decoding((input, random) => {
    const tree = trees[random.below(3)]!;
    const count = [37, 36, 38, 1, 2, 65536][random.below(6)]!;
    const indices =
      random.below(2) === 0 ? opened : opened.map(() => random.below(count + 2)).sort((a, b) => a - b);
    const values = new Uint8Array(32 * indices.length);
    for (const [i, at] of opened.entries()) values.set(leaves.subarray(32 * at, 32 * at + 32), 32 * i);
    const reached = core.multiproofRoot(tree, count, indices, values, input);
    if (reached === null || !equalBytes(reached, core.treeRoot(tree, leaves))) return null;
    const genuine =
      count === 37 && indices === opened && multiproofs.some((proof) => equalBytes(proof, input));
    return genuine ? null : 'a changed multiproof reaches the root';
  }),
};

const shape = { size: 37 * 1024 - 100, chunkSize: 1024, openings: 4 };
subjects['opened chunks'] = {
  corpus: 'cbor',
  samples: [new Uint8Array(randomBytes(openingLength(core, shape, opened)))],
  judge: decoding((input) => {
    const bulk = decodeOpening(core, shape, opened, input);
    const isRight = input.length === openingLength(core, shape, opened);
    return (bulk !== null) === isRight ? null : 'bytes of another length were taken';
  }),
};

export const inputSubjects: Readonly<Record<string, InputSubject>> = subjects;
