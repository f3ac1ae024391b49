// Errors are data: one table of codes with HTTP status and exit code, one class. They survive JSON and
// worker threads (`toJSON`, `fromJSON`) and their message is one line that says what to do.

export const exitCodes = {
  ok: 0,
  other: 1,
  usage: 2,
  notFound: 3,
  partial: 4,
  integrity: 5,
  network: 6,
  outputExists: 7,
  interrupted: 130,
} as const;

interface ErrorKind {
  readonly status: number;
  readonly exit: number;
}

const kind = (status: number, exit: number): ErrorKind => ({ status, exit });

export const errorTable = {
  // the caller's input
  'bad-input': kind(400, exitCodes.usage),
  'bad-cid': kind(400, exitCodes.usage),
  'bad-message': kind(400, exitCodes.integrity),
  'too-large': kind(413, exitCodes.usage),
  'length-required': kind(411, exitCodes.usage),
  config: kind(400, exitCodes.usage),
  'not-acceptable': kind(406, exitCodes.usage),
  precondition: kind(412, exitCodes.other),
  'bad-range': kind(416, exitCodes.usage),
  /** Bytes of an upload that are not those of the checksum sent with them (tus 1.0). */
  checksum: kind(460, exitCodes.integrity),
  // who may do what
  unauthorised: kind(401, exitCodes.other),
  forbidden: kind(403, exitCodes.other),
  'bad-signature': kind(401, exitCodes.integrity),
  'wrong-network': kind(409, exitCodes.other),
  // what is there
  'not-found': kind(404, exitCodes.notFound),
  'unknown-replica': kind(404, exitCodes.notFound),
  'unknown-round': kind(404, exitCodes.notFound),
  'wallet-not-found': kind(404, exitCodes.notFound),
  'wrong-wallet': kind(403, exitCodes.other),
  'wallet-locked': kind(403, exitCodes.other),
  exists: kind(409, exitCodes.outputExists),
  conflict: kind(409, exitCodes.other),
  expired: kind(410, exitCodes.notFound),
  // the chain
  /** The account cannot pay for what it asks. */
  funds: kind(402, exitCodes.other),
  /** Inside a rate limit of the chain. */
  'too-soon': kind(429, exitCodes.other),
  /** The subnet takes weights only as time-locked commitments. */
  'commit-reveal': kind(409, exitCodes.other),
  /** The chain refused a call; the message names its error. */
  'chain-refused': kind(409, exitCodes.other),
  // the protocol
  block: kind(409, exitCodes.other),
  'root-mismatch': kind(422, exitCodes.integrity),
  'round-closed': kind(409, exitCodes.other),
  integrity: kind(502, exitCodes.integrity),
  damaged: kind(500, exitCodes.integrity),
  // capacity
  busy: kind(503, exitCodes.network),
  budget: kind(429, exitCodes.network),
  full: kind(507, exitCodes.other),
  /** The miner leaves the network and takes nothing new. */
  leaving: kind(503, exitCodes.partial),
  partial: kind(502, exitCodes.partial),
  'too-few-miners': kind(503, exitCodes.partial),
  // the machine and the network
  unreachable: kind(502, exitCodes.network),
  timeout: kind(504, exitCodes.network),
  'port-in-use': kind(500, exitCodes.other),
  io: kind(500, exitCodes.other),
  /** Data on disk of another schema version. */
  schema: kind(500, exitCodes.other),
  cancelled: kind(499, exitCodes.interrupted),
  internal: kind(500, exitCodes.other),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** What is quoted may be of any length. */
const messageCharactersMax = 1000;

/** Messages quote what came from elsewhere, and end up on terminals and in headers: control characters are shown, not sent. */
export const oneLine = (message: string): string =>
  (message.length <= messageCharactersMax ? message : `${message.slice(0, messageCharactersMax)}…`)
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .replaceAll(
      /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

export class FileTaoError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: ErrorData['details']; readonly cause?: unknown } = {},
  ) {
    super(oneLine(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FileTaoError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get exitCode(): number {
    return errorTable[this.code].exit;
  }

  toJSON(): ErrorData {
    return { code: this.code, message: this.message, details: this.details };
  }

  /** Rebuilds an error that crossed a thread or the network; an unknown code becomes `internal`. */
  static fromJSON(data: unknown): FileTaoError {
    const { code, message, details } = (data ?? {}) as Partial<Record<keyof ErrorData, unknown>>;
    const known =
      typeof code === 'string' && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'internal';
    const text = typeof message === 'string' ? message : 'unknown error';
    return new FileTaoError(known, text, {
      details:
        typeof details === 'object' && details !== null ? (details as NonNullable<ErrorData['details']>) : {},
    });
  }
}

/** The system's own error as one of ours, e.g. ENOSPC → `full`. Passes a FileTaoError through. */
export function toFileTaoError(error: unknown): FileTaoError {
  if (error instanceof FileTaoError) return error;
  const { code, message, name } = (error ?? {}) as { code?: unknown; message?: unknown; name?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  const byCode: Readonly<Record<string, ErrorCode>> = {
    ENOENT: 'not-found',
    ENOSPC: 'full',
    EDQUOT: 'full',
    EACCES: 'forbidden',
    EPERM: 'forbidden',
    EISDIR: 'bad-input',
    EEXIST: 'exists',
    EADDRINUSE: 'port-in-use',
    ECONNREFUSED: 'unreachable',
    ECONNRESET: 'unreachable',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
    ENOTFOUND: 'unreachable',
    EPIPE: 'unreachable',
    ETIMEDOUT: 'timeout',
    EIO: 'io',
    EMFILE: 'io',
    ABORT_ERR: 'cancelled',
  };
  if (typeof code === 'string' && Object.hasOwn(byCode, code)) {
    return new FileTaoError(byCode[code]!, text, { cause: error });
  }
  if (name === 'AbortError') return new FileTaoError('cancelled', 'cancelled', { cause: error });
  if (name === 'TimeoutError') return new FileTaoError('timeout', 'took too long', { cause: error });
  return new FileTaoError('internal', text, { cause: error });
}
