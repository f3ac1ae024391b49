// A user of an API node who has nothing but fetch and a hotkey: signs requests, puts small objects piece by piece.
import { randomBytes } from 'node:crypto';
import { systemRandom } from '../../../src/adapters/system/random.js';
import { signerFromSeed } from '../../../src/adapters/wallets/sr25519.js';
import { makeCid } from '../../../src/domain/content/cid.js';
import { manifestKind } from '../../../src/domain/content/manifest.js';
import { authorise, type RequestMethod } from '../../../src/domain/identity/request.js';
import { sealMessage } from '../../../src/domain/identity/sealed.js';
import { encodeSs58 } from '../../../src/domain/identity/ss58.js';
import { fromHex, publicKeyOf, toHex } from '../../../src/domain/model/bytes.js';
import type { RunningNode } from '../../../src/nodes/running-node.js';
import { core } from '../network.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  json(): Record<string, never> & { readonly code?: string; readonly detail?: string };
}

export const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

export class User {
  readonly signer = signerFromSeed(randomBytes(32));
  readonly publicKey = publicKeyOf(this.signer.publicKey);
  readonly address = encodeSs58(this.signer.publicKey);
  readonly url: string;

  constructor(node: Pick<RunningNode, 'address'>) {
    this.url = `http://127.0.0.1:${node.address.port}`;
  }

  async ask(
    method: RequestMethod,
    path: string,
    options: {
      readonly body?: Uint8Array;
      readonly headers?: Record<string, string>;
      readonly signed?: boolean;
      readonly nowMs?: number;
    } = {},
  ): Promise<Answer> {
    const { body, headers = {}, signed = true, nowMs = Date.now() } = options;
    const authorization: Record<string, string> = {};
    if (signed) {
      const info = await this.info();
      const to = {
        genesis: fromHex(info.genesis),
        netuid: info.netuid,
        receiver: fromHex(info.hotkeyHex),
      };
      const content = body ?? new Uint8Array();
      const request = { method, path, content };
      authorization.authorization = authorise(request, to, this.signer, systemRandom, nowMs);
    }
    const response = await fetch(this.url + path, {
      method,
      headers: { ...headers, ...authorization },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      headers: response.headers,
      body: bytes,
      json: () => JSON.parse(bytes.toString('utf8')),
    };
  }

  async info(): Promise<{ genesis: string; netuid: number; hotkeyHex: string; pieceSize: number }> {
    return (await fetch(`${this.url}/v1/info`)).json() as never;
  }

  putPiece(data: Uint8Array, query = 'copies=2', signed = true): Promise<Answer> {
    return this.ask('PUT', `/pieces/${toHex(core.hash(data))}?${query}&expiry=${inAnHour()}`, {
      body: data,
      signed,
    });
  }

  /** The manifest of data that lies in pieces of `pieceSize` bytes. */
  async manifest(
    data: Uint8Array,
    changes: Partial<Parameters<(typeof manifestKind)['signerOf']>[0]> = {},
    pieceSize = 64 * 1024,
  ): Promise<Uint8Array> {
    const info = await this.info();
    const pieceIds: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += pieceSize)
      pieceIds.push(core.hash(data.subarray(at, at + pieceSize)).slice());
    return sealMessage(
      manifestKind,
      {
        version: 1,
        genesis: fromHex(info.genesis),
        netuid: info.netuid,
        owner: this.signer.publicKey,
        cid: makeCid(data),
        size: data.length,
        pieceSize,
        pieceIds,
        redundancy: { scheme: 'replicate', copies: 2 },
        expiry: inAnHour(),
        ...changes,
      },
      this.signer,
    );
  }

  /** Pieces and manifest; resolves with the CID. */
  async put(data: Uint8Array): Promise<string> {
    for (let at = 0; at < data.length; at += 64 * 1024) {
      const { status, body } = await this.putPiece(data.subarray(at, at + 64 * 1024));
      if (status !== 200) throw new Error(body.toString());
    }
    const answer = await this.ask('POST', '/objects', { body: await this.manifest(data) });
    if (answer.status !== 201) throw new Error(answer.body.toString());
    return makeCid(data);
  }
}
