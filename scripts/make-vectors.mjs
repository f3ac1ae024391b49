// Writes test/vectors/protocol-v1.json from our own code: `npm run build && node scripts/make-vectors.mjs`.
//
// The file is pinned: test/vectors/protocol-v1.test.ts recomputes every value of it without our core, and other
// implementations may test against it. Write it again only when the protocol's version changes. Signatures are
// randomised, so each run signs anew; everything else comes out the same, and `--check` compares just that.
import { readFileSync, writeFileSync } from 'node:fs';

const from = (path) => import(new URL(`../dist/src/${path}.js`, import.meta.url));
const { loadCore } = await from('adapters/proving/load-core');
const wallets = await from('adapters/wallets/sr25519');
const { nodeCipher } = await from('adapters/cipher/node');
const { readSealed, sealMessage } = await from('domain/identity/sealed');
const { toHex } = await from('domain/model/bytes');
const derivations = await from('domain/protocol/derivations');
const messages = await from('domain/protocol/messages');
const store = await from('domain/protocol/store');
const verifier = await from('domain/protocol/verifier');
const prover = await from('domain/protocol/prover');
const { openedIndices } = await from('domain/protocol/indices');
const { retrieveProofBody, retrieveFault } = await from('domain/protocol/retrieve');

const file = new URL('../test/vectors/protocol-v1.json', import.meta.url);
const core = loadCore();
const hex = (value) => toHex(value);
const filled = (byte) => new Uint8Array(32).fill(byte);

// PROTOCOL 9: E = 5000 bytes i mod 251, s = 32 × 01, r_j = j + 1
const section9 = (() => {
  const data = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const seed = filled(1);
  const shapes = [1024, 2048, 8192].map((chunkSize) => {
    const m = core.chunkNodes(seed, data, 0, chunkSize);
    const count = m.length / 32;
    const r = new Uint8Array(32 * count);
    for (let j = 0; j < count; j++) r[32 * j] = j + 1;
    const c = core.commit(m, r);
    const split = (nodes) =>
      Array.from({ length: count }, (_, j) => hex(nodes.subarray(32 * j, 32 * j + 32)));
    return {
      chunkSize,
      m: split(m),
      c: split(c),
      commitmentRoot: hex(core.treeRoot({ kind: 'commitment' }, c)),
    };
  });
  return {
    size: 5000,
    seed: hex(seed),
    root: hex(core.hash(data)),
    keyedRoot: hex(core.keyed(seed, data)),
    shapes,
  };
})();

// The validator is Substrate's development account, the miner a raw seed: both public.
const phrase = wallets.developmentPhrase;
const validatorPair = wallets.keyPairFromPhrase(phrase);
const validator = wallets.signerOf(validatorPair);
const minerSeed = Uint8Array.from({ length: 32 }, (_, i) => i);
const minerPair = wallets.keyPairFromSeed(minerSeed);
const miner = wallets.signerOf(minerPair);
const party = (signer) => ({ genesis: filled(0x67), netuid: 22, publicKey: signer.publicKey });
const secretV = derivations.replicaSecret(validator);
const secretM = derivations.minerSecret(miner);

const piece = Uint8Array.from({ length: 5000 }, (_, i) => (7 * i + (i >> 8)) % 256);
const pieceId = core.hash(piece);
const key = derivations.replicaKey(core, secretV, pieceId, miner.publicKey);
const replica = nodeCipher.aes256Ctr(key).apply(piece);
const root = core.hash(replica);

const pinned = {};
const seal = (name, kind, body, signer) => {
  const message = readSealed(kind, sealMessage(kind, body, signer));
  pinned[name] = {
    type: kind.type,
    signature: hex(message.signature),
    body: hex(message.body),
    digest: hex(message.digest),
  };
  return message;
};

const block = { number: 1234, hash: filled(0xb1) };
const s0 = filled(2);
const stored = seal(
  'store',
  messages.storeKind,
  store.storeBody(party(validator), miner.publicKey, {
    root,
    size: 5000,
    seed: s0,
    expiry: 2_000_000_000,
    block,
  }),
  validator,
);
const k0 = core.keyed(s0, replica);
const receipt = seal(
  'receipt',
  messages.receiptKind,
  store.receiptBody(core, party(miner), secretM, stored, k0, 2_000_000_000),
  miner,
);

