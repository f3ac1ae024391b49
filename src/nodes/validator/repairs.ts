// Which pieces are repaired, and how many at once: those on miners that leave, and those with too few replicas in
// use. A piece that could not be repaired is left alone for a while, longer each time.

import type { PieceId } from '../../domain/model/bytes.js';
import type { ValidatorContext } from './context.js';
import type { FailureCounts } from './miners.js';
import { BytePace } from './pacing.js';
import { type RepairLine, type RepairParts, repairPiece } from './repairing.js';

export interface RepairOptions {
  /** Where a piece lies while it is stored anew. */
  readonly folder: string;
  readonly failures: FailureCounts;
  readonly piecesAtOnce: number;
  /** Bytes fetched and stored, of all repairs together. */
  readonly bytesPerSecond: number;
}

const pageSize = 200;
const firstBackoffMs = 10_000;
const backoffMsMax = 3_600_000;
/** Pieces whose failed repairs are remembered: beyond, the oldest are tried again sooner. */
const rememberedMax = 100_000;

export class Repairs {
  readonly #context: ValidatorContext;
  readonly #options: RepairOptions;
  readonly #parts: RepairParts;
  /** When a piece may be tried again, in monotonic milliseconds, and how long it was left alone last. */
  readonly #backoff = new Map<PieceId, { readonly until: number; readonly ms: number }>();
  readonly #underWay = new Set<PieceId>();

  constructor(context: ValidatorContext, options: RepairOptions) {
    this.#context = context;
    this.#options = options;
    const pace = new BytePace(context.clock, options.bytesPerSecond);
    this.#parts = { folder: options.folder, failures: options.failures, pace };
  }

  /** Miners came back or joined: what could not be repaired may be tried at once. */
  forgetBackoff(): void {
    this.#backoff.clear();
  }

  /**
   * Goes once over all that needs repair. Lines come as pieces are done.
   * @param patient leaves alone what failed of late
   */
  async pass(
    onLine: (line: RepairLine) => void,
    { signal, patient = true }: { readonly signal?: AbortSignal; readonly patient?: boolean } = {},
  ): Promise<void> {
    await this.each(this.#needy(), onLine, { patient, ...(signal === undefined ? {} : { signal }) });
  }

  /** Repairs these pieces, some at once. A piece that fails does not end the others. */
  async each(
    pieces: AsyncIterable<PieceId>,
    onLine: (line: RepairLine) => void,
    { signal, patient = false }: { readonly signal?: AbortSignal; readonly patient?: boolean } = {},
  ): Promise<void> {
    const running = new Set<Promise<void>>();
    for await (const pieceId of pieces) {
      if (signal?.aborted) break;
      if (this.#underWay.has(pieceId) || (patient && this.#isResting(pieceId))) continue;
      const work = this.#repair(pieceId, onLine, signal).finally(() => running.delete(work));
      running.add(work);
      if (running.size >= this.#options.piecesAtOnce) await Promise.race(running);
    }
    await Promise.all(running);
    signal?.throwIfAborted();
  }

  async #repair(
    pieceId: PieceId,
    onLine: (line: RepairLine) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { log } = this.#context;
    this.#underWay.add(pieceId);
    try {
      const line = await repairPiece(this.#context, this.#parts, pieceId, signal);
      if (line === null) return;
      this.#note(pieceId, line.outcome === 'whole' || line.outcome === 'repaired');
      if (line.outcome === 'repaired') log.info({ ...line }, 'repaired a piece');
      if (line.outcome === 'short') log.warn({ ...line }, 'a piece has too few replicas');
      if (line.outcome === 'lost') log.error({ ...line }, 'no replica gives this piece back');
      onLine(line);
    } catch (error) {
      if (signal?.aborted) return;
      this.#note(pieceId, false);
      log.error({ err: error, piece: pieceId }, 'a piece could not be repaired');
    } finally {
      this.#underWay.delete(pieceId);
    }
  }

  #isResting(pieceId: PieceId): boolean {
    return (this.#backoff.get(pieceId)?.until ?? 0) > this.#context.clock.monotonic();
  }

  #note(pieceId: PieceId, good: boolean): void {
    const before = this.#backoff.get(pieceId);
    this.#backoff.delete(pieceId);
    if (good) return;
    const ms = Math.min(backoffMsMax, before === undefined ? firstBackoffMs : 2 * before.ms);
    this.#backoff.set(pieceId, { until: this.#context.clock.monotonic() + ms, ms });
    if (this.#backoff.size > rememberedMax) this.#backoff.delete(this.#backoff.keys().next().value!);
  }

  async *#needy(): AsyncGenerator<PieceId> {
    const { index, presence } = this.#context;
    for (const miner of presence.leavingMiners()) {
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof index.replicasOfMiner>> = await index.replicasOfMiner(
          miner,
          cursor,
          pageSize,
        );
        for (const { pieceId } of page.items) yield pieceId;
        cursor = page.next;
      } while (cursor !== null);
    }
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof index.underReplicatedPieces>> = await index.underReplicatedPieces(
        cursor,
        pageSize,
      );
      for (const { pieceId } of page.items) yield pieceId;
      cursor = page.next;
    } while (cursor !== null);
  }
}
