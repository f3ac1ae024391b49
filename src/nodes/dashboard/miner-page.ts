// One miner's story: what it holds, how it answered, and why its tier and its reward are what they are.

import type { Change } from '../../domain/audit/ledger-replay.js';
import { weightMax } from '../../domain/economy/weights.js';
import { publicKeyFromSs58 } from '../../domain/identity/ss58.js';
import { type PublicKey, publicKeyOf } from '../../domain/model/bytes.js';
import { FileTaoError } from '../../domain/model/errors.js';
import type { ReplicaRecord, StatisticKind } from '../../domain/model/records.js';
import type { AuditWish } from '../../domain/protocol/parameters.js';
import type { MinerStory, TierReason } from '../../domain/view/miner-story.js';
import type { MinerRow } from '../../domain/view/network.js';
import { confidenceIn } from '../../domain/view/object-status.js';
import {
  addressOf,
  confidenceText,
  countText,
  durationText,
  plural,
  scoreText,
  shareText,
  shortName,
  sizeText,
  when,
  whenSeconds,
} from './figures.js';
import { type Content, clipped, type Html, html, region } from './html.js';
import { minerHealth, tierName } from './network-pages.js';
import { figure, figures, type Page, verdict } from './page.js';
import { roundTable } from './round-page.js';
import type { NetworkSource } from './sources.js';
import { valueLine } from './spark.js';
import { cursorIn, nextPage, number, table, wide } from './table.js';

const replicasPerPage = 50;
const roundsShown = 10;
const changesShown = 40;
const kinds: readonly StatisticKind[] = ['store', 'challenge', 'retrieve'];

export function minerPage(source: NetworkSource): Page {
  return {
    path: '/miners/:hotkey',
    async show({ params, query }) {
      const hotkey = hotkeyIn(params.hotkey ?? '');
      const { miners } = await source.network();
      const row = miners.find((miner) => miner.hotkey === hotkey);
      if (row === undefined)
        throw new FileTaoError('not-found', 'no miner of this hotkey is on the subnet or holds a replica');
      const [story, replicas] = await Promise.all([
        source.story(hotkey),
        source.index.replicasOfMiner(hotkey, cursorIn(query), replicasPerPage),
      ]);
      const address = addressOf(hotkey);
      const rounds = source.activity.rounds.newest.filter(({ minerKey }) => minerKey === hotkey);
      const main = html`<p class="path"><a href="/miners">Miners</a></p>
<h1>Miner <span class="name whole">${address}</span></h1>
${region('facts', facts(row, story))}
<section class="split">
<div>${region('why', why(row, story))}</div>
<div>${region('counts', countTable(row))}</div>
</section>
<section>${region('story', storyTable(story))}</section>
<section>${region('rounds', roundTable('Its last rounds', rounds.slice(0, roundsShown), { miners: 'none', isFull: true }))}</section>
<section>${region(
        'replicas',
        html`${replicaTable(replicas.items, source.audit)}${nextPage(`/miners/${address}`, replicas.next, 'More replicas')}`,
      )}</section>`;
      return { title: `Miner ${address}`, main };
    },
  };
}

function hotkeyIn(text: string): PublicKey {
  try {
    return publicKeyOf(publicKeyFromSs58(text));
  } catch {
    throw new FileTaoError('not-found', 'that is no hotkey: expected an ss58 address');
  }
}

function facts(row: MinerRow, { changes, weight }: MinerStory): Html {
  const scores = changes.map(({ score }) => score).toReversed();
  return figures(
    figure('Health', minerHealth(row), html`last proof ${when(row.lastProofMs)}`),
    figure(
      'Tier',
      tierName(row.tier),
      `${countText(row.statistics.totalSuccesses)} ${row.statistics.totalSuccesses === 1 ? 'success' : 'successes'} in its life`,
    ),
    html`<div class="figure broad"><dt>Score</dt><dd><span class="value">${row.score === null ? '–' : scoreText(row.score)}</span><span class="note">${
      weight === null
        ? 'no weight yet'
        : html`weight ${countText(weight.value)} of ${countText(weightMax)}, at block ${countText(weight.block)}`
    }</span>${scores.length > 1 && valueLine(scores, `Its score over the last ${scores.length} changes, from ${scoreText(scores[0]!)} to ${scoreText(scores.at(-1)!)}`)}</dd></div>`,
    figure(
      'Stored',
      sizeText(row.holding.bytes),
      `${plural(row.holding.active, 'replica')} in use, ${countText(row.holding.failed)} failed`,
    ),
    figure(
      'uid',
      row.uid ?? '–',
      row.uid === null ? 'not on the subnet' : `limit ${sizeText(row.storageLimit)}`,
    ),
  );
}

function why(row: MinerRow, { tier, since }: MinerStory): Html {
  return html`<h2>Why ${row.tier}</h2>${tier === null ? notJudged(row, since) : judged(tier)}`;
}

const notJudged = (row: MinerRow, since: number | null): Html =>
  html`<p>${
    since === null
      ? 'No window of this ledger has judged it yet'
      : html`No window has judged it since ${when(since)}, and this page reads the ledger no further back`
  }: ${
    row.attempts === 0
      ? 'it has not been asked anything in this one either.'
      : `in this one it has passed ${countText(row.successes)} of ${plural(row.attempts, 'exchange')}.`
  }</p>`;

