// The options that name an operator's wallet.

import type { ConfigOf } from '../../adapters/config/schema.js';

export type WalletValues = Pick<ConfigOf<'operator'>, 'wallet.path' | 'wallet.name' | 'wallet.hotkey'>;
