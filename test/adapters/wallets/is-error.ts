// A predicate for assert.rejects: one of our errors, with a code, a message of one line and words in it.

import assert from 'node:assert/strict';
import { type ErrorCode, FileTaoError } from '../../../src/domain/model/errors.js';

export const isFileTaoError =
  (code: ErrorCode, ...parts: readonly string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FileTaoError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
