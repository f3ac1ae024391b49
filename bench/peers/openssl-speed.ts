// The system's `openssl speed`: how many P-256 signatures this machine's native code makes. A landmark, not the same work: one
// signature is one multiplication by a fixed generator (with hand-written assembly and a large table) and little else.

import { spawn, spawnSync } from 'node:child_process';

/** Its version line, or null where the program is missing. */
export function opensslVersion(): string | null {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Signatures per second of its own CPU time. `seconds`: below 1, its alarm is rung early. */
export function opensslSigningRate(seconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('openssl', ['speed', '-seconds', '1', 'ecdsap256'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    let rung = false;
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      // It counts until SIGALRM; ringing it ourselves makes a shorter run, whose time it still takes itself.
      if (!rung && seconds < 1 && text.includes('sign')) {
        rung = true;
        setTimeout(() => child.kill('SIGALRM'), 1000 * seconds);
      }
      const found = /: (\d+) .*signs? in ([\d.]+)s/u.exec(text);
      if (found !== null) {
        child.kill();
        const taken = Number(found[2]);
        // On a machine that is very busy it got no hundredth of a second of a short run: once more, for longer.
        resolve(taken > 0 ? Number(found[1]) / taken : opensslSigningRate(2 * seconds));
      }
    });
    child.on('error', reject);
    child.on('close', () => reject(new Error(`openssl speed said nothing of signatures: ${text}`)));
  });
}