const nu = filled(3);
const challenge = seal(
  'challenge',
  messages.challengeKind,
  verifier.challengeBody(core, party(validator), miner.publicKey, {
    root,
    size: 5000,
    n: 1,
    prevLink: receipt.value.link,
    block,
    nonce: filled(4),
    chunkSize: 1024,
    openings: 2,
    nu,
  }),
  validator,
);
const keys = prover.roundKeys(core, secretM, challenge);
const pass = core.startProof({ key: keys.seed, size: 5000, chunkSize: 1024, blinding: keys.blinding });
pass.inputs[0].set(replica);
pass.absorb(0, 5000);
const proof = { ...pass.finish(), milliseconds: 0 };
const commitment = seal(
  'commitment',
  messages.commitmentKind,
  prover.commitmentBody(core, party(miner), challenge, proof),
  miner,
);
const request = seal(
  'openingRequest',
  messages.openingRequestKind,
  { ...messages.headerTo(party(validator), miner.publicKey), challengeId: challenge.digest, nu },
  validator,
);
const round = { challenge, commitmentDigest: commitment.digest, keys, pass: proof };
const indices = prover.requestedIndices(core, round, request.value);
const bulk = prover.openingBulk(
  core,
  round,
  indices,
  core.chunkNodes(null, replica, 0, 1024),
  indices.map((index) => replica.subarray(1024 * index, 1024 * index + 1024)),
);
const opening = seal(
  'opening',
  messages.openingKind,
  prover.openingBody(core, party(miner), challenge, bulk),
  miner,
);
const [fault] = verifier.openingFaults(core, [{ challenge, commitment, nu, opening: opening.value, bulk }]);
if (fault !== null) throw new Error(`the round made for the vectors fails: ${fault}`);

const retrieve = seal(
  'retrieve',
  messages.retrieveKind,
  {
    ...messages.headerTo(party(validator), miner.publicKey),
    root,
    size: 5000,
    prevLink: commitment.value.link,
    nonce: filled(5),
  },
  validator,
);
const keyedRoot = core.keyed(derivations.retrieveSeed(core, retrieve.body), replica);
const answer = seal(
  'retrieveProof',
  messages.retrieveProofKind,
  retrieveProofBody(core, party(miner), retrieve, keyedRoot),
  miner,
);
if (retrieveFault(core, retrieve, root, keyedRoot, answer.value) !== null)
  throw new Error('the retrieval fails');

const sampling = { nu: hex(filled(9)), digest: hex(filled(8)) };
const vectors = {
  about: 'FileTAO protocol version 1. All byte strings in hexadecimal. Written by scripts/make-vectors.mjs.',
  section9,
  keys: {
    validator: {
      phrase,
      seed: hex(wallets.seedFromPhrase(phrase)),
      privateKey: hex(validatorPair.secretKey),
      publicKey: hex(validator.publicKey),
      replicaSecret: hex(secretV),
    },
    miner: {
      seed: hex(minerSeed),
      privateKey: hex(minerPair.secretKey),
      publicKey: hex(miner.publicKey),
      minerSecret: hex(secretM),
    },
  },
  replica: {
    piece: hex(piece),
    pieceId: hex(pieceId),
    key: hex(key),
    encoded: hex(replica),
    root: hex(root),
  },
  sampling: {
    ...sampling,
    drawn: [
      [1, 1],
      [7, 7],
      [100, 10],
      [16384, 44],
      [65535, 44],
      [65536, 44],
    ].map(([count, openings]) => ({
      count,
      openings,
      indices: openedIndices(core, filled(9), filled(8), count, openings),
    })),
  },
  round: {
    k0: hex(k0),
    genesisLink: hex(receipt.value.link),
    nu: hex(nu),
    seed: hex(keys.seed),
    b: hex(keys.blinding),
    r: [0, 1, 2, 3, 4].map((j) => hex(core.blindings(keys.blinding, j, 1))),
    indices,
    bulk: hex(bulk),
  },
  messages: pinned,
};

if (process.argv.includes('--check')) {
  const unsigned = (value) => {
    const copy = structuredClone(value);
    for (const message of Object.values(copy.messages)) delete message.signature;
    return JSON.stringify(copy);
  };
  if (unsigned(JSON.parse(readFileSync(file, 'utf8'))) !== unsigned(vectors)) {
    console.error('the code does not make the pinned vectors any more');
    process.exit(1);
  }
  console.log('the code makes the pinned vectors');
} else writeFileSync(file, `${JSON.stringify(vectors, null, 1)}\n`);
