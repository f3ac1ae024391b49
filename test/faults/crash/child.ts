// A node in a child process that is killed and started again, and what it says line by line. The next process is
// started ahead of time, with its code loaded.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/adapters/system/clock.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import { bundledProgram } from './bundle.js';

interface Waiting {
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string | null) => void;
}

/** One process, from its start to its death. */
export class Child {
  readonly #process: ChildProcess;
  readonly died: Promise<void>;
  isDead = false;
  /** Lines that nobody waited for yet. */
  #lines: string[] = [];
  #waiting: Waiting[] = [];

  constructor(args: readonly string[]) {
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin!.on('error', () => {});
    // Lines written before the death still come after it, so it is over when the stream is.
    const lines = createInterface({ input: this.#process.stdout! });
    lines.on('line', (line) => {
      const at = this.#waiting.findIndex(({ matches }) => matches(line));
      if (at < 0) this.#lines.push(line);
      else this.#waiting.splice(at, 1)[0]!.resolve(line);
    });
    this.died = new Promise((resolve) =>
      this.#process.once('close', () => {
        this.isDead = true;
        for (const { resolve: tell } of this.#waiting.splice(0)) tell(null);
        resolve();
      }),
    );
  }

  say(line: string): void {
    this.#process.stdin!.write(`${line}\n`);
  }

  /** The next line that begins with one of these words; null when the process died first. */
  next(...words: string[]): Promise<string | null> {
    const matches = (line: string): boolean => words.includes(line.split(' ')[0]!);
    const at = this.#lines.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.#lines.splice(at, 1)[0]!);
    if (this.isDead) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }));
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.died;
  }
}

export interface Restarted {
  readonly child: Child;
  readonly port: number;
  /** Write points of the start, `NAME=COUNT,…`. */
  readonly points: string;
}

/** Starts processes of one node, one after another on one port. */
export class Restarting {
  readonly #args: readonly string[];
  #port = 0;
  #standby: Child;
  #current: Child | null = null;
  /** The last that came up. */
  #ready: Child | null = null;

  private constructor(args: readonly string[]) {
    this.#args = args;
    this.#standby = new Child(args);
  }

  static async of(t: TestContext, role: string, folder: string, seed: Uint8Array, ...tail: string[]) {
    const programs = join(folder, 'program');
    await mkdir(programs);
    const program = await bundledProgram(programs);
    const node = new Restarting([program, role, folder, Buffer.from(seed).toString('hex'), ...tail]);
    t.after(async () => {
      await Promise.all([node.#standby.kill(), node.#current?.kill()]);
    });
    return node;
  }

  /** The one before must be dead. `arm` is where this one kills itself before it is ready: `NAME SIDE N`. */
  begin(arm = ''): Child {
    const child = this.#standby;
    this.#current = child;
    child.say(`go ${this.#port} ${arm}`);
    this.#standby = new Child(this.#args);
    return child;
  }

  /** The first start settles the port. */
  async start(): Promise<Restarted> {
    const child = this.begin();
    const line = await child.next('ready', 'failed');
    if (!line?.startsWith('ready')) throw new Error(`the node did not start: ${line ?? 'it died'}`);
    const [, port, points] = line.split(' ');
    this.#port = Number(port);
    this.#ready = child;
    return { child, port: this.#port, points: points ?? '' };
  }

  /** For who asks this node: pauses end when it is there again, and are a tenth as long while it is. */
  clock(): Clock {
    return {
      ...systemClock,
      sleep: async (ms, signal) => {
        if (this.#isUp) return systemClock.sleep(ms / 10, signal);
        const until = performance.now() + ms;
        while (!this.#isUp && performance.now() < until) await systemClock.sleep(20, signal);
      },
    };
  }

  get #isUp(): boolean {
    return this.#ready !== null && this.#ready === this.#current && !this.#ready.isDead;
  }
}
