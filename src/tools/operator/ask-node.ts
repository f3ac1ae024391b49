// Asks a running node something as its operator: signed by its hotkey, over plain HTTP on this machine.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { systemRandom } from '../../adapters/system/random.js';
import { authorise, type RequestMethod } from '../../domain/identity/request.js';
import { utf8 } from '../../domain/model/bytes.js';
import { FileTaoError, toFileTaoError } from '../../domain/model/errors.js';
import type { OperatedNode } from './operated-node.js';

const problemCharactersMax = 16 * 1024;

/** The answer with status 200, its body still to be read. @param kind of the node, and what to do when there is none */
export async function askNode(
  { address, hotkey, genesis, netuid }: OperatedNode,
  asked: { readonly method: RequestMethod; readonly route: string; readonly body?: object },
  kind: { readonly name: 'validator' | 'miner'; readonly hint: string },
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { method, route } = asked;
  const body = asked.body === undefined ? new Uint8Array() : utf8(JSON.stringify(asked.body));
  const authorization = authorise(
    { method, path: route, content: body },
    { genesis, netuid, receiver: hotkey.publicKey },
    hotkey,
    systemRandom,
    Date.now(),
  );
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest({
      host: address.host,
      port: address.port,
      path: route,
      method,
      headers: { authorization, 'content-type': 'application/json', 'content-length': body.length },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => {
      const failure = toFileTaoError(error);
      if (failure.code !== 'unreachable') reject(failure);
      else
        reject(
          new FileTaoError(
            'unreachable',
            `no ${kind.name} at ${address.host}:${address.port}: ${kind.hint}`,
            {
              cause: error,
            },
          ),
        );
    });
    outgoing.end(body);
  });
  if (response.statusCode === 200) return response;
  let text = '';
  for await (const part of response) if (text.length < problemCharactersMax) text += String(part);
  throw failureOf(text, response.statusCode ?? 0);
}

function failureOf(problem: string, status: number): FileTaoError {
  try {
    const { code, detail } = JSON.parse(problem);
    return FileTaoError.fromJSON({ code, message: detail });
  } catch {
    return new FileTaoError('unreachable', `the node answered with HTTP status ${status}`);
  }
}
