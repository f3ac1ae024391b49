// What `import … from "filetao"` gives: the SDK for users. Importing it opens nothing and starts nothing.

export { createWallet, openWallet, type Wallet } from './adapters/wallets/wallet-files.js';
export type { WalletLocation } from './adapters/wallets/wallet-paths.js';
export type { Health, ListedObject, MinerStatus, NodeInfo, ObjectStatus } from './client/api-answers.js';
export { ApiConnection } from './client/api-connection.js';
export {
  type ClientOptions,
  FileTaoClient,
  type GetOptions,
  type GetToFileOptions,
  type NodeUrl,
  type PutOptions,
  type RetrievedFile,
} from './client/client.js';
export type { NodeFailure } from './client/download.js';
export { cidOfInput, unixfsCidOfInput } from './client/file-cid.js';
export type { StoreInput } from './client/file-source.js';
export { type HashRecord, HashRecords } from './client/hash-records.js';
export { nodeRuntime } from './client/node-runtime.js';
export type { StoreProgress, StoreResult } from './client/put.js';
export type { PutEvent, PutManyInput, PutManyOptions } from './client/put-many.js';
export type { Renewed } from './client/renew.js';
export {
  type ByteRange,
  type ObjectFacts,
  parseByteRange,
  type RetrievedObject,
  type RetrievedRange,
  type RetrieveProgress,
} from './client/retrieve.js';
export type { RetryPolicy } from './client/retry.js';
export type { ClientRuntime, UserWallet } from './client/runtime.js';
export type {
  CallOptions,
  Metagraph,
  NetworkOptions,
  NodeOptions,
  SdkOptions,
  WalletByName,
  WalletOption,
} from './client/sdk-options.js';
export {
  type RetrieveCallOptions,
  type RetrievedStream,
  retrieve,
  type StoreCallOptions,
  store,
} from './client/store-and-retrieve.js';
export {
  firstValue,
  type QueryOptions,
  RetrieveUserAPI,
  type RetrieveUserArguments,
  StoreUserAPI,
  type StoreUserArguments,
  type SubnetNode,
  type SubnetResponse,
  SubnetsAPI,
  type Synapse,
} from './client/subnets-api.js';
export { cidOfDigest, type DecodedCid, decodeCid, makeCid, objectCid } from './domain/content/cid.js';
export { type ErrorCode, FileTaoError } from './domain/model/errors.js';
export type { Chain, Neuron } from './domain/ports/chain.js';
