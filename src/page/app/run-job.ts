// Starts a worker for a job and ends it with the job.

import { FileTaoError } from '../../domain/model/errors.js';
import type { Job, JobKind, JobNews, JobResult, WorkerMessage } from './worker/jobs.js';

export interface RunningJob<Kind extends JobKind> {
  /** Throws what the job threw, `cancelled` after `cancel`. */
  readonly result: Promise<JobResult[Kind]>;
  cancel(): void;
}

export function runJob<Kind extends JobKind>(
  job: Extract<Job, { kind: Kind }>,
  onNews: (news: JobNews[Kind]) => void = () => {},
): RunningJob<Kind> {
  const worker = new Worker(new URL('worker.js', document.baseURI), { type: 'module' });
  let cancel = (): void => {};
  const result = new Promise<JobResult[Kind]>((resolve, reject) => {
    cancel = () => reject(new FileTaoError('cancelled', 'cancelled'));
    worker.addEventListener('message', ({ data }: MessageEvent<WorkerMessage>) => {
      if (data.type === 'news') onNews(data.news as JobNews[Kind]);
      else if (data.type === 'result') resolve(data.result as JobResult[Kind]);
      else reject(FileTaoError.fromJSON(data.error));
    });
    worker.addEventListener('error', (event) => {
      reject(
        new FileTaoError(
          'internal',
          event.message || 'the part of this page that does the work could not be loaded: reload the page',
        ),
      );
    });
    worker.postMessage(job);
  }).finally(() => worker.terminate());
  return { result, cancel: () => cancel() };
}
