// One log record as a person reads it on a terminal: time, level, message, then the fields as key=value.
// Text comes from the network too, so control characters never reach the terminal as they are.

interface LogRecord {
  readonly level: string;
  /** ISO 8601. */
  readonly time: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

const colours: Readonly<Record<string, string>> = {
  trace: '90',
  debug: '36',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '35',
};

const hexShown = 12;

/** The line for a record in JSON; what is no record is passed through. */
export function readableLine(json: string, colour: boolean): string {
  let record: LogRecord;
  try {
    record = JSON.parse(json) as LogRecord;
  } catch {
    return json;
  }
  const { level, time, msg = '', name, ...fields } = record;
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const parts = [paint('90', clockTime(time)), paint(colours[level] ?? '0', level.toUpperCase().padEnd(5))];
  if (typeof name === 'string') parts.push(paint('1', `${visible(name)}:`));
  parts.push(visible(msg));
  let stack = '';
  for (const [key, value] of Object.entries(fields)) {
    parts.push(`${paint('90', `${visible(key)}=`)}${showValue(value)}`);
    if (isRecord(value) && typeof value.stack === 'string') stack = value.stack;
  }
  const below = stack
    .split('\n')
    .filter((line) => line.trim().startsWith('at '))
    .map((line) => `\n${paint('90', `    ${visible(line.trim())}`)}`)
    .join('');
  return `${parts.join(' ')}${below}\n`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Local time of day; the date is known to whoever watches a terminal. */
function clockTime(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

function showValue(value: unknown): string {
  if (typeof value === 'string') {
    if (/^[0-9a-f]{64,}$/u.test(value)) return `${value.slice(0, hexShown)}…`;
    return /^[\w.:/@%+~…[\]-]+$/u.test(value) ? value : visible(JSON.stringify(value));
  }
  if (isRecord(value) && typeof value.message === 'string' && typeof value.type === 'string') {
    const code = typeof value.code === 'string' ? `${value.code}: ` : '';
    return visible(JSON.stringify(`${code}${value.message}`));
  }
  return visible(JSON.stringify(value) ?? String(value));
}

/** Control characters, line breaks and direction overrides as escapes (https://www.unicode.org/reports/tr36/). */
const visible = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
