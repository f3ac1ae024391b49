// A whole network on this machine: dev chain, miners, validator and API node as real processes on loopback in
// one temporary folder. Everything it starts ends with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDevChain } from '../../adapters/chain/dev/dev-chain.js';
import { indexFolder } from '../../adapters/index/configured.js';
import { type IndexLocation, parseRedisUrl, type RedisServer } from '../../adapters/index/location.js';
import { systemClock } from '../../adapters/system/clock.js';
import { createWallet, openWallet, type Wallet } from '../../adapters/wallets/wallet-files.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const startMsMax = 60_000;
const stopMsMax = 10_000;

export interface NodeProcess {
  readonly name: string;
  readonly role: 'miner' | 'validator' | 'api';
  readonly address: NodeAddress;
  /** Where its dashboard is; null without one. */
  readonly dashboard: NodeAddress | null;
  readonly hotkey: PublicKey;
  /** --database.directory of the node. */
  readonly directory: string;
  readonly logFile: string;
  readonly child: ChildProcess;
}

export interface LocalNetworkOptions {
  readonly miners: number;
  readonly replicas: number;
  readonly signal?: AbortSignal;
  /** redis://…: the nodes keep their indexes there, under one prefix; without it each has its own LMDB. */
  readonly databaseUrl?: string;
  /** Port of the validator's dashboard; without it there is none. */
  readonly dashboardPort?: number;
  readonly onStarted?: (node: NodeProcess) => void;
}

export interface LocalNetwork {
  readonly folder: string;
  readonly miners: readonly NodeProcess[];
  readonly validator: NodeProcess;
  readonly api: NodeProcess;
  /** The wallet that validator and API node share. */
  readonly validatorWallet: Wallet;
  /** The user's wallet. */
  readonly user: Wallet;
  /** Where validator and API node keep their index. */
  readonly placement: IndexLocation;
  /** How the names of all its Redis keys begin; null without Redis. */
  readonly keysBegin: string | null;
  readonly genesis: Uint8Array;
  readonly netuid: number;
  /** Ends all processes and removes the folder. */
  close(): Promise<void>;
}

const miningHotkey = 'mining';

