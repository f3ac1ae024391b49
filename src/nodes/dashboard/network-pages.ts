// The network at a glance, and its miners: what a validator shows first.

import { type TierName, tierNames } from '../../domain/model/tiers.js';
import {
  chooseMiners,
  type MinerHealth,
  type MinerOrder,
  type MinerRow,
  minerHealths,
  minerOrders,
  type NetworkView,
  type TierRow,
} from '../../domain/view/network.js';
import { addressOf, countText, minerName, plural, scoreText, shareText, sizeText, when } from './figures.js';
import { type Content, type Html, html, region } from './html.js';
import { figure, figures, type Page, verdict } from './page.js';
import { roundTable, throughput } from './round-page.js';
import type { NetworkSource } from './sources.js';
import { shareBar } from './spark.js';
import { type Column, number, type TableRow, table, wide } from './table.js';

const roundsShown = 12;
const troublesShown = 8;
const minersPerPage = 100;

/** How a miner's health is told: a word, and how bad it is. */
export const healthWords: Readonly<
  Record<MinerHealth, readonly ['good' | 'warn' | 'bad' | 'plain', string]>
> = {
  healthy: ['good', 'healthy'],
  idle: ['plain', 'no replicas'],
  silent: ['warn', 'silent'],
  leaving: ['warn', 'leaving'],
  failing: ['warn', 'failing'],
  down: ['bad', 'down'],
  gone: ['bad', 'gone'],
};

export const minerHealth = ({ health, holding, misses }: MinerRow): Html => {
  const [kind, word] = healthWords[health];
  const note =
    health === 'failing' || health === 'gone'
      ? `${plural(health === 'gone' ? holding.active + holding.failed : holding.failed, 'replica')}`
      : health === 'silent'
        ? plural(misses, 'ping')
        : null;
  return html`${verdict(kind, word)}${note !== null && html` <span class="note">${note}</span>`}`;
};

export const tierName = (name: TierName): Html =>
  html`<span class="tier t${tierNames.indexOf(name)}">${name}</span>`;

export function overviewPage(source: NetworkSource): Page {
  return {
    path: '/',
    name: 'Overview',
    async show() {
      const [network, height] = await Promise.all([source.network(), source.height()]);
      const main = html`<h1>The network at a glance</h1>
${region('glance', glance(source, network, height))}
<section class="split">
<div>${region('tiers', tierTable(network.tiers))}</div>
<div>${region('troubles', troubles(network))}</div>
</section>
<section>${region('rounds', roundTable('Rounds as they happen', source.activity.rounds.newest.slice(0, roundsShown), { miners: 'linked', isFull: false }))}
<p class="more"><a href="/rounds">All recent rounds</a></p></section>`;
      return { title: 'Overview', main };
    },
  };
}

function glance(source: NetworkSource, { miners, bytes, active, failed }: NetworkView, height: number): Html {
  const well = miners.filter(({ health }) => health === 'healthy' || health === 'idle').length;
  const { shortPieces, isCounted } = source.totals();
  const { number, blocks } = source.window();
  return figures(
    figure(
      'Miners',
      countText(miners.length),
      miners.length === 0 ? 'none has announced itself' : `${countText(well)} well`,
    ),
    figure('Stored', sizeText(bytes), `${plural(active, 'replica')} in use, ${countText(failed)} failed`),
    figure(
      'Short of copies',
      isCounted ? countText(shortPieces) : '…',
      !isCounted
        ? 'being counted'
        : shortPieces === 0
          ? 'every piece has its copies'
          : `${shortPieces === 1 ? 'piece waits' : 'pieces wait'} for repair`,
    ),
    throughput(source.activity, `${plural(source.openRounds(), 'round')} under way`),
    figure(
      'Block',
      countText(height),
      `window ${countText(number)}, ${plural(Math.max(0, (number + 1) * blocks - height), 'block')} left`,
    ),
  );
}

