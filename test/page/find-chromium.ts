// Where Chromium is: found on PATH or installed (Debian, as root). Where it cannot be had the tests fail and say what to install.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../src/adapters/system/lock.js';
import { onPath } from '../adapters/index/redis-server.js';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const installMsMax = 600_000;

const found = (): string | null => names.reduce<string | null>((path, name) => path ?? onPath(name), null);

/** Path of Chromium; installs it where that can be done. One process at a time: apt has one lock. */
export async function findChromium(): Promise<string> {
  const path = found();
  if (path !== null) return path;
  if (process.getuid?.() !== 0 || onPath('apt-get') === null)
    throw new Error(
      'these tests need a real Chromium on PATH: sudo apt-get install chromium, or Google Chrome as google-chrome',
    );
  return withFileLock(
    join(tmpdir(), 'filetao-test-install-chromium.lock'),
    async () => {
      const meanwhile = found();
      if (meanwhile !== null) return meanwhile;
      try {
        const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
        for (const command of ['update -q', 'install -q -y --no-install-recommends chromium'])
          execFileSync('apt-get', command.split(' '), { env, stdio: 'pipe', timeout: installMsMax });
      } catch (error) {
        throw new Error(`these tests need chromium, and installing it failed: ${(error as Error).message}`);
      }
      const installed = found();
      if (installed === null) throw new Error('apt-get installed chromium, but it is not on PATH');
      return installed;
    },
    { waitMs: installMsMax },
  );
}
