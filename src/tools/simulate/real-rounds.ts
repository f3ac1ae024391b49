// A share of the rounds, held for real: as many chunks, openings and lost chunks in a small replica that exists, through
// the miner's and the validator's own state machines, signatures and codecs. Each real verdict must be the one that the
// opened chunks and the damage call for, and all together must be what the probabilities of the model give.

import { signerFromSeed, verifySr25519 } from '../../adapters/wallets/sr25519.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { openSealed, sealMessage } from '../../domain/identity/sealed.js';
import { leafSize } from '../../domain/model/constants.js';
import type { Signer } from '../../domain/ports/signer.js';
import { minerSecret, roundSeed } from '../../domain/protocol/derivations.js';
import {
  challengeKind,
  commitmentKind,
  headerTo,
  openingKind,
  openingRequestKind,
  type Party,
  receiptKind,
  storeKind,
} from '../../domain/protocol/messages.js';
import { chunkLength } from '../../domain/protocol/parameters.js';
import {
  commitmentBody,
  openingBody,
  openingBulk,
  requestedIndices,
  roundKeys,
} from '../../domain/protocol/prover.js';
import { receiptBody, receiptFault, storeBody } from '../../domain/protocol/store.js';
import { challengeBody, commitmentFault, openingFaults } from '../../domain/protocol/verifier.js';
import type { PassProbabilities, Shape } from './exchange.js';
import type { Draws } from './seeded-draws.js';

export interface RealReport {
  readonly share: number;
  readonly rounds: number;
  /** Rounds over a replica with lost chunks. */
  readonly damaged: number;
  readonly passed: number;
  /** What the model gives for these rounds, and its standard deviation. */
  readonly expected: number;
  readonly deviation: number;
  readonly agree: boolean;
  /** What did not agree. */
  readonly mismatches: readonly string[];
}

/** Standard deviations within which counts must lie: chance alone leaves them once in 1.7 million runs. */
const sigmas = 5;
const mismatchesMax = 10;
/** More chunks are scaled down with their damage: 2048 take 12 ms, the 65536 that a round may have 400. */
const chunksMax = 2048;

/** The same share of lost chunks in a replica that is small enough. */
function smaller(shape: Shape, lost: number): { readonly shape: Shape; readonly lost: number } {
  const { count, openings } = shape;
  if (count <= chunksMax) return { shape, lost };
  const fewer = lost === 0 ? 0 : Math.max(1, Math.round((lost * chunksMax) / count));
  return { shape: { count: chunksMax, openings: Math.min(openings, chunksMax) }, lost: fewer };
}

/** A replica as it was stored. */
interface Stored {
  readonly data: Uint8Array;
  readonly root: Uint8Array;
  readonly outboard: Uint8Array;
  link: Uint8Array;
  n: number;
}

export class RealRounds {
  readonly #validator: Signer;
  readonly #miner: Signer;
  readonly #secret: Uint8Array;
  readonly #parties: { readonly validator: Party; readonly miner: Party };
  #rounds = 0;
  #damaged = 0;
  #passed = 0;
  #expected = 0;
  #variance = 0;
  readonly #mismatches: string[] = [];

  constructor(
    private readonly core: ProofCore,
    private readonly draws: Draws,
    private readonly share: number,
    private readonly passes: PassProbabilities,
  ) {
    this.#validator = signerFromSeed(draws.bytes(32));
    this.#miner = signerFromSeed(draws.bytes(32));
    this.#secret = minerSecret(this.#miner);
    const genesis = draws.bytes(32);
    const party = ({ publicKey }: Signer): Party => ({ genesis, netuid: 21, publicKey });
    this.#parties = { validator: party(this.#validator), miner: party(this.#miner) };
  }

