// The browser half as a library, `filetao/browser`: put, get and audit without Node and without polyfills.

export type { NodeInfo, ObjectStatus } from '../client/api-answers.js';
export { ApiNode } from '../client/api-node.js';
export { type PutSourceOptions, put, type StoreProgress, type StoreResult } from '../client/put.js';
export { PutJournal } from '../client/put-journal.js';
export { type RetrievedObject, type RetrieveOptions, retrieve, retrieveRange } from '../client/retrieve.js';
export type { ClientRuntime, UserWallet } from '../client/runtime.js';
export { bytesSource, type Source, streamSource } from '../client/source.js';
export { type AuditTotals, audit } from '../domain/audit/audit.js';
export { entriesIn, framesOf } from '../domain/audit/reading.js';
export { probeBuild } from '../domain/core/probe.js';
export { FileTaoError } from '../domain/model/errors.js';
export { blobSource, partsOf } from './blob-source.js';
export { browserCipher } from './cipher.js';
export { loadCore } from './core.js';
export { Database, JournalTable } from './database.js';
export { FetchTransport } from './fetch-transport.js';
export { createKeys, importKeys, walletOf } from './keys.js';
export { browserRandom, browserRuntime, connect } from './runtime.js';
export { signerOf, verifySr25519 } from './sr25519.js';
