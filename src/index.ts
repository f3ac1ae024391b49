// What `import … from "filetao"` gives: the SDK for users.
export type { NodeInfo } from './client/api-answers.js';
export { ApiConnection } from './client/api-connection.js';
export { type ClientOptions, FileTaoClient, type RetrievedFile } from './client/client.js';
export { cidOfInput } from './client/file-cid.js';
export { type HashRecord, HashRecords } from './client/hash-records.js';
export { nodeRuntime } from './client/node-runtime.js';
export {
  type RetrievedObject,
  type RetrieveOptions,
  type RetrieveProgress,
  retrieve,
} from './client/retrieve.js';
export type { ClientRuntime, UserWallet } from './client/runtime.js';
export type { StoreInput } from './client/source.js';
export { type StoreOptions, type StoreProgress, type StoreResult, store } from './client/store.js';
export { cidOfDigest, type DecodedCid, decodeCid, makeCid, objectCid } from './domain/content/cid.js';
export { type ErrorCode, FileTaoError } from './domain/model/errors.js';
