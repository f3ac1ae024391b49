// The one place where an error becomes a line on stderr and an exit code (ARCHITECTURE, rule 6).

import { type Command, CommanderError } from 'commander';
import { exitCodes, oneLine, toFileTaoError } from '../domain/model/errors.js';
import { interruptedBy, watchInterrupts } from './interrupt.js';

/** Runs the program and sets the process's exit code; resolves when the command is done. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  watchInterrupts();
  quietBrokenPipes();
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  if (argv.length <= 2) {
    program.outputHelp();
    return;
  }
  try {
    await program.parseAsync(argv);
    // A command that stops cleanly on Ctrl-C was interrupted all the same; SIGTERM asks for just that.
    if (interruptedBy() === 'SIGINT') process.exitCode = exitCodes.interrupted;
  } catch (error) {
    fail(error);
  }
}

/** Ends the process: whatever the failed command left open must not keep it alive. */
function fail(error: unknown): never {
  const { line, exitCode } = describeFailure(error);
  if (line !== null) process.stderr.write(`filetao: ${line}\n`);
  if (process.env.FILETAO_DEBUG === '1' && error instanceof Error && !(error instanceof CommanderError)) {
    process.stderr.write(`${error.stack ?? String(error)}\n`);
    if (error.cause instanceof Error) process.stderr.write(`caused by ${error.cause.stack ?? error.cause}\n`);
  }
  process.exit(exitCode);
}

interface Failure {
  /** null when all has been said. */
  readonly line: string | null;
  readonly exitCode: number;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { line: null, exitCode: exitCodes.ok };
    // commander.help: a command group without its command; the help has been printed instead
    const line = error.code === 'commander.help' ? null : oneLine(error.message.replace(/^error: /u, ''));
    return { line, exitCode: exitCodes.usage };
  }
  const known = toFileTaoError(error);
  const message = oneLine(known.message);
  if (known.code !== 'internal') return { line: message, exitCode: known.exitCode };
  return {
    line: `unexpected error: ${message} (FILETAO_DEBUG=1 shows where)`,
    exitCode: known.exitCode,
  };
}

/** `filetao wallet list | head -1` is no failure; and nobody reads what a closed stderr is told. */
function quietBrokenPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    fail(error);
  });
  process.stderr.on('error', () => {});
}