export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const redis = options.databaseUrl === undefined ? null : redisServer(options.databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'filetao-demo-'));
  // Demos at once, or one after another, must not find each other's keys.
  const prefix = `demo-${randomBytes(4).toString('hex')}-`;
  const processes: NodeProcess[] = [];
  const closing = new AbortController();
  const signal = AbortSignal.any([closing.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  // For an end without `close`, as by a second Ctrl-C: nothing may stay behind then either.
  const abandon = (): void => {
    for (const { child } of processes) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', abandon);
  const close = async (): Promise<void> => {
    closing.abort();
    await Promise.all(processes.map(stop));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', abandon);
  };
  try {
    const wallets = join(folder, 'wallets');
    const chainDirectory = join(folder, 'dev-chain');
    const chain = await openDevChain({ directory: chainDirectory, clock: systemClock, intervalMs: 1000 });
    const { genesis, netuid } = chain;
    await chain.close();
    const wallet = async (name: string, hotkey = 'default'): Promise<Wallet> => {
      await createWallet({ path: wallets, name, hotkey }, { unencrypted: true });
      return openWallet({ path: wallets, name, hotkey });
    };
    const start = async (
      role: NodeProcess['role'],
      name: string,
      owner: Wallet,
      flags: readonly string[],
      directory = join(folder, name),
    ): Promise<NodeProcess> => {
      const node = await startNode({
        role,
        name,
        directory,
        logFile: join(folder, `${name}.log`),
        hotkey: publicKeyOf(owner.hotkey.publicKey),
        signal,
        flags: [
          '--wallet.path',
          wallets,
          '--wallet.name',
          owner.name,
          '--wallet.hotkey',
          owner.hotkeyName,
          '--subtensor.network',
          'dev',
          '--subtensor.dev_directory',
          chainDirectory,
          '--database.directory',
          directory,
          '--logging.level',
          'debug',
          '--logging.json',
          ...(redis === null ? [] : ['--database.prefix', prefix + (role === 'miner' ? name : 'validator')]),
          ...flags,
        ],
        // By environment: a URL may hold a password, and flags can be read in the process list.
        env: redis === null ? {} : { FILETAO_DATABASE_URL: options.databaseUrl! },
        onSpawned: (spawned) => processes.push(spawned),
      });
      options.onStarted?.(node);
      return node;
    };
    const names = Array.from({ length: options.miners }, (_, i) => `miner-${i + 1}`);
    const minerWallets: Wallet[] = [];
    for (const [i, name] of names.entries())
      minerWallets.push(await wallet(name, `${miningHotkey}-${i + 1}`));
    const validatorWallet = await wallet('validator');
    const user = await wallet('user');
    const shared = join(folder, 'validator');
    const [miners, validator, api] = await Promise.all([
      Promise.all(
        names.map((name, i) =>
          start('miner', name, minerWallets[i]!, ['--axon.port', '0', '--proving.workers', '1']),
        ),
      ),
      start('validator', 'validator', validatorWallet, [
        '--validator.port',
        '0',
        ...(options.dashboardPort === undefined ? [] : ['--dashboard.port', String(options.dashboardPort)]),
        // Nothing by itself: what is shown happens when it is asked for, so a run tells the same story every time.
        ...['store', 'challenge', 'retrieve', 'distribute', 'monitor', 'repair'].flatMap((step) => [
          `--neuron.${step}_every`,
          '0',
        ]),
        '--proving.workers',
        '1',
      ]),
      start(
        'api',
        'api',
        validatorWallet,
        ['--api.port', '0', '--neuron.replicas', String(options.replicas), '--proving.workers', '2'],
        shared,
      ),
    ]);
    return {
      folder,
      miners,
      validator,
      api,
      validatorWallet,
      user,
      placement:
        redis === null
          ? { backend: 'lmdb', directory: indexFolder(validator.directory) }
          : { backend: 'redis', place: { ...redis, prefix: `${prefix}validator` } },
      keysBegin: redis === null ? null : `filetao:{${prefix}`,
      genesis,
      netuid,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The server as this process opens it; the nodes read the same URL themselves. */
function redisServer(url: string): RedisServer {
  const { tls, prefix, ...server } = parseRedisUrl(url);
  if (prefix !== undefined)
    throw new FileTaoError('bad-input', 'the demo chooses its own prefix: leave it out of the URL');
  const password = server.password ?? process.env.REDIS_PASSWORD;
  return { ...server, ...(password ? { password } : {}), tls: tls ? {} : null };
}

interface StartOptions extends Omit<NodeProcess, 'address' | 'dashboard' | 'child'> {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onSpawned: (node: NodeProcess) => void;
}

async function startNode({ flags, env, signal, onSpawned, ...node }: StartOptions): Promise<NodeProcess> {
  await mkdir(node.directory, { recursive: true, mode: 0o700 });
  signal.throwIfAborted();
  // In a process group of its own: Ctrl-C on the terminal reaches only this process, which ends the others.
  const child = spawn(process.execPath, [program, 'run', node.role, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, FILETAO_CONFIG: '', ...env },
  });
  const log = createWriteStream(node.logFile, { mode: 0o600 });
  child.stderr.pipe(log);
  const spawned = { ...node, address: { host: '', port: 0 }, dashboard: null as NodeAddress | null, child };
  onSpawned(spawned);
  const ready = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('did not start in time')), startMsMax);
    const settle = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    createInterface({ input: child.stdout }).once('line', (line) => settle(() => resolve(line))());
    child.once('error', (error) => settle(() => reject(error))());
    child.once('exit', (code, by) => settle(() => reject(new Error(`ended with ${code ?? by}`)))());
    signal.addEventListener(
      'abort',
      settle(() => reject(signal.reason)),
      { once: true },
    );
  }).catch(async (error) => {
    signal.throwIfAborted();
    const last = (await readFile(node.logFile, 'utf8').catch(() => '')).trim().split('\n').at(-1);
    throw new FileTaoError('internal', `${node.name} ${(error as Error).message}${last ? `: ${last}` : ''}`);
  });
  const { host, port, dashboard = null } = JSON.parse(ready) as NodeAddress & { dashboard?: NodeAddress };
  spawned.address = { host, port };
  spawned.dashboard = dashboard;
  return spawned;
}

/** SIGTERM, and SIGKILL for whoever does not hear it. */
async function stop({ child }: NodeProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(timer);
}
