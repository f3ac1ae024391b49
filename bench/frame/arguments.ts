// The command line of the bench.

import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** In the order of the table; all when none is named. */
  readonly suites: readonly string[];
  readonly quick: boolean;
  readonly json: string | null;
  readonly plot: string | null;
  readonly profile: string | null;
  readonly help: boolean;
}

/** Something on the command line is wrong: exit code 2. */
export class UsageError extends Error {}

export const usage = (names: readonly string[]): string => `npm run bench [-- SUITE… options]

Measures FileTAO's proof core beside its peers, interleaved in one run. Suites: ${names.join(', ')}.

  --quick          short passes: to see that it works, not to quote
  --json FILE      write the results as JSON
  --plot DIR       write one SVG bar chart per suite
  --profile SUITE  instead of measuring, run our part of a suite under the CPU profiler
  --help           this text

docs/bench.md says how to read the figures.
`;

export function readArguments(argv: readonly string[], names: readonly string[]): BenchArguments {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  for (const name of [...positionals, ...(values.profile === undefined ? [] : [values.profile])]) {
    if (!names.includes(name)) throw new UsageError(`there is no suite "${name}": ${names.join(', ')}`);
  }
  return {
    suites: positionals.length === 0 ? names : names.filter((name) => positionals.includes(name)),
    quick: values.quick ?? false,
    json: values.json ?? null,
    plot: values.plot ?? null,
    profile: values.profile ?? null,
    help: values.help ?? false,
  };
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean' },
      json: { type: 'string' },
      plot: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