const tierTable = (tiers: readonly TierRow[]): Html =>
  table(
    'Tiers',
    ['Tier', number('Miners'), wide('Health'), number('Stored'), number('Of limit')],
    tiers.map(({ tier, miners, well, troubled, away, bytes, storageLimit }) => ({
      key: tier.name,
      cells: [
        miners === 0
          ? tierName(tier.name)
          : html`<a href="/miners?tier=${encodeURIComponent(tier.name)}">${tierName(tier.name)}</a>`,
        countText(miners),
        miners === 0
          ? html`<span class="none">–</span>`
          : html`${shareBar([
              { className: 'good', amount: well },
              { className: 'warn', amount: troubled },
              { className: 'bad', amount: away },
            ])}<span class="note">${healthNote(well, troubled, away)}</span>`,
        sizeText(bytes),
        storageLimit === 0 ? '–' : shareText(bytes / storageLimit),
      ],
    })),
    '',
  );

const healthNote = (well: number, troubled: number, away: number): string =>
  [
    [well, 'well'],
    [troubled, 'in trouble'],
    [away, 'away'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${countText(count as number)} ${word}`)
    .join(', ');

function troubles({ miners }: NetworkView): Html {
  const rank = (health: MinerHealth): number => minerHealths.indexOf(health);
  const found = miners
    .filter(({ health }) => health !== 'healthy' && health !== 'idle')
    .sort((a, b) => rank(a.health) - rank(b.health));
  const rows = found.slice(0, troublesShown).map((row) => ({
    key: row.hotkey,
    cells: [minerName(addressOf(row.hotkey)), minerHealth(row), when(row.lastProofMs)],
  }));
  const more = found.length - rows.length;
  return html`${table(
    'Needs attention',
    ['Miner', 'Health', number('Last proof')],
    rows,
    miners.length === 0 ? 'Miners appear here when they need it.' : 'Every miner is well.',
  )}${more > 0 && html`<p class="more"><a href="/miners?sort=health">${plural(more, 'more miner')}</a></p>`}`;
}

interface Asked {
  readonly tier: TierName | null;
  readonly health: MinerHealth | null;
  readonly find: string;
  readonly order: MinerOrder;
  readonly descending: boolean;
  readonly page: number;
}

const oneOf = <Value extends string>(values: readonly Value[], text: string | null): Value | null =>
  values.find((value) => value === text) ?? null;

/** Whatever cannot be understood is as if it were not there: an address bar is no place for errors. */
function askedIn(query: URLSearchParams): Asked {
  const sort = query.get('sort') ?? '';
  return {
    tier: oneOf(tierNames, query.get('tier')),
    health: oneOf(minerHealths, query.get('health')),
    find: (query.get('find') ?? '').trim().slice(0, 64),
    order: oneOf(minerOrders, sort.replace(/^-/u, '')) ?? 'uid',
    descending: sort.startsWith('-'),
    page: Math.max(1, Math.min(1e6, Math.floor(Number(query.get('page') ?? 1)) || 1)),
  };
}

/** The address of the same list, changed. */
function addressFor(asked: Asked, change: Partial<Asked>): string {
  const { tier, health, find, order, descending, page } = { ...asked, page: 1, ...change };
  const query = new URLSearchParams();
  if (tier !== null) query.set('tier', tier);
  if (health !== null) query.set('health', health);
  if (find !== '') query.set('find', find);
  if (order !== 'uid' || descending) query.set('sort', `${descending ? '-' : ''}${order}`);
  if (page > 1) query.set('page', String(page));
  const text = query.toString();
  return text === '' ? '/miners' : `/miners?${text}`;
}

export function minersPage(source: NetworkSource): Page {
  return {
    path: '/miners',
    name: 'Miners',
    async show({ query }) {
      const { miners } = await source.network();
      const asked = askedIn(query);
      const chosen = chooseMiners(
        miners,
        asked,
        source.tiers,
        asked.find === ''
          ? undefined
          : ({ hotkey, uid }) => addressOf(hotkey).includes(asked.find) || String(uid) === asked.find,
      );
      const pages = Math.max(1, Math.ceil(chosen.length / minersPerPage));
      const page = Math.min(asked.page, pages);
      const rows = chosen.slice((page - 1) * minersPerPage, page * minersPerPage);
      const main = html`<h1>Miners</h1>
${filterForm(asked)}
${region(
  'miners',
  html`${minerTable(asked, rows, captionOf(chosen.length, miners.length, page, pages), miners.length === 0)}${pager(asked, page, pages)}`,
)}`;
      return { title: 'Miners', main };
    },
  };
}

const captionOf = (chosen: number, all: number, page: number, pages: number): string =>
  `${chosen === all ? plural(all, 'miner') : `${countText(chosen)} of ${plural(all, 'miner')}`}${pages > 1 ? `, page ${page} of ${pages}` : ''}`;

function filterForm(asked: Asked): Html {
  const choice = (value: string, name: string, chosen: string | null): Html =>
    html`<option value="${value}"${value === (chosen ?? '') && html` selected`}>${name}</option>`;
  return html`<form class="filter" action="/miners" method="get" role="search" aria-label="Miners">
<label>Tier <select name="tier">${choice('', 'all', asked.tier)}${tierNames.map((name) => choice(name, name, asked.tier))}</select></label>
<label>Health <select name="health">${choice('', 'all', asked.health)}${minerHealths.map((name) => choice(name, healthWords[name][1], asked.health))}</select></label>
<label>Hotkey or uid <input type="search" name="find" value="${asked.find}" maxlength="64" autocomplete="off" spellcheck="false"></label>
<button type="submit">Show</button>
</form>`;
}

function minerTable(asked: Asked, miners: readonly MinerRow[], caption: string, isEmpty: boolean): Html {
  const column = (order: MinerOrder, name: string, kind?: Column['kind']): Column => {
    const isSorted = asked.order === order;
    // What is most is mostly looked for first, but the lowest uid, the highest tier and the worst health are.
    const isUpward = order === 'uid' || order === 'tier' || order === 'health';
    const descending = isSorted ? !asked.descending : !isUpward;
    return {
      name: html`<a class="sort" href="${addressFor(asked, { order, descending })}">${name}</a>`,
      ...(kind === undefined ? {} : { kind }),
      sorted: isSorted ? (asked.descending ? 'descending' : 'ascending') : undefined,
    };
  };
  const rows = miners.map(
    (row): TableRow => ({
      key: row.hotkey,
      cells: [
        minerName(addressOf(row.hotkey)),
        row.uid === null ? html`<span class="none">–</span>` : row.uid,
        tierName(row.tier),
        minerHealth(row),
        row.score === null ? html`<span class="none">–</span>` : scoreText(row.score),
        rate(row),
        html`${sizeText(row.holding.bytes)} <span class="note">${shareText(row.holding.bytes / row.storageLimit)}</span>`,
        when(row.lastProofMs),
      ],
    }),
  );
  return table(
    caption,
    [
      'Hotkey',
      column('uid', 'uid', 'number'),
      column('tier', 'Tier'),
      column('health', 'Health'),
      column('score', 'Score', 'number'),
      column('rate', 'Passed this window', 'number'),
      column('stored', 'Stored, of limit', 'number'),
      column('proof', 'Last proof', 'number'),
    ],
    rows,
    isEmpty
      ? 'No miner has announced itself on this subnet yet. They appear when they do.'
      : html`No miner is like that. <a href="/miners">Show all</a>`,
  );
}

export const rate = ({ attempts, successes }: Pick<MinerRow, 'attempts' | 'successes'>): Content =>
  attempts === 0
    ? html`<span class="none">not asked</span>`
    : html`${countText(successes)} of ${countText(attempts)}`;

const pager = (asked: Asked, page: number, pages: number): Html | false =>
  pages > 1 &&
  html`<nav class="pager" aria-label="Pages of the list">${
    page > 1
      ? html`<a rel="prev" href="${addressFor(asked, { page: page - 1 })}">Previous</a>`
      : html`<span class="none">Previous</span>`
  }<span>${page} of ${pages}</span>${
    page < pages
      ? html`<a rel="next" href="${addressFor(asked, { page: page + 1 })}">Next</a>`
      : html`<span class="none">Next</span>`
  }</nav>`;
