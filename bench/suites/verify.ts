// The verdict on one round of 1000 openings, by the validator's own code: bulk digest, lengths, blinding range, content path,
// keyed path, recomputed commitments and their path. Peers do the group part alone, with the chunk values given.

import sodium from 'libsodium-wrappers-sumo';
import type { ProofCore } from '../../src/domain/core/proof-core.js';
import { type MessageKind, type Opened, readSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { equalBytes } from '../../src/domain/model/bytes.js';
import { challengeKind, commitmentKind, headerTo, type Party } from '../../src/domain/protocol/messages.js';
import {
  commitmentBody,
  openingBody,
  openingBulk,
  requestedIndices,
  roundKeys,
} from '../../src/domain/protocol/prover.js';
import { type AnsweredRound, challengeBody, openingFaults } from '../../src/domain/protocol/verifier.js';
import { benchBytes, ourBuilds } from '../frame/our-builds.js';
import type { Suite } from '../frame/suite.js';
import { nobleCommitEach } from '../peers/noble-pedersen.js';
import { proveOnce } from './prove.js';

const openings = 1000;
const chunkSize = 1024;
const size = 64 * 1024 * 1024;

/** The verdict looks at no signature: those were checked when the messages came in. */
function unsigned<Value>(kind: MessageKind<Value>, value: Value): Opened<Value> {
  const nobody = {
    publicKey: new Uint8Array(32),
    sign: () => new Uint8Array(64),
    deriveSecret: () => new Uint8Array(32),
  };
  return readSealed(kind, sealMessage(kind, value, nobody));
}

function answeredRound(core: ProofCore): {
  round: AnsweredRound;
  m: Uint8Array;
  r: Uint8Array;
  c: Uint8Array;
} {
  const data = benchBytes(size, 'replica');
  const party = (label: string): Party => ({
    genesis: benchBytes(32, 'genesis'),
    netuid: 21,
    publicKey: benchBytes(32, label),
  });
  const [validator, miner, nu] = [party('validator'), party('miner'), benchBytes(32, 'nu')];
  const outboard = core.chunkNodes(null, data, 0, chunkSize);
  const challenge = unsigned(
    challengeKind,
    challengeBody(core, validator, miner.publicKey, {
      root: core.treeRoot({ kind: 'content' }, outboard),
      size,
      n: 1,
      prevLink: benchBytes(32, 'link'),
      block: { number: 1, hash: benchBytes(32, 'block') },
      nonce: benchBytes(32, 'nonce'),
      chunkSize,
      openings,
      nu,
    }),
  );
  const keys = roundKeys(core, benchBytes(32, 'miner secret'), challenge);
  const pass = { ...proveOnce(core, data, chunkSize, keys.seed, keys.blinding), milliseconds: 0 };
  const commitment = unsigned(commitmentKind, commitmentBody(core, miner, challenge, pass));
  const committed = { challenge, commitmentDigest: commitment.digest, keys, pass };
  const request = { ...headerTo(validator, miner.publicKey), challengeId: challenge.digest, nu };
  const indices = requestedIndices(core, committed, request);
  const chunks = indices.map((index) => data.subarray(index * chunkSize, (index + 1) * chunkSize));
  const bulk = openingBulk(core, committed, indices, outboard, chunks);
  const opening = openingBody(core, miner, challenge, bulk);
  const pick = (nodes: Uint8Array): Uint8Array =>
    Buffer.concat(indices.map((index) => nodes.subarray(32 * index, 32 * index + 32)));
  return {
    round: { challenge, commitment, nu, opening, bulk },
    m: pick(pass.nodes),
    r: Buffer.concat(indices.map((index) => core.blindings(keys.blinding, index, 1))),
    c: pick(pass.commitments),
  };
}

export const verify: Suite = {
  name: 'verify',
  title: 'Judging a round of 1000 openings of a 64 MiB replica',
  async open({ quick }) {
    await sodium.ready;
    const builds = ourBuilds();
    const { round, m, r, c } = answeredRound(builds[0]!.core);
    for (const { impl, core } of builds) {
      const [fault] = openingFaults(core, [round]);
      if (fault !== null) throw new Error(`${impl} rejects an honest round: ${fault}`);
    }
    const amount = quick ? 50 : openings;
    const [peerM, peerR, peerC] = [m, r, c].map((bytes) => bytes.subarray(0, 32 * amount)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const h = builds[0]!.core.commit(new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)));
    const reduced = Buffer.concat(
      Array.from({ length: amount }, (_, i) => builds[0]!.core.reduceScalar(m.subarray(32 * i, 32 * i + 32))),
    );
    const sodiumChecks = (): boolean => {
      for (let at = 0; at < peerC.length; at += 32) {
        const first = sodium.crypto_scalarmult_ristretto255_base(reduced.subarray(at, at + 32));
        const second = sodium.crypto_scalarmult_ristretto255(peerR.subarray(at, at + 32), h);
        const sum = sodium.crypto_core_ristretto255_add(first, second);
        if (!equalBytes(sum, peerC.subarray(at, at + 32))) return false;
      }
      return true;
    };
    const nobleChecks = (): boolean => equalBytes(nobleCommitEach(peerM, peerR), peerC);
    if (!sodiumChecks() || !nobleChecks()) throw new Error('a peer rejects honest commitments');
    return {
      cases: [
        {
          name: '1000 openings, 1 KiB chunks',
          unit: 'openings/s',
          contenders: [
            ...builds.map(({ impl, core }) => ({
              impl,
              amount: openings,
              once: () => openingFaults(core, [round]),
            })),
            { impl: '@noble/curves ristretto255', amount, once: nobleChecks },
            { impl: 'libsodium-wrappers-sumo ristretto255', amount, once: sodiumChecks },
          ],
        },
      ],
      notes: [
        'filetao does all of the verdict (bulk digest, three paths, commitments); peers recompute the commitments only.',
      ],
    };
  },
};
