// The notice of the terms of use, once for every user of a machine: the first put prints it, or is told with
// --accept-terms that it has been read. It asks nothing, since a script has nobody to answer.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFile, makePrivateFolder } from '../adapters/system/durable-file.js';

const folder = (): string => join(homedir(), '.filetao');

export async function tellTerms(accepted: boolean): Promise<void> {
  const { access } = await import('node:fs/promises');
  const file = join(folder(), 'terms-accepted.json');
  const isTold = await access(file).then(
    () => true,
    () => false,
  );
  if (isTold) return;
  if (!accepted) {
    const terms = fileURLToPath(new URL('../../../TERMS.md', import.meta.url));
    process.stderr.write(
      `By storing with FileTAO you accept its terms of use: ${terms} (this is said once; --accept-terms leaves it out)\n`,
    );
  }
  try {
    await makePrivateFolder(folder());
    await createFile(file, `${JSON.stringify({ at: new Date().toISOString() })}\n`);
  } catch {
    // A home folder that cannot be written: then it is said again the next time.
  }
}
