// The table for people, 80 columns wide, and the one line of JSON.
import type { AttackResult } from './attack.js';
import { type Outcome, type Party, parties } from './strategy.js';

const headings: Readonly<Record<Party, string>> = {
  miner: 'CHEATING MINERS: how often a real validator passes them',
  validator: 'CHEATING VALIDATORS: how often an honest miner is harmed',
  client: 'CHEATING CLIENTS: how often a real API node gives in',
  nobody: 'HONEST PARTIES, HARD TIMES: they must pass every round',
};
const width = 80;
const indent = '    ';

export interface ReportStyle {
  readonly colour: boolean;
}

export interface Report {
  /** Lines for one outcome, with a heading where another party begins. */
  outcome(outcome: Outcome, seconds: number): string;
  summary(result: AttackResult, seconds: number): string;
}

export function createReport({ colour }: ReportStyle): Report {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  let party: Party | null = null;
  return {
    outcome(outcome, seconds) {
      const lines: string[] = [];
      if (outcome.who !== party) {
        lines.push('', paint(1, headings[outcome.who]));
        lines.push(paint(2, row('strategy', 'rounds', 'passed', 'theory', 'seconds', 'verdict')));
        party = outcome.who;
      }
      const verdict = outcome.ok ? paint(32, '✓ held') : paint(31, '✗ BROKEN');
      const { name, rounds, passed, expected } = outcome;
      lines.push(
        row(name, String(rounds), String(passed), theory(outcome), seconds.toFixed(1), verdict),
        ...wrap(outcome.what).map((line) => paint(2, line)),
      );
      const told = reasons(outcome);
      if (told !== '' && expected < 1)
        lines.push(...wrap(`caught by: ${told}`).map((line) => paint(2, line)));
      if (!outcome.ok) lines.push(...wrap(outcome.verdict).map((line) => paint(31, line)));
      return `${lines.join('\n')}\n`;
    },
    summary({ ok, strategies }, seconds) {
      const broken = strategies.filter((outcome) => !outcome.ok);
      const counts = parties
        .map((name) => [name, strategies.filter(({ who }) => who === name).length] as const)
        .filter(([, count]) => count > 0);
      const of = (name: Party): string => (name === 'nobody' ? 'of honest parties' : `of ${name}s`);
      const rounds = strategies.reduce((sum, outcome) => sum + outcome.rounds + outcome.honest.rounds, 0);
      const head = `${strategies.length} strategies (${counts.map(([name, count]) => `${count} ${of(name)}`).join(', ')}), ${rounds} rounds, ${seconds.toFixed(0)} s.`;
      const verdict = ok
        ? 'No cheat paid, and no honest party was failed.'
        : `BROKEN: ${broken.map(({ name }) => name).join(', ')}`;
      return `\n${fold(head, '').join('\n')}\n${paint(ok ? 32 : 31, fold(verdict, '').join('\n'))}\n`;
    },
  };
}

/** Theory as a count of rounds: `0`, `all`, or the mean of the distribution. */
function theory({ rounds, expected }: Outcome): string {
  if (expected === 0) return 'never';
  if (expected === 1) return 'always';
  const mean = rounds * expected;
  return mean < 0.05 ? mean.toExponential(0) : mean.toFixed(1);
}

/** The three most frequent ways in which it was caught. */
function reasons({ reasons: counted }: Outcome): string {
  const names = Object.entries(counted);
  const shown = names.slice(0, 3).map(([name, count]) => `${name} ${count}`);
  if (names.length > 3) shown.push(`${names.length - 3} more`);
  return shown.join(', ');
}

function row(...[name, rounds, passed, expected, seconds, verdict]: readonly string[]): string {
  const numbers = [rounds!.padStart(7), passed!.padStart(8), expected!.padStart(8), seconds!.padStart(9)];
  return `  ${name!.padEnd(28)}${numbers.join('')}  ${verdict}`;
}

const wrap = (text: string): string[] => fold(text, indent);

function fold(text: string, before: string): string[] {
  const lines: string[] = [];
  let line = before;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '') {
      lines.push(line);
      line = before;
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}

/** Repeats byte for byte with the same seed: no times in it. */
export function jsonLine({ ok, strategies }: AttackResult, seed: string): string {
  return JSON.stringify({
    ok,
    seed,
    strategies: strategies.map(
      ({
        name,
        who,
        what,
        rounds,
        passed,
        expected,
        verdict,
        ok: held,
        voided,
        honest,
        reasons: counted,
      }) => ({
        name,
        who,
        what,
        rounds,
        passed,
        expected,
        verdict,
        ok: held,
        voided,
        honestRounds: honest.rounds,
        honestFailures: honest.failures,
        reasons: counted,
      }),
    ),
  });
}
