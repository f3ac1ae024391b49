// Objects, and one object's replicas and what their proofs are worth. Validators and API nodes share the index.

import { objectCid } from '../../domain/content/cid.js';
import type { Cid } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ObjectRecord } from '../../domain/model/records.js';
import type { Health, ObjectStatus } from '../../domain/view/object-status.js';
import { objectStatus } from '../object-status.js';
import {
  addressOf,
  confidenceText,
  countText,
  minerName,
  plural,
  shareText,
  shortened,
  shortName,
  sizeText,
  whenSeconds,
} from './figures.js';
import { type Html, html, region } from './html.js';
import { figure, figures, type Page, verdict } from './page.js';
import type { PlacementSource } from './sources.js';
import { cursorIn, nextPage, number, table, wide } from './table.js';

const objectsPerPage = 50;
/** The health of an object with more pieces is told on its own page: looking it up is a question for each. */
const piecesMax = 16;

const healthKinds = { healthy: 'good', degraded: 'warn', critical: 'bad', lost: 'bad' } as const;
const objectHealth = (health: Health): Html => verdict(healthKinds[health], health);

export function objectsPage(source: PlacementSource): Page {
  return {
    path: '/objects',
    name: 'Objects',
    async show({ query }) {
      const find = (query.get('find') ?? '').trim();
      const page =
        find === ''
          ? await source.index.listObjects(cursorIn(query), objectsPerPage)
          : { items: await claimsNamed(source, find), next: null };
      const healths = await Promise.all(
        page.items.map(async (object) =>
          object.pieceIds.length <= piecesMax ? (await objectStatus(source, object)).health : null,
        ),
      );
      const main = html`<h1>Objects</h1>
<form class="filter" action="/objects" method="get" role="search" aria-label="Objects">
<label>CID <input type="search" name="find" value="${find.slice(0, 256)}" maxlength="256" autocomplete="off" spellcheck="false"></label>
<button type="submit">Show</button>
</form>
${region(
  'objects',
  html`${objectTable(page.items, healths, find !== '')}${nextPage('/objects', page.next, 'More objects')}`,
)}`;
      return { title: 'Objects', main };
    },
  };
}

async function claimsNamed({ index }: PlacementSource, text: string): Promise<readonly ObjectRecord[]> {
  let cid: Cid;
  try {
    cid = objectCid(text);
  } catch {
    return [];
  }
  return index.claimsOf(cid, limits.claimsPerObject);
}

const objectTable = (
  objects: readonly ObjectRecord[],
  healths: readonly (Health | null)[],
  isSearch: boolean,
): Html =>
  table(
    'Objects by CID',
    [
      'CID',
      'Health',
      number('Size'),
      number('Pieces'),
      number('Copies'),
      'Owner',
      number('Stored'),
      number('Expires'),
    ],
    objects.map((object, i) => {
      const health = healths[i] ?? null;
      return {
        key: `${object.cid} ${object.owner}`,
        cells: [
          html`<a href="/objects/${object.cid}">${shortName(object.cid, 10, 6)}</a>`,
          health === null ? html`<a href="/objects/${object.cid}">look</a>` : objectHealth(health),
          sizeText(object.size),
          countText(object.pieceIds.length),
          countText(object.redundancy.copies),
          shortName(addressOf(object.owner)),
          whenSeconds(object.storedAt),
          whenSeconds(object.expiry),
        ],
      };
    }),
    isSearch
      ? html`No object of this CID is stored here. <a href="/objects">Show all</a>`
      : html`Nothing is stored yet. Try <code>filetao store put --filepath FILE</code>.`,
  );

/** @param hasMinerPages whether there are pages to link miners to */
export function objectPage(
  source: PlacementSource,
  { hasMinerPages }: { readonly hasMinerPages: boolean },
): Page {
  return {
    path: '/objects/:cid',
    async show({ params }) {
      const claims = await claimsNamed(source, params.cid ?? '');
      const [object] = [...claims].sort((a, b) => a.storedAt - b.storedAt);
      if (object === undefined) throw new FileTaoError('not-found', 'no object of this CID is stored here');
      const status = await objectStatus(source, object);
      const main = html`<p class="path"><a href="/objects">Objects</a></p>
<h1>Object <span class="name whole">${object.cid}</span></h1>
${region('facts', objectFacts(object, status))}
<section>${region('replicas', holders(status, hasMinerPages))}</section>
<section>${region('claims', claimTable(claims))}</section>
<p class="note">Confidence: had ${shareText(source.audit.loss)} of a replica been missing since its store, its passed rounds would have caught it with this probability. The object’s is that of its least proven piece, by that piece’s best proven replica.</p>`;
      return { title: `Object ${shortened(object.cid, 10, 6)}`, main };
    },
  };
}

const objectFacts = (object: ObjectRecord, status: ObjectStatus): Html =>
  figures(
    figure(
      'Health',
      objectHealth(status.health),
      status.pieces.total === 0
        ? 'it is empty'
        : `${countText(status.pieces.healthy)} of ${plural(status.pieces.total, 'piece')} with all copies`,
    ),
    figure('Copies', countText(status.replicas), `of ${countText(object.redundancy.copies)}, where fewest`),
    figure(
      'Confidence',
      confidenceText(status.confidence),
      html`every piece proven ${whenSeconds(status.lastProofAt, 'not yet')}`,
    ),
    figure(
      'Size',
      sizeText(object.size),
      `${plural(object.pieceIds.length, 'piece')} of ${sizeText(object.pieceSize)}`,
    ),
    figure('Stored', whenSeconds(object.storedAt), html`expires ${whenSeconds(object.expiry)}`),
  );

const holders = ({ miners }: ObjectStatus, hasMinerPages: boolean): Html =>
  table(
    'Who holds it',
    ['Miner', number('Replicas'), wide('In use'), number('Confidence'), number('Last proof')],
    miners.map(({ hotkey, replicas, active, confidence, lastProofAt }) => ({
      key: hotkey,
      cells: [
        minerName(hotkey, hasMinerPages),
        countText(replicas),
        active === replicas
          ? verdict('good', 'all')
          : verdict(active === 0 ? 'bad' : 'warn', active === 0 ? 'none' : countText(active)),
        confidenceText(confidence),
        whenSeconds(lastProofAt),
      ],
    })),
    'No miner holds a piece of it.',
  );

const claimTable = (claims: readonly ObjectRecord[]): Html =>
  table(
    'Who claims it',
    ['Owner', number('Copies'), number('Stored'), number('Expires')],
    claims.map(({ owner, redundancy, storedAt, expiry }) => ({
      key: owner,
      cells: [
        shortName(addressOf(owner)),
        countText(redundancy.copies),
        whenSeconds(storedAt),
        whenSeconds(expiry),
      ],
    })),
    '',
  );
