// Options of how objects are cut and placed.
import { defaults, leafSize, limits } from '../../../domain/model/constants.js';
import { bytes, duration, integer } from '../kinds.js';
import { option, validators } from './option.js';

export const placementOptions = {
  'neuron.replicas': option(
    validators,
    integer('count', 1, limits.replicasMax),
    defaults.replicas,
    'Replicas of each piece, on distinct miners',
  ),
  'neuron.piece_size': option(
    validators,
    bytes(leafSize, limits.replicaSizeMax),
    defaults.pieceSize,
    'Largest piece an object is cut into',
  ),
  'neuron.data_ttl': option(
    ['api'],
    duration(limits.expirySecondsMin, limits.expirySecondsMax),
    defaults.userDataSeconds,
    'How long objects are kept whose owner names no time',
  ),
} as const;
