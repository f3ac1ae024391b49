// The kinds of values that options have: how each is read from text, checked, and shown. A kind's `parse`
// throws a RangeError whose message continues the sentence `--axon.port "x" …`.

import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isWalletName, walletNameRule } from '../../domain/identity/wallet-name.js';
import { formatBytes, parseBytes } from './byte-size.js';
import { formatDuration, parseDuration } from './duration.js';

export interface Kind<Value> {
  /** What stands for the value in help; null for a switch, which needs none. */
  readonly placeholder: string | null;
  /** The value may be or hold a secret: no error quotes it. */
  readonly secret?: true;
  /** `folder` is what relative paths start from. */
  parse(text: string, folder: string): Value;
  format(value: Value): string;
}

const quoteless = (value: unknown): string => String(value);

function inRange(value: number, min: number, max: number, show: (value: number) => string): number {
  if (value < min || value > max) throw new RangeError(`is not between ${show(min)} and ${show(max)}`);
  return value;
}

export const integer = (placeholder: string, min: number, max: number): Kind<number> => ({
  placeholder,
  parse(text) {
    if (!/^-?\d+$/u.test(text.trim())) throw new RangeError('is not a whole number');
    return inRange(Number(text), min, max, quoteless);
  },
  format: quoteless,
});

/** Between the bounds and not on them. */
export const fraction = (min: number, max: number): Kind<number> => ({
  placeholder: 'share',
  parse(text) {
    const percent = /^(.*)%$/u.exec(text.trim());
    const digits = (percent?.[1] ?? text).trim();
    if (!/^(\d+\.?\d*|\.\d+)$/u.test(digits)) throw new RangeError('is not a number such as 0.1 or 10%');
    const value = percent === null ? Number(digits) : Number(digits) / 100;
    if (!(value > min && value < max)) throw new RangeError(`is not above ${min} and below ${max}`);
    return value;
  },
  format: quoteless,
});

/** A number in decimal notation, bounds included; -0 is 0. */
export const real = (placeholder: string, min: number, max: number): Kind<number> => ({
  placeholder,
  parse(text) {
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/iu.test(text.trim()))
      throw new RangeError('is not a number such as 0.05');
    return inRange(Number(text), min, max, quoteless) + 0;
  },
  format: quoteless,
});

/** A number with or without decimals. */
export const amount = (min: number, max: number): Kind<number> => ({
  placeholder: 'amount',
  parse(text) {
    if (!/^\d+(\.\d+)?$/u.test(text.trim())) throw new RangeError('is not a number such as 500 or 0.5');
    return inRange(Number(text), min, max, quoteless);
  },
  format: quoteless,
});

/** So many values separated by commas or spaces. */
export const listOf = (kind: Kind<number>, count: number): Kind<readonly number[]> => ({
  placeholder: `${count} values`,
  parse(text, folder) {
    const values = text.split(/[\s,]+/u).filter((value) => value !== '');
    if (values.length !== count) throw new RangeError(`holds ${values.length} values and not ${count}`);
    return values.map((value) => {
      try {
        return kind.parse(value, folder);
      } catch (error) {
        throw error instanceof RangeError ? new RangeError(`holds ${value}, which ${error.message}`) : error;
      }
    });
  },
  format: (values) => values.map((value) => kind.format(value)).join(','),
});

/** 0 asks the system for a free port. */
export const port: Kind<number> = integer('port', 0, 65535);

export const bytes = (min: number, max: number): Kind<number> => ({
  placeholder: 'bytes',
  parse: (text) => inRange(parseBytes(text, Math.max(max, Number.MAX_SAFE_INTEGER)), min, max, formatBytes),
  format: formatBytes,
});

/** Seconds. */
export const duration = (min: number, max: number): Kind<number> => ({
  placeholder: 'time',
  parse: (text) => inRange(parseDuration(text), min, max, formatDuration),
  format: formatDuration,
});

export const oneOf = <const Choice extends string>(
  choices: readonly Choice[],
  refusal?: string,
): Kind<Choice> => ({
  placeholder: 'name',
  parse(text) {
    const choice = choices.find((candidate) => candidate === text.trim());
    if (choice === undefined) throw new RangeError(refusal ?? `is not one of ${choices.join(', ')}`);
    return choice;
  },
  format: quoteless,
});

export const walletName: Kind<string> = {
  placeholder: 'name',
  parse(text) {
    if (!isWalletName(text)) throw new RangeError(`cannot be a wallet or hotkey name: ${walletNameRule}`);
    return text;
  },
  format: quoteless,
};

/** Names of wallets or hotkeys, separated by commas or spaces. */
export const walletNames: Kind<readonly string[]> = {
  placeholder: 'names',
  parse: (text, folder) =>
    text
      .split(/[\s,]+/u)
      .filter((name) => name !== '')
      .map((name) => walletName.parse(name, folder)),
  format: (names) => names.join(','),
};

/**
 * Hotkeys as ss58 addresses, separated by commas or spaces. Only their shape is checked here, since this table is
 * loaded by every command; whoever uses them decodes them.
 */
export const hotkeyList: Kind<readonly string[]> = {
  placeholder: 'hotkeys',
  parse(text) {
    const addresses = text.split(/[\s,]+/u).filter((address) => address !== '');
    for (const address of addresses) {
      if (!/^[1-9A-HJ-NP-Za-km-z]{46,49}$/u.test(address)) {
        throw new RangeError(`holds "${address}", which is no ss58 address`);
      }
    }
    return addresses;
  },
  format: (addresses) => addresses.join(','),
};

