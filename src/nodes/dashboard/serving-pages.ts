// What an API node shows first: objects in sum, what users send and fetch, uploads that go on.

import type { Numbered } from '../../adapters/observe/activity.js';
import type { TransferSeen } from '../../adapters/observe/observer.js';
import { countText, durationText, plural, shareText, shortName, sizeText, when } from './figures.js';
import { clipped, type Html, html, region } from './html.js';
import { figure, figures, type Page, verdict } from './page.js';
import { roundTable } from './round-page.js';
import type { ServingSource, UploadUnderWay } from './sources.js';
import { shareBar } from './spark.js';
import { number, table } from './table.js';

const transfersShown = 20;
const roundsShown = 12;

export function servingOverview(source: ServingSource): Page {
  return {
    path: '/',
    name: 'Overview',
    async show() {
      const [uploads, height] = await Promise.all([source.uploads(), source.height()]);
      const { transfers, rounds } = source.activity;
      const main = html`<h1>This API node at a glance</h1>
${region('glance', glance(source, uploads, height))}
<section class="split">
<div>${region('transfers', transferTable(transfers.newest.slice(0, transfersShown)))}</div>
<div>${region('uploads', uploadTable(uploads))}</div>
</section>
<section>${region('rounds', roundTable('With miners, as it happens', rounds.newest.slice(0, roundsShown), { miners: 'named', isFull: false }))}
<p class="more"><a href="/rounds">All recent exchanges</a></p></section>`;
      return { title: 'Overview', main };
    },
  };
}

function glance(source: ServingSource, uploads: readonly UploadUnderWay[], height: number): Html {
  const { objects, bytes, isCounted } = source.objects();
  const { newest } = source.activity.transfers;
  const of = (direction: TransferSeen['direction']): readonly TransferSeen[] =>
    newest.filter((transfer) => transfer.direction === direction);
  const total = (list: readonly TransferSeen[]): number => list.reduce((sum, one) => sum + one.bytes, 0);
  const [up, down] = [of('upload'), of('download')];
  return figures(
    figure(
      'Objects',
      isCounted ? countText(objects) : '…',
      isCounted ? `${sizeText(bytes)}, each claim counted once` : 'being counted',
    ),
    figure('Taken', sizeText(total(up)), `in ${plural(up.length, 'upload')} of late`),
    figure('Sent', sizeText(total(down)), `in ${plural(down.length, 'download')} of late`),
    figure('Under way', countText(uploads.length), 'resumable uploads'),
    figure('Block', countText(height)),
  );
}

const transferTable = (transfers: readonly Numbered<TransferSeen>[]): Html =>
  table(
    'Uploads and downloads',
    ['When', 'What', 'Object', number('Bytes'), number('Took'), 'Outcome'],
    transfers.map(({ number, direction, cid, bytes, complete, startedAtMs, elapsedMs }) => ({
      key: String(number),
      cells: [
        when(startedAtMs),
        direction,
        html`<a href="/objects/${cid}">${shortName(cid, 10, 6)}</a>`,
        sizeText(bytes),
        durationText(elapsedMs),
        complete ? verdict('good', 'complete') : verdict('warn', 'broken off'),
      ],
    })),
    'Nobody has sent or fetched anything since this node started.',
  );

const uploadTable = (uploads: readonly UploadUnderWay[]): Html =>
  table(
    'Resumable uploads under way',
    ['Upload', number('Received'), number('Of'), number('Last heard')],
    uploads.map(({ id, name, size, received, changedAtMs }) => ({
      key: id,
      cells: [
        name === '' ? shortName(id) : clipped(name, 40),
        html`${shareBar([{ className: 'used', amount: received }], Math.max(1, size))} ${size === 0 ? '' : shareText(received / size)}`,
        sizeText(size),
        when(changedAtMs),
      ],
    })),
    'None.',
  );
