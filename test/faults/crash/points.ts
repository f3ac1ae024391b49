// Write points: every operation of the ports through which a node changes what it keeps, named, before and after it is
// carried out. A node that is built over them in a process of its own can be killed at any of them.
import { writeSync } from 'node:fs';
import type { Files, OpenFile } from '../../../src/domain/ports/files.js';
import type { Replicas } from '../../../src/domain/ports/replicas.js';

export type Side = 'before' | 'after';

export class Points {
  /** How often each was carried out since `arm`. */
  readonly #seen = new Map<string, number>();
  #armed: { readonly name: string; readonly side: Side; left: number } | null = null;

  /** kill -9 of this process when `name`, or `*` for any of them, comes for the `nth` time from now; `none` for never. */
  arm(name: string, side: Side, nth: number): void {
    this.#armed = { name, side, left: nth };
    this.#seen.clear();
  }

  /** `NAME=COUNT,…` */
  get seen(): string {
    return [...this.#seen].map(([name, count]) => `${name}=${count}`).join(',');
  }

  async at<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.#seen.set(name, (this.#seen.get(name) ?? 0) + 1);
    this.#reach(name, 'before');
    const result = await work();
    this.#reach(name, 'after');
    return result;
  }

  #reach(name: string, side: Side): void {
    const armed = this.#armed;
    if (armed === null || (armed.name !== '*' && armed.name !== name) || armed.side !== side) return;
    if (--armed.left > 0) return;
    writeSync(1, `killed ${name} ${side}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}

export function pointedFiles(points: Points, prefix: string, inner: Files): Files {
  const at = <Result>(name: string, work: () => Promise<Result>): Promise<Result> =>
    points.at(`${prefix}.${name}`, work);
  const opened = (file: OpenFile): OpenFile => ({
    write: (data, position) => at('write', () => file.write(data, position)),
    read: (position, length) => file.read(position, length),
    size: () => file.size(),
    truncate: (length) => at('truncate', () => file.truncate(length)),
    sync: () => at('sync', () => file.sync()),
    close: () => file.close(),
  });
  return {
    create: (path, mode) => at('create', async () => opened(await inner.create(path, mode))),
    open: (path) => inner.open(path),
    openToWrite: async (path) => opened(await inner.openToWrite(path)),
    size: (path) => inner.size(path),
    rename: (from, to) => at('rename', () => inner.rename(from, to)),
    link: (from, to) => at('link', () => inner.link(from, to)),
    remove: (path) => at('remove', () => inner.remove(path)),
    makeFolder: (path) => at('makeFolder', () => inner.makeFolder(path)),
    syncFolder: (path) => at('syncFolder', () => inner.syncFolder(path)),
    entries: (path) => inner.entries(path),
    freeBytes: (path) => inner.freeBytes(path),
  };
}

const changes =
  /^(put|add|update|renew|remove|delete|note|promise$|releasePromise|count|rollWindow|claim|release|record|set)/;

/** An index whose changing methods are write points. */
export function pointedIndex<Index extends object>(points: Points, inner: Index): Index {
  return new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (typeof name !== 'string' || !changes.test(name)) return call;
      return (...args: unknown[]) => points.at(`index.${name}`, () => call(...args));
    },
  });
}

/** What must be caught: acknowledges a replica a moment before it is on the disk. */
export const hastyReplicas = (inner: Replicas): Replicas =>
  new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      if (name !== 'create') return value.bind(target);
      return async (...args: Parameters<Replicas['create']>) => {
        const writer = await target.create(...args);
        return {
          write: writer.write.bind(writer),
          abort: writer.abort.bind(writer),
          commit: async (...what: Parameters<typeof writer.commit>) => {
            setTimeout(() => void writer.commit(...what).catch(() => {}), 2000);
          },
        };
      };
    },
  });
