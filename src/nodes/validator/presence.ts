// Whether miners are there: asked by ping, counted in successive misses, and forgotten with the next word from them.
// A miner that misses `missesMax` times in a row is down; one that says it is leaving gets nothing new. Kept in
// memory: a restarted validator asks again.

import type { MinerStanding } from '../../domain/economy/repair.js';
import type { PublicKey } from '../../domain/model/bytes.js';

interface Seen {
  misses: number;
  leaving: boolean;
  /** Bytes it said it can take; null until it said so. */
  freeBytes: number | null;
}

/** The seed's "five successive failures". */
export const missesMaxDefault = 5;

export class Presence {
  readonly #seen = new Map<PublicKey, Seen>();

  constructor(readonly missesMax: number = missesMaxDefault) {}

  /** Returns whether the miner comes back: it was down, or is heard for the first time. */
  heard(hotkey: PublicKey, said?: { readonly leaving: boolean; readonly freeBytes: number }): boolean {
    const before = this.#seen.get(hotkey);
    const { leaving, freeBytes } = said ?? { leaving: false, freeBytes: null, ...before };
    this.#seen.set(hotkey, { misses: 0, leaving, freeBytes });
    return before === undefined || before.misses >= this.missesMax;
  }

  /** Returns the successive misses, this one included. */
  missed(hotkey: PublicKey): number {
    const seen = this.#seen.get(hotkey) ?? { misses: 0, leaving: false, freeBytes: null };
    this.#seen.set(hotkey, { ...seen, misses: seen.misses + 1 });
    return seen.misses + 1;
  }

  /** A hotkey that is gone from the subnet comes back as a stranger. */
  forget(hotkey: PublicKey): void {
    this.#seen.delete(hotkey);
  }

  isDown(hotkey: PublicKey): boolean {
    return (this.#seen.get(hotkey)?.misses ?? 0) >= this.missesMax;
  }

  isLeaving(hotkey: PublicKey): boolean {
    return this.#seen.get(hotkey)?.leaving ?? false;
  }

  standingOf(hotkey: PublicKey): MinerStanding {
    if (this.isDown(hotkey)) return 'down';
    return this.isLeaving(hotkey) ? 'leaving' : 'there';
  }

  /** Whether the miner may be asked to store so much: only its own word says no. */
  hasRoom(hotkey: PublicKey, bytes: number): boolean {
    const freeBytes = this.#seen.get(hotkey)?.freeBytes ?? null;
    return freeBytes === null || freeBytes >= bytes;
  }

  leavingMiners(): readonly PublicKey[] {
    return [...this.#seen].filter(([, { leaving }]) => leaving).map(([hotkey]) => hotkey);
  }
}
