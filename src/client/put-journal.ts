// What makes the same put give the same ciphertext again (PROTOCOL 6a): one small file per plaintext with
// the envelope it was encrypted under, durable before the first byte leaves.
//
//   secret = the hotkey's deriveSecret("filetao v1 put journal")
//   subject = hash(plaintext block 0) ‖ hash(block 1) ‖ … (1 MiB each) ‖ hash(recipients)
//   name = hex(keyed(secret, 00 ‖ subject))
//   content = nonce (12) ‖ seal(keyed(secret, 01 ‖ subject), file key (16) ‖ payload nonce (16) ‖ header)
//
// The file key is in it because a resumed put encrypts, and the header gives the file key only to the wallet's
// age identity, which may need a password. Sealed like this it can be opened only by whoever has the hotkey
// and the plaintext already; the name tells nobody which file was put; and a changed entry does not open, so
// nobody can slip in a header of their own. An entry that does not open counts as absent.
//
// A stream can be read only once, so its put has no journal and starts anew after an interruption. To resume
// it (PROTOCOL 6a: feed the same bytes again) it would have to be spooled into a file first and put from there.
//
// Entries stay after success: putting the same file again sends nothing and gives the same CID, also when the
// process died between the node's last answer and the user seeing it. They go after 90 days without use.

import { blake3 } from '@noble/hashes/blake3.js';
import { type Envelope, fileKeySize, payloadNonceSize } from '../domain/identity/age-envelope.js';
import { concatBytes, toHex, utf8 } from '../domain/model/bytes.js';
import { contexts, kibibyte } from '../domain/model/constants.js';
import { toFileTaoError } from '../domain/model/errors.js';
import type { Cipher } from '../domain/ports/cipher.js';
import type { Random } from '../domain/ports/random.js';
import type { Signer } from '../domain/ports/signer.js';

const aeadNonceSize = 12;
/** Milliseconds after its last use that an entry is kept. */
export const journalKeptMs = 90 * 24 * 3600 * 1000;
/** A header with 16 recipients and more fits; anything larger is no entry. */
export const journalEntryBytesMax = 64 * kibibyte;

/** Where entries are kept. "Resolved" means durable. */
export interface JournalEntries {
  /** null when there is none; notes that it was used. */
  read(name: string): Promise<Uint8Array | null>;
  /** false when there is one already. */
  add(name: string, content: Uint8Array): Promise<boolean>;
  replace(name: string, content: Uint8Array): Promise<void>;
  /** Removes entries that nobody has used for `journalKeptMs`. */
  sweep(nowMs: number): Promise<void>;
}

export class PutJournal {
  readonly #entries: JournalEntries;
  readonly #signer: Signer;
  readonly #cipher: Cipher;
  readonly #random: Random;

  constructor(entries: JournalEntries, signer: Signer, cipher: Cipher, random: Random) {
    this.#entries = entries;
    this.#signer = signer;
    this.#cipher = cipher;
    this.#random = random;
  }

  /**
   * The entry for a plaintext, given the digests of its blocks one after the other and its recipients.
   * `create` is called when there is none yet; its result is durable before it is returned.
   */
  async findOrCreate(
    blockDigests: Uint8Array,
    recipients: readonly string[],
    create: () => Promise<Envelope>,
  ): Promise<{ readonly envelope: Envelope; readonly found: boolean }> {
    try {
      return await this.#findOrCreate(blockDigests, recipients, create);
    } catch (error) {
      throw toFileTaoError(error);
    }
  }

  async #findOrCreate(
    blockDigests: Uint8Array,
    recipients: readonly string[],
    create: () => Promise<Envelope>,
  ): Promise<{ readonly envelope: Envelope; readonly found: boolean }> {
    const secret = this.#signer.deriveSecret(contexts.putJournal);
    const subject = concatBytes(blockDigests, blake3(utf8(recipients.join('\n'))));
    const name = toHex(blake3(concatBytes(Uint8Array.of(0), subject), { key: secret }));
    const aead = this.#cipher.chacha20Poly1305(
      blake3(concatBytes(Uint8Array.of(1), subject), { key: secret }),
    );
    const read = async (): Promise<Envelope | null> => {
      const content = await this.#entries.read(name);
      if (content === null || content.length <= aeadNonceSize) return null;
      const opened = aead.open(content.subarray(0, aeadNonceSize), content.subarray(aeadNonceSize));
      return opened === null ? null : unpack(opened);
    };
    const earlier = await read();
    if (earlier !== null) return { envelope: earlier, found: true };
    const envelope = await create();
    const nonce = this.#random.bytes(aeadNonceSize);
    const content = concatBytes(nonce, aead.seal(nonce, pack(envelope)));
    if (await this.#entries.add(name, content)) return { envelope, found: false };
    // Another process puts the same file right now: both use what it wrote. Or the entry was unreadable.
    const theirs = await read();
    if (theirs !== null) return { envelope: theirs, found: true };
    await this.#entries.replace(name, content);
    return { envelope, found: false };
  }

  /** Removes entries nobody has used for 90 days. */
  async sweep(nowMs: number): Promise<void> {
    await this.#entries.sweep(nowMs);
  }
}

const pack = ({ fileKey, payloadNonce, header }: Envelope): Uint8Array =>
  concatBytes(fileKey, payloadNonce, header);

function unpack(data: Uint8Array): Envelope | null {
  const headerAt = fileKeySize + payloadNonceSize;
  if (data.length <= headerAt) return null;
  return {
    fileKey: data.slice(0, fileKeySize),
    payloadNonce: data.slice(fileKeySize, headerAt),
    header: data.slice(headerAt),
  };
}
