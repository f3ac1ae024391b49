// What the pages are made from: each role fills in what it knows. Everything is read when a page is asked for; nothing here
// can change a node.

import type { Activity } from '../../adapters/observe/activity.js';
import type { PublicKey } from '../../domain/model/bytes.js';
import type { Tier } from '../../domain/model/tiers.js';
import type { HoldingIndex } from '../../domain/ports/holding-index.js';
import type { PlacementIndex } from '../../domain/ports/placement-index.js';
import type { AuditWish } from '../../domain/protocol/parameters.js';
import type { MinerStory } from '../../domain/view/miner-story.js';
import type { NetworkView } from '../../domain/view/network.js';

/** What every role knows. */
export interface NodeSource {
  readonly activity: Activity;
  /** The chain's newest finalised block. */
  readonly height: () => Promise<number>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Whoever works on a placement index. */
export interface PlacementSource extends NodeSource {
  readonly index: PlacementIndex;
  readonly audit: AuditWish;
}

/** A count of the index that was made in the background. */
export interface PlacementTotals {
  /** Pieces with fewer active replicas than wished. */
  readonly shortPieces: number;
  /** Whether there was a first count. */
  readonly isCounted: boolean;
}

export interface NetworkSource extends PlacementSource {
  readonly network: () => Promise<NetworkView>;
  readonly totals: () => PlacementTotals;
  readonly story: (miner: PublicKey) => Promise<MinerStory>;
  readonly tiers: readonly Tier[];
  /** The tier window that has begun last, and blocks of one. */
  readonly window: () => { readonly number: number; readonly blocks: number };
  /** Rounds under way. */
  readonly openRounds: () => number;
}

/** What one validator keeps on a miner. */
export interface HeldFor {
  readonly validator: PublicKey;
  readonly replicas: number;
  readonly bytes: number;
  /** Unix seconds at which the last of them expires. */
  readonly lastExpiry: number;
}

export interface HoldingTotals {
  readonly validators: readonly HeldFor[];
  /** Whether there was a first count. */
  readonly isCounted: boolean;
}

export interface HoldingSource extends NodeSource {
  readonly index: HoldingIndex;
  readonly totals: () => HoldingTotals;
  readonly freeBytes: () => Promise<number>;
  readonly isLeaving: () => boolean;
  /** Bytes per second that it undertakes to prove. */
  readonly rate: number;
}

/** An upload that goes on. */
export interface UploadUnderWay {
  readonly id: string;
  /** As its sender calls it; empty where it did not say. */
  readonly name: string;
  readonly size: number;
  readonly received: number;
  /** Unix milliseconds. */
  readonly changedAtMs: number;
}

export interface ServingSource extends PlacementSource {
  readonly uploads: () => Promise<readonly UploadUnderWay[]>;
  readonly objects: () => {
    readonly objects: number;
    readonly bytes: number;
    readonly isCounted: boolean;
  };
}
