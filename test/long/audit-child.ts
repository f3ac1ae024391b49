// Audits a file in a process of its own and prints what it found, how long it took and the memory it needed.
import { auditTranscripts } from '../../src/tools/audit/verify.js';
import { fastKeys } from '../nodes/simulated/world.js';

const [path, signatures] = process.argv.slice(2);
const { ok, entries, rounds, replicas, elapsedMs } = await auditTranscripts([path!], {
  loss: 0.1,
  ...(signatures === 'fast' ? { verify: fastKeys().verify } : {}),
});
const peakKib = process.resourceUsage().maxRSS;
process.stdout.write(JSON.stringify({ ok, entries, rounds, replicas, elapsedMs, peakKib }));
