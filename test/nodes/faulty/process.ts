// A process that may end at every await: all it does with the world outside goes through gates, and at each gate it may
// crash before or after the deed, or the deed may fail as disks do, done or not. What a process awaits of itself alone
// (a queue, several promises at once) leaves nothing behind that a gate before or after it would not show.
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { Happenings } from '../simulated/happenings.js';
import type { Dice, Schedule } from '../simulated/schedule.js';

/** Chances at each gate. */
export interface Mishaps {
  crash(place: string): number;
  readonly diskError: number;
}

export const noMishaps: Mishaps = { crash: () => 0, diskError: 0 };

/**
 * How a deed can fail. `after`: as a disk, done or not; `before`: as a log does that cuts off what it could not write;
 * `never`: what has no disk below it.
 */
export type Failing = 'after' | 'before' | 'never';

export interface GatedOptions {
  readonly fails?: Failing;
  /** Methods that only compute. */
  readonly free?: readonly string[];
  /** Methods that give what they read part by part: a gate before each part. */
  readonly streams?: readonly string[];
}

export class SimulatedProcess {
  /** Goes up with every crash: what belongs to an earlier one goes nowhere. */
  epoch = 0;
  up = true;
  mishaps: Mishaps = noMishaps;
  /** Disk errors so far. */
  diskErrors = 0;
  #onCrash: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly schedule: Schedule,
    private readonly dice: Dice,
    private readonly happenings: Happenings,
  ) {}

  /** `miner` of `miner 3`. */
  get kind(): string {
    return this.name.replace(/ \d+$/, '');
  }

  crash(): void {
    this.epoch++;
    this.up = false;
    for (const tell of this.#onCrash.splice(0)) tell();
  }

  /** Resolves when this run of the process ends. */
  get ended(): Promise<void> {
    return new Promise((resolve) => this.#onCrash.push(resolve));
  }

  /** Calls when this run of the process ends. */
  whenEnded(tell: () => void): void {
    this.#onCrash.push(tell);
  }

  async gate<Result>(
    epoch: number,
    name: string,
    act: () => Promise<Result>,
    fails: Failing = 'after',
  ): Promise<Result> {
    const never = new Promise<never>(() => {});
    const { dice, schedule } = this;
    await schedule.wait(dice.below(3));
    if (this.epoch !== epoch || this.#crashes(`${name} before`)) return never;
    const isFaulty = fails !== 'never' && dice.chance(this.mishaps.diskError);
    if (isFaulty) this.diskErrors++;
    const isDone = !isFaulty || (fails === 'after' && dice.chance(0.5));
    if (isFaulty) this.happenings.note(`disk error, ${isDone ? '' : 'not '}done`, `${this.kind} ${name}`);
    if (!isDone) throw new FileTaoError('io', `simulated: EIO at ${name}`);
    const result = await act();
    if (this.epoch !== epoch || this.#crashes(`${name} after`)) return never;
    await schedule.wait(dice.below(3));
    if (this.epoch !== epoch) return never;
    if (isFaulty) throw new FileTaoError('io', `simulated: EIO after ${name}`);
    return result;
  }

  /** All methods of a port behind gates. */
  gated<Port extends object>(
    epoch: number,
    portName: string,
    port: Port,
    { fails = 'after', free = [], streams = [] }: GatedOptions = {},
  ): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = target[name as keyof Port] as unknown;
        const place = `${portName}.${String(name)}`;
        if (typeof method !== 'function' || free.includes(String(name))) return method;
        const call = (args: unknown[]): unknown =>
          (method as (...args: unknown[]) => unknown).apply(target, args);
        if (streams.includes(String(name)))
          return (...args: unknown[]) =>
            this.#parts(epoch, place, () => call(args) as AsyncIterable<unknown>, fails);
        return (...args: unknown[]) => this.gate(epoch, place, () => call(args) as Promise<unknown>, fails);
      },
    });
  }

  async *#parts(
    epoch: number,
    place: string,
    read: () => AsyncIterable<unknown>,
    fails: Failing,
  ): AsyncGenerator<unknown> {
    const parts = read()[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.gate(epoch, place, () => parts.next(), fails);
        if (done === true) return;
        yield value;
      }
    } finally {
      await parts.return?.();
    }
  }

  #crashes(where: string): boolean {
    const place = `${this.kind} ${where}`;
    this.happenings.note('await', place);
    if (!this.dice.chance(this.mishaps.crash(place))) return false;
    this.happenings.note('crash', place);
    this.crash();
    return true;
  }
}
