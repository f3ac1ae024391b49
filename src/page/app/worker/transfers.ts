// The jobs that speak with the API node: put, get, status, remove.

import { blobSource } from '../../../browser/blob-source.js';
import { loadCore } from '../../../browser/core.js';
import { Database, JournalTable } from '../../../browser/database.js';
import { openFetchedFile } from '../../../browser/fetched-file.js';
import { walletOf } from '../../../browser/keys.js';
import { browserRuntime, connect } from '../../../browser/runtime.js';
import { put, type StoreProgress } from '../../../client/put.js';
import { PutJournal } from '../../../client/put-journal.js';
import { retrieve } from '../../../client/retrieve.js';
import { defaultRetryPolicy, retrying } from '../../../client/retry.js';
import { objectCid } from '../../../domain/content/cid.js';
import { encodeSs58 } from '../../../domain/identity/ss58.js';
import { fromHex } from '../../../domain/model/bytes.js';
import { toFileTaoError } from '../../../domain/model/errors.js';
import type { Job, JobNews, JobResult } from './jobs.js';

type JobOf<Kind extends Job['kind']> = Extract<Job, { kind: Kind }>;

/** Milliseconds between two reports of progress. */
const reportMs = 100;

const assets = (): URL => new URL('./', self.location.href);

/** Passes on what is new at most every `reportMs`, and what changes a count of pieces at once. */
function paced<News>(tell: (news: News) => void, keyOf: (news: News) => unknown): (news: News) => void {
  let told = Number.NEGATIVE_INFINITY;
  let last: unknown;
  return (news) => {
    const now = performance.now();
    const key = keyOf(news);
    if (now - told < reportMs && key === last) return;
    told = now;
    last = key;
    tell(news);
  };
}

export async function putFile(
  { node, keys, file, id }: JobOf<'put'>,
  tell: (news: JobNews['put']) => void,
): Promise<JobResult['put']> {
  const [core, wallet, database] = await Promise.all([loadCore(assets()), walletOf(keys), Database.open()]);
  const runtime = browserRuntime(core);
  const connection = connect(node, wallet.hotkey);
  const begun = { id, name: file.name, size: file.size, begunAt: Math.floor(Date.now() / 1000) };
  const note = ({ piecesConfirmed, piecesTotal }: Pick<StoreProgress, 'piecesConfirmed' | 'piecesTotal'>) =>
    database.put('unfinished', { ...begun, piecesConfirmed, piecesTotal });
  const report = paced(tell, ({ phase, piecesConfirmed }: StoreProgress) => `${phase} ${piecesConfirmed}`);
  let noted = -1;
  try {
    const result = await put(blobSource(file), {
      connection,
      wallet,
      runtime,
      journal: new PutJournal(new JournalTable(database), wallet.hotkey, runtime.cipher, runtime.random),
      onProgress: (progress) => {
        report(progress);
        if (progress.phase === 'fingerprint' || progress.piecesConfirmed === noted) return;
        noted = progress.piecesConfirmed;
        // Only tells the user what is unfinished; resuming does not rest on it.
        note(progress).catch(() => {});
      },
    });
    await database.put('objects', {
      cid: result.cid,
      name: file.name,
      size: result.size,
      storedAt: Math.floor(Date.now() / 1000),
      expiry: result.expiry,
      replicas: result.replicas,
      manifest: result.manifest,
    });
    await database.remove('unfinished', id);
    const { cid, size, storedSize, pieces, replicas, miners, bytesSent, bytesSkipped } = result;
    return { cid, name: file.name, size, storedSize, pieces, replicas, miners, bytesSent, bytesSkipped };
  } finally {
    connection.close();
    database.close();
  }
}

export async function getObject(
  { node, keys, cid: text, tab }: JobOf<'get'>,
  tell: (news: JobNews['get']) => void,
): Promise<JobResult['get']> {
  const cid = objectCid(text);
  const [core, wallet, database] = await Promise.all([loadCore(assets()), walletOf(keys), Database.open()]);
  const kept = await database.get('objects', cid);
  database.close();
  const runtime = browserRuntime(core);
  const connection = connect(node, wallet.hotkey);
  let pieces = 0;
  try {
    const object = await retrieve(cid, {
      connection,
      wallet,
      runtime,
      ...(kept === null ? {} : { manifest: kept.manifest }),
      onProgress: (progress) => {
        pieces = progress.piecesTotal;
        tell(progress);
      },
    });
    const target = await openFetchedFile(tab);
    try {
      for await (const part of object.plaintext) await target.append(part);
      const file = await target.finish(kept?.name ?? cid);
      const { encrypted, owner, storedSize } = object;
      return { file, encrypted, owner: encodeSs58(fromHex(owner)), storedSize, pieces };
    } catch (error) {
      await target.discard();
      await object.cancel();
      throw toFileTaoError(error);
    }
  } finally {
    connection.close();
  }
}

export async function statusOf({ node, keys, cid }: JobOf<'status'>): Promise<JobResult['status']> {
  const wallet = await walletOf(keys);
  const connection = connect(node, wallet.hotkey);
  return retrying(defaultRetryPolicy, undefined, () => connection.status(objectCid(cid)));
}

/** Removes the object from the network and from what is remembered here. */
export async function removeObject({ node, keys, cid }: JobOf<'remove'>): Promise<null> {
  const [wallet, database] = await Promise.all([walletOf(keys), Database.open()]);
  const connection = connect(node, wallet.hotkey);
  try {
    await connection.remove(objectCid(cid));
  } catch (error) {
    if (toFileTaoError(error).code !== 'not-found') throw error;
  }
  await database.remove('objects', cid);
  database.close();
  return null;
}
