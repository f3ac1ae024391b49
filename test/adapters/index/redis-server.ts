// A real redis-server for tests: found on PATH or installed (Debian, as root); started on a free port in a
// folder of its own, ended with the test. Where it cannot be had the tests fail and say what to install.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withFileLock } from '../../../src/adapters/system/lock.js';

export interface RedisServerOptions {
  /** Path of another server of the same protocol, its …-cli beside it. Default: redis-server. */
  readonly program?: string;
  /** Lines of redis.conf beside the ones below. */
  readonly config?: readonly string[];
  readonly password?: string;
}

export interface TestRedis {
  readonly folder: string;
  readonly port: number;
  /** redis://127.0.0.1:port/0, with the password if there is one. */
  readonly url: string;
  readonly configFile: string;
  /** An address of an empty place on this server, as backends.ts opens it. */
  place(): string;
  /** Sends commands through redis-cli and returns what it prints. */
  cli(...command: readonly string[]): string;
  kill(): Promise<void>;
  /** On the same port with the same data. */
  start(): Promise<void>;
}

interface Ends {
  after(end: () => Promise<void>): void;
}

const installMsMax = 300_000;
const startMsMax = 15_000;

export const onPath = (name: string): string | null => {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
};

/** Path of redis-server; installs it where that can be done. One process at a time: apt has one lock. */
export async function findRedisServer(): Promise<string> {
  const found = onPath('redis-server');
  if (found !== null) return found;
  if (process.getuid?.() !== 0 || onPath('apt-get') === null) {
    throw new Error(
      'these tests need a real redis-server (7 or later) on PATH: sudo apt-get install redis-server, or brew install redis',
    );
  }
  return withFileLock(
    join(tmpdir(), 'filetao-test-install-redis.lock'),
    async () => {
      const meanwhile = onPath('redis-server');
      if (meanwhile !== null) return meanwhile;
      try {
        const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
        for (const command of ['update -q', 'install -q -y --no-install-recommends redis-server'])
          execFileSync('apt-get', command.split(' '), { env, stdio: 'pipe', timeout: installMsMax });
      } catch (error) {
        throw new Error(
          `these tests need redis-server, and installing it failed: ${(error as Error).message}`,
        );
      }
      const installed = onPath('redis-server');
      if (installed === null) throw new Error('apt-get installed redis-server, but it is not on PATH');
      return installed;
    },
    { waitMs: installMsMax },
  );
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

let places = 0;

export async function startRedis(ends: Ends, options: RedisServerOptions = {}): Promise<TestRedis> {
  const program = options.program ?? (await findRedisServer());
  const folder = await mkdtemp(join(tmpdir(), 'filetao-redis-'));
  const { password } = options;
  let child: ChildProcess | null = null;
  ends.after(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  const configFile = join(folder, 'redis.conf');
  const logFile = join(folder, 'redis.log');

  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  };
  const cli = (port: number, command: readonly string[]): string =>
    execFileSync(program.replace(/server$/u, 'cli'), ['-p', String(port), ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(password === undefined ? {} : { REDISCLI_AUTH: password }) },
    }).trim();
  const launch = async (port: number): Promise<boolean> => {
    const started = spawn(program, [configFile, '--port', String(port)], { stdio: 'ignore' });
    child = started;
    let ended = false;
    started.once('exit', () => {
      ended = true;
    });
    for (const deadline = Date.now() + startMsMax; Date.now() < deadline && !ended; await delay(20)) {
      try {
        if (cli(port, ['ping']) === 'PONG') return true;
      } catch {
        // not yet
      }
    }
    return false;
  };

  await writeFile(
    configFile,
    [
      'bind 127.0.0.1',
      `dir ${folder}`,
      `logfile ${logFile}`,
      'daemonize no',
      'save ""',
      ...(password === undefined ? [] : [`requirepass ${password}`]),
      ...(options.config ?? []),
      '',
    ].join('\n'),
  );
  let port = await freePort();
  // Another process may have taken the port meanwhile.
  for (let attempt = 0; !(await launch(port)); attempt++) {
    await kill();
    if (attempt === 3)
      throw new Error(`redis-server did not start: ${await readFile(logFile, 'utf8').catch(() => 'no log')}`);
    port = await freePort();
  }
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const url = `redis://${credentials}127.0.0.1:${port}/0`;
  return {
    folder,
    port,
    url,
    configFile,
    place: () => `${url}?prefix=test-${++places}`,
    cli: (...command) => cli(port, command),
    kill,
    async start() {
      if (!(await launch(port)))
        throw new Error(`redis-server did not start again: ${await readFile(logFile, 'utf8')}`);
    },
  };
}
