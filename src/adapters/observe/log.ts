// The log: pino records to stderr (stdout belongs to data), one JSON object per line, or readable lines on a
// terminal; and to a file, if there is one, always as JSON. Its level can be changed while it runs. Every field passes redact.ts first, those of child logs too, which pino's own `redact` (fixed
// paths) and `formatters` (not applied to children) would let through.

import { destination, type LevelWithSilent, type Logger, levels, pino, stdTimeFunctions } from 'pino';
import { readableLine } from './readable-line.js';
import { redacted, redactText } from './redact.js';

export type LogFields = Readonly<Record<string, unknown>>;

interface Write {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

/** What nodes log through. An error goes under `err`: `log.warn({ err: error }, 'store failed')`. */
export interface Log {
  readonly trace: Write;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  readonly level: LevelWithSilent;
  /** Changes the level of this log, its parents and its children. */
  setLevel(level: LevelWithSilent): void;
  /** A log whose records all carry these fields; `name` stands before the message. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** JSON lines instead of readable ones. */
  readonly json: boolean;
  readonly name?: string;
  /** Where lines go; stderr if not given. */
  readonly write?: (line: string) => void;
  /** Where every record goes besides, as JSON. */
  readonly file?: { write(line: string): void };
  /** Colours in readable lines; by default on a terminal without NO_COLOR (https://no-color.org). */
  readonly colour?: boolean;
}

export function createLog(options: LogOptions): Log {
  const { level, json, name, file } = options;
  const write = options.write ?? stderrWriter();
  const colour = options.colour ?? (process.stderr.isTTY === true && !process.env.NO_COLOR);
  const logger = pino(
    {
      // which records are written is decided below, for all children at once and at any time
      level: 'trace',
      base: name === undefined ? {} : { name },
      timestamp: stdTimeFunctions.isoTime,
      // redact.ts has made plain objects of errors already; pino's serializer would take them for its own
      serializers: { err: (error: unknown) => error },
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line: string) {
        write(json ? line : readableLine(line, colour));
        file?.write(line);
      },
    },
  );
  return logThrough(logger, { level });
}

/** Nothing is logged: for tests and for commands that speak for themselves. */
export const silentLog = (): Log => createLog({ level: 'silent', json: true, write: () => {} });

function stderrWriter(): (line: string) => void {
  // Synchronous, so that the last words of a process that crashes are there.
  const stderr = destination({ fd: 2, sync: true });
  stderr.on('error', () => {}); // a closed stderr must not end a node
  return (line) => {
    stderr.write(line);
  };
}

const rankOf = (level: LevelWithSilent): number =>
  level === 'silent' ? Number.POSITIVE_INFINITY : levels.values[level]!;

/** @param shared the level that this log has in common with its parents and children */
function logThrough(logger: Logger, shared: { level: LevelWithSilent }): Log {
  const withStack = (): boolean => rankOf(shared.level) <= rankOf('debug');
  const at = (name: Exclude<LevelWithSilent, 'silent'>): Write => {
    const rank = rankOf(name);
    return (first: string | LogFields, message?: string): void => {
      if (rank < rankOf(shared.level)) return;
      if (typeof first === 'string') logger[name](redactText(first));
      else logger[name](redacted(first, withStack()) as object, redactText(message ?? ''));
    };
  };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    get level() {
      return shared.level;
    },
    setLevel(level) {
      shared.level = level;
    },
    child: (fields) =>
      logThrough(logger.child(redacted(fields, withStack()) as Record<string, unknown>), shared),
  };
}
