// A worker of the page: takes one job, does it, tells how it goes.

import { createKeys, importKeys, walletOf } from '../../../browser/keys.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { FileTaoError, toFileTaoError } from '../../../domain/model/errors.js';
import { auditFiles } from './audit-files.js';
import type { Job, JobKind, JobNews, JobResult, WorkerMessage } from './jobs.js';
import { getObject, putFile, removeObject, statusOf } from './transfers.js';

type Worked<Kind extends JobKind> = (
  job: Extract<Job, { kind: Kind }>,
  tell: (news: JobNews[Kind]) => void,
) => Promise<JobResult[Kind]>;

const workers: { readonly [Kind in JobKind]: Worked<Kind> } = {
  'create-keys': async () => {
    const created = createKeys();
    return { ...created, address: encodeSs58(created.keys.publicKey) };
  },
  'import-keys': async ({ hotkey, reading }) => {
    const keys = importKeys(hotkey, reading);
    await walletOf(keys);
    return { keys, address: encodeSs58(keys.publicKey) };
  },
  put: putFile,
  get: getObject,
  status: statusOf,
  remove: removeObject,
  audit: auditFiles,
};

const post = (message: WorkerMessage): void => (postMessage as (message: unknown) => void)(message);

addEventListener('message', async ({ data }: MessageEvent<Job>) => {
  try {
    const work = workers[data.kind] as Worked<JobKind>;
    post({ type: 'result', result: await work(data as never, (news) => post({ type: 'news', news })) });
  } catch (thrown) {
    const error = toFileTaoError(thrown);
    // What no table of ours knows is a bug: its trace belongs into the console, its message to the user.
    if (error.code === 'internal' && !(thrown instanceof FileTaoError)) console.error(thrown);
    post({ type: 'error', error: error.toJSON() });
  }
});
