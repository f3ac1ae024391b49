// Every file operation of a workload fails in turn, with ENOSPC, EIO and EMFILE, until a run is clean: a failure is
// typed, nothing is acknowledged that is not there, no descriptor stays open, and the same step again works.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { FileTaoError, toFileTaoError } from '../../src/domain/model/errors.js';
import type { Files } from '../../src/domain/ports/files.js';
import { watchedFiles } from '../adapters/system/watched-files.js';
import { knownOf, type Playing, type Workload } from './workloads.js';

export const codes = { ENOSPC: 'full', EIO: 'io', EMFILE: 'io' } as const;

/** Descriptors of this process that are open below a folder; none where there is no /proc. */
function descriptorsBelow(folder: string): string[] {
  try {
    return readdirSync('/proc/self/fd').flatMap((name) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${name}`);
        return target.startsWith(folder) ? [target] : [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return [];
  }
}

async function temporaries(files: Files, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, kind } of files.entries(folder)) {
    const path = join(folder, name);
    if (kind === 'folder') found.push(...(await temporaries(files, path)));
    else if (/\.tmp$|\.pruning$/.test(name) || folder.endsWith('incoming')) found.push(path);
  }
  return found;
}

/** Plays the workload with operation `at` failing; whether there was such an operation. */
export async function playWithFailure(
  workload: Workload,
  disk: Files,
  folder: string,
  at: number,
  code: keyof typeof codes,
): Promise<boolean> {
  const files = watchedFiles(undefined, disk);
  files.failure = { at, code };
  const settle = (error: unknown): void => {
    const failure = toFileTaoError(error);
    assert.ok(failure instanceof FileTaoError);
    assert.equal(failure.code, codes[code], `operation ${at}: ${failure.message}`);
    assert.ok(!failure.message.includes('\n'));
    files.failure = null; // the cause is removed; what comes now must work
  };
  let playing: Playing;
  try {
    playing = await workload.start(files, folder);
  } catch (error) {
    settle(error);
    assert.equal(files.openFiles, 0, `operation ${at} leaks a descriptor at start`);
    playing = await workload.start(files, folder);
  }
  const open = files.openFiles;
  const known = new Map<string, string>();
  for (const { key, run } of playing.steps) {
    try {
      known.set(key, await run());
    } catch (error) {
      settle(error);
      assert.ok(files.openFiles <= open + 1, `operation ${at} leaks a descriptor`);
      known.set(key, await run());
    }
  }
  const hit = files.begun > at;
  files.failure = null;
  await playing.close();
  assert.equal(files.openFiles, 0, `operation ${at} leaks a descriptor`);
  assert.deepEqual(descriptorsBelow(folder), []);
  const found = await workload.read(disk, folder);
  for (const [key, value] of known)
    assert.equal(knownOf(found, key), value, `operation ${at} (${code}): ${key} was acknowledged`);
  assert.deepEqual(await temporaries(disk, folder), [], `after operation ${at} failed`);
  return hit;
}

/** @param place gives each run a disk and a folder on it */
export async function failEveryOperation(
  t: TestContext,
  workload: Workload,
  place: () => Promise<{ readonly disk: Files; readonly folder: string }>,
): Promise<void> {
  let operations = 0;
  for (const code of Object.keys(codes) as (keyof typeof codes)[]) {
    for (let at = 0; ; at++, operations++) {
      const { disk, folder } = await place();
      if (!(await playWithFailure(workload, disk, folder, at, code))) break;
    }
  }
  t.diagnostic(`${operations} operations failed in turn`);
  assert.ok(operations >= 30);
}
