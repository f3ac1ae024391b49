// The version of the package this file is part of.

import { readFileSync } from 'node:fs';

/** Read from the package this file is part of: dist/src/cli/ is three folders below it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
