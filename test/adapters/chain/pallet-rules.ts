// What the pallet does with a call, as far as its rules were read, and the event that tells of it.
import type { TypeRegistry } from '@polkadot/types';
import { toHex } from '../../../src/domain/model/bytes.js';
import type { SubmittedCall } from './extrinsics.js';
import { runtime } from './runtime-storage.js';
import type { SubnetState } from './subnet-state.js';

/** Name of the error, or null: the pallet's own checks, in its order. */
export function dispatch(
  subnet: SubnetState,
  registry: TypeRegistry,
  call: SubmittedCall,
  block: number,
): string | null {
  const signer = registry.createType('AccountId', call.signer).toU8a();
  subnet.setAccount(signer, call.nonce + 1, subnet.balanceOf(signer));
  const { netuid } = subnet;
  const args = call.args as Record<string, string | number>;
  if (args.netuid !== netuid) return 'SubnetNotExists';
  switch (call.method) {
    case 'subtensorModule.serveAxon': {
      if (subnet.uidOf(signer) === null) return 'HotKeyNotRegisteredInNetwork';
      const ip = BigInt(args.ip!);
      if (ip === 0n || ip === 0x7f000001n || ip === 1n) return 'InvalidIpAddress';
      if (Number(args.port) === 0) return 'InvalidPort';
      const { ipType, protocol, version, port } = args;
      subnet.set('axons', [netuid, signer], { block, version, ip, port, ipType, protocol });
      return null;
    }
    case 'subtensorModule.setWeights':
      return setWeights(subnet, signer, args, block);
    case 'subtensorModule.burnedRegister': {
      const hotkey = registry.createType('AccountId', String(args.hotkey)).toU8a();
      const cost = BigInt(subnet.number('burn', [netuid]));
      if (subnet.uidOf(hotkey) !== null) return 'HotKeyAlreadyRegisteredInSubNet';
      if (subnet.balanceOf(signer) < cost) return 'NotEnoughBalanceToStake';
      subnet.setBalance(signer, subnet.balanceOf(signer) - cost);
      subnet.register(hotkey, 0n, false);
      return null;
    }
    default:
      return 'CallDisabled';
  }
}

function setWeights(
  subnet: SubnetState,
  signer: Uint8Array,
  args: Readonly<Record<string, unknown>>,
  block: number,
): string | null {
  const { netuid } = subnet;
  const uids = args.dests as number[];
  const values = args.weights as number[];
  const uid = subnet.uidOf(signer);
  const read = (item: string): unknown => subnet.read(item, [netuid])!.toJSON();
  if (read('commitRevealWeightsEnabled') === true) return 'CommitRevealEnabled';
  if (uids.length !== values.length) return 'WeightVecNotEqualSize';
  if (uid === null) return 'HotKeyNotRegisteredInSubNet';
  const version = BigInt(read('weightsVersionKey') as number);
  if (version !== 0n && BigInt(args.versionKey as number) < version) return 'IncorrectWeightVersionKey';
  const last = (read('lastUpdate') as number[])[uid] ?? 0;
  if (last !== 0 && block - last < Number(read('weightsSetRateLimit'))) return 'SettingWeightsTooFast';
  if ((read('validatorPermit') as boolean[])[uid] !== true) return 'NeuronNoValidatorPermit';
  if (new Set(uids).size !== uids.length) return 'DuplicateUids';
  if (uids.some((to) => to >= Number(read('subnetworkN')))) return 'UidVecContainInvalidOne';
  if (uids.length < Number(read('minAllowedWeights'))) return 'WeightVecLengthIsLow';
  subnet.set(
    'weights',
    [netuid, uid],
    uids.map((to, i) => [to, values[i]]),
  );
  subnet.setColumn('lastUpdate', uid, block);
  return null;
}

/** An event record in SCALE: phase, System.ExtrinsicSuccess or ExtrinsicFailed, no topics. */
export function eventRecord(registry: TypeRegistry, index: number, error: string | null): string {
  const phase = [0, index, 0, 0, 0];
  const info = [0, 0, 0, 0];
  if (error === null) return toHex(Uint8Array.from([...phase, 0, 0, ...info, 0]));
  const [pallet, number] = errorNumber(registry, error);
  return toHex(Uint8Array.from([...phase, 0, 1, 3, pallet, number, 0, 0, 0, ...info, 0]));
}

function errorNumber(registry: TypeRegistry, name: string): readonly [number, number] {
  const pallet = runtime().metadata.asLatest.pallets.find(
    (one) => one.name.toString() === 'SubtensorModule',
  )!;
  const { variants } = registry.lookup.getSiType(pallet.errors.unwrap().type).def.asVariant;
  const error = variants.find((one) => one.name.toString() === name);
  if (error === undefined) throw new Error(`the pallet has no error ${name}`);
  return [Number(pallet.index.toString()), Number(error.index.toString())];
}
