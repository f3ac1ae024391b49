// Asks a running validator, as its operator, to hold challenge rounds now, and yields each verdict as it falls.

import { request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { systemRandom } from '../../adapters/system/random.js';
import { authorise } from '../../domain/identity/request.js';
import { utf8 } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { NodeAddress } from '../../domain/ports/chain.js';
import type { Signer } from '../../domain/ports/signer.js';
import type { RoundLine, RoundsRequest } from '../../nodes/validator/operating.js';

const route = '/v1/operator/rounds';

export interface OperatedValidator {
  readonly address: NodeAddress;
  /** The validator's own hotkey: nobody else may ask. */
  readonly hotkey: Signer;
  readonly genesis: Uint8Array;
  readonly netuid: number;
}

export async function* askRounds(
  validator: OperatedValidator,
  rounds: RoundsRequest,
  signal?: AbortSignal,
): AsyncGenerator<RoundLine> {
  const { address, hotkey, genesis, netuid } = validator;
  const body = utf8(JSON.stringify(rounds));
  const authorization = authorise(
    { method: 'POST', path: route, content: body },
    { genesis, netuid, receiver: hotkey.publicKey },
    hotkey,
    systemRandom,
    Date.now(),
  );
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest({
      host: address.host,
      port: address.port,
      path: route,
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'content-length': body.length },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(notThere(error, address)));
    outgoing.end(body);
  });
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  if (response.statusCode !== 200) {
    let text = '';
    for await (const line of lines) text += line;
    throw failureOf(text, response.statusCode ?? 0);
  }
  for await (const line of lines) yield JSON.parse(line) as RoundLine;
  if (!response.complete)
    throw new FileTaoError('unreachable', 'the validator ended before all rounds were held');
}

function notThere(error: unknown, { host, port }: NodeAddress): FileTaoError {
  const failure = toFileTaoError(error);
  if (failure.code !== 'unreachable') return failure;
  return new FileTaoError(
    'unreachable',
    `no validator at ${host}:${port}: start one with 'filetao run validator' or name another port with --validator.port`,
    { cause: error },
  );
}

function failureOf(problem: string, status: number): FileTaoError {
  try {
    const { code, detail } = JSON.parse(problem);
    return FileTaoError.fromJSON({ code, message: detail });
  } catch {
    return new FileTaoError('unreachable', `the validator answered with HTTP status ${status}`);
  }
}
