// The OpenAPI document is one: judged by an independent validator, and complete.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { startNetwork } from '../network.js';

test('the OpenAPI document is valid and names every user route', async (t) => {
  const network = await startNetwork(t, { miners: 0 });
  const api = await network.api();
  const response = await fetch(`http://127.0.0.1:${api.address.port}/openapi.json`);
  assert.match(response.headers.get('content-type')!, /^application\/json/);
  const document = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.ok(result.valid, JSON.stringify('errors' in result ? result.errors : result));
  assert.equal(validator.version, '3.1');
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(routes.sort(), [
    'DELETE /files/{id}',
    'DELETE /objects/{cid}',
    'GET /ipfs/{cid}',
    'GET /objects',
    'GET /objects/{cid}',
    'GET /objects/{cid}/manifest',
    'GET /objects/{cid}/proof',
    'GET /objects/{cid}/status',
    'GET /v1/info',
    'HEAD /files/{id}',
    'HEAD /ipfs/{cid}',
    'HEAD /objects',
    'HEAD /objects/{cid}',
    'HEAD /objects/{cid}/manifest',
    'HEAD /objects/{cid}/proof',
    'HEAD /objects/{cid}/status',
    'HEAD /pieces/{pieceId}',
    'HEAD /v1/info',
    'OPTIONS /files',
    'PATCH /files/{id}',
    'POST /files',
    'POST /objects',
    'POST /objects/group',
    'POST /objects/{cid}/renew',
    'PUT /pieces/{pieceId}',
  ]);
  assert.deepEqual(await validator.validate({ ...document, paths: 7 }).then(({ valid }) => valid), false);
});
