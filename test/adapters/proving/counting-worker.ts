// The pool's real worker, counting what it reads. Beside the task's file it leaves `<path>.reads`: a JSON list of [position, bytes].
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { DigestTask, Order, ProveTask } from '../../../src/adapters/proving/tasks.js';

type Read = typeof fs.read;
type Arguments = [
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
  callback: (error: Error | null, bytesRead: number, buffer: Uint8Array) => void,
];

let reads: [position: number, bytes: number][] = [];
const { read, readSync } = fs;
const counting = (...[fd, buffer, offset, length, position, callback]: Arguments): void =>
  read(fd, buffer, offset, length, position, (error, bytesRead) => {
    reads.push([position, bytesRead]);
    callback(error, bytesRead, buffer);
  });
// `promisify` gives { bytesRead, buffer } only because of a symbol on the original, which it looks for here.
for (const name of Object.getOwnPropertySymbols(read))
  Object.defineProperty(counting, name, Object.getOwnPropertyDescriptor(read, name)!);
fs.read = counting as unknown as Read;
type Now = [fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null];
fs.readSync = ((...[fd, buffer, offset, length, position]: Now): number => {
  const bytesRead = readSync(fd, buffer, offset, length, position);
  if (typeof position === 'number' && position >= 0) reads.push([position, bytesRead]); // not the core's own file
  return bytesRead;
}) as typeof fs.readSync;
syncBuiltinESMExports();
const worker = await import('../../../src/adapters/proving/worker.js');

async function counted<Task extends { path: string }>(
  work: (order: Order<Task>) => Promise<unknown>,
  order: Order<Task>,
): Promise<unknown> {
  reads = [];
  const answer = await work(order);
  writeFileSync(`${order.task.path}.reads`, JSON.stringify(reads));
  return answer;
}

export const prove = (order: Order<ProveTask>): Promise<unknown> => counted(worker.prove, order);
export const digest = (order: Order<DigestTask>): Promise<unknown> => counted(worker.digest, order);
