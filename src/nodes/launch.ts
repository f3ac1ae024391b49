// Starts a node of a role from its configuration: opens what stands behind the ports, composes the node, and
// closes everything again when it ends or fails to start. The heavy parts are imported here, when they are used.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevChain } from '../adapters/chain/dev/dev-chain.js';
import { nodeCipher } from '../adapters/cipher/node.js';
import type { ResolvedConfig } from '../adapters/config/resolve.js';
import { openLmdbHoldingIndex } from '../adapters/index/lmdb/holding-index.js';
import { openLmdbPlacementIndex } from '../adapters/index/lmdb/placement-index.js';
import type { Log } from '../adapters/observe/log.js';
import { pruneTranscripts } from '../adapters/observe/transcript-files.js';
import { openTranscriptLog } from '../adapters/observe/transcript-log.js';
import { loadCore } from '../adapters/proving/load-core.js';
import { createProver } from '../adapters/proving/prover.js';
import { openReplicaFiles } from '../adapters/replicas/replica-files.js';
import { createHttpNetwork } from '../adapters/rpc/client.js';
import { systemClock } from '../adapters/system/clock.js';
import { systemRandom } from '../adapters/system/random.js';
import { verifySr25519 } from '../adapters/wallets/sr25519.js';
import { openWallet } from '../adapters/wallets/wallet-files.js';
import { encodeSs58 } from '../domain/identity/ss58.js';
import { publicKeyOf } from '../domain/model/bytes.js';
import type { Chain } from '../domain/ports/chain.js';
import type { Signer } from '../domain/ports/signer.js';
import { startApi } from './api/api.js';
import { startMiner } from './miner/miner.js';
import type { RunningNode } from './running-node.js';
import type { ValidatorParts } from './validator/compose.js';
import { startValidator } from './validator/validator.js';

type NodeRole = 'miner' | 'validator' | 'api';

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

/** TAO that a validator is given on the dev chain, where stake costs nothing. */
const devValidatorStake = 1000;

export async function launchNode(
  config: ResolvedConfig<NodeRole>,
  log: Log,
  version: string,
): Promise<LaunchedNode> {
  const { values, role } = config;
  const { hotkey } = await openWallet({
    path: values['wallet.path'],
    name: values['wallet.name'],
    hotkey: values['wallet.hotkey'],
  });
  const opened = new Opened();
  try {
    const chain = await opened.keep(joinChain(config, hotkey));
    const node =
      role === 'miner'
        ? await launchMiner(config as unknown as ResolvedConfig<'miner'>, hotkey, chain, opened, log)
        : role === 'validator'
          ? await launchValidator(
              config as unknown as ResolvedConfig<'validator'>,
              hotkey,
              chain,
              opened,
              log,
            )
          : await launchApi(config as unknown as ResolvedConfig<'api'>, hotkey, chain, opened, log, version);
    return { ...node, hotkey: encodeSs58(hotkey.publicKey), network: chain.network };
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

/** On the dev chain whoever starts a node is registered for its role. */
async function joinChain(
  { role, values, origins }: ResolvedConfig<NodeRole>,
  hotkey: Signer,
): Promise<Chain> {
  const given = <Value>(key: keyof typeof origins, value: Value): Value | undefined =>
    origins[key].source === 'default' ? undefined : value;
  const intervalMs = given('subtensor.block_seconds', 1000 * values['subtensor.block_seconds']);
  const netuid = given('netuid', values.netuid);
  const chain = await openDevChain({
    directory: values['subtensor.dev_directory'],
    clock: systemClock,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(netuid === undefined ? {} : { netuid }),
  });
  try {
    const publicKey = publicKeyOf(hotkey.publicKey);
    await chain.register(
      publicKey,
      role === 'miner' ? {} : { stake: devValidatorStake, validatorPermit: true },
    );
    return chain;
  } catch (error) {
    await chain.close();
    throw error;
  }
}

async function launchMiner(
  { values }: ResolvedConfig<'miner'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
): Promise<RunningNode> {
  const directory = values['database.directory'];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return startMiner({
    signer,
    verify: verifySr25519,
    chain,
    core: loadCore(),
    index: await opened.keep(openLmdbHoldingIndex(join(directory, 'index'))),
    replicas: await opened.keep(
      openReplicaFiles({ directory: join(directory, 'replicas'), quotaBytes: values['storage.quota'] }),
    ),
    prover: await opened.keep(createProver({ threads: values['proving.workers'] })),
    clock: systemClock,
    log,
    rate: values['miner.rate'],
    host: values['axon.ip'],
    port: values['axon.port'],
  });
}

/** What validator and API node have in common. They share the index, so each names itself in open rounds. */
async function validatorParts(
  { values, role }: ResolvedConfig<'validator'> | ResolvedConfig<'api'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
): Promise<ValidatorParts> {
  const directory = values['database.directory'];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const retired = values['wallet.retired_hotkeys'].map((name) =>
    openWallet({ path: values['wallet.path'], name: values['wallet.name'], hotkey: name }),
  );
  return {
    signer,
    retiredSigners: (await Promise.all(retired)).map(({ hotkey }) => hotkey),
    verify: verifySr25519,
    chain,
    core: loadCore(),
    index: await opened.keep(openLmdbPlacementIndex(join(directory, 'index'))),
    prover: await opened.keep(createProver({ threads: values['proving.workers'] })),
    network: await opened.keep(createHttpNetwork({ clock: systemClock })),
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
    log,
    audit: { loss: values['audit.loss'], confidence: values['audit.confidence'] },
    processId: role === 'api' ? `api:${values['api.port']}` : `validator:${values['validator.port']}`,
  };
}

async function launchValidator(
  config: ResolvedConfig<'validator'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
): Promise<RunningNode> {
  const { values } = config;
  const pruned = new Set<string>();
  return startValidator({
    ...(await validatorParts(config, signer, chain, opened, log)),
    host: '127.0.0.1',
    port: values['validator.port'],
    challengeEveryBlocks: values['neuron.challenge_every'],
    workFolder: join(values['database.directory'], 'rotation'),
    prune: () =>
      pruneTranscripts(
        values['transcripts.directory'],
        1000 * values['transcripts.keep'],
        systemClock.now(),
        pruned,
      ),
  });
}

async function launchApi(
  config: ResolvedConfig<'api'>,
  signer: Signer,
  chain: Chain,
  opened: Opened,
  log: Log,
  version: string,
): Promise<RunningNode> {
  const { values } = config;
  return startApi({
    ...(await validatorParts(config, signer, chain, opened, log)),
    host: values['api.ip'],
    port: values['api.port'],
    spoolDirectory: join(values['database.directory'], 'spool'),
    openAccess: values['api.open_access'],
    whitelistedHotkeys: values['api.whitelisted_hotkeys'],
    blacklistedHotkeys: values['api.blacklisted_hotkeys'],
    pieceSize: values['neuron.piece_size'],
    replicas: values['neuron.replicas'],
    version,
  });
}
