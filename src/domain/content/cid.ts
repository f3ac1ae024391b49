// Content identifiers: CIDv1, raw codec, sha2-256, base32 lower case names an object's ciphertext; CIDv0 and
// the other text forms of v1 are read too. Source: https://github.com/multiformats/cid

import { sha256 } from '@noble/hashes/sha2.js';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { type Cid, utf8 } from '../model/bytes.js';
import { nodeSize } from '../model/constants.js';
import { FileTaoError } from '../model/errors.js';

/** Multicodec numbers: https://github.com/multiformats/multicodec/blob/master/table.csv */
export const rawCodec = 0x55;
const sha2_256 = 0x12;
/** Our own CIDs have 59 characters; longer text is not looked at. */
const cidTextMax = 256;

export interface DecodedCid {
  readonly version: 0 | 1;
  /** 0x55 raw, 0x70 dag-pb (always so in CIDv0), … */
  readonly codec: number;
  /** 0x12 sha2-256, … */
  readonly hashCode: number;
  readonly digest: Uint8Array;
}

/** CID of a sha2-256 digest (32 bytes) of an object's bytes. */
export function cidOfDigest(digest: Uint8Array): Cid {
  if (digest.length !== nodeSize) {
    throw new FileTaoError('bad-cid', `a CID is made of a digest of 32 bytes, not ${digest.length}`);
  }
  return CID.createV1(rawCodec, createDigest(sha2_256, digest)).toString() as Cid;
}

/** CID of the data itself; text counts as UTF-8. Large data: hash it by stream and use cidOfDigest. */
export const makeCid = (data: string | Uint8Array): Cid =>
  cidOfDigest(sha256(typeof data === 'string' ? utf8(data) : data));

const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

function parse(text: string): CID {
  if (text.length > cidTextMax) throw new FileTaoError('bad-cid', `'${shown(text)}' is too long for a CID`);
  try {
    // Base32 in upper case is the same CID; the library wants it in lower case.
    return CID.parse(/^B[A-Z2-7]+$/.test(text) ? text.toLowerCase() : text) as CID;
  } catch (error) {
    throw new FileTaoError('bad-cid', `'${shown(text)}' is not a CID (it begins with 'bafkrei' or 'Qm')`, {
      cause: error,
    });
  }
}

/** Reads CIDv1 in base32, base36 or base58, and CIDv0; throws `bad-cid`. */
export function decodeCid(text: string): DecodedCid {
  const { version, code, multihash } = parse(text);
  return { version, codec: code, hashCode: multihash.code, digest: multihash.digest };
}

/** The one form in which objects are named here; throws `bad-cid` for what cannot be one of our objects. */
export function objectCid(text: string): Cid {
  const { version, codec, hashCode, digest } = decodeCid(text.trim());
  if (version !== 1 || codec !== rawCodec || hashCode !== sha2_256) {
    throw new FileTaoError(
      'bad-cid',
      `'${shown(text)}' is a CID, but not of an object stored here (those begin with 'bafkrei')`,
    );
  }
  return cidOfDigest(digest);
}
