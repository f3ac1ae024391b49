// Which faults the miner's own signature covers (PROTOCOL 7). Only those can be held against it by someone who
// was not there; the rest is the validator's word. One rule for whoever records and whoever replays.

/**
 * Faults that consist in the miner's signed words being about something else. A validator could have put an
 * answer to another question in the place of one that never came, so they prove nothing against the miner.
 */
const aboutSomethingElse: ReadonlySet<string> = new Set(['wrong-round', 'wrong-request', 'store-digest']);

/** The bytes received do not have the digest the miner signed: its signature is not on these bytes. */
const notTheSignedBytes = 'bulk-digest';

export const isAttributable = (fault: string): boolean =>
  !aboutSomethingElse.has(fault) && fault !== notTheSignedBytes;
