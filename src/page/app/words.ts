// The page's words for sizes, times and errors.

import type { ErrorCode, FileTaoError } from '../../domain/model/errors.js';
import { make } from './elements.js';

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function sizeInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Unix seconds as a date of the reader's own calendar. */
export const dateInWords = (seconds: number): string =>
  new Date(1000 * seconds).toLocaleDateString(undefined, { dateStyle: 'medium' });

export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

/** What to do about it. */
const remedies: Partial<Readonly<Record<ErrorCode, string>>> = {
  unreachable: 'The node cannot be reached. What it has confirmed stays stored: try again when it is back.',
  timeout: 'The node takes too long. What it has confirmed stays stored: try again.',
  busy: 'The node is busy. Try again in a moment.',
  budget: 'You have asked this node too often. Try again in a minute.',
  'too-few-miners': 'The node finds too few miners to keep the file. Try again later.',
  partial: 'Not every copy could be made. Try again: what is there is not sent twice.',
  forbidden: 'This node does not serve your address. Ask its operator to add it, or use another node.',
  unauthorised: 'The node does not accept the signature. Is the clock of this computer right?',
  'not-found': 'This node knows no object of that CID.',
  'bad-cid': 'That is not the CID of an object. It begins with “bafkrei” and has 59 characters.',
  'wrong-wallet': 'These are not the right keys.',
  integrity: 'What came is not what was stored, so it was thrown away.',
  conflict: 'The file changed meanwhile. Choose it again.',
  full: 'There is no room left.',
  'too-large': 'The file is too large for this node.',
  'bad-input': 'That cannot be used.',
  io: 'This browser keeps nothing for this page. A private window may be the reason.',
  cancelled: 'Cancelled. Choose the same file again to go on where this stopped.',
};

/** What went wrong, in plain words, with the exact message behind it. */
export function errorInWords(error: FileTaoError): HTMLElement {
  const plain = remedies[error.code] ?? 'Something went wrong.';
  return make(
    'div',
    { class: 'verdict bad stack', role: 'alert' },
    make('p', {}, plain),
    error.code === 'cancelled'
      ? null
      : make(
          'details',
          {},
          make('summary', {}, 'Exact message'),
          make('p', {}, `${error.message} (${error.code})`),
        ),
  );
}
