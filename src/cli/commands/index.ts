// filetao index copy | migrate | import | rebuild

import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { exitCodes, FileTaoError } from '../../domain/model/errors.js';
import { addConfigOptions, configOf } from '../config-options.js';
import { interruptSignal } from '../interrupt.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (result: unknown): void => void process.stdout.write(`${JSON.stringify(result)}\n`);
const places =
  'a node’s folder, its index folder, lmdb:///folder, redis://host[:port][/database]?prefix=… or rediss://…';

interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly tlsCa?: string;
}

interface ImportFlags {
  readonly from: string;
  readonly to?: string;
  readonly report: string;
  readonly directory?: string;
  readonly dryRun?: true;
  readonly tlsCa?: string;
}

export function register(program: Command): void {
  const index = program.command('index').description('Move, migrate and rebuild the index of a node');
  registerCopy(index);
  registerMigrate(index);
  registerImport(index);
  registerRebuild(index);
}

function registerCopy(index: Command): void {
  index
    .command('copy')
    .description('Copy an index between LMDB and Redis, either way; the nodes that use it must be stopped')
    .requiredOption('--from <place>', places)
    .requiredOption('--to <place>', 'An empty place of the same kind; an interrupted copy goes on')
    .option('--tls-ca <file>', 'PEM file of the authority of a rediss:// server')
    .action(async ({ from, to, tlsCa }: CopyFlags) => {
      const signal = interruptSignal();
      const [{ copyIndex }, { locationOf }, { describeLocation }] = await Promise.all([
        import('../../tools/maintenance/copy-index.js'),
        import('../../adapters/index/configured.js'),
        import('../../adapters/index/location.js'),
      ]);
      const target = await locationOf(to, process.env, tlsCa);
      const copied = await copyIndex({
        from: await locationOf(from, process.env, tlsCa),
        to: target,
        journals: join(homedir(), '.filetao', 'index-copies'),
        onProgress: (part, items) => {
          if (process.stderr.isTTY) process.stderr.write(`\r${part}: ${items} copied\u001b[K`);
        },
        signal,
      });
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      if (copied.resumedAt > 0) say(`went on after ${copied.resumedAt} items of an earlier run`);
      for (const { name, items } of copied.parts) say(`${name}: ${items} in both, record by record the same`);
      const url = target.backend === 'lmdb' ? `lmdb://${target.directory}` : describeLocation(target);
      say(`start the node with --database.url '${url}'`);
      print(copied);
    });
}

function registerMigrate(index: Command): void {
  index
    .command('migrate')
    .description(
      'Bring an index to the schema of this program; running it again does nothing. A database of the reference implementation is taken over by `filetao index import`',
    )
    .argument('<place>', places)
    .option('--dry-run', 'Only say what would be done')
    .option('--tls-ca <file>', 'PEM file of the authority of a rediss:// server')
    .action(async (place: string, { dryRun, tlsCa }: { dryRun?: true; tlsCa?: string }) => {
      const [{ migrateIndex, backupHint }, { locationOf }] = await Promise.all([
        import('../../tools/maintenance/migrate-index.js'),
        import('../../adapters/index/configured.js'),
      ]);
      const location = await locationOf(place, process.env, tlsCa).catch((error: unknown) => {
        if (!(error instanceof FileTaoError) || !/^rediss?:/u.test(place)) throw error;
        throw new FileTaoError(
          error.code,
          `${error.message}. A database of the reference implementation: filetao index import --from ${place.replace(/\/\/.*@/u, '//')}`,
        );
      });
      const plan = await migrateIndex(location, true);
      if (plan.steps.length === 0) say(`the ${plan.kind} has schema ${plan.to}: nothing to do`);
      else if (dryRun) {
        say(backupHint(location));
        for (const step of plan.steps) say(`would ${step}`);
      } else for (const step of (await migrateIndex(location, false)).steps) say(`done: ${step}`);
      print({ ...plan, dryRun: dryRun ?? false });
    });
}

