// SVG as text: elements, and the one style sheet of all charts. Colours are classes, so that a chart follows its
// reader's light or dark mode (CSS Media Queries 5, prefers-color-scheme) and reads in both where a viewer ignores it.

const seriesLight = [
  '#0969da',
  '#bc4c00',
  '#1a7f37',
  '#8250df',
  '#bf3989',
  '#9a6700',
  '#0a7b83',
  '#57606a',
  '#cf222e',
  '#24292f',
]; // prettier-ignore
const seriesDark = [
  '#4493f8',
  '#f0883e',
  '#3fb950',
  '#ab7df8',
  '#f778ba',
  '#d29922',
  '#39c5cf',
  '#9198a1',
  '#ff7b72',
  '#e6edf3',
]; // prettier-ignore
/** From the lowest value to the highest; in the dark the lowest is the one nearest to the background too. */
const rampLight = [
  '#eef4fb',
  '#d5e5f6',
  '#b4d1f0',
  '#8cb9e8',
  '#619edd',
  '#3a81cd',
  '#2166b4',
  '#154f94',
  '#0c3a72',
  '#062750',
]; // prettier-ignore
const rampDark = [
  '#121c2b',
  '#142a46',
  '#163a63',
  '#184d82',
  '#1c62a3',
  '#2a7ac2',
  '#4794da',
  '#70afe9',
  '#9fcaf3',
  '#d2e6fb',
]; // prettier-ignore

/** Tiers, the highest first: the colours their names call up. */
const tierLight = ['#8250df', '#cf3a56', '#2da44e', '#2f81d6', '#4aa3ad', '#c99a1e', '#8c959f', '#a0673c'];
const tierDark = ['#ab7df8', '#f0627b', '#46c266', '#58a6ff', '#6cc7d0', '#e3b341', '#9aa4ae', '#c08552'];

export const seriesCount = seriesLight.length;
export const rampSteps = rampLight.length;

const colours = (list: readonly string[], name: string): string =>
  list.map((colour, i) => `.${name}${i}{--c:${colour}}`).join('');

const style = [
  'svg{background:#fff}',
  'text{font:12px system-ui,sans-serif;fill:#24292f}',
  '.title{font-size:16px;font-weight:600}.quiet{fill:#57606a;font-size:11px}.strong{font-weight:600}',
  '.axis{stroke:#57606a}.grid{stroke:#d8dee4}.reference{stroke:#57606a;stroke-dasharray:5 4;fill:none}',
  '.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.fill{fill:var(--c)}.dot{fill:var(--c);fill-opacity:.55}',
  '.band{fill:var(--c);fill-opacity:.18}',
  colours(seriesLight, 's'),
  colours(rampLight, 'q'),
  colours(tierLight, 't'),
  '@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.quiet{fill:#9198a1}',
  '.axis{stroke:#9198a1}.grid{stroke:#2b323b}.reference{stroke:#9198a1}',
  colours(seriesDark, 's'),
  colours(rampDark, 'q'),
  colours(tierDark, 't'),
  '}',
].join('');

export const seriesClass = (index: number): string => `s${index % seriesCount}`;

/** @param tier 0 the highest */
export const tierClass = (tier: number): string => `t${tier % tierLight.length}`;

/** @param share 0 to 1 */
export const rampClass = (share: number): string =>
  `q${Math.max(0, Math.min(rampSteps - 1, Math.floor(share * rampSteps)))}`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A tenth of a pixel is enough, and keeps files small and equal on every machine. */
export const px = (value: number): string => {
  const rounded = Math.round(value * 10) / 10;
  return String(rounded === 0 ? 0 : rounded);
};

export interface TextOptions {
  readonly className?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** Degrees, around the text's own place. */
  readonly turned?: number;
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { className, anchor = 'start', turned } = options;
  const attributes = [
    `x="${px(x)}" y="${px(y)}"`,
    className === undefined ? '' : ` class="${className}"`,
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    turned === undefined ? '' : ` transform="rotate(${turned} ${px(x)} ${px(y)})"`,
  ];
  return `<text ${attributes.join('')}>${escaped(content)}</text>`;
}

export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  `<path class="${className}" d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}"/>`;

export const path = (d: string, className: string): string => `<path class="${className}" d="${d}"/>`;

export const rect = (x: number, y: number, width: number, height: number, className: string): string =>
  `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" class="${className}"/>`;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Points joined by straight lines; a point whose y is not finite breaks the line. */
export function polyline(points: readonly Point[]): string {
  let d = '';
  let open = false;
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) {
      open = false;
      continue;
    }
    d += `${open ? 'L' : 'M'}${px(x)} ${px(y)}`;
    open = true;
  }
  return d;
}

/** The whole file. @param about read out by screen readers */
export const document = (
  width: number,
  height: number,
  title: string,
  about: string,
  parts: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title><desc>${escaped(about)}</desc>`,
    `<style>${style}</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
