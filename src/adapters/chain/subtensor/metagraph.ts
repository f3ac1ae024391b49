// The metagraph of a subnet at one block: by one runtime call where the runtime offers it, else from storage.
//
// The call is `get_selective_metagraph`, which sends only the wanted columns; a full metagraph carries names,
// identities and dividends that nobody here reads. Two pitfalls of the runtimes in use, both read in
// subtensor's rpc_info/metagraph.rs: columns are named by number, and a later version put one more in front;
// and the column of validator permits comes back in the place of another one. So both numbers are asked for,
// permits are read from storage, and an answer that is not complete counts as none.

import type { Codec } from '@polkadot/types/types';
import { publicKeyOf } from '../../../domain/model/bytes.js';
import type { Neuron, NodeAddress } from '../../../domain/ports/chain.js';
import { addressOfAxon } from './axon-address.js';
import {
  bigOf,
  hasItem,
  isTrue,
  numberOf,
  readBig,
  readCodec,
  readMany,
  readNumber,
  type StateAt,
  taoOf,
} from './state.js';

type Row = Pick<Neuron, 'hotkey' | 'stake' | 'address' | 'lastUpdate'>;

interface AxonInfo extends Codec {
  readonly ip: Codec;
  readonly ipType: Codec;
  readonly port: Codec;
}
type OptionOf<Inner> = Codec & { readonly isSome: boolean; unwrap(): Inner };
type List<Item> = Codec & Iterable<Item> & { readonly length: number };

/** Where columns stand in the runtime's `SelectiveMetagraph`, the netuid in front not counted. */
const columns = { hotkeys: 51, axons: 54, lastUpdate: 58, totalStake: 68 } as const;
const columnNumbers = Object.values(columns).flatMap((number) => [number, number + 1]);

export async function readNeurons(at: StateAt, netuid: number): Promise<readonly Neuron[]> {
  const [rows, permits] = await Promise.all([
    rowsByCall(at, netuid).then((called) => called ?? rowsFromStorage(at, netuid)),
    readCodec(at, 'validatorPermit', netuid) as Promise<List<Codec>>,
  ]);
  const flags = [...permits];
  return rows.map((row, uid) => ({
    uid,
    ...row,
    validatorPermit: flags[uid] !== undefined && isTrue(flags[uid]),
  }));
}

/** null where the runtime has no such call or does not answer in full. */
async function rowsByCall(at: StateAt, netuid: number): Promise<readonly Row[] | null> {
  const call = at.call.subnetInfoRuntimeApi?.getSelectiveMetagraph;
  if (call === undefined) return null;
  const answer = (await call(netuid, columnNumbers)) as OptionOf<
    Readonly<Record<string, OptionOf<List<Codec>>>>
  >;
  if (!answer.isSome) return null;
  const found = answer.unwrap();
  const column = (name: keyof typeof columns): readonly Codec[] | null =>
    found[name]?.isSome ? [...found[name].unwrap()] : null;
  const [hotkeys, axons, updates, stakes] = [
    column('hotkeys'),
    column('axons') as readonly AxonInfo[] | null,
    column('lastUpdate'),
    column('totalStake'),
  ];
  if (hotkeys === null || axons === null || updates === null || stakes === null) return null;
  const count = hotkeys.length;
  if (axons.length !== count || updates.length < count || stakes.length !== count) return null;
  return hotkeys.map((hotkey, uid) => ({
    hotkey: publicKeyOf(hotkey.toU8a()),
    stake: taoOf(bigOf(stakes[uid]!)),
    address: addressOf(axons[uid]!),
    lastUpdate: numberOf(updates[uid]!),
  }));
}

async function rowsFromStorage(at: StateAt, netuid: number): Promise<readonly Row[]> {
  const count = await readNumber(at, 'subnetworkN', netuid);
  const uids = Array.from({ length: count }, (_, uid) => uid);
  const keys = (
    await readMany(
      at,
      'keys',
      uids.map((uid) => [netuid, uid]),
    )
  ).map((key) => key.toU8a());
  const [axons, updates, stakes] = await Promise.all([
    readMany(
      at,
      'axons',
      keys.map((key) => [netuid, key]),
    ) as Promise<readonly Codec[]> as Promise<readonly OptionOf<AxonInfo>[]>,
    readCodec(at, 'lastUpdate', netuid) as Promise<List<Codec>>,
    readStakes(at, netuid, keys),
  ]);
  const blocks = [...updates];
  return keys.map((key, uid) => ({
    hotkey: publicKeyOf(key),
    stake: taoOf(stakes[uid]!),
    address: axons[uid]!.isSome ? addressOf(axons[uid]!.unwrap()) : null,
    lastUpdate: blocks[uid] === undefined ? 0 : numberOf(blocks[uid]),
  }));
}

/**
 * The subnet's own token, and TAO on the root network by its weight; without what is inherited from parents
 * and children, which only the runtime call knows. Runtimes before dynamic TAO have one stake per hotkey.
 */
async function readStakes(
  at: StateAt,
  netuid: number,
  keys: readonly Uint8Array[],
): Promise<readonly bigint[]> {
  if (!hasItem(at, 'totalHotkeyAlpha')) return (await readMany(at, 'totalHotkeyStake', keys)).map(bigOf);
  const alphaOn = (subnet: number): Promise<readonly Codec[]> =>
    readMany(
      at,
      'totalHotkeyAlpha',
      keys.map((key) => [key, subnet]),
    );
  const weighed = hasItem(at, 'taoWeight') && netuid !== 0;
  const [alpha, root, weight] = await Promise.all([
    alphaOn(netuid),
    weighed ? alphaOn(0) : [],
    weighed ? readBig(at, 'taoWeight') : 0n,
  ]);
  return alpha.map((own, i) => bigOf(own) + (root[i] === undefined ? 0n : (bigOf(root[i]) * weight) >> 64n));
}

const addressOf = ({ ip, ipType, port }: AxonInfo): NodeAddress | null =>
  addressOfAxon(bigOf(ip), numberOf(ipType), numberOf(port));