function registerImport(index: Command): void {
  index
    .command('import')
    .description("Take over the reference implementation's Redis: statistics, tiers, file maps, payloads")
    .requiredOption(
      '--from <url>',
      'Its database: redis://[:password@]host[:port]/database (validator 1, miner 0)',
    )
    .option('--to <place>', 'Placement index that takes the statistics (a validator’s database only)')
    .option(
      '--report <file>',
      'Takes the rest as JSON lines, blobs to store anew among them',
      'reference-import.jsonl',
    )
    .option('--directory <path>', 'Its miner’s --database.directory: paths below it are written relative')
    .option('--dry-run', 'Only count; write nothing')
    .option('--tls-ca <file>', 'PEM file of the authority of a rediss:// server')
    .action(async (flags: ImportFlags) => {
      const { from, to, report, directory, dryRun, tlsCa } = flags;
      const [{ importReference }, { locationOf, serverOf }, { openPlacementIndex }] = await Promise.all([
        import('../../tools/maintenance/import-reference.js'),
        import('../../adapters/index/configured.js'),
        import('../../adapters/index/open-index.js'),
      ]);
      const server = await serverOf(from, process.env, tlsCa);
      const target =
        to === undefined || dryRun
          ? null
          : await openPlacementIndex(await locationOf(to, process.env, tlsCa));
      try {
        const counts = await importReference({
          from: server,
          index: target,
          report: dryRun ? null : report,
          ...(directory === undefined ? {} : { directory }),
          signal: interruptSignal(),
        });
        say(
          `statistics of ${counts.statistics} miners ${target === null ? 'read' : 'taken over'}, ${counts.kept} kept as counted here`,
        );
        say(
          `${counts.tiers} tiers, ${counts.files} file maps, ${counts.payloads} payloads${dryRun ? '' : ` in ${report}`}`,
        );
        say(
          `${counts.blobs} blobs cannot prove in this protocol: store them anew${dryRun ? '' : ` (listed in ${report})`}`,
        );
        if (counts.unknown > 0) say(`${counts.unknown} keys are of no known layout`);
        print({ ...counts, dryRun: dryRun ?? false });
        if (counts.unknown > 0) process.exitCode = exitCodes.partial;
      } finally {
        await target?.close();
      }
    });
}

function registerRebuild(index: Command): void {
  const rebuild = index
    .command('rebuild')
    .description('Fill an index that was lost or is damaged; what is whole in it stays');
  addConfigOptions(
    rebuild.command('miner').description('A miner’s, from its replica files alone; stop the miner first'),
    'miner',
  ).action(async (_flags: unknown, command: Command) => {
    const signal = interruptSignal();
    const config = await configOf(command, 'miner');
    await salvage(config);
    const { rebuildMinerIndex } = await import('../../tools/maintenance/rebuild-miner.js');
    const rebuilt = await rebuildMinerIndex(config, signal);
    say(`${rebuilt.files} replica files: ${rebuilt.added} added to the index, ${rebuilt.known} were in it`);
    if (rebuilt.unproven.length > 0)
      say(`${rebuilt.unproven.length} files have no terms that prove them: kept on disk, not in the index`);
    print(rebuilt);
    if (rebuilt.unproven.length > 0) process.exitCode = exitCodes.partial;
  });
  addConfigOptions(
    rebuild
      .command('validator')
      .description('What a validator knows of placement, from its miners’ signed inventories'),
    'api',
  ).action(async (_flags: unknown, command: Command) => {
    const signal = interruptSignal();
    const config = await configOf(command, 'api');
    const [{ rebuildPlacement }, { createLog }, { unlockAtTerminal }] = await Promise.all([
      import('../../nodes/launch.js'),
      import('../../adapters/observe/log.js'),
      import('../unlock-at-terminal.js'),
    ]);
    await salvage(config);
    const { values } = config;
    const log = createLog({ level: values['logging.level'], json: values['logging.json'], name: 'rebuild' });
    const rebuilt = await rebuildPlacement(config, log, signal, unlockAtTerminal());
    if (rebuilt.miners + rebuilt.silent === 0)
      throw new FileTaoError('too-few-miners', 'no miner can be reached');
    say(`${rebuilt.miners} miners answered, ${rebuilt.silent} did not`);
    say(
      `${rebuilt.replicas} replicas added, ${rebuilt.known} were known, ${rebuilt.refused} not proven, ${rebuilt.expired} expired`,
    );
    print(rebuilt);
    if (rebuilt.silent > 0) process.exitCode = exitCodes.partial;
  });
}

async function salvage(config: unknown): Promise<void> {
  const [{ salvageIndex }, { configuredIndex }] = await Promise.all([
    import('../../tools/maintenance/salvage-index.js'),
    import('../../adapters/index/configured.js'),
  ]);
  const nodeConfig = config as Parameters<typeof configuredIndex>[0];
  const salvaged = await salvageIndex(await configuredIndex(nodeConfig, 'rebuild'));
  if (salvaged === null || salvaged.damaged === 0) return;
  const { damaged, kept, oldFolder } = salvaged;
  say(`${damaged} entries are damaged: ${kept} records kept, the old index is in ${oldFolder}`);
}
