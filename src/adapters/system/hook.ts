// An operator's own program, run when something happened: without a shell, so nothing in its arguments is ever
// interpreted; one run at a time, for a limited time, with a limited output, and without this process's secrets in its
// environment.

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { FileTaoError } from '../../domain/model/errors.js';

/** Told how each run ended. */
export interface HookLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface HookOptions {
  /** Absolute. */
  readonly path: string;
  readonly timeoutMs: number;
  readonly log: HookLog;
}

const outputBytesMax = 64 * 1024;
const waitingMax = 100;
/** What a script needs to find its interpreter and speak its language. */
const passedOn: readonly string[] = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];

export class Hook {
  readonly #options: HookOptions;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #stopping = new AbortController();

  private constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Throws `config` unless the path is an executable file. */
  static async open(options: HookOptions): Promise<Hook> {
    const { path } = options;
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isFile) throw new FileTaoError('config', `there is no file ${path}: name an executable script`);
    await access(path, constants.X_OK).catch(() => {
      throw new FileTaoError('config', `${path} is not executable: chmod +x it`);
    });
    return new Hook(options);
  }

  /** Runs the program when the runs before it have ended. Never rejects; how it ended is logged. */
  run(args: readonly string[]): Promise<void> {
    const { log, path } = this.#options;
    if (this.#stopping.signal.aborted) return Promise.resolve();
    if (this.#waiting >= waitingMax) {
      log.error({ path }, 'a script was not run: too many of its runs are waiting');
      return Promise.resolve();
    }
    this.#waiting++;
    this.#last = this.#last.then(() => this.#runNow(args)).finally(() => this.#waiting--);
    return this.#last;
  }

  /** Ends the run under way. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#last;
  }

  #runNow(args: readonly string[]): Promise<void> {
    const { log, path, timeoutMs } = this.#options;
    if (this.#stopping.signal.aborted) return Promise.resolve();
    const env = Object.fromEntries(
      passedOn.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
    );
    return new Promise((resolve) => {
      const child = spawn(path, [...args], {
        shell: false,
        env,
        // A group of its own, so that what it starts ends with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      const gather = (text: string): void => {
        output = (output + text).slice(-outputBytesMax);
      };
      child.stdout.setEncoding('utf8').on('data', gather);
      child.stderr.setEncoding('utf8').on('data', gather);
      const end = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {}
      };
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        end();
      }, timeoutMs);
      this.#stopping.signal.addEventListener('abort', end, { once: true });
      let ended = false;
      const done = (how: Readonly<Record<string, unknown>>, good: boolean): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        this.#stopping.signal.removeEventListener('abort', end);
        const fields = { path, ...how, output: output.trim() };
        if (good) log.info(fields, 'a script has run');
        else log.error(fields, 'a script failed');
        resolve();
      };
      child.once('error', (error) => done({ err: error }, false));
      child.once('close', (code, by) => done(late ? { timeoutMs } : { code: code ?? by }, code === 0));
    });
  }
}
