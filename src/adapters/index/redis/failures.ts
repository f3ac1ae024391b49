// What Redis, or the way to it, says in our words: one code and one sentence with what to do. Messages of the
// server may quote commands and their arguments, so only its error word is ever repeated.

import { type ErrorCode, FileTaoError } from '../../../domain/model/errors.js';

interface Told {
  readonly code: ErrorCode;
  readonly text: string;
}

const byWord: Readonly<Record<string, Told>> = {
  WRONGPASS: { code: 'unauthorised', text: 'refuses this user name and password: check REDIS_PASSWORD' },
  NOAUTH: { code: 'unauthorised', text: 'wants a password: set REDIS_PASSWORD' },
  NOPERM: {
    code: 'forbidden',
    text: 'does not allow this user what the index needs: docs/index.md has the ACL rule',
  },
  LOADING: { code: 'busy', text: 'is still loading its data: try again when it has finished' },
  BUSY: { code: 'busy', text: 'is busy with a script of another program: try again later' },
  READONLY: { code: 'config', text: 'is a read-only replica: name its primary in --database.url' },
  MASTERDOWN: { code: 'unreachable', text: 'is a replica that has lost its primary' },
  OOM: {
    code: 'full',
    text: 'has reached maxmemory and refused the change: raise maxmemory (policy noeviction), nothing was changed',
  },
  MISCONF: { code: 'io', text: 'cannot save to its disk and refuses changes: see its log' },
  NOREPLICAS: { code: 'io', text: 'has too few replicas (min-replicas-to-write) and refuses changes' },
  MOVED: {
    code: 'config',
    text: "is a cluster node that does not serve this node's slot: name the one that does (CLUSTER KEYSLOT)",
  },
  ASK: { code: 'busy', text: 'is moving this slot to another cluster node: try again later' },
  TRYAGAIN: { code: 'busy', text: 'is moving this slot to another cluster node: try again later' },
  CROSSSLOT: { code: 'internal', text: 'found keys of several slots in one change' },
  CLUSTERDOWN: { code: 'unreachable', text: 'is part of a cluster that is down' },
  WRONGTYPE: {
    code: 'damaged',
    text: 'has a key of this prefix with another type: another program wrote it',
  },
  EXECABORT: { code: 'io', text: 'gave up a transaction' },
};

/** Refusals that pass by themselves, before anything was done. */
const passing = new Set(['LOADING', 'BUSY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'ASK']);

/** The word a server's refusal begins with, or null where the error is not the server's. */
export function errorWord(error: unknown): string | null {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  if (name !== 'ReplyError' || typeof message !== 'string') return null;
  // A refusal inside a script: "ERR Error running script …: @user_script: 12: -OOM command not allowed …"
  const inside = /(?:^|[@: -])(OOM|READONLY|MISCONF|WRONGTYPE|NOREPLICAS|NOPERM|CROSSSLOT)\b/u.exec(message);
  return inside?.[1] ?? /^-?([A-Z]+)/u.exec(message)?.[1] ?? 'ERR';
}

export const isPassing = (error: unknown): boolean => passing.has(errorWord(error) ?? '');

/** The connection broke or never was: what was sent may or may not have been done. */
export const isConnectionLoss = (error: unknown): boolean =>
  errorWord(error) === null && !(error instanceof FileTaoError);

/** @param place the server, without secrets */
export function redisFailure(place: string, error: unknown): FileTaoError {
  if (error instanceof FileTaoError) return error;
  const word = errorWord(error);
  if (word !== null) {
    const message = String((error as Error).message);
    if (/invalid (?:DB|database) index|DB index is out of range/iu.test(message))
      return new FileTaoError('config', `Redis at ${place} has no database of this index`);
    // ioredis asks with HELLO; servers before 6 call it unknown and are told apart here
    if (/without any password configured|no password is set/iu.test(message))
      return new FileTaoError('config', `Redis at ${place} has no password set, but one was given`);
    const told = byWord[word];
    if (told !== undefined) return new FileTaoError(told.code, `Redis at ${place} ${told.text}`);
    return new FileTaoError('io', `Redis at ${place} refused a command: ${word}`, {
      details: { refusal: message.slice(0, 60) },
    });
  }
  const { code } = (error ?? {}) as { code?: unknown };
  const reason = typeof code === 'string' && /^[A-Z0-9_]{1,60}$/u.test(code) ? ` (${code})` : '';
  if (typeof code === 'string' && /CERT|SSL|TLS|SELF_SIGNED|ALTNAME/u.test(code))
    return new FileTaoError(
      'unreachable',
      `Redis at ${place}: its TLS certificate is not trusted${reason}; name its authority with --database.tls_ca`,
    );
  return new FileTaoError('unreachable', `Redis at ${place} cannot be reached${reason}`);
}
