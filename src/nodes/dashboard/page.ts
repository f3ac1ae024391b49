// What a page of the dashboard is, and the frame around all of them.

import { type Content, type Html, html } from './html.js';

/** Who asks for what. */
export interface Visit {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export interface Shown {
  readonly title: string;
  readonly main: Html;
}

export interface Page {
  /** `/miners/:hotkey`; a name stands for one segment. */
  readonly path: string;
  /** Its name in the list of pages; without one it is reached from others. */
  readonly name?: string;
  /** Throws `not-found` where there is nothing of that name. */
  show(visit: Visit): Promise<Shown>;
}

/** What stands on every page. */
export interface About {
  readonly role: 'miner' | 'validator' | 'api';
  /** ss58 */
  readonly hotkey: string;
  readonly network: string;
  readonly netuid: number;
  readonly version: string;
}

const roleNames = { miner: 'Miner', validator: 'Validator', api: 'API node' } as const;

const isWithin = (path: string, page: string): boolean =>
  page === '/' ? path === '/' : path === page || path.startsWith(`${page}/`);

export function framed(about: About, pages: readonly Page[], path: string, { title, main }: Shown): string {
  const role = roleNames[about.role];
  const names = pages.flatMap((page) =>
    page.name === undefined
      ? []
      : html`<li><a href="${page.path}"${isWithin(path, page.path) && html` aria-current="page"`}>${page.name}</a></li>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title} · ${role} · FileTAO</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/tokens.css">
<link rel="stylesheet" href="/assets/dashboard.css">
<script type="module" src="/assets/live.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<div class="bar">
<a class="mark" href="/"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1.5 2.5h13v3H9.6v8H6.4v-8H1.5z"/></svg>FileTAO</a>
<p class="who"><span class="role">${role}</span> <span class="name">${about.hotkey}</span></p>
<p class="live" id="live" hidden><span id="live-state" role="status">Connecting</span> <button type="button" id="live-pause">Pause</button></p>
</div>
<nav aria-label="Pages"><ul>${names}</ul></nav>
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer>FileTAO ${about.version} · network ${about.network} · subnet ${about.netuid} · read-only · times are UTC</footer>
</body>
</html>
`.text;
}

/** A figure with its name, and what is to be said of it. */
export const figure = (name: string, value: Content, note: Content = null): Html =>
  html`<div class="figure"><dt>${name}</dt><dd><span class="value">${value}</span>${note !== null && html`<span class="note">${note}</span>`}</dd></div>`;

export const figures = (...list: readonly Html[]): Html => html`<dl class="figures">${list}</dl>`;

/** A verdict in a word, with a mark that is no colour. */
export const verdict = (kind: 'good' | 'warn' | 'bad' | 'plain', word: string): Html =>
  html`<span class="verdict ${kind}">${word}</span>`;
