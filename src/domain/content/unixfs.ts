// The CID that `ipfs add --cid-version 1` gives a file: a balanced tree of UnixFS nodes over raw leaves of 256 KiB.
// Nothing is stored in this form; it is for comparing with what an IPFS node says.
//
// Sources: https://specs.ipfs.tech/unixfs/ (dag-pb and UnixFS messages, encoded here by hand: two small protobufs),
// and the defaults of kubo's importer: size-262144 chunks, raw leaves, balanced layout, 174 links to a node.

import { sha256 } from '@noble/hashes/sha2.js';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { concatBytes } from '../model/bytes.js';
import type { Sha256 } from '../ports/cipher.js';

const rawCodec = 0x55;
const dagPbCodec = 0x70;
const sha2_256 = 0x12;
export const unixfsChunkSize = 256 * 1024;
const linksMax = 174;
/** `Data.Type` of a file. */
const fileType = 2;

interface Link {
  readonly cid: Uint8Array;
  /** Bytes of the blocks below and of the linked block itself. */
  readonly totalSize: number;
  /** Bytes of the file below. */
  readonly fileSize: number;
}

/** Takes a file's bytes in order, however cut, and holds one chunk and a path of links. */
export class UnixfsCid {
  readonly #newSha256: () => Sha256;
  /** Links of the node that is being filled on each level, leaves first. */
  readonly #levels: Link[][] = [];
  #hash: Sha256;
  #filled = 0;
  #leaves = 0;

  /** Hashes leaves with what it is given; the few nodes above them with the portable implementation. */
  constructor(newSha256: () => Sha256) {
    this.#newSha256 = newSha256;
    this.#hash = newSha256();
  }

  update(data: Uint8Array): this {
    for (let at = 0; at < data.length; ) {
      if (this.#filled === unixfsChunkSize) this.#closeLeaf();
      const taken = Math.min(unixfsChunkSize - this.#filled, data.length - at);
      this.#hash.update(data.subarray(at, at + taken));
      this.#filled += taken;
      at += taken;
    }
    return this;
  }

  /** CIDv1 in base32. Ends the hashing. */
  digest(): string {
    // An empty file is one empty leaf.
    if (this.#filled > 0 || this.#leaves === 0) this.#closeLeaf();
    for (let level = 0; ; level++) {
      const links = this.#levels[level]!;
      const isTop = level === this.#levels.length - 1;
      if (isTop && links.length === 1) return CID.decode(links[0]!.cid).toString();
      if (links.length > 0) this.#closeNode(level);
    }
  }

  #closeLeaf(): void {
    const size = this.#filled;
    this.#add(0, {
      cid: cidOf(rawCodec, this.#hash.digest()),
      totalSize: size,
      fileSize: size,
    });
    this.#hash = this.#newSha256();
    this.#filled = 0;
    this.#leaves++;
  }

  #add(level: number, link: Link): void {
    // A full node is closed when more comes: a last one that is full may be the root.
    if (this.#levels[level]?.length === linksMax) this.#closeNode(level);
    this.#levels[level] ??= [];
    this.#levels[level].push(link);
  }

  #closeNode(level: number): void {
    const links = this.#levels[level]!;
    this.#levels[level] = [];
    const block = nodeBlock(links);
    this.#add(level + 1, {
      cid: cidOf(dagPbCodec, sha256(block)),
      totalSize: block.length + sum(links, ({ totalSize }) => totalSize),
      fileSize: sum(links, ({ fileSize }) => fileSize),
    });
  }
}

const sum = (links: readonly Link[], of: (link: Link) => number): number =>
  links.reduce((total, link) => total + of(link), 0);

const cidOf = (codec: number, digest: Uint8Array): Uint8Array =>
  CID.createV1(codec, createDigest(sha2_256, digest)).bytes;

/** PBNode: links (field 2) before data (field 1), as dag-pb demands. */
function nodeBlock(links: readonly Link[]): Uint8Array {
  const encoded = links.map(({ cid, totalSize }) =>
    bytesField(
      2,
      concatBytes(bytesField(1, cid), bytesField(2, new Uint8Array(0)), numberField(3, totalSize)),
    ),
  );
  const data = concatBytes(
    numberField(1, fileType),
    numberField(
      3,
      sum(links, ({ fileSize }) => fileSize),
    ),
    ...links.map(({ fileSize }) => numberField(4, fileSize)),
  );
  return concatBytes(...encoded, bytesField(1, data));
}

/** Protobuf wire format: https://protobuf.dev/programming-guides/encoding/ */
const numberField = (field: number, value: number): Uint8Array =>
  concatBytes(varint(field << 3), varint(value));

const bytesField = (field: number, value: Uint8Array): Uint8Array =>
  concatBytes(varint((field << 3) | 2), varint(value.length), value);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
