// Options of proofs and their records.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defaults } from '../../../domain/model/constants.js';
import { duration, fraction, integer, path } from '../kinds.js';
import { day, nodes, option, validators } from './option.js';

export const proofOptions = {
  'audit.loss': option(
    validators,
    fraction(0, 1),
    defaults.auditLoss,
    'Share of lost chunks that a round shall detect …',
  ),
  'audit.confidence': option(validators, fraction(0, 1), defaults.auditConfidence, '… with this probability'),

  'proving.workers': option(
    nodes,
    integer('count', 1, 256),
    () => availableParallelism(),
    'Worker threads for proofs',
    'one per core',
  ),

  'transcripts.directory': option(
    validators,
    path,
    ({ value }) => join(String(value('database.directory')), 'transcripts'),
    'Folder of the transcripts of all rounds',
    '<database.directory>/transcripts',
  ),
  'transcripts.keep': option(
    ['validator'],
    duration(0, 3650 * day),
    7 * day,
    'How long opened bytes and proofs are kept',
  ),
} as const;
