// Content identifiers. No network, no wallet.

import { createHash } from 'node:crypto';
import { cidOfInput, decodeCid, makeCid, unixfsCidOfInput } from 'filetao';

const cid = makeCid('abc');
console.log(cid);

const { version, digest } = decodeCid(cid);
const sha256 = createHash('sha256').update('abc').digest();
console.log(
  `CIDv${version}, its digest is ${sha256.equals(digest) ? 'the sha256 of the data' : 'something else'}`,
);

console.log(`CIDv${decodeCid('QmcRD4wkPPi6dig81r5sLj9Zm1gDCL4zgpEj9CfuRrGbzF').version} is read too`);

// A file's, by stream; the second is what `ipfs add --cid-version 1` prints.
const readme = new URL('README.md', import.meta.url).pathname;
console.log((await cidOfInput(readme)).length, (await unixfsCidOfInput(readme)).length);
