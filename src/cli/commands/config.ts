// filetao config [role]: the values that count, and where each comes from

import { Argument, type Command } from 'commander';
import { type OptionKey, optionKeys, optionOf, type Role, roles } from '../../adapters/config/schema.js';
import { addConfigOptions, effectiveConfig } from '../config-options.js';

/** What a secret is shown as. */
const mask = '********';

export function register(program: Command): void {
  addConfigOptions(
    program
      .command('config')
      .description(
        'Show the configuration that counts: each value, and the flag, variable or file it comes from',
      )
      .addArgument(new Argument('[role]', 'Whose configuration').choices(roles).default('client'))
      .option('--changed', 'Only what is not the default')
      .option('--json', 'Print one JSON object for each option'),
    optionKeys,
  ).action(async (role: Role, flags: { changed?: true; json?: true }, command: Command) => {
    const {
      config: { values, origins },
      file,
    } = await effectiveConfig(command, role);
    const rows = (Object.keys(values) as (keyof typeof values)[])
      .map((key) => ({ key, value: shownValue(key, values[key]), ...origins[key] }))
      .filter(({ source }) => flags.changed !== true || source !== 'default');
    if (flags.json === true) {
      for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
      return;
    }
    const { asTable, shown } = await import('../table.js');
    process.stderr.write(file === null ? 'no configuration file\n' : `configuration file ${shown(file)}\n`);
    if (rows.length === 0) return;
    process.stdout.write(
      asTable(rows.map(({ key, value, source, name }) => [key, shown(value), origin(source, name)])),
    );
  });
}

function shownValue(key: OptionKey, value: unknown): string {
  const { kind } = optionOf(key);
  if (kind.secret === true) return value === '' ? '' : mask;
  return kind.format(value);
}

const origin = (source: string, name: string): string =>
  source === 'default' ? source : `${source} ${name}`;
