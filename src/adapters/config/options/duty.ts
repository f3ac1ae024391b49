// Options of the validator's duty: what it does how often, and of how many.
import { dutyDefaults, limits } from '../../../domain/model/constants.js';
import { bytes, duration, integer } from '../kinds.js';
import { interval, isDev, option } from './option.js';

export const dutyOptions = {
  'neuron.store_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 0 : dutyDefaults.storeEvery),
    'Blocks between two stores of random data on drawn miners; 0 is never',
    '3; never on the dev network',
  ),
  'neuron.store_batch': option(
    ['validator'],
    integer('count', 1, 4096),
    dutyDefaults.storeMiners,
    'Miners that random data goes to',
  ),
  'neuron.maxsize': option(
    ['validator'],
    bytes(0, limits.replicaSizeMax),
    0,
    'Largest random data; 0 draws sizes around 3 MiB, log-normally',
  ),
  'neuron.challenge_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 10 : dutyDefaults.challengeEvery),
    'Blocks between two batches of challenge rounds; 0 holds rounds only when asked',
    '3; 10 on the dev network',
  ),
  'neuron.challenge_batch': option(
    ['validator'],
    integer('count', 0, 4096),
    (context) => (isDev(context) ? 0 : dutyDefaults.challengeMiners),
    'Miners drawn for a batch; 0 is all',
    '10; all on the dev network',
  ),
  'neuron.challenge_replicas': option(
    ['validator'],
    integer('count', 0, 10_000),
    (context) => (isDev(context) ? 0 : dutyDefaults.challengeReplicas),
    'Replicas challenged of each drawn miner; 0 is all',
    '1; all on the dev network',
  ),
  'neuron.retrieve_every': option(
    ['validator'],
    interval,
    (context) => (isDev(context) ? 60 : dutyDefaults.retrieveEvery),
    'Blocks between two trial retrievals of whole replicas; 0 is never',
    '15; 60 on the dev network',
  ),
  'neuron.retrieve_batch': option(
    ['validator'],
    integer('count', 1, 4096),
    dutyDefaults.retrieveMiners,
    'Miners drawn for them',
  ),
  'neuron.distribute_every': option(
    ['validator'],
    interval,
    dutyDefaults.distributeEvery,
    'Blocks between two looks at whether pieces have their replicas; 0 is never',
  ),
  'neuron.distribute_batch': option(
    ['validator'],
    integer('count', 1, 1000),
    dutyDefaults.distributePieces,
    'Pieces looked at',
  ),
  'neuron.monitor_every': option(
    ['validator'],
    interval,
    dutyDefaults.monitorEvery,
    'Blocks between two pings of drawn miners; 0 is never',
  ),
  'neuron.monitor_batch': option(
    ['validator'],
    integer('count', 0, 4096),
    dutyDefaults.monitorMiners,
    'Miners drawn for pings; 0 is all',
  ),
  'neuron.ping_timeout': option(
    ['validator'],
    duration(0.1, 60),
    dutyDefaults.pingSeconds,
    'Until a ping counts as missed',
  ),
  'neuron.repair_every': option(
    ['validator'],
    interval,
    dutyDefaults.repairEvery,
    'Blocks between two looks at what is short of replicas; 0 repairs only when asked',
  ),
  'neuron.repair_batch': option(
    ['validator'],
    integer('count', 1, 64),
    dutyDefaults.repairPieces,
    'Pieces repaired at once',
  ),
  'neuron.repair_rate': option(
    ['validator'],
    bytes(1024, Number.MAX_SAFE_INTEGER),
    dutyDefaults.repairBytesPerSecond,
    'Bytes per second that repairs may fetch and store',
  ),
  'neuron.purge_every': option(
    ['validator'],
    interval,
    dutyDefaults.purgeEvery,
    'Blocks between two removals of expired records; 0 is never',
  ),
  'neuron.checkpoint_block_length': option(
    ['validator'],
    interval,
    dutyDefaults.checkpointEvery,
    'Blocks between two records of how much is stored where; 0 is never',
  ),
  'neuron.vpermit_tao_limit': option(
    ['validator', 'api', 'operator'],
    integer('TAO', 0, 1_000_000_000),
    dutyDefaults.vpermitTaoLimit,
    'Stake above which a neuron with a validator permit is not asked to store',
  ),
} as const;
