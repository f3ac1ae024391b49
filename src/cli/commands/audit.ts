// filetao audit verify | show

import { type Command, InvalidArgumentError } from 'commander';
import { fraction } from '../../adapters/config/kinds.js';
import { exitCodes } from '../../domain/model/errors.js';
import { interruptSignal } from '../interrupt.js';

const share = (text: string): number => {
  try {
    return fraction(0, 1).parse(text, '');
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
};

const roundNumber = (text: string): number => {
  if (!/^\d{1,15}$/u.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('expected a round number');
  return Number(text);
};

const rootStart = (text: string): string => {
  if (!/^[0-9a-fA-F]{1,64}$/u.test(text))
    throw new InvalidArgumentError('expected the first digits of a root');
  return text;
};

interface VerifyOptions {
  readonly loss: number;
  readonly json?: true;
  readonly 'database.directory'?: string;
}

interface ShowOptions {
  readonly root?: string;
  readonly n?: number;
  readonly last?: true;
  readonly replica?: string;
}

export function register(program: Command): void {
  const audit = program
    .command('audit')
    .description('Check what a validator recorded, offline and without trust in it');

  audit
    .command('verify')
    .description('Replay transcripts: every signature, seed, index, path, commitment, link and verdict')
    .argument('<path...>', 'Transcript files, or folders of them')
    .option('--loss <share>', 'Share of lost chunks that the confidence is about', share, 0.1)
    .option('--database.directory <path>', "Validator's folder, to tell the confidence of whole objects")
    .option('--json', 'Print the result as one line of JSON')
    .action(async (paths: string[], options: VerifyOptions) => {
      const signal = interruptSignal();
      const { loss, json } = options;
      const directory = options['database.directory'];
      const [{ auditTranscripts }, { reportLines, replicaJson }] = await Promise.all([
        import('../../tools/audit/verify.js'),
        import('../../tools/audit/report.js'),
      ]);
      const replicas: Parameters<typeof replicaJson>[0][] = [];
      const onReplica = (report: (typeof replicas)[number]) => replicas.push(report);
      const summary = await auditTranscripts(paths, { loss, signal, onReplica });
      const objects =
        directory === undefined
          ? null
          : await (await import('../../tools/audit/objects.js')).objectConfidences(directory, replicas);
      if (json) {
        const result = { ...summary, loss, replicaReports: replicas.map(replicaJson), objects };
        process.stdout.write(`${JSON.stringify(result)}\n`);
      } else
        for (const line of reportLines(summary, loss, replicas, objects)) process.stdout.write(`${line}\n`);
      if (!summary.ok) process.exitCode = exitCodes.integrity;
    });

  audit
    .command('rewards')
    .description(
      'Replay the reward ledger: every reward, score, tier, choice and weight, from the transcripts it names',
    )
    .argument('<path...>', "The validator's transcript folder, and those of its API nodes")
    .option('--json', 'Print the result as one line of JSON')
    .action(async (paths: string[], { json }: { json?: true }) => {
      const { auditRewards, auditLines } = await import('../../tools/rewards/explain.js');
      const audited = await auditRewards(paths, interruptSignal());
      if (json) process.stdout.write(`${JSON.stringify(audited)}\n`);
      else for (const line of auditLines(audited)) process.stdout.write(`${line}\n`);
      if (!audited.ok) process.exitCode = exitCodes.integrity;
    });

  audit
    .command('show')
    .description('Print one exchange: who asked what, which chunks, what each check said')
    .argument('<path...>', 'Transcript files, or folders of them')
    .option('--root <hex>', 'Replica, by the first digits of its root', rootStart)
    .option('--n <round>', 'Number of the round', roundNumber)
    .option('--last', 'The last that fits instead of the first')
    .option('--replica <file>', 'The replica itself, to compute again the K that the miner signed')
    .action(async (paths: string[], options: ShowOptions) => {
      const { findEntry, replayOne, replayWithReplica, showLines } = await import(
        '../../tools/audit/show.js'
      );
      const entry = await findEntry(paths, options);
      const { replica } = options;
      const replay = replica === undefined ? replayOne(entry) : await replayWithReplica(entry, replica);
      for (const line of showLines(replay)) process.stdout.write(`${line}\n`);
      const isFalse = replay.checks.some(({ about, result }) => about === 'data' && result === 'fault');
      if (replay.broken || isFalse) process.exitCode = exitCodes.integrity;
    });
}
