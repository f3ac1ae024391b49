// A miner's access rules from the outside: blocked and trusted hotkeys, and 429 for callers without replicas.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { contentTypes, frameHead } from '../../src/adapters/rpc/wire.js';
import { openSealed, sealMessage } from '../../src/domain/identity/sealed.js';
import { concatBytes, type PublicKey, publicKeyOf } from '../../src/domain/model/bytes.js';
import type { Signer } from '../../src/domain/ports/signer.js';
import { headerTo, refusalKind, storeKind } from '../../src/domain/protocol/messages.js';
import { testSigner } from '../adapters/chain/conformance.js';
import { core, startNetwork } from './network.js';

test('blocked and trusted hotkeys; a limit for those without replicas, and none for those with', async (context) => {
  const blocked = new Set<PublicKey>();
  const trusted = new Set<PublicKey>();
  const network = await startNetwork(context, {
    minerParts: () => ({ access: { blocked, trusted, minimumStake: 0, requestsMax: 3, windowBlocks: 25 } }),
  });
  const [miner] = network.miners;
  const validator = await network.validator();
  const store = async (signer: Signer, isWrong = false) => {
    const data = randomBytes(2000);
    const { number, hash } = await validator.view.head();
    const head = sealMessage(
      storeKind,
      {
        ...headerTo({ ...validator.party, publicKey: signer.publicKey }, miner!.signer.publicKey),
        root: isWrong ? randomBytes(32) : core.hash(data),
        size: data.length,
        seed: randomBytes(32),
        expiry: Math.floor(Date.now() / 1000) + 3600,
        blockNumber: number,
        blockHash: hash,
      },
      signer,
    );
    const { host, port } = miner!.node.address;
    const response = await fetch(`http://${host}:${port}/v1/store`, {
      method: 'POST',
      headers: { 'content-type': contentTypes.message },
      body: new Uint8Array(concatBytes(frameHead(head), data)),
    });
    const body = new Uint8Array(await response.arrayBuffer());
    const isRefusal = response.headers.get('content-type') === contentTypes.refusal;
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      code: isRefusal ? openSealed(refusalKind, body, validator.verify).value.code : null,
    };
  };

  const stranger = testSigner(70);
  for (let i = 0; i < 3; i++) assert.equal((await store(stranger)).code, 'forbidden', 'not registered');
  const limited = await store(stranger);
  assert.deepEqual([limited.status, limited.code], [429, 'budget']);
  assert.ok(Number(limited.retryAfter) >= 1 && Number(limited.retryAfter) <= 60, String(limited.retryAfter));
  trusted.add(publicKeyOf(stranger.publicKey));
  for (let i = 0; i < 3; i++) assert.equal((await store(stranger)).status, 200, 'trusted without a permit');

  // The third request makes the validator an owner of replicas, and it is not counted any more.
  for (let i = 0; i < 2; i++) assert.equal((await store(validator.signer, true)).code, 'root-mismatch');
  for (let i = 0; i < 6; i++) assert.equal((await store(validator.signer)).status, 200);

  blocked.add(publicKeyOf(validator.party.publicKey));
  assert.deepEqual((await store(validator.signer)).code, 'forbidden');
});
