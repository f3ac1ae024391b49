// Several validators and miners, real state machines on all sides, over simulated time, disks, network and chain. Every
// process may crash at every await; disks fail, clocks jump, messages are delayed, lost, repeated and reordered.
import { loadCore } from '../../../src/adapters/proving/load-core.js';
import type { ProofCore } from '../../../src/domain/core/proof-core.js';
import { type PieceId, type PublicKey, toHex } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import type { Chain } from '../../../src/domain/ports/chain.js';
import type { Clock } from '../../../src/domain/ports/clock.js';
import { simulatedChain } from '../simulated/chain.js';
import { type FastSigners, fastSigners } from '../simulated/fast-signers.js';
import { Happenings } from '../simulated/happenings.js';
import { StormyNetwork } from '../simulated/network.js';
import { Dice, Schedule } from '../simulated/schedule.js';
import { replicaKey } from '../simulated/stores.js';
import { calm, type Weather } from '../simulated/weather.js';
import { FaultyMiner } from './miner.js';
import { SimulatedProcess } from './process.js';
import { FaultyValidator } from './validator.js';

const core: ProofCore = loadCore();
const minerCount = 5;
const validatorCount = 3;

/** Bugs planted to see that they are found. */
export interface Mutations {
  /** A miner's crash takes with it what it stored within the last seconds: receipts came before the data was safe. */
  readonly receiptBeforeSync?: boolean;
  /** A crash of a validator takes the last change of its index with it. */
  readonly indexNotDurable?: boolean;
  /** A crash of a validator takes the last entry of its reward ledger with it. */
  readonly ledgerNotDurable?: boolean;
  /** Validators publish better scores than they reckon by. */
  readonly ledgerFlatters?: boolean;
}

/** What every process of a world has to do with. */
export interface WorldParts {
  readonly schedule: Schedule;
  readonly dice: Dice;
  readonly core: ProofCore;
  readonly keys: FastSigners;
  readonly chain: Chain;
  readonly network: StormyNetwork;
  readonly mutations: Mutations;
  clockOf(process: SimulatedProcess, epoch: number): Clock;
}

export class FaultyWorld implements WorldParts {
  readonly schedule = new Schedule();
  readonly dice: Dice;
  readonly core = core;
  readonly keys = fastSigners(core);
  readonly chain: Chain;
  readonly network: StormyNetwork;
  readonly happenings = new Happenings();
  readonly miners: readonly FaultyMiner[];
  readonly validators: readonly FaultyValidator[];
  /** Replicas whose bytes were harmed, by their key. */
  readonly harmed = new Set<string>();
  weather: Weather = calm;
  /** Milliseconds by which each process's clock is off. */
  readonly #clockOffsets = new Map<string, number>();

  constructor(
    seed: number,
    readonly mutations: Mutations = {},
  ) {
    const { schedule, happenings, keys } = this;
    this.dice = new Dice(seed);
    this.chain = simulatedChain({
      core,
      schedule,
      neurons: () => [
        ...this.validators.map(({ hotkey }) => ({ hotkey, isValidator: true, address: null })),
        ...this.miners
          .filter(({ registered }) => registered)
          .map(({ hotkey, address }) => ({ hotkey, isValidator: false, address })),
      ],
    });
    this.network = new StormyNetwork({
      schedule,
      dice: this.dice,
      happenings,
      weather: () => this.weather,
      nodeAt: ({ port }) => this.miners.find(({ address }) => address.port === port)!,
    });
    const process = (name: string): SimulatedProcess =>
      new SimulatedProcess(name, schedule, this.dice, happenings);
    this.validators = Array.from(
      { length: validatorCount },
      (_, i) => new FaultyValidator(this, keys.make(`validator ${i}`), process(`validator ${i}`)),
    );
    this.miners = Array.from({ length: minerCount }, (_, i) => {
      const address = { host: `10.0.${i}.1`, port: 1 + i };
      return new FaultyMiner(this, keys.make(`miner ${i}`), process(`miner ${i}`), address);
    });
  }

  get processes(): readonly SimulatedProcess[] {
    return [...this.validators, ...this.miners].map(({ process }) => process);
  }

  minerOf(hotkey: PublicKey): FaultyMiner {
    return this.miners.find((miner) => miner.hotkey === hotkey)!;
  }

  /** Whether the replica's miner is on the subnet and has its true bytes. */
  isIntact(replica: ReplicaRecord): boolean {
    const miner = this.minerOf(replica.minerKey);
    const file = miner.files.files.get(replicaKey(replica));
    return (
      miner.registered &&
      file !== undefined &&
      toHex(core.hash(file.data)) === replica.root &&
      miner.holdings.records.has(replicaKey(replica))
    );
  }

  intactReplicas({ index }: FaultyValidator, pieceId: PieceId): readonly ReplicaRecord[] {
    return [...index.replicas.values()].filter((one) => one.pieceId === pieceId && this.isIntact(one));
  }

  /** Harms a replica's bytes, or takes its file away. */
  harm(replica: ReplicaRecord): void {
    const { files } = this.minerOf(replica.minerKey).files;
    const file = files.get(replicaKey(replica))!;
    this.harmed.add(replicaKey(replica));
    const isLost = this.dice.chance(0.3);
    this.happenings.note('replica harmed', isLost ? 'file lost' : 'one byte changed');
    if (isLost) {
      files.delete(replicaKey(replica));
      return;
    }
    file.data = file.data.slice();
    file.data[this.dice.below(file.data.length)]! ^= 1 + this.dice.below(255);
  }

  jumpClock({ name, kind }: SimulatedProcess): void {
    const offset = this.dice.below(7_200_000) - 3_600_000;
    const isForward = offset > (this.#clockOffsets.get(name) ?? 0);
    this.happenings.note('clock jump', `${kind} ${isForward ? 'forward' : 'back'}`);
    this.#clockOffsets.set(name, offset);
  }

  clockOf(process: SimulatedProcess, epoch: number): Clock {
    const { clock } = this.schedule;
    return {
      now: () => clock.now() + (this.#clockOffsets.get(process.name) ?? 0),
      monotonic: () => clock.monotonic(),
      sleep: (milliseconds, signal) =>
        process.gate(epoch, 'clock.sleep', () => clock.sleep(milliseconds, signal), 'never'),
    };
  }
}
