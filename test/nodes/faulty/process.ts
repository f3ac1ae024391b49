// A process that may end at every await: all it does with the world outside goes through gates, and at each gate it may
// crash before or after the deed, or the deed may fail as disks do, done or not.
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { Dice, Schedule } from '../simulated/schedule.js';

/** Chances at each gate. */
export interface Mishaps {
  readonly crash: number;
  readonly diskError: number;
}

export const noMishaps: Mishaps = { crash: 0, diskError: 0 };

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
    /** Every place a crash has hit, over all processes: `validator index.addReplica after`. */
    private readonly crashedAt: Map<string, number>,
  ) {}

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

  /** @param fails `after`: also when the deed is done; `before`: what failed left nothing; `never` */
  async gate<Result>(
    epoch: number,
    name: string,
    act: () => Promise<Result>,
    fails: 'after' | 'before' | 'never' = 'after',
  ): Promise<Result> {
    const never = new Promise<never>(() => {});
    const { dice, schedule } = this;
    await schedule.wait(dice.below(3));
    if (this.epoch !== epoch || this.#mayCrash(`${name} before`)) return never;
    const isFaulty = fails !== 'never' && dice.chance(this.mishaps.diskError);
    if (isFaulty) this.diskErrors++;
    if (isFaulty && (fails === 'before' || dice.chance(0.5)))
      throw new FileTaoError('io', `simulated: EIO at ${name}`);
    const result = await act();
    if (this.epoch !== epoch || this.#mayCrash(`${name} after`)) return never;
    await schedule.wait(dice.below(3));
    if (this.epoch !== epoch) return never;
    if (isFaulty) throw new FileTaoError('io', `simulated: EIO after ${name}`);
    return result;
  }

  /** All methods of a port behind gates, but those that stream. */
  gated<Port extends object>(
    epoch: number,
    portName: string,
    port: Port,
    { free = [] as readonly string[] } = {},
  ): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = target[name as keyof Port] as unknown;
        if (typeof method !== 'function' || free.includes(String(name))) return method;
        return (...args: unknown[]) =>
          this.gate(epoch, `${portName}.${String(name)}`, () =>
            (method as (...args: unknown[]) => Promise<unknown>).apply(target, args),
          );
      },
    });
  }

  #mayCrash(place: string): boolean {
    if (!this.dice.chance(this.mishaps.crash)) return false;
    const key = `${this.name.replace(/ \d+$/, '')} ${place}`;
    this.crashedAt.set(key, (this.crashedAt.get(key) ?? 0) + 1);
    this.crash();
    return true;
  }
}
