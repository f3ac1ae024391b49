// What an audit has to say: one line for each thing that was checked.

export type CheckResult =
  /** It holds. */
  | 'ok'
  /** The miner's own bytes are wrong: what a fail is made of. */
  | 'fault'
  /** It rests on the validator's word: nothing in the entry can show it. */
  | 'word'
  /** It cannot be seen any more, because its bytes were pruned. */
  | 'pruned'
  /** The entry was changed, or contradicts what it contains. */
  | 'broken';

export interface Check {
  /** What was looked at: `signature`, `link`, `content-path`, … */
  readonly about: string;
  readonly result: CheckResult;
  /** In words. */
  readonly says: string;
}

export class Checks {
  readonly #list: Check[] = [];

  get list(): readonly Check[] {
    return this.#list;
  }

  get broken(): boolean {
    return this.#list.some(({ result }) => result === 'broken');
  }

  add(about: string, result: CheckResult, says: string): void {
    this.#list.push({ about, result, says });
  }

  ok(about: string, says: string): void {
    this.add(about, 'ok', says);
  }

  breaks(about: string, says: string): void {
    this.add(about, 'broken', says);
  }

  /** Adds `ok` or `broken`; returns whether it holds. */
  demand(about: string, holds: boolean, says: string, otherwise: string): boolean {
    this.add(about, holds ? 'ok' : 'broken', holds ? says : otherwise);
    return holds;
  }
}
