// One runtime version of the chain as polkadot-js sees it: types, storage, runtime calls and extrinsics made from
// the metadata. A runtime upgrade gets a new instance: polkadot-js' own upgrade path reads the old metadata
// format, which knows no runtime calls, so the metagraph call would be gone after the first upgrade.

import { ApiPromise } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { FileTaoError } from '../../../domain/model/errors.js';
import type { Clock } from '../../../domain/ports/clock.js';
import type { RpcConnection } from './rpc-connection.js';

type Provider = NonNullable<ApiOptions['provider']>;

/** Loading the metadata of a foreign chain can take for ever; ours takes about a second. */
const loadMsMax = 60_000;

/** Extensions of subtensor that add nothing to what is signed; polkadot-js warns of those it does not know. */
const extension = { extrinsic: {}, payload: {} };
const signedExtensions = {
  SudoTransactionExtension: extension,
  SubtensorTransactionExtension: extension,
  SubtensorSignedExtension: extension,
  CommitmentsSignedExtension: extension,
  DrandPriority: extension,
  CheckShieldedTxValidity: extension,
};

/** Throws `wrong-network` when the chain is no subtensor. */
export async function loadRuntime(connection: RpcConnection, clock: Clock): Promise<ApiPromise> {
  const giveUp = new AbortController();
  const loading = ApiPromise.create({
    provider: providerOf(connection),
    noInitWarn: true,
    throwOnConnect: true,
    signedExtensions,
  });
  const late = clock.sleep(loadMsMax, giveUp.signal).then(
    () => {
      throw new FileTaoError('timeout', `${connection.endpoint} did not describe its runtime in time`);
    },
    () => loading,
  );
  try {
    const api = await Promise.race([loading, late]);
    if (api.query.subtensorModule === undefined || api.tx.subtensorModule === undefined) {
      throw new FileTaoError(
        'wrong-network',
        `the chain at ${connection.endpoint} (${api.runtimeChain}, ${api.runtimeVersion.specName}) is no subtensor: it has no pallet SubtensorModule`,
      );
    }
    return api;
  } catch (error) {
    if (error instanceof FileTaoError) throw error;
    const why = (error as Error).message.replace(/^FATAL: /u, '');
    throw new FileTaoError('unreachable', `${connection.endpoint} could not be used: ${why}`, {
      cause: error,
    });
  } finally {
    giveUp.abort();
  }
}

/** Calls only: heads and versions are asked for, so nothing has to be subscribed to again after a lost connection. */
function providerOf(connection: RpcConnection): Provider {
  const provider: Provider = {
    hasSubscriptions: false,
    isClonable: false,
    isConnected: true,
    clone: () => provider,
    connect: async () => {},
    disconnect: async () => {},
    on: () => () => {},
    send: (method, params) => connection.call(method, params),
    subscribe: async () => {
      throw new Error('nothing is subscribed to');
    },
    unsubscribe: async () => true,
  };
  return provider;
}
