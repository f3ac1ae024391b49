// Tables for a terminal, and text of strangers made safe for one.

/** Names are a user's, so they may hold anything: what a terminal would act on is shown as �. */
export const shown = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** The ends of a name that would leave no room for the other columns; `--json` has all of it. */
export function shortened(name: string, charactersMax = 60): string {
  const characters = [...name];
  if (characters.length <= charactersMax) return name;
  const half = Math.floor((charactersMax - 1) / 2);
  return `${characters.slice(0, half).join('')}…${characters.slice(-half).join('')}`;
}

/** Columns as wide as their widest cell, two spaces between. The first row is the head. */
export function asTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** 2026-11-22; – for what is not known. */
export const day = (unixSeconds: number | null): string =>
  unixSeconds === null ? '–' : new Date(unixSeconds * 1000).toISOString().slice(0, 10);

/** 2026-11-22 14:05:00 UTC */
export const moment = (unixSeconds: number | null): string =>
  unixSeconds === null
    ? 'never'
    : `${new Date(unixSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
