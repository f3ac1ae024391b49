// The client's runtime in a browser, and a connection from there to one API node.

import { ApiNode, nodeUrl } from '../client/api-node.js';
import type { Timeouts } from '../client/http-transport.js';
import type { ClientRuntime } from '../client/runtime.js';
import type { ProofCore } from '../domain/core/proof-core.js';
import type { Random } from '../domain/ports/random.js';
import type { Signer } from '../domain/ports/signer.js';
import { browserCipher } from './cipher.js';
import { FetchTransport } from './fetch-transport.js';
import { verifySr25519 } from './sr25519.js';

/** What getRandomValues gives at once. */
const drawMax = 65_536;

export const browserRandom: Random = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += drawMax) crypto.getRandomValues(bytes.subarray(at, at + drawMax));
    return bytes;
  },
};

export const browserRuntime = (core: ProofCore): ClientRuntime => ({
  hash: (data) => core.hash(data),
  core,
  cipher: browserCipher,
  random: browserRandom,
  verify: verifySr25519,
  nowMs: () => Date.now(),
});

/** @param url of an API node whose origin may be asked from this page; throws `bad-input` for what is no URL */
export function connect(
  url: string,
  signer: Signer,
  options: { readonly timeouts?: Partial<Timeouts> } = {},
): ApiNode {
  const base = nodeUrl(url);
  return new ApiNode(base, new FetchTransport(base, options.timeouts), {
    signer,
    random: browserRandom,
    nowMs: () => Date.now(),
  });
}
