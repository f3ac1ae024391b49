// The file operations that durable storage is made of. Behind a port, so that tests can watch their order,
// fail each of them, and lose what was not synced.

export interface OpenFile {
  /** Writes all of `data` at `position`. */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Bytes [position, position + length), fewer only where the file ends. */
  read(position: number, length: number): Promise<Uint8Array>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Resolves when content and length are on disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** Failures keep the system's `code` (ENOENT, ENOSPC, …). */
export interface Files {
  /** Makes a new file, for its owner only unless `mode` says otherwise; EEXIST when there is one. */
  create(path: string, mode?: number): Promise<OpenFile>;
  /** For reading; ENOENT when there is none. */
  open(path: string): Promise<OpenFile>;
  /** For reading and writing what is there; ENOENT when there is none. */
  openToWrite(path: string): Promise<OpenFile>;
  /** Bytes of the file; null when there is none. */
  size(path: string): Promise<number | null>;
  /** Replaces what has the name `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Gives the file a second name; EEXIST when it is taken. */
  link(from: string, to: string): Promise<void>;
  /** false when there was none. */
  remove(path: string): Promise<boolean>;
  /** Makes one folder, accessible to its owner only; false when it is there. ENOENT without the one above. */
  makeFolder(path: string): Promise<boolean>;
  /** Resolves when the folder's entries (made, renamed, removed) are on disk. */
  syncFolder(path: string): Promise<void>;
  /** Nothing for a folder that is not there. */
  entries(path: string): AsyncIterable<FolderEntry>;
  /** Bytes an unprivileged user may still write on the disk of this folder. */
  freeBytes(path: string): Promise<number>;
}
