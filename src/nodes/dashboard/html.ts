// HTML as text that cannot be broken out of: whatever is put into a template is escaped, for element content and for quoted
// attributes alike, unless it is HTML made here. Names, reasons and hotkeys come from strangers.

/** A part of a page that is sent anew when it changes, by its id. */
export type Regions = ReadonlyMap<string, string>;

export class Html {
  constructor(
    readonly text: string,
    readonly regions: Regions = new Map(),
  ) {}
}

/** Lists are joined; nothing is shown of null and false. */
export type Content = Html | string | number | null | false | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that nobody sees, or that turn the direction of what follows: a name with them could pass for another. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Safe between tags and in quoted attributes. */
export const escaped = (text: string): string =>
  text.replaceAll(invisible, '\ufffd').replaceAll(/[&<>"']/g, (sign) => entities[sign]!);

/** Text of strangers, of at most so many characters. */
export const clipped = (text: string, max = 120): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;

function write(content: Content, regions: Map<string, string>): string {
  if (content === null || content === false) return '';
  if (content instanceof Html) {
    for (const [id, text] of content.regions) regions.set(id, text);
    return content.text;
  }
  if (Array.isArray(content)) {
    let text = '';
    for (const part of content as readonly Content[]) text += write(part, regions);
    return text;
  }
  return escaped(String(content));
}

/** Attributes must be quoted in the template. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const regions = new Map<string, string>();
  let text = strings[0]!;
  for (const [i, value] of values.entries()) text += write(value, regions) + strings[i + 1]!;
  return new Html(text, regions);
}

/** A part of the page that lives: the page's script replaces what it holds. Regions do not nest. */
export function region(id: string, content: Html): Html {
  return new Html(`<div id="${escaped(id)}" data-live>${content.text}</div>`, new Map([[id, content.text]]));
}
