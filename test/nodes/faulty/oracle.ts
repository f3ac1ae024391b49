// What must hold after any history: no acknowledged piece is lost, the transcripts blame nobody honest, and everybody who
// recomputes a validator's scores gets the same.
import { Chains } from '../../../src/domain/audit/chain.js';
import { Replayer } from '../../../src/domain/audit/replay.js';
import { type PublicKey, toHex } from '../../../src/domain/model/bytes.js';
import type { ReplicaRecord } from '../../../src/domain/model/records.js';
import { replicaKey } from '../simulated/stores.js';
import { copies, type Duty, excusable } from './duty.js';
import { lastState, PeerReader, type Standing } from './peer-reader.js';
import type { FaultyValidator } from './validator.js';
import type { FaultyWorld } from './world.js';

/** Every acknowledged piece can be fetched, and is back at its copies. */
export async function missingPieces(world: FaultyWorld, duty: Duty): Promise<string[]> {
  const violations: string[] = [];
  const { validator } = duty;
  for (const pieceId of duty.acknowledged.keys()) {
    const name = `${duty.name}'s piece ${pieceId.slice(0, 8)}`;
    const fetched = await world.schedule.until(duty.fetch(pieceId)).catch((error: unknown) => String(error));
    if (fetched !== true) {
      const intact = world.intactReplicas(validator, pieceId).length;
      const known = [...validator.index.replicas.values()]
        .filter((one) => one.pieceId === pieceId)
        .map((one) => describe(world, one));
      violations.push(
        `${name} is lost, with ${intact} honest replicas: ${known.join('; ')}: ${String(fetched)}`,
      );
    } else if (!duty.isWhole(pieceId))
      violations.push(`${name} did not get back to ${copies} honest replicas`);
  }
  return violations;
}

function describe(world: FaultyWorld, replica: ReplicaRecord): string {
  const { process, registered } = world.minerOf(replica.minerKey);
  const harmed = world.harmed.has(replicaKey(replica)) ? ', harmed' : '';
  const where = `${process.name}${registered ? '' : ', off the subnet'}${harmed}`;
  return `${replica.root.slice(0, 8)} on ${where} (${replica.state} ${replica.lastFailure?.reason ?? ''})`;
}

/** The transcripts verify, and blame nobody honest. */
export function wrongTranscripts(world: FaultyWorld, validator: FaultyValidator): string[] {
  const violations: string[] = [];
  const replays = new Replayer(world.core, world.keys.verify).replay(validator.entries());
  const chains = new Chains(0.1);
  for (const replay of replays) {
    chains.add(replay);
    const { kind, n, minerKey, root, reason } = replay.entry.head.value;
    const key = replicaKey({
      validatorKey: validator.hotkey,
      minerKey: toHex(minerKey) as ReplicaRecord['minerKey'],
      root: toHex(root) as ReplicaRecord['root'],
    });
    if (replay.blame === 'miner' && !world.harmed.has(key) && !excusable.has(reason))
      violations.push(`the transcripts blame an honest miner: ${kind} ${n} ${reason}`);
    if (!replay.broken) continue;
    const broken = replay.checks.filter(({ result }) => result === 'broken');
    violations.push(`${kind} ${n}: ${broken.map(({ about, says }) => `${about}: ${says}`).join('; ')}`);
  }
  violations.push(...[...chains.reports()].flatMap(({ findings }) => findings.map(({ says }) => says)));
  if (chains.hasRepeats) violations.push('rounds of the same n');
  return violations;
}

/**
 * Everybody who recomputes a validator's scores, tiers and weights from what it published has the same, to the last bit,
 * as the validator itself: every other validator, as far as it came with its own crashes and then to the end; who reads all
 * of it at once; and who comes late and begins at the last state.
 */
export function disagreements(world: FaultyWorld, author: Duty, others: readonly Duty[]): string[] {
  const violations: string[] = [];
  const { validator, rewarding } = author;
  const readers = new Map<string, PeerReader>([
    ['a reader of all of it', new PeerReader(world.keys.verify)],
    ['a reader of its end', new PeerReader(world.keys.verify, lastState(validator.ledger))],
    ...others.map((other): [string, PeerReader] => [
      other.name,
      other.peers.get(validator.hotkey) ?? new PeerReader(world.keys.verify),
    ]),
  ]);
  const reads = new Map<string, ReadonlyMap<PublicKey, Standing>>();
  for (const [name, reader] of readers) {
    reader.read(validator);
    violations.push(...reader.findings.map((says) => `${name} reads ${author.name}: ${says}`));
    reads.set(name, reader.standings());
  }
  const all = reads.get('a reader of all of it')!;
  for (const [name, standings] of reads) {
    for (const hotkey of new Set([...rewarding.scores.keys(), ...all.keys(), ...standings.keys()])) {
      const mine = rewarding.standingOf(hotkey);
      const read = standings.get(hotkey) ?? { score: 0, tier: mine.tier, weight: null };
      const weight = all.get(hotkey)?.weight ?? null;
      // Who came late has not read of weights before, and nobody was weighed since.
      const isSameWeight = read.weight === weight || read.weight === null;
      if (!Object.is(read.score, mine.score) || read.tier !== mine.tier || !isSameWeight)
        violations.push(
          `${name} finds ${author.name} gives ${read.score}, ${read.tier}, weight ${read.weight}; it gives ${mine.score}, ${mine.tier}, ${weight}`,
        );
    }
  }
  for (const { minerKey, tier } of validator.index.statistics.values())
    if (rewarding.standingOf(minerKey).tier !== tier)
      violations.push(
        `${author.name} places by ${tier}, and its ledger says ${rewarding.standingOf(minerKey).tier}`,
      );
  return violations;
}
