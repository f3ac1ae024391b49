// How figures are written: sizes, counts, times, shares. Tables align them by their digits.

import { encodeSs58 } from '../../domain/identity/ss58.js';
import { fromHex, type PublicKey } from '../../domain/model/bytes.js';
import { type Html, html } from './html.js';

const narrow = '\u202f';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.5 GiB`, `64 MiB`: of one kind, so that a column of them can be compared; options are written exactly (`formatBytes`). */
export function sizeText(bytes: number): string {
  const tenths = (power: number): number => Math.round((10 * bytes) / 1024 ** power);
  let power = 0;
  while (power + 1 < units.length && tenths(power) >= 10_240) power++;
  const isExact = power === 0 || bytes % 1024 ** power === 0;
  return `${(tenths(power) / 10).toFixed(isExact ? 0 : 1)}${narrow}${units[power]}`;
}

/** `12,345` */
export const countText = (count: number): string => count.toLocaleString('en-GB');

/** `1 miner`, `2 miners` */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** `12.3 %`; a share that is not whole never reads as 100 %, one that is not nothing never as 0 %. */
export function shareText(share: number): string {
  if (share >= 1) return `100${narrow}%`;
  if (share <= 0) return `0${narrow}%`;
  if (share < 0.001) return `< 0.1${narrow}%`;
  const percent = Math.min(99.9, Math.round(1000 * share) / 10);
  return `${percent.toFixed(1)}${narrow}%`;
}

/** `99.99 %`: as many nines as there are, at most six; never rounded up. */
export function confidenceText(confidence: number): string {
  if (confidence <= 0) return '–';
  const miss = 1 - confidence;
  if (miss < 1e-6) return `> 99.9999${narrow}%`;
  const digits = Math.max(1, Math.floor(1e-9 - Math.log10(miss)) - 1);
  const scale = 10 ** digits;
  return `${(Math.floor(100 * confidence * scale + 1e-9) / scale).toFixed(digits)}${narrow}%`;
}

/** `0.93184` */
export const scoreText = (score: number): string => score.toFixed(5);

/** `840 ms`, `12.4 s` */
export const durationText = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)}${narrow}ms` : `${(ms / 1000).toFixed(1)}${narrow}s`;

const isoSeconds = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** The largest time a Date has. */
const timeMax = 8.64e15;

/** A time of which the script tells how long ago it is; without it, when it is, in UTC. */
export function when(ms: number | null, none = 'never'): Html {
  if (ms === null) return html`<span class="none">${none}</span>`;
  if (!(Math.abs(ms) <= timeMax)) return html`<span class="none">beyond all time</span>`;
  const iso = isoSeconds(ms);
  const text = iso.replace('T', ' ');
  return html`<time datetime="${iso}Z" data-ms="${ms}" title="${text} UTC">${text}</time>`;
}

/** The same of unix seconds. */
export const whenSeconds = (seconds: number | null, none?: string): Html =>
  when(seconds === null ? null : 1000 * seconds, none);

const addresses = new Map<PublicKey, string>();
/** base58 and a checksum for each of a thousand rows cost 40 ms; remembered, nothing. */
const addressesMax = 8192;

/** The hotkey as ss58. */
export function addressOf(hotkey: PublicKey): string {
  let address = addresses.get(hotkey);
  if (address === undefined) {
    address = encodeSs58(fromHex(hotkey));
    if (addresses.size >= addressesMax) addresses.clear();
    addresses.set(hotkey, address);
  }
  return address;
}

/** Beginning and end of a long name; the whole of it where it is pointed at, and read out. */
export const shortened = (name: string, head = 6, tail = 4): string =>
  name.length <= head + tail + 1 ? name : `${name.slice(0, head)}…${name.slice(-tail)}`;

export const shortName = (name: string, head?: number, tail?: number): Html =>
  html`<span class="name" title="${name}">${shortened(name, head, tail)}</span>`;

/** A miner by its ss58 address, linked to its page where it has one. */
export const minerName = (address: string, isLinked = true): Html =>
  isLinked ? html`<a href="/miners/${address}">${shortName(address)}</a>` : shortName(address);
