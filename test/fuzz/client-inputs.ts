// What users' programs read: answers of API nodes, ranges, a simulation's scenario, weights that are kept for later.
import { readFileSync } from 'node:fs';
import { parseReferencePayload } from '../../src/adapters/wallets/reference-payload.js';
import { readInfo, readPage, readStatus, readStored } from '../../src/client/api-answers.js';
import { parseByteRange } from '../../src/client/retrieve.js';
import { parseScenario } from '../../src/tools/simulate/scenario-file.js';
import { asJson, decoding, type InputSubject, textOf, utf8 } from './judging.js';

const key = 'ab'.repeat(32);
const answers = {
  info: {
    version: '1.0.0',
    role: 'api',
    network: 'dev',
    netuid: 21,
    genesis: key,
    hotkey: '5G',
    hotkeyHex: key,
    pieceSize: 1024,
    replicas: 3,
    dataTtl: 86400,
    blockNumber: 5,
  },
  stored: { pieceId: key, replicas: 1, hotkeys: ['5G'] },
  status: {
    cid: 'bafk',
    size: 1,
    owner: '5G',
    storedAt: 1,
    expiry: 2,
    copies: 3,
    health: 'healthy',
    replicas: 3,
    confidence: 0.5,
    lastProofAt: null,
    miners: [{ hotkey: '5G', replicas: 1, active: 1, lastProofAt: 1, confidence: null }],
    pieces: { total: 1, healthy: 1 },
  },
  page: { objects: [{ cid: 'bafk', size: 1, storedAt: 1, expiry: 2, copies: 1 }], next: null },
};
const readers = { info: readInfo, stored: readStored, status: readStatus, page: readPage };

const scenario = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../examples/scenarios/${name}.json`, import.meta.url)));

export const clientSubjects: Readonly<Record<string, InputSubject>> = {
  'answer of an API node': {
    corpus: 'json',
    samples: Object.values(answers).map(asJson),
    judge: decoding((input, random) => {
      let answer: unknown;
      try {
        answer = JSON.parse(textOf(input));
      } catch {
        return; // told before it is read: test/client
      }
      if (typeof answer !== 'object' || answer === null) return;
      const names = Object.keys(readers) as (keyof typeof readers)[];
      readers[names[random.below(names.length)]!](answer as never, 'http://node');
    }),
  },
  'range of bytes': {
    corpus: 'text',
    samples: [utf8('0-99'), utf8('100-'), utf8('-5')],
    judge: decoding((input) => void parseByteRange(textOf(input))),
  },
  scenario: {
    corpus: 'json',
    samples: ['healthy', 'mass-exit'].map(scenario),
    judge: decoding((input) => void parseScenario(textOf(input), 'scenario')),
  },
  "the reference's payload": {
    corpus: 'json',
    samples: [asJson({ nonce: '00'.repeat(24), ciphertext: '11'.repeat(40) })],
    judge: decoding((input) => void parseReferencePayload(textOf(input))),
  },
};
