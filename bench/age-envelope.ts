// Is the age payload over node:crypto fast enough not to be what limits a put? (At least 300 MB/s on one
// core.) Prints MB/s of each direction, medians of 5, beside age-encryption's own stream.

import { randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { nodeCipher } from '../src/adapters/cipher/node.js';
import { AgeDecryptor, AgeEncryptor, createEnvelope } from '../src/domain/identity/age-envelope.js';

const block = randomBytes(1 << 20);
const blocks = 128;
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const envelope = createEnvelope([recipient], { bytes: (length) => randomBytes(length) }, nodeCipher);

const megabytesPerSecond = async (bytes: number, run: () => unknown): Promise<number> => {
  const rates: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await run();
    rates.push(bytes / 1e3 / (performance.now() - start));
  }
  return Math.round(rates.sort((a, b) => a - b)[2]!);
};

const sealed: Uint8Array[] = [];
const encrypt = (): void => {
  sealed.length = 0;
  const encryptor = new AgeEncryptor(nodeCipher, envelope);
  for (let i = 0; i < blocks; i++) for (const part of encryptor.push(block)) sealed.push(part);
  sealed.push(encryptor.finish());
};
const decrypt = (): void => {
  const decryptor = new AgeDecryptor(nodeCipher, envelope.fileKey, envelope.payloadNonce);
  for (const part of sealed) for (const _ of decryptor.push(part));
  decryptor.finish();
};
const encrypter = new Encrypter();
encrypter.addRecipient(recipient);
const decrypter = new Decrypter();
decrypter.addIdentity(identity);
const whole = Buffer.concat(Array.from({ length: 8 }, () => block));
const theirs = await encrypter.encrypt(whole);

console.log(
  JSON.stringify({
    encrypt: await megabytesPerSecond(blocks * block.length, encrypt),
    decrypt: await megabytesPerSecond(blocks * block.length, decrypt),
    ageEncryptionEncrypt: await megabytesPerSecond(whole.length, () => encrypter.encrypt(whole)),
    ageEncryptionDecrypt: await megabytesPerSecond(whole.length, () => decrypter.decrypt(theirs)),
  }),
);
