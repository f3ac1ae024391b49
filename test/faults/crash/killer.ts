// Chooses where the nodes of one role die, world after world, and counts.
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../adapters/seeded-random.js';
import type { Child, Restarted, Restarting } from './child.js';

/** The places of a stage of a life: each write point, before and after it is carried out. */
class Stage {
  /** Write point → the most often that it came. */
  readonly #counts = new Map<string, number>();
  readonly #aimed = new Map<string, number>();
  readonly hit = new Map<string, number>();
  /** The longest seen, in milliseconds. */
  longestMs = 100;

  /** From `NAME=COUNT,…`. */
  learn(points: string): void {
    for (const seen of points.split(',').filter(Boolean)) {
      const [name, count] = seen.split('=') as [string, string];
      this.#counts.set(name, Math.max(Number(count), this.#counts.get(name) ?? 0));
    }
  }

  get places(): string[] {
    return [...this.#counts.keys()].sort().flatMap((name) => [`${name} before`, `${name} after`]);
  }

  /** A place of those that were aimed at least often, and which time. */
  place(random: SeededRandom): string | null {
    const { places } = this;
    if (places.length === 0) return null;
    const times = (place: string): number => this.#aimed.get(place) ?? 0;
    const fewest = Math.min(...places.map(times));
    const place = random.pick(places.filter((each) => times(each) === fewest));
    this.#aimed.set(place, fewest + 1);
    // Not all lives come as far as the longest.
    return `${place} ${1 + random.below(Math.max(1, this.#counts.get(place.split(' ')[0]!)! / 2))}`;
  }

  /** Anywhere, counted in write points: on a busy machine milliseconds would all fall before the first. */
  anywhere(random: SeededRandom): string | null {
    const all = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    return all === 0 ? null : `* after ${1 + random.below(all)}`;
  }

  count(line: string): void {
    const place = line.slice('killed '.length);
    this.hit.set(place, (this.hit.get(place) ?? 0) + 1);
  }

  get summary(): string {
    const kills = [...this.hit.values()].reduce((sum, count) => sum + count, 0);
    return `${kills} at ${this.hit.size} of ${this.places.length} write points`;
  }
}

export class Killer {
  readonly work = new Stage();
  readonly starts = new Stage();
  #turn = 0;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Kills that hit no write point. */
  readonly elsewhere = { 'at a random moment': 0, 'at rest': 0, 'while starting': 0 };

  /** Before the work of a life: every second one ends at a write point in turn, the others at random moments. */
  aim(child: Child, random: SeededRandom): void {
    const turn = this.#turn++;
    const { work } = this;
    const moment = random.below(work.longestMs);
    const place = turn % 4 === 3 ? null : turn % 2 === 1 ? work.anywhere(random) : work.place(random);
    child.say(`arm ${place ?? 'none'}`);
    if (turn % 4 === 3) this.#timer = setTimeout(() => void child.kill(), moment);
    this.#began = performance.now();
  }

  /** After the work: whoever still lives is killed at rest. */
  async finish(child: Child): Promise<void> {
    clearTimeout(this.#timer);
    child.say('points');
    const line = await child.next('points', 'killed');
    await child.kill();
    if (line === null) this.elsewhere['at a random moment']++;
    else if (line.startsWith('killed')) this.work.count(line);
    else {
      this.elsewhere['at rest']++;
      this.work.learn(line.slice('points '.length));
      this.work.longestMs = Math.max(this.work.longestMs, performance.now() - this.#began);
    }
  }

  /** Every fourth start is killed as well, and followed by another. */
  async start(node: Restarting, random: SeededRandom): Promise<Restarted> {
    const { starts } = this;
    const place = this.#turn % 4 === 2 ? starts.place(random) : null;
    if (place !== null) {
      const child = node.begin(place);
      await Promise.race([child.next('ready', 'failed'), child.died]);
      await this.#cutOff(child);
    } else if (this.#turn % 8 === 5) {
      const child = node.begin();
      await Promise.race([delay(random.below(starts.longestMs)), child.died]);
      await this.#cutOff(child);
    }
    const began = performance.now();
    const started = await node.start();
    starts.longestMs = Math.max(starts.longestMs, performance.now() - began);
    starts.learn(started.points);
    return started;
  }

  async #cutOff(child: Child): Promise<void> {
    await child.kill();
    const line = await child.next('killed');
    if (line === null) this.elsewhere['while starting']++;
    else this.starts.count(line);
  }

  get summary(): string {
    const others = Object.entries(this.elsewhere).map(([where, count]) => `${count} ${where}`);
    return [`kills at work: ${this.work.summary}`, `in starts: ${this.starts.summary}`, ...others].join(', ');
  }

  /** Kills at each write point, a line each. */
  get table(): readonly string[] {
    return Object.entries({ work: this.work, start: this.starts }).flatMap(([stage, { places, hit }]) =>
      places.map((place) => `${stage}: ${place}: ${hit.get(place) ?? 0}`),
    );
  }
}
