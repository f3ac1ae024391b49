// Renewing and deleting (PROTOCOL 4.4), the validator's side: what an acknowledgement must say.

import { equalBytes } from '../model/bytes.js';
import type { AcknowledgementBody } from './messages.js';

/** What is wrong with an acknowledgement, or null. @param expiry asked for; 0 for a delete */
export function acknowledgementFault(
  question: { readonly digest: Uint8Array; readonly value: { readonly root: Uint8Array } },
  expiry: number,
  acknowledgement: AcknowledgementBody,
): string | null {
  if (!equalBytes(acknowledgement.requestDigest, question.digest)) return 'wrong-request';
  if (!equalBytes(acknowledgement.root, question.value.root)) return 'root';
  return acknowledgement.expiry < expiry ? 'expiry' : null;
}
