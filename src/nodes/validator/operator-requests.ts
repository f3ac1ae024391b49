// What a validator's own operator may ask it over HTTP: signed by the validator's hotkey, answered line by line
// (NDJSON) while the work is under way.

import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { bodyParts, contentLength, type NodeServer } from '../../adapters/rpc/server.js';
import { PartReader } from '../../adapters/rpc/wire.js';
import { checkContent, RequestVerifier } from '../../domain/identity/request.js';
import { publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ValidatorContext } from './context.js';

const bodyBytesMax = 4096;

/** Does what was asked, and writes lines as it goes. Ends early when the signal fires. */
type Work = (write: (line: object) => void, signal: AbortSignal) => Promise<void>;

export class OperatorRequests {
  readonly #underWay = new Set<Promise<void>>();
  readonly #verifier: RequestVerifier;

  /** @param stopping ends the work under way */
  constructor(
    readonly server: NodeServer,
    readonly context: ValidatorContext,
    readonly stopping: AbortSignal,
  ) {
    const { genesis, netuid, publicKey } = context.party;
    this.#verifier = new RequestVerifier({ genesis, netuid, receiver: publicKey, verify: context.verify });
  }

  /** @param prepare reads the request's body; what it throws is the answer, before any line is written */
  route(path: string, prepare: (asked: Readonly<Record<string, unknown>>) => Promise<Work>): void {
    this.server.app.post(path, async (request, reply) => {
      const work = await prepare(await this.#read(request));
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const signal = AbortSignal.any([this.stopping, gone.signal]);
      const lines = new Readable({ read() {} });
      const run = async (): Promise<void> => {
        await work((line) => lines.push(`${JSON.stringify(line)}\n`), signal);
        signal.throwIfAborted();
        lines.push(null);
      };
      const running = run()
        .catch((error) => void lines.destroy(error))
        .finally(() => this.#underWay.delete(running));
      this.#underWay.add(running);
      return reply.type('application/x-ndjson').send(lines);
    });
  }

  /** Resolves when nothing that was asked for is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #read(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
    const { context } = this;
    const authorised = this.#verifier.check(
      request.headers.authorization,
      request.method,
      request.raw.url ?? '',
      context.clock.now(),
    );
    if (authorised.sender !== publicKeyOf(context.party.publicKey)) {
      throw new FileTaoError('forbidden', 'only the validator’s own hotkey may ask for this');
    }
    const length = contentLength(request) ?? 0;
    if (length > bodyBytesMax)
      throw new FileTaoError('too-large', `the body has more than ${bodyBytesMax} bytes`);
    const body =
      length === 0 ? new Uint8Array() : await new PartReader(bodyParts(request)).takeRest(bodyBytesMax);
    checkContent(authorised, context.core.hash(body));
    if (body.length === 0) return {};
    try {
      return (JSON.parse(new TextDecoder().decode(body)) ?? {}) as Readonly<Record<string, unknown>>;
    } catch (error) {
      throw new FileTaoError('bad-input', 'the body is not JSON', { cause: error });
    }
  }
}