export const ipAddress: Kind<string> = {
  placeholder: 'address',
  parse(text) {
    if (isIP(text.trim()) === 0) throw new RangeError('is not an IPv4 or IPv6 address');
    return text.trim();
  },
  format: quoteless,
};

/** null, where no address is given. */
export const givenAddress: Kind<string | null> = {
  placeholder: 'address',
  parse: (text) => (text.trim() === 'none' ? null : ipAddress.parse(text, '')),
  format: (value) => value ?? 'none',
};

/** null, where no port is given; 0 asks the system for a free one. */
export const givenPort: Kind<number | null> = {
  placeholder: 'port',
  parse: (text, folder) => (text.trim() === 'none' ? null : port.parse(text, folder)),
  format: (value) => (value === null ? 'none' : String(value)),
};

/** Addresses and networks such as 10.0.0.0/8, separated by commas or spaces. */
export const networkList: Kind<readonly string[]> = {
  placeholder: 'networks',
  parse(text) {
    const networks = text.split(/[\s,]+/u).filter((network) => network !== '');
    for (const network of networks) {
      const [address = '', bits, ...rest] = network.split('/');
      const most = isIP(address) === 6 ? 128 : 32;
      const isGood =
        isIP(address) !== 0 &&
        rest.length === 0 &&
        (bits === undefined || (/^\d{1,3}$/u.test(bits) && Number(bits) <= most));
      if (!isGood)
        throw new RangeError(`holds "${network}", which is no address or network such as 10.0.0.0/8`);
    }
    return networks;
  },
  format: (networks) => networks.join(','),
};

const isEndpoint = (text: string): boolean =>
  /^wss?:$/u.test(URL.canParse(text) ? new URL(text).protocol : '');

/** The name of a network, or addresses of nodes of one. */
export const networkName = (names: readonly string[]): Kind<string> => ({
  placeholder: 'name',
  parse(text) {
    const trimmed = text.trim();
    const isGood = names.includes(trimmed) || trimmed.split(',').every((one) => isEndpoint(one.trim()));
    if (!isGood)
      throw new RangeError(`is none of ${names.join(', ')} and no address such as ws://127.0.0.1:9944`);
    return trimmed;
  },
  format: quoteless,
});

/** Addresses of nodes of one chain, separated by commas or spaces; tried in this order. */
export const endpointList: Kind<readonly string[]> = {
  placeholder: 'urls',
  parse(text) {
    const endpoints = text.split(/[\s,]+/u).filter((endpoint) => endpoint !== '');
    const bad = endpoints.find((endpoint) => !isEndpoint(endpoint));
    if (bad !== undefined)
      throw new RangeError(`holds ${bad}, which is no address such as ws://127.0.0.1:9944`);
    return endpoints;
  },
  format: (endpoints) => endpoints.join(','),
};

/** A host name or address; empty means none. */
export const host: Kind<string> = {
  placeholder: 'host',
  parse(text) {
    if (!/^[A-Za-z0-9._:-]{0,253}$/u.test(text.trim())) throw new RangeError('is not a host name or address');
    return text.trim();
  },
  format: quoteless,
};

/** Of an index; empty means none. Taken apart where it is used (adapters/index/location.ts). */
export const indexUrl: Kind<string> = {
  placeholder: 'url',
  secret: true,
  parse(text) {
    if (text !== '' && !/^(rediss?|lmdb):\/\//iu.test(text.trim()))
      throw new RangeError('does not begin with redis://, rediss:// or lmdb://');
    return text.trim();
  },
  format: () => '',
};

/** Anything, as it is. */
export const secret: Kind<string> = {
  placeholder: 'secret',
  secret: true,
  parse: (text) => text,
  format: () => '',
};

/** What stands in the names of Redis keys; empty means none. */
export const keyPrefix: Kind<string> = {
  placeholder: 'name',
  parse(text) {
    if (!/^[A-Za-z0-9._-]{0,128}$/u.test(text))
      throw new RangeError('is not made of at most 128 letters, digits, dots, hyphens and underscores');
    return text;
  },
  format: quoteless,
};

/** Without a slash at the end. */
export const httpUrl: Kind<string> = {
  placeholder: 'url',
  parse(text) {
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
    if (url === null || !/^https?:$/u.test(url.protocol) || url.search !== '' || url.hash !== '') {
      throw new RangeError('is not a URL such as http://127.0.0.1:8092');
    }
    return url.href.replace(/\/$/u, '');
  },
  format: quoteless,
};

export const httpUrlOf = (address: string, port: number): string =>
  `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}`;

/** An absolute path; `~` is the home folder. */
export const path: Kind<string> = {
  placeholder: 'path',
  parse(text, folder) {
    if (text === '' || text.includes('\0')) throw new RangeError('is not a path');
    if (text === '~') return homedir();
    if (/^~[/\\]/u.test(text)) return join(homedir(), text.slice(2));
    if (text.startsWith('~')) throw new RangeError("is another user's home folder: write the whole path");
    return resolve(folder, text);
  },
  format(value) {
    const home = homedir();
    return value.startsWith(`${home}/`) ? `~${value.slice(home.length)}` : value;
  },
};

/** A path, or empty for none. */
export const optionalPath: Kind<string> = {
  ...path,
  parse: (text, folder) => (text === '' ? '' : path.parse(text, folder)),
};

/** Given as a bare flag; environment and file write true or false. */
export const onOff: Kind<boolean> = {
  placeholder: null,
  parse(text) {
    const word = text.trim().toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    throw new RangeError('is neither true nor false');
  },
  format: quoteless,
};
