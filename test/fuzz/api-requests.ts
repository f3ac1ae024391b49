// A genuine request to every route of a running API node. Which routes there are it says itself (/openapi.json), so a
// new one is fuzzed from its first day, and one with a parameter nobody here knows ends the fuzzer.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { makeCid } from '../../src/domain/content/cid.js';
import { toHex } from '../../src/domain/model/bytes.js';
import type { RunningNode } from '../../src/nodes/running-node.js';
import { User } from '../nodes/api/user.js';
import { core } from '../nodes/network.js';
import { requestOf } from './raw-request.js';

type Operations = Readonly<Record<string, unknown>>;

export interface ApiRequest {
  readonly route: string;
  readonly request: Uint8Array;
}

export async function apiRequests(node: RunningNode): Promise<ApiRequest[]> {
  const user = new User(node);
  const data = randomBytes(2000);
  const manifest = await user.manifest(data, { redundancy: { scheme: 'replicate', copies: 1 } });
  for (const answer of [
    await user.putPiece(data, 'copies=1'),
    await user.ask('POST', '/objects', { body: manifest }),
  ])
    assert.ok(answer.status < 300, answer.body.toString());
  const upload = await fetch(`${user.url}/files`, {
    method: 'POST',
    headers: { 'tus-resumable': '1.0.0', 'upload-length': '5000' },
  });
  assert.equal(upload.status, 201);
  const known: Readonly<Record<string, string>> = {
    cid: makeCid(data),
    pieceId: toHex(core.hash(data)),
    id: upload.headers.get('location')!.split('/').at(-1)!,
  };
  const bodies: Readonly<Record<string, Uint8Array>> = {
    'PUT /pieces/{pieceId}': data,
    'POST /objects': manifest,
    'POST /objects/{cid}/renew': Buffer.from(JSON.stringify({ expiry: 2_000_000_000 })),
    'POST /files': Buffer.alloc(0),
    'PATCH /files/{id}': randomBytes(300),
  };
  const document = (await (await fetch(`${user.url}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, Operations>>;
  };
  const requests = [{ route: 'GET /openapi.json', request: requestOf('GET', '/openapi.json', null) }];
  for (const [template, operations] of Object.entries(document.paths)) {
    for (const method of Object.keys(operations).map((name) => name.toUpperCase())) {
      const route = `${method} ${template}`;
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        assert.ok(known[name] !== undefined, `${route}: the fuzzer knows no ${name}`);
        return known[name];
      });
      const body = bodies[route] ?? (method === 'POST' || method === 'PUT' ? randomBytes(100) : null);
      requests.push({
        route,
        request: requestOf(method, path + queryOf(template), body, ...headersOf(template)),
      });
    }
  }
  return requests;
}

function queryOf(template: string): string {
  if (template.startsWith('/pieces')) return '?copies=1&min_copies=1';
  if (template.startsWith('/ipfs')) return '?format=raw';
  return template === '/objects' ? '?limit=10' : '';
}

function headersOf(template: string): readonly string[] {
  if (template.startsWith('/files'))
    return [
      'tus-resumable: 1.0.0',
      'content-type: application/offset+octet-stream',
      'upload-length: 5000',
      'upload-offset: 0',
      'upload-metadata: copies MQ==,ttl NjA=',
      'upload-checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=',
    ];
  if (/cid\}$/u.test(template))
    return ['range: bytes=0-99', 'if-none-match: "a"', 'if-range: "b"', 'accept: application/vnd.ipld.raw'];
  return ['authorization: FileTAO AAAA', 'content-type: application/json'];
}
