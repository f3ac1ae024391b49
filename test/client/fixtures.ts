// What the client's tests share: wallets, a folder that goes away, a connection to a ContractApiNode.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ApiConnection } from '../../src/client/api-connection.js';
import type { Timeouts } from '../../src/client/http-transport.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import type { RetryPolicy } from '../../src/client/retry.js';
import type { UserWallet } from '../../src/client/runtime.js';
import { type ErrorCode, FileTaoError } from '../../src/domain/model/errors.js';
import { ContractApiNode } from './contract-api-node.js';
import { testSigner } from './signer.js';

export const runtime = nodeRuntime();
export const fastRetry: RetryPolicy = { attempts: 6, firstDelayMs: 10, delayMsMax: 100 };

export async function testWallet(name = 'alice'): Promise<UserWallet> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return {
    name,
    hotkey: testSigner(),
    ageRecipient: async () => recipient,
    ageIdentity: async () => identity,
  };
}

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'filetao-client-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function startNode(): Promise<ContractApiNode> {
  const node = await new ContractApiNode().start();
  after(() => node.kill());
  return node;
}

export function connect(url: string, wallet: UserWallet, timeouts: Partial<Timeouts> = {}): ApiConnection {
  const { random, nowMs } = runtime;
  const connection = new ApiConnection(url, { signer: wallet.hotkey, random, nowMs, timeouts });
  after(() => connection.close());
  return connection;
}

export const coded =
  (code: ErrorCode, says = /./) =>
  (error: unknown): boolean => {
    if (error instanceof FileTaoError && error.code === code && says.test(error.message)) return true;
    throw error;
  };

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

export const noise = (size: number): Buffer => randomBytes(size);
