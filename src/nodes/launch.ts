// Starts a node of a role from its configuration: opens what stands behind the ports, composes the node, and
// closes everything again when it ends or fails to start. What only one role runs is imported when that role is launched: all
// three together are half as many modules again.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDevNetwork, openChain, openConfiguredDevChain } from '../adapters/chain/open-chain.js';
import { nodeCipher } from '../adapters/cipher/node.js';
import type { ResolvedConfig } from '../adapters/config/resolve.js';
import type { ConfigOf } from '../adapters/config/schema.js';
import { configuredIndex } from '../adapters/index/configured.js';
import { describeLocation, type IndexLocation } from '../adapters/index/location.js';
import { openHoldingIndex, openPlacementIndex } from '../adapters/index/open-index.js';
import { Activity } from '../adapters/observe/activity.js';
import { noEventRecords, openEventRecords } from '../adapters/observe/event-records.js';
import { evidenceFiles } from '../adapters/observe/evidence-files.js';
import { openRewardLog } from '../adapters/observe/ledger-files.js';
import type { Log } from '../adapters/observe/log.js';
import { meteredChain, meteredIndex, meteredProver } from '../adapters/observe/metered-ports.js';
import { NodeMetrics } from '../adapters/observe/metrics.js';
import { isTracingWished, type Observer, observers } from '../adapters/observe/observer.js';
import type { Tracer } from '../adapters/observe/tracing.js';
import { pruneTranscripts } from '../adapters/observe/transcript-files.js';
import { openTranscriptLog } from '../adapters/observe/transcript-log.js';
import { chooseBuild, loadCore } from '../adapters/proving/load-core.js';
import { createProver, type PooledProver } from '../adapters/proving/prover.js';
import { createHttpNetwork } from '../adapters/rpc/client.js';
import { systemClock } from '../adapters/system/clock.js';
import { Hook } from '../adapters/system/hook.js';
import { systemRandom } from '../adapters/system/random.js';
import type { Unlock } from '../adapters/wallets/password.js';
import { verifySr25519 } from '../adapters/wallets/sr25519.js';
import { openWallet } from '../adapters/wallets/wallet-files.js';
import { encodeSs58, publicKeyFromSs58 } from '../domain/identity/ss58.js';
import { fromHex, type PublicKey, publicKeyOf } from '../domain/model/bytes.js';
import { rulesOf } from '../domain/model/economy.js';
import { tierNames } from '../domain/model/tiers.js';
import type { Chain, FullChain } from '../domain/ports/chain.js';
import type { Prover } from '../domain/ports/prover.js';
import type { Signer } from '../domain/ports/signer.js';
import { announcedAddress } from './announcing.js';
import type { DashboardWish } from './dashboard/dashboard.js';
import { joinDevChain, type NodeRole, requireRegistration } from './joining.js';
import type { RunningNode } from './running-node.js';
import type { Operation } from './status.js';
import type { ValidatorParts } from './validator/compose.js';
import type { DutyOptions } from './validator/duty/compose.js';
import type { RecoveredPlacement } from './validator/inventories.js';

export interface LaunchedNode extends RunningNode {
  /** ss58 */
  readonly hotkey: string;
  readonly network: string;
}

/** What was opened so far, closed in reverse order when a later step fails. */
class Opened {
  readonly #parts: { close(): Promise<void> }[] = [];

  async keep<Part extends { close(): Promise<void> }>(opening: Promise<Part> | Part): Promise<Part> {
    const part = await opening;
    this.#parts.push(part);
    return part;
  }

