// Options of whoever stores and retrieves: whom to trust, and where its files are.
import { amount, path } from '../kinds.js';
import { home, option } from './option.js';

export const trustOptions = {
  stake_limit: option(
    ['client'],
    amount(0, 21_000_000),
    500,
    'TAO of stake that the validator of an API node must have at least to be used',
  ),
} as const;

export const folderOptions = {
  hash_basepath: option(
    ['client'],
    path,
    () => home('hashes'),
    'Folder that remembers which file has which CID',
    '~/.filetao/hashes',
  ),
  storage_basepath: option(
    ['client'],
    path,
    () => home('storage'),
    'Folder that retrieved files go to',
    '~/.filetao/storage',
  ),
} as const;
