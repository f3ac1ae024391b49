// The routes of resumable uploads (tus 1.0); uploads.ts speaks the protocol.

import type { NodeServer } from '../../adapters/rpc/server.js';
import * as schemas from './route-schemas.js';
import { cidHeader, type Uploads, uploadsPath } from './uploads.js';

type App = NodeServer['app'];

export function addUploadRoutes(app: App, uploads: Uploads): void {
  const tus = { 'Tus-Resumable': '1.0.0' };
  const stored = { [cidHeader]: 'CID of the object the upload has become' };
  const params = schemas.uploadParams;
  const route = (
    method: 'POST' | 'HEAD' | 'PATCH' | 'DELETE' | 'OPTIONS',
    url: string,
    about: NonNullable<Parameters<App['route']>[0]['config']>['about'],
  ) =>
    app.route({
      method,
      url,
      ...(url === uploadsPath ? {} : { schema: { params } }),
      config: about === undefined ? {} : { about },
      handler: (request, reply) => uploads.handle(request, reply),
    });
  const one = `${uploadsPath}/:id`;
  route('OPTIONS', uploadsPath, {
    summary: 'What of tus 1.0 is spoken here',
    produces: [[204, null, 'Told in the headers']],
  });
  route('OPTIONS', one, undefined);
  route('POST', uploadsPath, {
    summary: 'Begin a resumable upload (tus 1.0)',
    description:
      'Its bytes become an object as they are. Upload-Metadata may say copies, min_copies, ttl or expiry.',
    consumes: 'application/offset+octet-stream',
    requestHeaders: {
      ...tus,
      'Upload-Length': 'Bytes of the whole upload',
      'Upload-Metadata': 'Names and base64 values',
    },
    produces: [[201, null, 'Location names the upload']],
    responseHeaders: { Location: 'Path of the upload', ...stored },
  });
  route('HEAD', one, {
    summary: 'How far an upload is',
    requestHeaders: tus,
    produces: [[200, null, 'Told in the headers']],
    responseHeaders: { 'Upload-Offset': 'Bytes that are on disk', ...stored },
  });
  route('PATCH', one, {
    summary: 'Go on with an upload',
    description: 'The last one is answered when the object is stored: its replicas verified and durable.',
    consumes: 'application/offset+octet-stream',
    requestHeaders: {
      ...tus,
      'Upload-Offset': 'Bytes that are there already',
      'Upload-Checksum': 'Algorithm and base64 digest of these bytes',
    },
    produces: [[204, null, 'Upload-Offset bytes are on disk']],
    responseHeaders: { 'Upload-Offset': 'Bytes that are on disk', ...stored },
  });
  route('DELETE', one, {
    summary: 'Give up an upload; an object it has become stays',
    requestHeaders: tus,
    produces: [[204, null, 'It is gone']],
  });
}
