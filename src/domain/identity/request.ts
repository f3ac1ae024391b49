// Signed user requests: what a client puts into the Authorization header, and how a node checks it.
// `Authorization: FileTAO <base64url of signature ‖ canonical body>` (sealed.ts, kind "request").
//
// A request is bound to network, receiver, method, path with query, and body; it is fresh within a window
// around the receiver's clock, and its nonce is accepted once. The replay memory lives in the process: after
// a restart a request could be played again until its window closes, which is why every user operation is
// idempotent.

import { blake3 } from '@noble/hashes/blake3.js';
import { base64url } from 'multiformats/bases/base64';
import { equalBytes, type PublicKey, publicKeyOf, toHex } from '../model/bytes.js';
import { nodeSize, protocolVersion, requestLimits } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';
import type { Random } from '../ports/random.js';
import type { Signer, VerifySignature } from '../ports/signer.js';
import { bytes, oneOf, text, uint } from './codec.js';
import { defineMessage, readSealed, sealMessage, signedText } from './sealed.js';

export const requestMethods = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type RequestMethod = (typeof requestMethods)[number];

const shape = {
  version: uint(protocolVersion, protocolVersion),
  genesis: bytes(nodeSize),
  netuid: uint(0, 65535),
  sender: bytes(nodeSize),
  receiver: bytes(nodeSize),
  method: oneOf(...requestMethods),
  path: text(requestLimits.pathLengthMax, /^\//),
  nonce: bytes(requestLimits.nonceSize),
  /** Unix milliseconds by the sender's clock. */
  time: uint(),
  /** hash(body), or no bytes when the path itself names the content, as for pieces. */
  contentDigest: bytes(0, nodeSize),
} as const;

export const requestKind = defineMessage(
  'request',
  shape,
  (request) => request.sender,
  requestLimits.sealedSizeMax,
);
export type Request = ReturnType<(typeof requestKind.body)['check']>;

export const requestScheme = 'FileTAO';

/** What a request's signature covers as content. `named`: the path says what the body must hash to. */
export type SignedContent = Uint8Array | 'named';

export interface RequestAddress {
  readonly genesis: Uint8Array;
  readonly netuid: number;
  /** Hotkey of the node, 32 bytes. */
  readonly receiver: Uint8Array;
}

/** The Authorization header of one attempt: a repeated request is signed again. */
export function authorise(
  request: {
    readonly method: RequestMethod;
    /** As it stands in the request line: absolute path with query. */
    readonly path: string;
    /** The body's bytes (empty for none), or 'named'. */
    readonly content: SignedContent;
  },
  to: RequestAddress,
  signer: Signer,
  random: Random,
  nowMs: number,
): string {
  const sealed = sealMessage(
    requestKind,
    {
      version: protocolVersion,
      genesis: to.genesis,
      netuid: to.netuid,
      sender: signer.publicKey,
      receiver: to.receiver,
      method: request.method,
      path: request.path,
      nonce: random.bytes(requestLimits.nonceSize),
      time: nowMs,
      contentDigest: request.content === 'named' ? new Uint8Array(0) : blake3(request.content),
    },
    signer,
  );
  return `${requestScheme} ${base64url.baseEncode(sealed)}`;
}

/** A request whose signature, receiver, time and nonce were good. Its content is still to be compared. */
export interface AuthorisedRequest {
  readonly sender: PublicKey;
  /** hash(body) that the sender signed; null when the path names the content. */
  readonly contentDigest: Uint8Array | null;
}

const unauthorised = (message: string): FileTaoError => new FileTaoError('unauthorised', message);

export interface RequestVerifierOptions extends RequestAddress {
  readonly verify: VerifySignature;
  /** Nonces remembered at most; beyond that requests are told `busy` until the oldest are too old to matter. */
  readonly noncesMax?: number;
}

/** Checks the requests one node receives. */
export class RequestVerifier {
  readonly #options: RequestVerifierOptions;
  readonly #noncesMax: number;
  /** Sender and nonce → when it was received; in order of receipt. */
  readonly #seen = new Map<string, number>();

  constructor(options: RequestVerifierOptions) {
    this.#options = options;
    this.#noncesMax = options.noncesMax ?? requestLimits.noncesMax;
  }

  /** Throws `unauthorised`, `bad-signature`, `bad-message`, `wrong-network` or `busy`. */
  check(authorization: string | undefined, method: string, path: string, nowMs: number): AuthorisedRequest {
    const sealed = readHeader(authorization);
    const { value, body, signature } = readSealed(requestKind, sealed);
    // What costs nothing is compared first; no comparison tells a caller anything it did not send.
    const { genesis, netuid, receiver } = this.#options;
    if (!equalBytes(value.genesis, genesis) || value.netuid !== netuid) {
      throw new FileTaoError(
        'wrong-network',
        `the request is for another network than subnet ${netuid} here`,
      );
    }
    if (!equalBytes(value.receiver, receiver)) throw unauthorised('the request is signed for another node');
    if (value.method !== method || value.path !== path) {
      throw unauthorised(`the request is signed for ${value.method} ${value.path.slice(0, 100)}`);
    }
    const skewMs = value.time - nowMs;
    if (Math.abs(skewMs) > requestLimits.windowMs) {
      const seconds = Math.round(Math.abs(skewMs) / 1000);
      throw unauthorised(
        `the sender's clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead'} (${requestLimits.windowMs / 1000} s are allowed): set the clock`,
      );
    }
    const digestLength = value.contentDigest.length;
    if (digestLength !== 0 && digestLength !== nodeSize) {
      throw new FileTaoError('bad-message', 'request.contentDigest: expected 0 or 32 bytes');
    }
    if (!this.#options.verify(signedText(requestKind.type, body), signature, value.sender)) {
      throw new FileTaoError('bad-signature', 'the request is not signed by the key it names');
    }
    this.#remember(`${toHex(value.sender)}${toHex(value.nonce)}`, nowMs);
    return {
      sender: publicKeyOf(value.sender),
      contentDigest: digestLength === 0 ? null : value.contentDigest,
    };
  }

  /** Nonces remembered now. */
  get size(): number {
    return this.#seen.size;
  }

  #remember(id: string, nowMs: number): void {
    // A message may be a window ahead of this clock when it arrives, so it stays fresh for two at most.
    for (const [old, receivedMs] of this.#seen) {
      if (receivedMs + 2 * requestLimits.windowMs >= nowMs) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) throw unauthorised('the request was received before');
    if (this.#seen.size >= this.#noncesMax) {
      throw new FileTaoError('busy', 'too many requests in the last two minutes: try again in a minute');
    }
    this.#seen.set(id, nowMs);
  }
}

/** Compares a received body with what the sender signed; throws `unauthorised`. */
export function checkContent(request: AuthorisedRequest, bodyDigest: Uint8Array): void {
  if (request.contentDigest === null || !equalBytes(request.contentDigest, bodyDigest)) {
    throw unauthorised('the body is not the one the sender signed');
  }
}

function readHeader(authorization: string | undefined): Uint8Array {
  if (authorization === undefined) {
    throw unauthorised(`this node answers signed requests only (Authorization: ${requestScheme} …)`);
  }
  const [scheme, encoded, ...more] = authorization.split(' ');
  if (scheme?.toLowerCase() !== requestScheme.toLowerCase() || encoded === undefined || more.length > 0) {
    throw unauthorised(`expected one header 'Authorization: ${requestScheme} <base64url>'`);
  }
  if (encoded.length > Math.ceil((requestLimits.sealedSizeMax * 4) / 3)) {
    throw new FileTaoError('too-large', 'the Authorization header is too long');
  }
  try {
    return base64url.baseDecode(encoded);
  } catch (error) {
    throw new FileTaoError('bad-message', 'the Authorization header is not base64url', { cause: error });
  }
}
