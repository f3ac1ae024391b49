// An HTTP/1.1 request as it goes over the wire.

export const requestOf = (
  method: string,
  path: string,
  body: Uint8Array | null,
  ...headers: readonly string[]
): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      [
        `${method} ${path} HTTP/1.1`,
        'host: node',
        ...headers,
        ...(body === null ? [] : [`content-length: ${body.length}`]),
        '',
        '',
      ].join('\r\n'),
      'latin1',
    ),
    body ?? Buffer.alloc(0),
  ]);