  /** Holds the round for real if it is one of the share. */
  offer(shape: Shape, lost: number): void {
    if (!this.draws.chance(this.share)) return;
    const small = smaller(shape, lost);
    const probability = this.passes.of(small.shape, small.lost);
    this.#rounds++;
    this.#expected += probability;
    this.#variance += probability * (1 - probability);
    if (lost > 0) this.#damaged++;
    if (this.#play(small.shape, small.lost)) this.#passed++;
  }

  report(): RealReport {
    const deviation = Math.sqrt(this.#variance);
    const off = Math.abs(this.#passed - this.#expected);
    // Half a round for counts that are whole.
    const far = off > sigmas * deviation + 0.5;
    const mismatches = far
      ? [
          ...this.#mismatches,
          `${this.#passed} rounds passed where the model expects ${this.#expected.toFixed(2)} ± ${deviation.toFixed(2)}`,
        ]
      : this.#mismatches;
    return {
      share: this.share,
      rounds: this.#rounds,
      damaged: this.#damaged,
      passed: this.#passed,
      expected: this.#expected,
      deviation,
      agree: mismatches.length === 0,
      mismatches,
    };
  }

  #disagree(what: string): void {
    if (this.#mismatches.length < mismatchesMax) this.#mismatches.push(`round ${this.#rounds}: ${what}`);
  }

  /** Whether the round passed. */
  #play({ count, openings }: Shape, lost: number): boolean {
    const { core, draws } = this;
    const stored = this.#store(count);
    const gone = new Set(draws.distinct(lost, count));
    const held = stored.data.slice();
    for (const index of gone) held[index * leafSize]! ^= 0xff;
    const { validator, miner } = this.#parties;
    const size = held.length;
    const nu = draws.bytes(32);
    const block = { number: 1000, hash: draws.bytes(32) };
    const asked = sealMessage(
      challengeKind,
      challengeBody(core, validator, miner.publicKey, {
        root: stored.root,
        size,
        n: ++stored.n,
        prevLink: stored.link,
        block,
        nonce: draws.bytes(32),
        chunkSize: leafSize,
        openings,
        nu,
      }),
      this.#validator,
    );
    // The miner's side: one pass over what it has.
    const challenge = openSealed(challengeKind, asked, verifySr25519);
    const keys = roundKeys(core, this.#secret, challenge);
    const nodes = core.chunkNodes(keys.seed, held, 0, leafSize);
    const commitments = core.commit(nodes, core.blindings(keys.blinding, 0, count));
    const pass = {
      keyedRoot: core.keyed(keys.seed, held),
      commitmentRoot: core.treeRoot({ kind: 'commitment' }, commitments),
      nodes,
      commitments,
      count,
      milliseconds: 0,
    };
    const committed = sealMessage(commitmentKind, commitmentBody(core, miner, challenge, pass), this.#miner);
    // The validator's: only a commitment without a fault gets ν.
    const commitment = openSealed(commitmentKind, committed, verifySr25519);
    const fault = commitmentFault(core, challenge, commitment.value);
    if (fault !== null) {
      this.#disagree(`a commitment was refused: ${fault}`);
      return false;
    }
    const request = openSealed(
      openingRequestKind,
      sealMessage(
        openingRequestKind,
        { ...headerTo(validator, miner.publicKey), challengeId: challenge.digest, nu },
        this.#validator,
      ),
      verifySr25519,
    );
    const round = { challenge, commitmentDigest: commitment.digest, keys, pass };
    const indices = requestedIndices(core, round, request.value);
    const chunks = indices.map((index) =>
      held.slice(index * leafSize, index * leafSize + chunkLength(size, leafSize, index)),
    );
    // A cheat keeps the outboard, a 32nd of the data: it proves every chunk it still has.
    const bulk = openingBulk(core, round, indices, stored.outboard, chunks);
    const opened = openSealed(
      openingKind,
      sealMessage(openingKind, openingBody(core, miner, challenge, bulk), this.#miner),
      verifySr25519,
    );
    const [verdict] = openingFaults(core, [{ challenge, commitment, nu, opening: opened.value, bulk }]);
    const hit = indices.some((index) => gone.has(index));
    const due = hit ? 'content-path' : null;
    if (verdict !== due) {
      this.#disagree(
        `${indices.length} of ${count} opened, ${lost} lost: the verdict is ${verdict ?? 'a pass'}, not ${due ?? 'a pass'}`,
      );
    }
    if (roundSeed(core, challenge.body).length !== keys.seed.length) this.#disagree('the seeds differ');
    return verdict === null;
  }

  /** A new replica of so many chunks, stored by the protocol: header, receipt, and its check. */
  #store(count: number): Stored {
    const { core, draws } = this;
    const data = core.xof({ kind: 'keyed', key: draws.bytes(32) }, new Uint8Array(), count * leafSize);
    const outboard = core.chunkNodes(null, data, 0, leafSize);
    const root = core.hash(data);
    const { validator, miner } = this.#parties;
    const seed = draws.bytes(32);
    const sealed = sealMessage(
      storeKind,
      storeBody(validator, miner.publicKey, {
        root,
        size: data.length,
        seed,
        expiry: 2_000_000_000,
        block: { number: 990, hash: draws.bytes(32) },
      }),
      this.#validator,
    );
    const store = openSealed(storeKind, sealed, verifySr25519);
    const keyedRoot = core.keyed(seed, data);
    const body = receiptBody(core, miner, this.#secret, store, keyedRoot, store.value.expiry);
    const receipt = openSealed(receiptKind, sealMessage(receiptKind, body, this.#miner), verifySr25519);
    const fault = receiptFault(core, store, keyedRoot, receipt.value);
    if (fault !== null) this.#disagree(`a receipt was refused: ${fault}`);
    return { data, root, outboard, link: receipt.value.link, n: 0 };
  }
}
