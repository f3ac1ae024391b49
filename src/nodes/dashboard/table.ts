// Tables of a page: heads, rows that keep their names, and the link to where a long list goes on.

import { type Content, type Html, html } from './html.js';

/** A column: its head, and how its cells are aligned. */
export interface Column {
  readonly name: Content;
  readonly kind?: 'number' | 'wide';
  /** The way the table is ordered by it now. */
  readonly sorted?: 'ascending' | 'descending' | undefined;
}

export interface TableRow {
  /** A name that stays with the row when others come and go. */
  readonly key: string;
  /** The first cell heads the row. */
  readonly cells: readonly Content[];
}

const cellClass = ({ kind }: Column): Html | false => kind !== undefined && html` class="${kind}"`;

/** A column of figures. */
export const number = (name: string): Column => ({ name, kind: 'number' });

/** The column that takes what the others leave. */
export const wide = (name: string): Column => ({ name, kind: 'wide' });

/**
 * A table in a box that scrolls sideways where it must; `caption` is read out and shown.
 * @param heads names, or more of a column
 */
export function table(
  caption: string,
  heads: readonly (Column | string)[],
  rows: readonly TableRow[],
  empty: Content,
): Html {
  if (rows.length === 0) return html`<div class="empty"><h2>${caption}</h2><p>${empty}</p></div>`;
  const columns = heads.map((head) => (typeof head === 'string' ? { name: head } : head));
  const headCells = columns.map(
    (column: Column) =>
      html`<th scope="col"${cellClass(column)}${column.sorted !== undefined && html` aria-sort="${column.sorted}"`}>${column.name}</th>`,
  );
  const body = rows.map(({ key, cells }) => {
    const [first, ...others] = cells.map((cell, i) => ({ cell, column: columns[i]! }));
    return html`<tr data-key="${key}"><th scope="row"${cellClass(first!.column)}>${first!.cell}</th>${others.map(
      ({ cell, column }) => html`<td${cellClass(column)}>${cell}</td>`,
    )}</tr>\n`;
  });
  // Focusable, so that whoever has no mouse can scroll it.
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption><thead><tr>${headCells}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

/** Where a list goes on; nothing at its end. `more` says of what. */
export const nextPage = (path: string, cursor: string | null, more: string): Html | false =>
  cursor !== null &&
  html`<nav class="pager" aria-label="Pages of the list"><a rel="next" href="${path}?after=${encodeURIComponent(cursor)}">${more}</a></nav>`;

/** A cursor of ours, or none: the index checks it. */
export const cursorIn = (query: URLSearchParams): string | null => query.get('after') || null;
