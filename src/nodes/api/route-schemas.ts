// What the user routes take and answer, as JSON Schema: requests are checked by it, answers written by it, and the
// OpenAPI document made from it (openapi.ts).

import { limits } from '../../domain/model/constants.js';

type Schema = Readonly<Record<string, unknown>>;

const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const text = (description: string): Schema => ({ type: 'string', description });
const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description });
const unixTime = (description: string): Schema => ({
  type: 'integer',
  description: `${description}, unix seconds`,
});
const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema.type, 'null'] });
const listOf = (items: Schema): Schema => ({ type: 'array', items });

export const problem = object({
  type: text('about:blank'),
  title: text('The status in words'),
  status: { type: 'integer', description: 'The status' },
  detail: text('What is wrong and what to do, in one line'),
  code: text('Which error it is, for programs'),
});

const cid = text('CID of the stored bytes: version 1, raw, sha2-256 (bafkrei…)');
const hotkeys = listOf(text('ss58 address of a miner'));
const health: Schema = {
  type: 'string',
  enum: ['healthy', 'degraded', 'critical', 'lost'],
  description:
    'healthy: every piece has its copies; degraded: one has fewer; critical: one has a single one left; lost: one has none known to be good',
};
const confidence: Schema = {
  type: 'number',
  minimum: 0,
  maximum: 1,
  description: 'Probability that the rounds passed so far would have caught the loss of the share audit.loss',
};

export const pieceParams = object({
  pieceId: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'BLAKE3 of the piece, hexadecimal' },
});
export const cidParams = object({ cid: { ...cid, maxLength: 256 } });
export const uploadParams = object({ id: text('Id of the upload') });

const copies: Schema = {
  type: 'integer',
  minimum: 1,
  maximum: limits.replicasMax,
  description: 'Replicas wanted; the node’s default if not given',
};
const minCopies: Schema = {
  type: 'integer',
  minimum: 1,
  maximum: limits.replicasMax,
  description: 'With how many replicas the caller is content where miners do not give more; all if not given',
};
export const pieceQuery: Schema = {
  type: 'object',
  properties: {
    copies,
    min_copies: minCopies,
    expiry: {
      type: 'integer',
      minimum: 1,
      maximum: 1e12,
      description: 'Until when, unix seconds; 30 days if not given',
    },
  },
};
export const objectQuery: Schema = { type: 'object', properties: { min_copies: minCopies } };
export const proofQuery: Schema = {
  type: 'object',
  required: ['piece', 'first', 'chunks'],
  properties: {
    piece: { type: 'integer', minimum: 0, description: 'Which piece of the object, from 0' },
    first: {
      type: 'integer',
      minimum: 0,
      description: 'Number of the first chunk of 1 KiB within the piece',
    },
    chunks: { type: 'integer', minimum: 1, maximum: 2048, description: 'How many chunks' },
  },
};
export const listQuery: Schema = {
  type: 'object',
  properties: {
    cursor: { type: 'string', minLength: 1, maxLength: 512, description: '`next` of the page before' },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 100,
      description: 'Objects on one page at most',
    },
  },
};
export const ipfsQuery: Schema = {
  type: 'object',
  properties: { format: { type: 'string', description: 'raw; otherwise the Accept header says it' } },
};
export const renewBody = object({ expiry: unixTime('Until when the object is to be kept') });

export const info = object({
  version: text('Version of the program'),
  role: text('api'),
  network: text('Name of the chain'),
  netuid: count('Number of the subnet'),
  genesis: text('Genesis hash of the chain, hexadecimal'),
  hotkey: text('ss58 address of the node'),
  hotkeyHex: text('Its public key, hexadecimal'),
  pieceSize: count('Bytes of a piece'),
  replicas: count('Replicas of each piece, unless asked for otherwise'),
  dataTtl: count('Seconds that an object is kept, unless asked for otherwise'),
  blockNumber: count('Newest final block'),
});
export const storedPiece = object({
  pieceId: text('As in the path'),
  replicas: count('Verified, durable replicas there are now'),
  hotkeys,
});
export const storedObject = object({
  cid,
  replicas: count('Verified, durable replicas of the piece that has fewest'),
  hotkeys,
  expiry: unixTime('Until when it is kept: later than the manifest says where it was put for longer before'),
});
export const objectGroup = object({
  objects: listOf({ anyOf: [storedObject, problem] }),
});
export const status = object({
  cid,
  size: count('Bytes'),
  owner: text('ss58 address of the owner'),
  storedAt: unixTime('When it was stored'),
  expiry: unixTime('Until when it is kept'),
  copies: count('Replicas of each piece that the owner wants'),
  health,
  replicas: count('Active replicas of the piece that has fewest'),
  confidence,
  lastProofAt: nullable(unixTime('Every piece has passed a round at this time or later')),
  miners: listOf(
    object({
      hotkey: text('ss58 address'),
      replicas: count('Replicas of this object it was given'),
      active: count('Those of them that are known to be good'),
      lastProofAt: nullable(unixTime('Its newest passed round on one of them')),
      confidence,
    }),
  ),
  pieces: object({ total: count('Different pieces'), healthy: count('Those with all their copies') }),
});
export const listing = object({
  objects: listOf(
    object({
      cid,
      size: count('Bytes'),
      storedAt: unixTime('When it was stored'),
      expiry: unixTime('Until when it is kept'),
      health,
      replicas: count('Active replicas of the piece that has fewest'),
    }),
  ),
  next: nullable(text('cursor of the next page; null at the end')),
});
export const deleted = object({ cid, deleted: { type: 'boolean' } });
export const renewed = object({ cid, expiry: unixTime('Until when it is kept') });
