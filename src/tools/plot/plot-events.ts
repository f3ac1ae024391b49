// Event records into a folder of charts.

import { defaultRules } from '../../domain/model/economy.js';
import { eventCharts } from './event-charts.js';
import { readEvents } from './event-file.js';
import { writeCharts } from './write-charts.js';

export interface PlotResult {
  readonly events: number;
  readonly skipped: number;
  readonly files: readonly string[];
}

export async function plotEvents(path: string, folder: string): Promise<PlotResult> {
  const file = await readEvents(path);
  const files = await writeCharts(folder, eventCharts(file, defaultRules));
  return { events: file.events, skipped: file.skipped, files };
}
