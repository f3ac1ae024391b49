// What an exchange's signed K is worth, for whoever holds the replica: E as it lies in a miner's folder, or as a validator
// kept it when it found a false one (`evidence` beside its transcripts).

import { open } from 'node:fs/promises';
import type { Check } from '../../domain/audit/checks.js';
import type { TranscriptHead } from '../../domain/audit/transcript.js';
import type { ProofCore } from '../../domain/core/proof-core.js';
import { type MessageKind, type Opened, readSealed } from '../../domain/identity/sealed.js';
import { equalBytes, toHex } from '../../domain/model/bytes.js';
import { limits, mebibyte } from '../../domain/model/constants.js';
import { FileTaoError } from '../../domain/model/errors.js';
import { retrieveSeed, roundSeed } from '../../domain/protocol/derivations.js';
import {
  challengeKind,
  commitmentKind,
  receiptKind,
  retrieveKind,
  retrieveProofKind,
  storeKind,
} from '../../domain/protocol/messages.js';

const partBytes = mebibyte;

/** Seed and K of the exchange, as far as it went; null where no K was signed. */
function signedK(core: ProofCore, head: TranscriptHead): { seed: Uint8Array; keyedRoot: Uint8Array } | null {
  const first = <Body>(kind: MessageKind<Body>): Opened<Body> | null => {
    const message = head.messages.find(({ type }) => type === kind.type);
    return message === undefined ? null : readSealed(kind, message.bytes);
  };
  switch (head.kind) {
    case 'challenge': {
      const [asked, answered] = [first(challengeKind), first(commitmentKind)];
      return asked && answered && { seed: roundSeed(core, asked.body), keyedRoot: answered.value.keyedRoot };
    }
    case 'retrieve': {
      const [asked, answered] = [first(retrieveKind), first(retrieveProofKind)];
      return (
        asked && answered && { seed: retrieveSeed(core, asked.body), keyedRoot: answered.value.keyedRoot }
      );
    }
    case 'store': {
      const [asked, answered] = [first(storeKind), first(receiptKind)];
      return asked && answered && { seed: asked.value.seed, keyedRoot: answered.value.keyedRoot };
    }
    default:
      return null;
  }
}

/** Throws `integrity` when the file is not the replica of the exchange. */
export async function checkAgainstReplica(
  core: ProofCore,
  head: TranscriptHead,
  path: string,
): Promise<Check> {
  const signed = signedK(core, head);
  const content = core.createHasher({ kind: 'hash' });
  const keyed = signed && core.createHasher({ kind: 'keyed', key: signed.seed });
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > limits.replicaSizeMax)
      throw new FileTaoError('too-large', `${path} is larger than any replica`);
    const part = new Uint8Array(partBytes);
    for (;;) {
      const { bytesRead } = await file.read(part);
      if (bytesRead === 0) break;
      content.update(part.subarray(0, bytesRead));
      keyed?.update(part.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  if (!equalBytes(content.digest(), head.root))
    throw new FileTaoError('integrity', `${path} is not replica ${toHex(head.root).slice(0, 16)}`);
  if (signed === null || keyed === null)
    return { about: 'data', result: 'word', says: 'the miner signed no K in this exchange' };
  const recomputed = keyed.digest();
  return equalBytes(recomputed, signed.keyedRoot)
    ? { about: 'data', result: 'ok', says: 'the signed K is that of the replica, every byte of it' }
    : {
        about: 'data',
        result: 'fault',
        says: `the miner signed a false K: of this replica it is ${toHex(recomputed)}`,
      };
}
