// UnixFS CIDs against published ones and against the importer that Helia uses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importBytes } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { nodeCipher } from '../../../src/adapters/cipher/node.js';
import { UnixfsCid, unixfsChunkSize } from '../../../src/domain/content/unixfs.js';
import { pseudoData } from '../../model/pseudo-data.js';
import { propertyOptions } from '../../property-options.js';

const cidOf = (...parts: readonly Uint8Array[]): string => {
  const unixfs = new UnixfsCid(() => nodeCipher.sha256());
  for (const part of parts) unixfs.update(part);
  return unixfs.digest();
};

/** With the options of `ipfs add --cid-version 1`. */
async function imported(data: Uint8Array): Promise<string> {
  const nowhere = {
    put: async (cid: unknown) => cid,
    get: async () => {
      throw new Error('nothing is read back');
    },
  };
  const { cid } = await importBytes(data, nowhere as never, {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    wrapWithDirectory: false,
    chunker: fixedSize({ chunkSize: unixfsChunkSize }),
    layout: balanced({ maxChildrenPerNode: 174 }),
  });
  return cid.toString();
}

test('published CIDs', () => {
  // The usual "hello world" and the empty file of IPFS's own documentation; "abc" of ours.
  assert.equal(
    cidOf(Buffer.from('hello world')),
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
  );
  assert.equal(cidOf(), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
  assert.equal(cidOf(Buffer.from('abc')), 'bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu');
});

test('the same as ipfs-unixfs-importer at and around every bound', async () => {
  const sizes = [
    unixfsChunkSize - 1,
    unixfsChunkSize,
    unixfsChunkSize + 1,
    5 * unixfsChunkSize,
    174 * unixfsChunkSize,
    174 * unixfsChunkSize + 1,
    175 * unixfsChunkSize,
  ];
  const data = pseudoData(Math.max(...sizes));
  for (const size of sizes) {
    const part = data.subarray(0, size);
    assert.equal(cidOf(part), await imported(part), `${size} bytes`);
  }
});

test('however the bytes are cut', (t) => {
  const data = pseudoData(3 * unixfsChunkSize + 5);
  const whole = cidOf(data);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: data.length }), { maxLength: 6 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), data.length];
      assert.equal(cidOf(...at.slice(1).map((end, i) => data.subarray(at[i], end))), whole);
    }),
    propertyOptions(t, 10),
  );
});
