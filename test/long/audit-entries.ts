// Writes transcripts of any number of genuine rounds over small replicas, straight from the protocol's functions.
import { appendFile } from 'node:fs/promises';
import { encodeEntry, type TranscriptHead, transcriptKind } from '../../src/domain/audit/transcript.js';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import { type MessageKind, readSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import type { Signer } from '../../src/domain/ports/signer.js';
import { minerSecret } from '../../src/domain/protocol/derivations.js';
import {
  challengeKind,
  commitmentKind,
  headerTo,
  openingKind,
  openingRequestKind,
  type Party,
  receiptKind,
  storeKind,
} from '../../src/domain/protocol/messages.js';
import {
  commitmentBody,
  openingBody,
  openingBulk,
  requestedIndices,
  roundKeys,
} from '../../src/domain/protocol/prover.js';
import { receiptBody, storeBody } from '../../src/domain/protocol/store.js';
import { challengeBody } from '../../src/domain/protocol/verifier.js';

const size = 3000;
const chunkSize = 1024;
const openings = 3;
const flushEntries = 500;

export async function writeRounds(
  path: string,
  options: {
    readonly core: ProofCore;
    readonly validator: Signer;
    readonly miner: Signer;
    readonly replicas: number;
    readonly rounds: number;
  },
): Promise<number> {
  const { core, validator, miner, replicas, rounds } = options;
  const genesis = core.hash(new Uint8Array(1));
  const party = ({ publicKey }: Signer): Party => ({ genesis, netuid: 21, publicKey });
  const secret = minerSecret(miner);
  const block = { number: 1, hash: genesis };
  let waiting: Uint8Array[] = [];
  let written = 0;
  const flush = async (): Promise<void> => {
    await appendFile(path, Buffer.concat(waiting));
    waiting = [];
  };
  const held = Array.from({ length: replicas }, (_, i) => {
    const data = core.xof({ kind: 'hash' }, Uint8Array.of(i, i >> 8), size);
    const root = core.hash(data);
    const seed = core.hash(root);
    const store = seal(
      storeKind,
      storeBody(party(validator), miner.publicKey, { root, size, seed, expiry: 2e9, block }),
      validator,
    );
    const body = receiptBody(core, party(miner), secret, store, core.keyed(seed, data), 2e9);
    const receipt = seal(receiptKind, body, miner);
    return {
      data,
      root,
      receipt: receipt.bytes,
      link: body.link,
      outboard: core.chunkNodes(null, data, 0, 1024),
    };
  });
  for (let n = 1; n <= rounds; n++) {
    for (const replica of held) {
      const nu = core.xof({ kind: 'hash' }, replica.link, 32, 32);
      const challenge = seal(
        challengeKind,
        challengeBody(core, party(validator), miner.publicKey, {
          root: replica.root,
          size,
          n,
          prevLink: replica.link,
          block,
          nonce: replica.link,
          chunkSize,
          openings,
          nu,
        }),
        validator,
      );
      const keys = roundKeys(core, secret, challenge);
      const nodes = core.chunkNodes(keys.seed, replica.data, 0, chunkSize);
      const commitments = core.commit(nodes, core.blindings(keys.blinding, 0, openings));
      const pass = {
        keyedRoot: core.keyed(keys.seed, replica.data),
        commitmentRoot: core.treeRoot({ kind: 'commitment' }, commitments),
        nodes,
        commitments,
        count: openings,
        milliseconds: 0,
      };
      const commitment = seal(commitmentKind, commitmentBody(core, party(miner), challenge, pass), miner);
      const release = { ...headerTo(party(validator), miner.publicKey), challengeId: challenge.digest, nu };
      const request = seal(openingRequestKind, release, validator);
      const round = { challenge, commitmentDigest: commitment.digest, keys, pass };
      const indices = requestedIndices(core, round, request.value);
      const chunks = indices.map((index) =>
        replica.data.subarray(index * chunkSize, (index + 1) * chunkSize),
      );
      const bulk = openingBulk(core, round, indices, replica.outboard, chunks);
      const opening = seal(openingKind, openingBody(core, party(miner), challenge, bulk), miner);
      const head: TranscriptHead = {
        version: 1,
        kind: 'challenge',
        genesis,
        netuid: 21,
        validatorKey: validator.publicKey,
        minerKey: miner.publicKey,
        root: replica.root,
        size,
        n,
        prevLink: replica.link,
        receipt: replica.receipt,
        nu,
        messages: [
          { type: 'challenge', atMs: 0, bytes: challenge.bytes },
          { type: 'commitment', atMs: 1, bytes: commitment.bytes },
          { type: 'opening-request', atMs: 1, bytes: request.bytes },
          { type: 'opening', atMs: 2, bytes: opening.bytes },
        ],
        bulks: [core.hash(bulk)],
        startedAtMs: 1_790_000_000_000 + n,
        elapsedMs: 2,
        outcome: 'pass',
        reason: '',
        attributable: false,
      };
      waiting.push(encodeEntry(sealMessage(transcriptKind, head, validator), [bulk]));
      replica.link = commitment.value.link;
      written++;
      if (waiting.length >= flushEntries) await flush();
    }
  }
  await flush();
  return written;
}

const seal = <Value>(kind: MessageKind<Value>, value: Value, signer: Signer) =>
  readSealed(kind, sealMessage(kind, value, signer));
