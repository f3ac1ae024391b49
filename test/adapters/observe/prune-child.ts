// Prunes a folder as of a time; the test kills it while it does.
import { pruneTranscripts } from '../../../src/adapters/observe/transcript-files.js';

const [folder, now] = process.argv.slice(2);
process.stdout.write('ready\n');
await pruneTranscripts(folder!, 0, Number(now));
