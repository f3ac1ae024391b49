// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), made from the routes as they are registered: their
// paths, methods, schemas, and what only people need to know.

import type { FastifyInstance, RouteOptions } from 'fastify';
import { contentTypes } from '../../adapters/rpc/wire.js';
import { requestScheme } from '../../domain/identity/request.js';
import { problem } from './route-schemas.js';

type Json = Readonly<Record<string, unknown>>;

/** What a route says of itself beside its schemas. */
export interface RouteAbout {
  readonly summary: string;
  readonly description?: string;
  /** Media type of the request's body, where it is no JSON. */
  readonly consumes?: string;
  /** Status and media type of an answer that is no JSON; null for one without a body. */
  readonly produces?: readonly (readonly [status: number, type: string | null, meaning: string])[];
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Whether only a signed request will do. */
  readonly ownerOnly?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    about?: RouteAbout;
  }
}

const binary = { type: 'string', format: 'binary' };

/** Collects the routes registered from now on; the function makes the document of them. */
export function describeRoutes(app: FastifyInstance, version: string): () => Json {
  const paths: Record<string, Record<string, Json>> = {};
  app.addHook('onRoute', (route) => {
    const about = route.config?.about;
    if (about === undefined) return;
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    for (const method of [route.method].flat()) {
      paths[path] ??= {};
      paths[path][method.toLowerCase()] = operation(route, method, about);
    }
  });
  return () => ({
    openapi: '3.1.0',
    info: {
      title: 'FileTAO API node',
      version,
      description:
        'Objects on miners that prove that they have them. Errors are problem documents (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ signedRequest: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        signedRequest: {
          type: 'http',
          scheme: requestScheme,
          description: 'A request signed by a hotkey; an open node answers others too',
        },
      },
      schemas: { Problem: problem },
      responses: {
        Problem: {
          description: 'What is wrong, and what to do',
          content: { [contentTypes.problem]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  });
}

function operation({ schema = {}, url }: RouteOptions, method: string, about: RouteAbout): Json {
  const { params, querystring, body, response } = schema as Readonly<Record<string, Json | undefined>>;
  const hasBody = method !== 'HEAD';
  const parameters = [
    ...fields(params).map(([name, of]) => ({ name, in: 'path', required: true, ...described(of) })),
    ...fields(querystring).map(([name, of]) => ({ name, in: 'query', required: false, ...described(of) })),
    ...Object.entries(about.requestHeaders ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      required: false,
      description,
      schema: { type: 'string' },
    })),
  ];
  const headers = Object.fromEntries(
    Object.entries(about.responseHeaders ?? {}).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );
  const answers: Record<string, Json> = {};
  for (const [status, of] of Object.entries((response ?? {}) as Record<string, Json>))
    answers[status] = {
      description: 'Done',
      headers,
      ...(hasBody ? { content: { 'application/json': { schema: of } } } : {}),
    };
  for (const [status, type, meaning] of about.produces ?? [])
    answers[status] = {
      description: meaning,
      headers,
      ...(type !== null && hasBody ? { content: { [type]: { schema: binary } } } : {}),
    };
  return {
    operationId: `${method.toLowerCase()}${url.replaceAll(/[/:]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')}`,
    summary: about.summary,
    ...(about.description === undefined ? {} : { description: about.description }),
    ...(about.ownerOnly === true ? { security: [{ signedRequest: [] }] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(about.consumes === undefined && body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [about.consumes ?? 'application/json']: { schema: body ?? binary } },
          },
        }),
    responses: { ...answers, default: { $ref: '#/components/responses/Problem' } },
  };
}

const fields = (schema: Json | undefined): [string, Json][] =>
  Object.entries((schema?.properties ?? {}) as Record<string, Json>);

const described = ({ description, ...schema }: Json): Json => ({ description, schema });
