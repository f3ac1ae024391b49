// Where transcript entries go: an append-only log on disk (adapters/observe/transcript-log.ts).

export interface TranscriptWriter {
  /** Durable when resolved. */
  append(entry: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
