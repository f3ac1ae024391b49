// A miner, a validator and an API node held at saturation (FILETAO_LOAD_SECONDS, default 600): throughput and latency,
// memory that does not grow, an overload that is answered with 503 and Retry-After, nothing lost, and no round of an
// honest miner failed for lateness that it did not cause.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openDevChain } from '../../src/adapters/chain/dev/dev-chain.js';
import { openLmdbPlacementIndex } from '../../src/adapters/index/lmdb/placement-index.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandom } from '../../src/adapters/system/random.js';
import { createWallet, openWallet } from '../../src/adapters/wallets/wallet-files.js';
import { ApiConnection } from '../../src/client/api-connection.js';
import { nodeRuntime } from '../../src/client/node-runtime.js';
import { retrieve } from '../../src/client/retrieve.js';
import { defaultRetryPolicy } from '../../src/client/retry.js';
import { store } from '../../src/client/store.js';
import { toFileTaoError } from '../../src/domain/model/errors.js';
import type { NodeAddress } from '../../src/domain/ports/chain.js';
import { auditTranscripts } from '../../src/tools/audit/verify.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { runCli } from '../cli/run-cli.js';
import { startNodeProcess } from '../nodes/processes.js';
import { type Answers, floodApi, floodMiner } from './floods.js';

const given = Number(process.env.FILETAO_LOAD_SECONDS);
const seconds = given > 0 ? given : 600;
const objectBytes = 1024 * 1024;
const users = 6;
/** Proofs that may wait on a miner (docs/faults.md). */
const queueMax = 256;

const residentMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** As the node itself counts. */
async function queueLength({ host, port }: NodeAddress): Promise<number> {
  const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
  return Number(/^filetao_proving_queue_length\S* (\d+)/m.exec(text)![1]);
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ??
  Number.NaN;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

class Latencies {
  readonly ms: number[] = [];
  failed = new Map<string, number>();

  async time(work: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    try {
      await work();
      this.ms.push(performance.now() - start);
    } catch (error) {
      const { code } = toFileTaoError(error);
      this.failed.set(code, (this.failed.get(code) ?? 0) + 1);
      await delay(100);
    }
  }

  say(what: string, bytes: number): string {
    const mib = (this.ms.length * bytes) / 1024 ** 2 / seconds;
    return (
      `${what}: ${this.ms.length} (${mib.toFixed(2)} MiB/s), p50 ${percentile(this.ms, 0.5).toFixed()} ms, ` +
      `p99 ${percentile(this.ms, 0.99).toFixed()} ms, refused ${JSON.stringify(Object.fromEntries(this.failed))}`
    );
  }
}

test(`saturation for ${seconds} s`, { timeout: 7_000_000 }, async (t) => {
  const home = await temporaryFolder(t);
  const wallets = join(home, '.bittensor', 'wallets');
  for (const name of ['default', 'validator', 'miner'])
    await createWallet({ path: wallets, name, hotkey: 'default' }, { unencrypted: true });
  const one = ['--proving.workers', '1', '--logging.level', 'warn'];
  const nodes = {
    miner: await startNodeProcess(t, home, [
      'miner',
      '--wallet.name',
      'miner',
      '--axon.port',
      '0',
      '--proving.workers',
      '2',
      '--logging.level',
      'warn',
    ]),
    validator: await startNodeProcess(t, home, [
      'validator',
      '--wallet.name',
      'validator',
      '--validator.port',
      '0',
      '--neuron.challenge_every',
      '0',
      ...one,
    ]),
    api: await startNodeProcess(t, home, [
      'api',
      '--wallet.name',
      'validator',
      '--api.port',
      '0',
      '--neuron.replicas',
      '1',
      ...one,
    ]),
  };
  const wallet = await openWallet({ path: wallets, name: 'default', hotkey: 'default' });
  const url = `http://127.0.0.1:${nodes.api.address.port}`;
  const connection = new ApiConnection(url, { signer: wallet.hotkey, random: systemRandom, nowMs: Date.now });
  t.after(() => connection.close());
  const common = {
    connection,
    wallet,
    runtime: nodeRuntime(),
    retry: { attempts: 1, firstDelayMs: 1, delayMsMax: 1 },
  };
  const objects = new Map<string, Buffer>();
  const put = async (options: Partial<typeof common> = {}): Promise<void> => {
    const data = randomBytes(objectBytes);
    const { cid } = await store(data, { ...common, ...options, journalFolder: null, copies: 1 });
    objects.set(cid, data);
  };
  const get = async (cid: string): Promise<void> => {
    const parts: Uint8Array[] = [];
    const object = await retrieve(cid, common);
    for await (const part of object.plaintext) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(objects.get(cid)!));
  };
  for (let i = 0; i < 8; i++) await put();

  const until = performance.now() + 1000 * seconds;
  const isOn = (): boolean => performance.now() < until;
  const [puts, gets] = [new Latencies(), new Latencies()];
  const queued: number[] = [];
  const memory: Record<keyof typeof nodes, number[]> = { miner: [], validator: [], api: [] };
  const verdicts = { pass: 0, fail: 0, void: 0 };
  const work: Promise<void>[] = [];
  for (let i = 0; i < users; i++) {
    work.push(
      (async () => {
        while (isOn()) {
          // Bounded, so that the last look at everything takes no longer than the load did.
          if (i % 3 === 0 && objects.size < 400) await puts.time(() => put());
          else {
            const cids = [...objects.keys()];
            await gets.time(() => get(cids[Math.floor(Math.random() * cids.length)]!));
          }
        }
      })(),
    );
  }
  work.push(
    (async () => {
      while (isOn()) {
        const args = [
          'challenge',
          '--wallet.name',
          'validator',
          '--validator.port',
          String(nodes.validator.address.port),
          '--json',
        ];
        const { stdout } = await runCli(args, { home });
        for (const line of stdout.trim().split('\n')) {
          const { outcome, reason } = JSON.parse(line || '{}') as {
            outcome?: keyof typeof verdicts;
            reason?: string;
          };
          if (outcome === undefined) continue;
          verdicts[outcome]++;
          if (outcome === 'fail') t.diagnostic(`a round failed: ${reason}`);
        }
      }
    })(),
    (async () => {
      while (isOn()) {
        for (const name of Object.keys(nodes) as (keyof typeof nodes)[])
          memory[name].push(residentMib(nodes[name].child.pid!));
        queued.push(await queueLength(nodes.miner.address));
        await delay(Math.min(2000, (1000 * seconds) / 60));
      }
    })(),
  );
  await Promise.all(work);
  t.diagnostic(puts.say('puts of 1 MiB', objectBytes));
  t.diagnostic(gets.say('gets of 1 MiB', objectBytes));
  t.diagnostic(`rounds: ${JSON.stringify(verdicts)}`);
  for (const [name, values] of Object.entries(memory)) {
    const third = Math.floor(values.length / 3);
    const [middle, last] = [mean(values.slice(third, 2 * third)), mean(values.slice(2 * third))];
    t.diagnostic(
      `${name}: ${middle.toFixed()} MiB in the middle, ${last.toFixed()} MiB at the end, peak ${Math.max(...values).toFixed()}`,
    );
    // The proof pool and V8's heap settle in the first third.
    assert.ok(last < 1.3 * middle + 40, `${name} grows`);
  }
  const longest = Math.max(...queued);
  t.diagnostic(`the miner's proofs: ${mean(queued).toFixed(1)} waited on average, ${longest} at most`);
  assert.ok(longest <= queueMax, 'the queue is bounded');
  assert.equal(verdicts.fail, 0, 'no honest round fails');
  assert.ok(verdicts.pass > 0 && puts.ms.length > 0 && gets.ms.length > 0);

  const folder = join(home, '.filetao', 'validator-validator-default');
  const index = await openLmdbPlacementIndex(join(folder, 'index'));
  const [replica] = (await index.listReplicas(null, 1)).items;
  await index.close();
  const chain = await openDevChain({
    directory: join(home, '.filetao', 'dev-chain'),
    clock: systemClock,
    create: false,
  });
  const { hotkey } = await openWallet({ path: wallets, name: 'validator', hotkey: 'default' });
  const proofs = await floodMiner(nodes.miner.address, chain, hotkey, replica!, 2 * queueMax);
  await chain.close();
  t.diagnostic(`${2 * queueMax} challenges at once: ${told(proofs)}`);
  assertOverload(proofs);
  assert.ok(proofs.served >= queueMax, 'those that may wait are served');

  const uploads = await floodApi(nodes.api.address, { announced: 5000, refusals: 500 }, async () => {
    await get(objects.keys().next().value!);
  });
  t.diagnostic(`5000 pieces announced at once: ${told(uploads)}`);
  assertOverload(uploads);
  // Those who went away hold nothing; whoever comes again as told is served.
  await put({ retry: defaultRetryPolicy });

  for (const known of objects.keys()) await get(known);
  t.diagnostic(`${objects.size} acknowledged objects read back`);
  for (const node of Object.values(nodes)) assert.equal(await node.end(), 0);
  const audit = await auditTranscripts([join(folder, 'transcripts')], { loss: 0.1 });
  assert.deepEqual([audit.findings, audit.failedByMiner, audit.failedByWord], [[], 0, 0]);
});

const told = ({ served, retryAfter }: Answers): string =>
  `${served} served, ${retryAfter.length} told to come again in ${Math.min(...retryAfter)} s or more`;

/** Some were told to come again, and nothing else went wrong. */
function assertOverload({ retryAfter, others }: Answers): void {
  assert.deepEqual(others, []);
  assert.ok(retryAfter.length > 0 && retryAfter.every((wait) => wait >= 1));
}
