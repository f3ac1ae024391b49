// A node's own view of the chain, refreshed at most once a block: the head, block hashes near it, and the
// metagraph. Requests are judged against this view without waiting for the chain each time.

import type { PublicKey } from '../domain/model/bytes.js';
import { limits } from '../domain/model/constants.js';
import type { BlockRef, Chain, Neuron } from '../domain/ports/chain.js';
import type { Clock } from '../domain/ports/clock.js';
import { type BlockJudgement, judgeBlock } from '../domain/protocol/blocks.js';

/** Milliseconds after which neurons are asked for again; an unknown hotkey asks at once, but not more often. */
const neuronsFreshMs = 12_000;
const unknownHotkeyMs = 1_000;

const isSameAddress = (a: Neuron | null, b: Neuron | null): boolean =>
  a?.address?.host === b?.address?.host && a?.address?.port === b?.address?.port;

export class ChainView {
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #hashes = new Map<number, Uint8Array>();
  #neurons: ReadonlyMap<PublicKey, Neuron> = new Map();
  #headNumber = -1;
  #headGrewAt = Number.POSITIVE_INFINITY;
  #neuronsAt = Number.NEGATIVE_INFINITY;
  #forgotten = 0;
  #refreshing: Promise<void> | null = null;

  constructor(chain: Chain, clock: Clock) {
    this.#chain = chain;
    this.#clock = clock;
  }

  async head(): Promise<BlockRef> {
    const head = await this.#chain.finalisedHead();
    if (head.number !== this.#headNumber) {
      this.#headNumber = head.number;
      this.#headGrewAt = this.#clock.monotonic();
    }
    return head;
  }

  /**
   * Whether the chain as this node sees it has been left behind by as many blocks as others accept at most: by the time
   * its newest block names, or because it has not grown for so long. What is named from such a view is refused rightly.
   */
  async isBehind(): Promise<boolean> {
    const allowedMs = limits.blockAgeMax * this.#chain.blockIntervalMs;
    await this.head();
    if (this.#clock.monotonic() - this.#headGrewAt > allowedMs) return true;
    const madeAtMs = await this.#chain.headTimeMs();
    return madeAtMs !== null && this.#clock.now() - madeAtMs > allowedMs;
  }

  async judge(named: BlockRef): Promise<BlockJudgement> {
    const head = await this.head();
    const far = Math.abs(head.number - named.number) > limits.blockAgeMax;
    return judgeBlock(named, head, far ? null : await this.#hashOf(named.number));
  }

  async neuron(hotkey: PublicKey): Promise<Neuron | null> {
    await this.#refresh(neuronsFreshMs);
    const known = this.#neurons.get(hotkey);
    if (known !== undefined) return known;
    await this.#refresh(unknownHotkeyMs);
    return this.#neurons.get(hotkey) ?? null;
  }

  /** As the chain has it now: for whoever would act on what this view does not know of. */
  async neuronNow(hotkey: PublicKey): Promise<Neuron | null> {
    const now = await this.#chain.neuron(hotkey);
    const known = this.#neurons.get(hotkey) ?? null;
    if (now?.uid !== known?.uid || !isSameAddress(now, known)) this.forgetNeurons();
    return now;
  }

  async neurons(): Promise<readonly Neuron[]> {
    await this.#refresh(neuronsFreshMs);
    return [...this.#neurons.values()];
  }

  /** Makes the next question ask the chain again; one that is on its way now will not do. */
  forgetNeurons(): void {
    this.#forgotten++;
    this.#neuronsAt = Number.NEGATIVE_INFINITY;
  }

  async #hashOf(number: number): Promise<Uint8Array | null> {
    const known = this.#hashes.get(number);
    if (known !== undefined) return known;
    const hash = await this.#chain.blockHash(number);
    if (hash !== null) {
      this.#hashes.set(number, hash);
      if (this.#hashes.size > 4 * limits.blockAgeMax) this.#hashes.delete(this.#hashes.keys().next().value!);
    }
    return hash;
  }

  async #refresh(freshMs: number): Promise<void> {
    if (this.#clock.monotonic() - this.#neuronsAt < freshMs) return;
    do {
      this.#refreshing ??= this.#load().finally(() => {
        this.#refreshing = null;
      });
      await this.#refreshing;
    } while (this.#neuronsAt === Number.NEGATIVE_INFINITY);
  }

  async #load(): Promise<void> {
    const forgotten = this.#forgotten;
    const neurons = await this.#chain.neurons();
    this.#neurons = new Map(neurons.map((neuron) => [neuron.hotkey, neuron]));
    if (forgotten === this.#forgotten) this.#neuronsAt = this.#clock.monotonic();
  }
}
