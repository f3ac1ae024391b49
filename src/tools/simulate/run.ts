// One simulation as the command line asks for it: the scenario's file, the core if rounds are held for real, charts.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { loadCore } from '../../adapters/proving/load-core.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { eventCharts } from '../plot/event-charts.js';
import { writeCharts } from '../plot/write-charts.js';
import { simulationCharts } from './charts.js';
import type { SimulationResult } from './result.js';
import { defaultScenario, type Scenario } from './scenario.js';
import { checkScenario, parseScenario } from './scenario-file.js';
import { simulate } from './simulate.js';

export interface RunOptions {
  readonly miners?: number;
  readonly validators?: number;
  readonly epochs?: number;
  readonly seed: string;
  /** A scenario file. */
  readonly scenario?: string;
  readonly real?: number;
  readonly plot?: string;
  readonly signal?: AbortSignal;
  readonly onEpoch?: (epoch: number, of: number) => void;
}

/** Bytes of a scenario file: the library's have less than two thousand. */
const scenarioBytesMax = 1024 * 1024;

export async function runSimulation(options: RunOptions): Promise<SimulationResult> {
  const { real, plot, signal, onEpoch, seed } = options;
  const scenario = await scenarioOf(options);
  const { result, events } = await simulate({
    scenario,
    seed,
    observe: plot !== undefined,
    ...(real === undefined ? {} : { real: { share: real, core: loadCore() } }),
    onEpoch: (epoch) => onEpoch?.(epoch, scenario.epochs),
    pause: async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  });
  if (plot !== undefined && events !== null) {
    // The simulation's own charts stand for the first validator's where both have one of the name.
    const charts = new Map([...eventCharts(events, scenario.rules), ...simulationCharts(result)]);
    await writeCharts(plot, charts);
  }
  return result;
}

async function scenarioOf({ scenario: file, miners, validators, epochs }: RunOptions): Promise<Scenario> {
  const named =
    file === undefined ? defaultScenario : parseScenario(await scenarioText(file), basename(file, '.json'));
  const scenario = {
    ...named,
    ...(miners === undefined ? {} : { miners }),
    ...(validators === undefined ? {} : { validators }),
    ...(epochs === undefined ? {} : { epochs }),
  };
  checkScenario(scenario);
  return scenario;
}

async function scenarioText(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= scenarioBytesMax) return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FileTaoError('not-found', `there is no scenario file ${file}`);
  }
  throw new FileTaoError('bad-input', `${file} is too large for a scenario: at most 1 MiB`);
}