  async closeAll(): Promise<void> {
    for (const part of this.#parts.reverse()) await part.close().catch(() => {});
  }
}

/** @param unlock asks for the passwords of encrypted hotkeys; without it they come from the environment */
export async function launchNode(
  config: ResolvedConfig<NodeRole>,
  log: Log,
  version: string,
  unlock: Unlock = {},
): Promise<LaunchedNode> {
  const { values, role } = config;
  const { hotkey } = await openWallet(
    { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
    unlock,
  );
  const opened = new Opened();
  try {
    const operated = await operate(config, encodeSs58(hotkey.publicKey), opened, log, version);
    const chain = meteredChain(await opened.keep(joinChain(config, hotkey, log)), operated.operation.metrics);
    const node =
      role === 'miner'
        ? await launchMiner(
            config as unknown as ResolvedConfig<'miner'>,
            hotkey,
            chain,
            opened,
            log,
            operated,
          )
        : role === 'validator'
          ? await launchValidator(
              config as unknown as ResolvedConfig<'validator'>,
              hotkey,
              chain,
              opened,
              log,
              operated,
              unlock,
            )
          : await launchApi(
              config as unknown as ResolvedConfig<'api'>,
              hotkey,
              chain,
              opened,
              log,
              operated,
              unlock,
              version,
            );
    const { tracer } = operated;
    const close = async (): Promise<void> => {
      await node.close();
      await tracer?.close();
    };
    return { ...node, close, hotkey: encodeSs58(hotkey.publicKey), network: chain.network };
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

/** What watches a node: its metrics, and its traces where the environment asks for them. */
interface Operated {
  readonly operation: Operation;
  readonly observer: Observer;
  readonly tracer: Tracer | null;
  /** The dashboard it is to have. */
  readonly dashboard: DashboardWish | undefined;
}

async function operate(
  config: ResolvedConfig<NodeRole>,
  hotkey: string,
  opened: Opened,
  log: Log,
  version: string,
): Promise<Operated> {
  const { values, role } = config;
  const metrics = new NodeMetrics({ role, version, core: chooseBuild() });
  let tracer: Tracer | null = null;
  if (isTracingWished(process.env)) {
    const { Tracer } = await import('../adapters/observe/tracing.js');
    tracer = await opened.keep(new Tracer({ env: process.env, role, version, hotkey, log }));
    const opening = tracer;
    metrics.counted('filetao_dropped_spans_total', 'Spans of traces that nobody took', () => opening.dropped);
  }
  const port = values['metrics.port'];
  const dashboardPort = values['dashboard.port'];
  const dashboard: DashboardWish | undefined =
    dashboardPort === null
      ? undefined
      : {
          listen: { host: values['dashboard.host'], port: dashboardPort },
          activity: new Activity(() => systemClock.now()),
          version,
        };
  return {
    operation: {
      metrics,
      allow: values['metrics.allow'],
      separate: port === null ? null : { host: values['metrics.host'], port },
      graceMs: 1000 * values['shutdown.grace'],
    },
    observer: observers([
      metrics,
      ...(tracer === null ? [] : [tracer]),
      ...(dashboard === undefined ? [] : [dashboard.activity]),
    ]),
    tracer,
    dashboard,
  };
}

/** A pool whose tasks, queue and lost workers are counted. */
function meteredPool(pool: PooledProver, metrics: NodeMetrics): Prover {
  metrics.gauge(
    'filetao_proving_queue_length',
    'Tasks that wait for a worker of the proving pool',
    () => pool.load.waiting,
  );
  metrics.gauge(
    'filetao_proving_running_tasks',
    'Tasks that workers of the proving pool are at',
    () => pool.load.running,
  );
  metrics.counted(
    'filetao_proving_worker_restarts_total',
    'Workers of the proving pool that were lost and replaced',
    () => pool.restarts,
  );
  return meteredProver(pool, metrics);
}

async function joinChain(config: ResolvedConfig<NodeRole>, hotkey: Signer, log: Log): Promise<FullChain> {
  const { role } = config;
  if (isDevNetwork(config)) {
    const chain = await openConfiguredDevChain(config);
    try {
      await joinDevChain(chain, role, hotkey);
      return chain;
    } catch (error) {
      await chain.close();
      throw error;
    }
  }
  const chain = await openChain(config, log);
  try {
    await requireRegistration(chain, role, hotkey, log);
    return chain;
  } catch (error) {
    await chain.close();
    throw error;
  }
}

/** Asks all miners what they hold for this validator and puts it into its index. Its nodes may be running. */
export async function rebuildPlacement(
  config: ResolvedConfig<'api'>,
  log: Log,
  signal?: AbortSignal,
  unlock: Unlock = {},
): Promise<RecoveredPlacement> {
  const [{ composeValidator }, { recoverPlacement }] = await Promise.all([
    import('./validator/compose.js'),
    import('./validator/inventories.js'),
  ]);
  const { values } = config;
  const { hotkey } = await openWallet(
    { path: values['wallet.path'], name: values['wallet.name'], hotkey: values['wallet.hotkey'] },
    unlock,
  );
  const opened = new Opened();
  try {
    const chain = await opened.keep(joinChain(config as unknown as ResolvedConfig<NodeRole>, hotkey, log));
    const context = composeValidator(
      await validatorParts(config, hotkey, chain, opened, log, undefined, unlock),
    );
    try {
      return await recoverPlacement(context, values['neuron.replicas'], signal);
    } finally {
      context.lag.stop();
    }
  } finally {
    await opened.closeAll();
  }
}

/** Says in one sentence what a crash of Redis can take back. */
async function reportDurability(location: IndexLocation, log: Log): Promise<void> {
  if (location.backend === 'lmdb') return;
  const { checkDurability } = await import('../adapters/index/redis/durability.js');
  const { sentence, good } = await checkDurability(location.place);
  log.info({ index: describeLocation(location) }, 'the index is in Redis');
  if (good) log.info(sentence);
  else log.warn(sentence);
}

async function launchMiner(
  config: ResolvedConfig<'miner'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
  { operation, observer, dashboard }: Operated,
): Promise<RunningNode> {
  const [{ startMiner }, { openReplicaFiles }] = await Promise.all([
    import('./miner/miner.js'),
    import('../adapters/replicas/replica-files.js'),
  ]);
  const { values } = config;
  const { metrics } = operation;
  const directory = values['database.directory'];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const location = await configuredIndex(
    config as unknown as ResolvedConfig<NodeRole>,
    encodeSs58(signer.publicKey),
  );
  await reportDurability(location, log);
  return startMiner({
    signer,
    verify: verifySr25519,
    chain,
    core: loadCore(),
    index: meteredIndex(await opened.keep(openHoldingIndex(location)), metrics),
    replicas: await opened.keep(
      openReplicaFiles({ directory: join(directory, 'replicas'), quotaBytes: values['storage.quota'] }),
    ),
    prover: meteredPool(await opened.keep(createProver({ threads: values['proving.workers'] })), metrics),
    clock: systemClock,
    log,
    observer,
    operation,
    dashboard,
    rate: values['miner.rate'],
    scrubbing: {
      file: join(directory, 'scrub.json'),
      bytesPerSecond: values['storage.scrub_rate'],
      everySeconds: values['storage.scrub_every'],
    },
    host: values['axon.ip'],
    port: values['axon.port'],
    access: {
      blocked: new Set(hotkeysOf(values['blacklist.blacklist_hotkeys'])),
      trusted: new Set(hotkeysOf(values['blacklist.whitelist_hotkeys'])),
      minimumStake: values['blacklist.minimum_stake_requirement'],
      requestsMax: values['miner.max_requests_per_window'],
      windowBlocks: values['miner.rate_limit_window'],
    },
    proofsAtOnce: values['proving.workers'],
    leavingFile: join(directory, 'leaving'),
    announce: (listening) =>
      announcedAddress(listening, {
        network: chain.network,
        externalIp: values['axon.external_ip'],
        externalPort: values['axon.external_port'],
        option: '--axon.external_ip',
      }),
  });
}

/** What validator and API node have in common. They share the index, so each names itself in open rounds. */
async function validatorParts(
  config: ResolvedConfig<'validator'> | ResolvedConfig<'api'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
  operated?: Operated,
  unlock: Unlock = {},
): Promise<ValidatorParts> {
  const { values, role } = config;
  const directory = values['database.directory'];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const location = await configuredIndex(
    config as unknown as ResolvedConfig<NodeRole>,
    encodeSs58(signer.publicKey),
  );
  await reportDurability(location, log);
  const index = await opened.keep(openPlacementIndex(location));
  const limitsByTier = new Map(tierNames.map((name, i) => [name, values['tier.limits'][i]!]));
  const pool = await opened.keep(createProver({ threads: values['proving.workers'] }));
  const metrics = operated?.operation.metrics;
  const retired = values['wallet.retired_hotkeys'].map((name) =>
    openWallet({ path: values['wallet.path'], name: values['wallet.name'], hotkey: name }, unlock),
  );
  return {
    signer,
    retiredSigners: (await Promise.all(retired)).map(({ hotkey }) => hotkey),
    verify: verifySr25519,
    chain,
    core: loadCore(),
    index: metrics === undefined ? index : meteredIndex(index, metrics),
    vpermitTaoLimit: values['neuron.vpermit_tao_limit'],
    storageLimit: async (miner) => limitsByTier.get((await index.statistics(miner)).tier)!,
    prover: metrics === undefined ? pool : meteredPool(pool, metrics),
    network: await opened.keep(
      createHttpNetwork({
        clock: systemClock,
        ...('api.ping_timeout' in values ? { connectMs: 1000 * values['api.ping_timeout'] } : {}),
      }),
    ),
    cipher: nodeCipher,
    clock: systemClock,
    random: systemRandom,
    transcripts: await opened.keep(
      openTranscriptLog({
        directory: values['transcripts.directory'],
        processName: role,
        clock: systemClock,
      }),
    ),
    evidence: evidenceFiles(values['transcripts.directory']),
    log,
    ...(operated === undefined ? {} : { observer: operated.observer }),
    audit: { loss: values['audit.loss'], confidence: values['audit.confidence'] },
    processId: role === 'api' ? `api:${values['api.port']}` : `validator:${values['validator.port']}`,
  };
}

async function launchValidator(
  config: ResolvedConfig<'validator'>,
  signer: Signer,
  chain: FullChain,
  opened: Opened,
  log: Log,
  operated: Operated,
  unlock: Unlock,
): Promise<RunningNode> {
  const { startValidator } = await import('./validator/validator.js');
  const { values } = config;
  const pruned = new Set<string>();
  const directory = values['database.directory'];
  const script = values['neuron.rebalance_script'];
  const hook =
    script === ''
      ? null
      : await opened.keep(
          Hook.open({ path: script, timeoutMs: scriptMsMax, log: log.child({ name: 'script' }) }),
        );
  const parts = await validatorParts(config, signer, chain, opened, log, operated, unlock);
  const events = values['neuron.dont_save_events']
    ? noEventRecords
    : await opened.keep(
        openEventRecords(values['neuron.events_file'], values['neuron.events_retention_size']),
      );
  return startValidator({
    ...parts,
    operation: operated.operation,
    dashboard: operated.dashboard,
    missesMax: values['monitor.misses'],
    rewards: {
      log: await opened.keep(
        openRewardLog({
          directory: values['transcripts.directory'],
          processName: 'validator',
          clock: systemClock,
        }),
      ),
      rules: rulesOf(values),
      directory: values['transcripts.directory'],
    },
    ...(values['neuron.disable_set_weights']
      ? {}
      : {
          weighing: {
            chain,
            versionKey: BigInt(values['neuron.version_key']),
            file: values['neuron.weights_file'],
          },
        }),
    host: '127.0.0.1',
    port: values['validator.port'],
    duty: {
      options: dutyOptionsOf(values),
      stateFile: join(directory, 'duty.json'),
      workFolder: join(directory, 'work'),
      events,
      hideRewards: values['neuron.disable_log_rewards'],
    },
    onLost: (hotkeys) => {
      const database = values['database.index'];
      void hook?.run([
        hotkeys.map((hotkey) => encodeSs58(fromHex(hotkey))).join(','),
        chain.network,
        String(database),
      ]);
    },
    async onClose() {
      await hook?.close();
      await events.close();
    },
    prune: () =>
      pruneTranscripts(
        values['transcripts.directory'],
        1000 * values['transcripts.keep'],
        systemClock.now(),
        pruned,
      ),
  });
}

/** An operator's script that takes longer is ended. */
const scriptMsMax = 10 * 60_000;

const dutyOptionsOf = (values: ConfigOf<'validator'>): DutyOptions => ({
  storeEvery: values['neuron.store_every'],
  storeMiners: values['neuron.store_batch'],
  storeSizeMax: values['neuron.maxsize'] === 0 ? null : values['neuron.maxsize'],
  challengeEvery: values['neuron.challenge_every'],
  challengeMiners: values['neuron.challenge_batch'],
  challengeReplicas: values['neuron.challenge_replicas'],
  retrieveEvery: values['neuron.retrieve_every'],
  retrieveMiners: values['neuron.retrieve_batch'],
  distributeEvery: values['neuron.distribute_every'],
  distributePieces: values['neuron.distribute_batch'],
  monitorEvery: values['neuron.monitor_every'],
  monitorMiners: values['neuron.monitor_batch'],
  pingTimeoutMs: 1000 * values['neuron.ping_timeout'],
  repairEvery: values['neuron.repair_every'],
  repairPieces: values['neuron.repair_batch'],
  repairBytesPerSecond: values['neuron.repair_rate'],
  purgeEvery: values['neuron.purge_every'],
  checkpointEvery: values['neuron.checkpoint_block_length'],
});

async function launchApi(
  config: ResolvedConfig<'api'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
  operated: Operated,
  unlock: Unlock,
  version: string,
): Promise<RunningNode> {
  const { startApi } = await import('./api/api.js');
  const { values } = config;
  return startApi({
    ...(await validatorParts(config, signer, chain, opened, log, operated, unlock)),
    operation: operated.operation,
    dashboard: operated.dashboard,
    host: values['api.ip'],
    port: values['api.port'],
    announce: async (listening) =>
      isLoopback(listening.host) && values['api.external_ip'] === null && chain.network !== 'dev'
        ? null
        : announcedAddress(listening, {
            network: chain.network,
            externalIp: values['api.external_ip'],
            externalPort: values['api.external_port'],
            option: '--api.external_ip',
          }),
    spoolDirectory: join(values['database.directory'], 'spool'),
    uploadDirectory: join(values['database.directory'], 'uploads'),
    uploadExpirySeconds: values['api.upload_expiry'],
    uploadBytesMax: values['api.upload_space'],
    storeSeconds: values['api.store_timeout'],
    retrieveSeconds: values['api.retrieve_timeout'],
    requestsPerMinute: values['api.max_requests_per_minute'],
    quotas: {
      objectBytesMax: values['api.max_object_bytes'],
      ownedBytesMax: values['api.quota_bytes'],
      ownedObjectsMax: values['api.quota_objects'],
    },
    openAccess: values['api.open_access'],
    whitelistedHotkeys: hotkeysOf(values['api.whitelisted_hotkeys']),
    blacklistedHotkeys: hotkeysOf(values['api.blacklisted_hotkeys']),
    pieceSize: values['neuron.piece_size'],
    replicas: values['neuron.replicas'],
    dataTtl: values['neuron.data_ttl'],
    version,
  });
}

/** A node that only this machine reaches is for its operator alone, and not announced. */
const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');

const hotkeysOf = (addresses: readonly string[]): PublicKey[] =>
  addresses.map((address) => publicKeyOf(publicKeyFromSs58(address)));
