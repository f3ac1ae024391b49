// One connection to Redis and what happens when it breaks. ioredis speaks the protocol; when to connect again and
// what to send again is decided here, because only here is known what may be sent twice:
//
// - Whatever the server refused with LOADING and the like was not done: it is sent again until `patienceMs` is over.
// - A connection that breaks leaves changes of unknown outcome. `run` sends them again only if the caller says that
//   a second time does no harm; otherwise it throws `unreachable` and says that the outcome is not known.
// - While there is no connection, everything waits for one, at most `patienceMs`.

import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { FileTaoError } from '../../../domain/model/errors.js';
import { placeOf, type RedisServer } from '../location.js';
import { errorWord, isConnectionLoss, isPassing, redisFailure } from './failures.js';
import type { Script } from './script.js';

export interface RedisConnectionOptions {
  /** Milliseconds that one call may wait for a server that is away or loading. */
  readonly patienceMs?: number;
}

/** What can go over the wire. */
export type Argument = string | number | Uint8Array;
/** What comes back: bytes, numbers, null, and lists of them. */
export type Reply = Buffer | number | null | readonly Reply[];

const patienceMsDefault = 10_000;
const firstPauseMs = 25;
const pauseMsMax = 1000;
const connectMsMax = 5000;
/** A server that answers nothing for so long is as good as gone: a switched-off host sends no goodbye. */
const silenceMsMax = 30_000;

export class RedisConnection {
  readonly place: string;
  readonly #server: RedisServer;
  readonly #patienceMs: number;
  readonly #pending = new Set<Promise<unknown>>();
  #client: Promise<Redis> | null = null;
  #closed = false;

  constructor(server: RedisServer, { patienceMs = patienceMsDefault }: RedisConnectionOptions = {}) {
    this.#server = server;
    this.#patienceMs = patienceMs;
    this.place = placeOf(server);
  }

  /** A plain command. Only for reads and changes that may be made twice. */
  command(name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#tracked((client) => send(client, name, args), true).then(({ reply }) => reply);
  }

  /** A script. `again`: it may be sent a second time after the connection broke. */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    again: boolean,
  ): Promise<{ readonly reply: Reply; readonly resent: boolean }> {
    return this.#tracked(async (client) => {
      try {
        return await send(client, 'EVALSHA', [script.sha, keys.length, ...keys, ...args]);
      } catch (error) {
        if (errorWord(error) !== 'NOSCRIPT') throw error;
        return send(client, 'EVAL', [script.lua, keys.length, ...keys, ...args]); // and it is known from now on
      }
    }, again);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#pending);
    const client = this.#client;
    this.#client = null;
    await client?.then(
      (open) => open.disconnect(),
      () => {},
    );
  }

  async #tracked(work: (client: Redis) => Promise<Reply>, again: boolean) {
    if (this.#closed) throw new FileTaoError('internal', `the index in Redis at ${this.place} is closed`);
    const done = this.#persist(work, again);
    this.#pending.add(done);
    try {
      return await done;
    } finally {
      this.#pending.delete(done);
    }
  }

  async #persist(
    work: (client: Redis) => Promise<Reply>,
    again: boolean,
  ): Promise<{ readonly reply: Reply; readonly resent: boolean }> {
    const deadline = performance.now() + this.#patienceMs;
    let pauseMs = firstPauseMs;
    let resent = false;
    for (;;) {
      let sent = false;
      try {
        this.#client ??= this.#connect();
        const connecting = this.#client;
        const client = await connecting.catch((error: unknown) => {
          if (this.#client === connecting) this.#client = null;
          throw error;
        });
        if (client.status === 'end' || client.status === 'close') {
          if (this.#client === connecting) this.#client = null;
          throw Object.assign(new Error('the connection is closed'), { code: 'ECONNRESET' });
        }
        sent = true;
        return { reply: await work(client), resent };
      } catch (error) {
        const lost = isConnectionLoss(error);
        if (lost && sent) {
          if (!again)
            throw new FileTaoError(
              'unreachable',
              `the connection to Redis at ${this.place} broke: whether this change was made is not known`,
            );
          resent = true;
        }
        if (!(lost || isPassing(error)) || performance.now() + pauseMs > deadline)
          throw redisFailure(this.place, error);
        await delay(pauseMs);
        pauseMs = Math.min(2 * pauseMs, pauseMsMax);
      }
    }
  }

  async #connect(): Promise<Redis> {
    const { host, port, database, user, password, tls } = this.#server;
    const client = new Redis({
      host,
      port,
      lazyConnect: true,
      connectTimeout: connectMsMax,
      socketTimeout: silenceMsMax,
      disableClientInfo: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => null,
      maxRetriesPerRequest: null,
      protocol: 2, // plain replies: no type of the newer protocol is used
      ...(tls === null ? {} : { tls: tlsOptions(host, tls.ca) }),
    });
    let failure: unknown = null;
    client.on('error', (error) => {
      failure = error;
    });
    // A server that accepts and says nothing, as one does while it reads a large file.
    const timer = setTimeout(() => {
      failure = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
      client.disconnect();
    }, connectMsMax);
    try {
      await client.connect();
      // Asked here and not by ioredis, which goes on without a password where the server has none.
      if (password !== undefined)
        await send(client, 'AUTH', user === undefined ? [password] : [user, password]);
      if (database !== 0) await send(client, 'SELECT', [database]);
      await send(client, 'PING', []);
      return client;
    } catch (error) {
      client.disconnect();
      throw errorWord(error) === null ? (failure ?? error) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

const tlsOptions = (host: string, ca: string | undefined) => ({
  ...(isIP(host) === 0 ? { servername: host } : {}),
  ...(ca === undefined ? {} : { ca }),
});

/** Commands of one turn of the event loop leave in one write: 60,000 small reads a second instead of 25,000. */
function send(client: Redis, name: string, args: readonly Argument[]): Promise<Reply> {
  const { stream } = client;
  if (stream.writableCorked === 0) {
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
  return client.callBuffer(name, ...(args as (string | number | Buffer)[])) as Promise<Reply>;
}
