// Telling a validator what is held for it, page by page, with the terms that prove it.

import { sealMessage } from '../../domain/identity/sealed.js';
import { concatBytes } from '../../domain/model/bytes.js';
import { limits } from '../../domain/model/constants.js';
import { encodeEntry } from '../../domain/protocol/inventory.js';
import { headerTo, inventoryAnswerKind, inventoryKind } from '../../domain/protocol/messages.js';
import { admit, requireBlock, requirePermit } from './admission.js';
import { readTerms } from './adopting.js';
import type { OpeningAnswer } from './challenging.js';
import type { MinerContext } from './context.js';

/** About 1.2 KB each. */
const entriesPerPage = 200;

export async function listInventory(context: MinerContext, sealed: Uint8Array): Promise<OpeningAnswer> {
  const { core, index, party, signer } = context;
  const { request, validatorKey } = await admit(context, inventoryKind, sealed);
  // Whose replicas are here may ask after them even when its hotkey has left the subnet, as in rounds and retrieval.
  if ((await index.usedBytesOf(validatorKey)) === 0) await requirePermit(context, validatorKey);
  await requireBlock(context, request.value);
  return context.budget.spend(validatorKey, limits.inventoryBytesMax, async () => {
    const { cursor } = request.value;
    const page = await index.listOf(validatorKey, cursor === '' ? null : cursor, entriesPerPage);
    const entries: Uint8Array[] = [];
    for (const held of page.items) {
      const terms = await readTerms(context, held);
      // Damaged, or removed this moment: nothing that could be proven.
      if (terms !== null) entries.push(encodeEntry({ lastN: held.lastN, terms }));
    }
    const bulk = concatBytes(...entries);
    const answer = {
      ...headerTo(party, request.value.sender),
      requestDigest: request.digest,
      next: page.next ?? '',
      bulkDigest: core.hash(bulk),
      bulkLength: bulk.length,
    };
    return { head: sealMessage(inventoryAnswerKind, answer, signer), bulk };
  });
}
