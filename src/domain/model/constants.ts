// Protocol constants of version 1 (docs/protocol.md): limits, defaults and derivation contexts.
// Every number that two sides must agree on lives here and nowhere else.

export const protocolVersion = 1;

export const kibibyte = 1024;
export const mebibyte = 1024 * 1024;

/** Bytes of a BLAKE3 leaf; the smallest chunk. */
export const leafSize = 1024;
/** Bytes of a digest, tree node, commitment, scalar, public key, seed and link. */
export const nodeSize = 32;
export const signatureSize = 64;

export const limits = {
  /** Bytes of a piece, and so of a replica. */
  replicaSizeMax: 64 * mebibyte,
  chunkSizeMin: leafSize,
  chunkSizeMax: mebibyte,
  chunkCountMax: 65536,
  openingsMax: 1024,
  openingBytesMax: 8 * mebibyte,
  /** Bytes of one signed message (bulk bodies have their own limits). */
  messageBytesMax: 64 * kibibyte,
  /** Bytes of a signed manifest: 32 per piece, so 64 Ki pieces of 64 MiB make 4 TiB. */
  manifestBytesMax: 4 * mebibyte,
  piecesPerObjectMax: 65536,
  /** Owners whose claims on one object are looked at: one whose pieces are at hand is enough. */
  claimsPerObject: 32,
  /** Blocks after which a named block is too old for challenge, store, renew and delete. */
  blockAgeMax: 50,
  /** Seconds a `busy` answer may ask for. */
  retryAfterSecondsMax: 60,
  /** Milliseconds of own event-loop lag above which a round is void. */
  eventLoopLagMsMax: 250,
  /** Bytes of one page of a miner's inventory. */
  inventoryBytesMax: mebibyte,
  cursorCharactersMax: 512,
  /** Rounds whose (seed, keyed root) a validator keeps for a later certain check. */
  keptRounds: 32,
  replicasMax: 16,
  /** Seconds ahead that a user may ask for, and that a miner allows on top for clocks that differ. */
  expirySecondsMax: 5 * 365 * 24 * 3600,
  expirySlackSeconds: 24 * 3600,
  /** Seconds that a user must ask for at least: a piece shall not expire while it is being stored. */
  expirySecondsMin: 10 * 60,
} as const;

/** Signed user requests (identity/request.ts). */
export const requestLimits = {
  /** Bytes of signature ‖ body; in base64url they stay below the 16 KiB Node allows for all headers. */
  sealedSizeMax: 4 * kibibyte,
  pathLengthMax: 2 * kibibyte,
  nonceSize: 16,
  /** Milliseconds a sender's clock may be off either way. */
  windowMs: 60_000,
  /** Nonces remembered at most: about 830 requests a second over two windows. */
  noncesMax: 100_000,
} as const;

export const defaults = {
  pieceSize: 16 * mebibyte,
  replicas: 3,
  /** Share of chunks whose loss a round shall detect … */
  auditLoss: 0.1,
  /** … with this probability; together they give 44 openings. */
  auditConfidence: 0.99,
  chunkCountTarget: 16384,
  userDataSeconds: 30 * 24 * 3600,
  challengeDataSeconds: 7 * 24 * 3600,
} as const;

/** A validator's duty: how often each step runs, in blocks, and how much of it at once. The reference's values. */
export const dutyDefaults = {
  storeEvery: 3,
  storeMiners: 15,
  /** Random data is log-normal around this many bytes. */
  storeMedianBytes: 3 * mebibyte,
  storeSigma: 1.5,
  challengeEvery: 3,
  challengeMiners: 10,
  challengeReplicas: 1,
  retrieveEvery: 15,
  retrieveMiners: 10,
  distributeEvery: 30,
  distributePieces: 4,
  monitorEvery: 3,
  monitorMiners: 40,
  pingSeconds: 5,
  repairEvery: 3,
  repairPieces: 2,
  repairBytesPerSecond: 32 * mebibyte,
  purgeEvery: 180,
  checkpointEvery: 100,
  /** TAO above which a neuron with a validator permit is no miner. */
  vpermitTaoLimit: 500,
  eventsBytesMax: 2e9,
} as const;

/** Contexts of BLAKE3 derive-key mode: each separates one use from every other. */
export const contexts = {
  commitmentLeaf: 'filetao v1 commitment leaf',
  commitmentNode: 'filetao v1 commitment node',
  replicaSecret: 'filetao v1 replica secret',
  replica: 'filetao v1 replica',
  minerSecret: 'filetao v1 miner secret',
  storeBlinding: 'filetao v1 store blinding',
  linkGenesis: 'filetao v1 link genesis',
  link: 'filetao v1 link',
  opening: 'filetao v1 opening',
  seed: 'filetao v1 seed',
  blinding: 'filetao v1 blinding',
  retrieveSeed: 'filetao v1 retrieve seed',
  retrieve: 'filetao v1 retrieve',
  ageIdentity: 'filetao v1 age identity',
  putJournal: 'filetao v1 put journal',
  selection: 'filetao v1 selection',
} as const;
