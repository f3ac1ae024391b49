// A node in a child process that is killed and started again, and what it says line by line. The next process is
// started ahead of time: most of a start is the loading of code.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./program.js', import.meta.url));

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
    this.#process = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
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
}

/** Starts processes of one node, one after another on one port. */
export class Restarting {
  readonly #args: readonly string[];
  readonly #tail: readonly string[];
  #port = 0;
  #standby: Child;
  #current: Child | null = null;

  constructor(t: TestContext, role: string, folder: string, seed: Uint8Array, ...tail: string[]) {
    this.#args = [role, folder, Buffer.from(seed).toString('hex')];
    this.#tail = tail;
    this.#standby = this.#spawn();
    t.after(async () => {
      await Promise.all([this.#standby.kill(), this.#current?.kill()]);
    });
  }

  #spawn(): Child {
    return new Child([...this.#args, String(this.#port), ...this.#tail]);
  }

  /** The one before must be dead. The first start settles the port. */
  async start(): Promise<Restarted> {
    const child = this.#standby;
    this.#current = child;
    child.say('go');
    const ready = await child.next('ready', 'failed');
    if (!ready?.startsWith('ready')) throw new Error(`the node did not start: ${ready ?? 'it died'}`);
    this.#port = Number(ready.split(' ')[1]);
    this.#standby = this.#spawn();
    return { child, port: this.#port };
  }
}