function judged({
  window,
  atMs,
  attempts,
  successes,
  totalSuccesses,
  score,
  before,
  tier,
  next,
}: TierReason): Html {
  const moved =
    before === tier.name ? html`It was in ${before} before, and stayed.` : html`It came from ${before}.`;
  const upward =
    next === null
      ? html`There is no tier above.`
      : html`${next.name} asks for a score of ${next.score} and ${plural(next.successes, 'success', 'successes')}: ${
          next.lacksScore && next.lacksSuccesses
            ? 'both were short.'
            : next.lacksScore
              ? 'the score was short.'
              : next.lacksSuccesses
                ? 'the successes were short.'
                : 'both are there now.'
        }`;
  return html`<p>When window ${countText(window)} began, ${when(atMs)}, it had passed ${countText(successes)} of ${plural(attempts, 'exchange')}: a Wilson score of ${score.toFixed(3)}, with ${plural(totalSuccesses, 'success', 'successes')} in its life. ${tier.name} asks for ${tier.score === 0 && tier.successes === 0 ? 'nothing' : `${tier.score} and ${countText(tier.successes)}`}. ${moved} ${upward}</p>`;
}

const countTable = ({ statistics }: MinerRow): Html =>
  table(
    'Asked in this window',
    ['To', number('Asked'), number('Passed'), number('Share')],
    kinds.map((kind) => {
      const [attempts, successes] = [statistics.attempts[kind], statistics.successes[kind]];
      return {
        key: kind,
        cells: [
          kind,
          countText(attempts),
          countText(successes),
          attempts === 0 ? html`<span class="none">–</span>` : shareText(successes / attempts),
        ],
      };
    }),
    '',
  );

const storyTable = ({ changes, since }: MinerStory): Html =>
  table(
    'What changed its reward and tier',
    ['When', number('Block'), 'What', wide('Why'), number('Reward'), number('Score')],
    changes.slice(0, changesShown).map((change) => {
      const { what, why } = told(change);
      return {
        // An entry of the ledger may hold several answers of a miner: their transcripts differ.
        key: `${change.sequence} ${change.transcript ?? ''}`,
        cells: [
          when(change.atMs),
          countText(change.block),
          what,
          why,
          change.reward === null ? html`<span class="none">–</span>` : signed(change.reward.reward),
          html`${scoreText(change.score)} ${trend(change)}`,
        ],
      };
    }),
    since === null
      ? 'The reward ledger tells nothing of it yet: it has not been asked anything.'
      : html`Nothing since ${when(since)}. What came before: <code>filetao rewards explain HOTKEY</code>.`,
  );

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

function trend({ scoreBefore, score }: Change): Html | false {
  if (score === scoreBefore) return false;
  return score > scoreBefore
    ? html`<span class="trend up"><span aria-hidden="true">▲</span><span class="unseen">up</span></span>`
    : html`<span class="trend down"><span aria-hidden="true">▼</span><span class="unseen">down</span></span>`;
}

function told({ event, task, passed, elapsedMs, size, reward, tierBefore, tier }: Change): {
  readonly what: Content;
  readonly why: Content;
} {
  if (event === 'step' && task !== null && reward !== null) {
    const about = `${sizeText(size ?? 0)} in ${durationText(elapsedMs ?? 0)}`;
    const how = passed
      ? `${reward.base} for its tier${reward.boost === 1 ? '' : ` × ${reward.boost} for being among the first`} × ${reward.speed.toFixed(3)} for its speed, shared out`
      : `penalty of ${Math.abs(reward.base)} for its tier`;
    return {
      what: passed ? verdict('good', `${task} passed`) : verdict('bad', `${task} failed`),
      why: html`${about}: ${how}`,
    };
  }
  if (event === 'monitor')
    return { what: verdict('bad', 'away'), why: 'it did not answer too many pings in a row' };
  if (event === 'window')
    return { what: html`tier changed`, why: html`${tierName(tierBefore)} → ${tierName(tier)}` };
  return { what: verdict('bad', 'left'), why: 'its hotkey left the subnet: score and tier are forgotten' };
}

const replicaTable = (replicas: readonly ReplicaRecord[], audit: AuditWish): Html =>
  table(
    'Its replicas',
    [
      'Replica',
      'Piece',
      wide('State'),
      number('Size'),
      number('Rounds passed'),
      number('Confidence'),
      number('Last proof'),
      number('Expires'),
    ],
    replicas.map((replica) => ({
      key: replica.root,
      cells: [
        shortName(replica.root),
        shortName(replica.pieceId),
        replicaState(replica),
        sizeText(replica.size),
        `${countText(replica.passed)} of ${countText(replica.passed + replica.failedRounds)}`,
        confidenceText(confidenceIn(replica, audit)),
        whenSeconds(replica.lastPassAt),
        whenSeconds(replica.expiry),
      ],
    })),
    'It holds no replica of this validator.',
  );

const replicaState = ({ state, lastFailure }: ReplicaRecord): Html =>
  state === 'active'
    ? verdict('good', 'in use')
    : html`${verdict('bad', 'failed')} <span class="note">${clipped(lastFailure?.reason ?? '', 64)}</span>`;
