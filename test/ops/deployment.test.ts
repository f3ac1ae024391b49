// Dockerfile, compose.yaml, example.env, systemd units and the pm2 file, read by parsers of their formats and held against the program
// they start: its options, ports and files. `npm run test:long -- image` runs the Dockerfile's steps.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import { parse } from 'yaml';
import { resolveConfig } from '../../src/adapters/config/resolve.js';
import { environmentNameOf, optionKeys, optionsOf, variablesOf } from '../../src/adapters/config/schema.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';
import { eventually } from '../nodes/network.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const roles = ['miner', 'validator', 'api'] as const;
type Role = (typeof roles)[number];

interface Service {
  readonly profiles: readonly string[];
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck: { readonly test: readonly string[] };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const exampleEnv = Object.fromEntries(
  read('example.env')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

/** `${NAME:-default}` as Compose fills it in (https://docs.docker.com/reference/compose-file/interpolation). */
const filled = (text: string, env: Readonly<Record<string, string>>): string =>
  text
    .replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, preset: string) => env[name] || preset)
    .replaceAll('$$', '$');

test('compose.yaml and example.env name the same variables, and none without a default', () => {
  const used = [...read('compose.yaml').matchAll(/(?<!\$)\$\{(\w+)(:-[^}]*)?\}/g)];
  assert.deepEqual([...new Set(used.map((match) => match[1]!))].sort(), Object.keys(exampleEnv).sort());
  // Compose fills in the services of every profile, also of those that are not asked for.
  for (const [whole, , preset] of used) assert.ok(preset !== undefined, whole);
  for (const [whole, name, preset] of used)
    assert.ok(
      [preset!.slice(2), ''].includes(exampleEnv[name!]!),
      `${whole}: the example says ${exampleEnv[name!]}`,
    );
});

test('each role in compose.yaml has options that it understands, with the ports it opens', () => {
  const { services, volumes } = compose;
  assert.deepEqual(Object.keys(services).sort(), ['api', 'miner', 'redis', 'validator']);
  assert.deepEqual(services.redis!.profiles, ['redis', 'validator']);
  for (const role of roles) {
    const service = services[role]!;
    assert.deepEqual(service.command, ['run', role]);
    assert.deepEqual(service.profiles, [role === 'api' ? 'validator' : role]);
    const env = Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [
        name,
        filled(value, { ...exampleEnv, REDIS_PASSWORD: 'x' }),
      ]),
    );
    const known = new Set(optionsOf(role).flatMap((key) => [...variablesOf(key)]));
    for (const name of Object.keys(env)) assert.ok(known.has(name), `${role}: ${name}`);
    const { values } = resolveConfig(role, { env });
    assert.equal(values['wallet.path'], '/wallets');
    if (role !== 'miner') assert.equal((values as { 'database.host': string })['database.host'], 'redis');
    const port = { miner: 'axon.port', validator: 'validator.port', api: 'api.port' }[role];
    const inside = (values as Record<string, unknown>)[port];
    assert.match(service.healthcheck.test.join(' '), new RegExp(`127\\.0\\.0\\.1:${inside}/readyz`));
    for (const published of service.ports ?? [])
      assert.ok(filled(published, exampleEnv).endsWith(`:${inside}`), published);
    // room for --shutdown.grace, and least privilege
    assert.ok(Number.parseInt(service.stop_grace_period!, 10) > values['shutdown.grace'] + 10);
    assert.deepEqual(
      [service.read_only, service.cap_drop, service.security_opt],
      [true, ['ALL'], ['no-new-privileges:true']],
    );
    const mounts = service.volumes.map((volume) => filled(volume, exampleEnv).split(':'));
    for (const [source] of mounts) assert.ok(source!.startsWith('.') || source! in volumes, source);
    assert.ok(mounts.some(([, target, mode]) => target === '/wallets' && mode === 'ro'));
  }
  assert.equal(services.validator!.ports, undefined, 'a validator’s own port stays inside');
});

test('the Redis of compose.yaml starts, asks for the password, and does not show it', async (t) => {
  const { entrypoint, command } = compose.services.redis!;
  if (spawnSync('redis-server', ['--version']).error !== undefined)
    return t.skip('NOT TESTED: no redis-server here');
  const [program, ...args] = [...entrypoint!, ...command].map((part) => part.replaceAll('$$', '$'));
  const cwd = await temporaryFolder(t);
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
  const env = { PATH: process.env.PATH ?? '' };
  const without = spawnSync(program!, args, { cwd, env: { ...env, REDIS_PASSWORD: '' }, encoding: 'utf8' });
  assert.deepEqual([without.status, without.stderr], [2, 'set REDIS_PASSWORD in .env\n']);
  const password = 'a long pass/word&1';
  const server = spawn(program!, [...args, '--port', String(port), '--bind', '127.0.0.1'], {
    cwd,
    env: { ...env, REDIS_PASSWORD: password },
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  t.after(() => server.kill('SIGKILL'));
  const cli = (...words: string[]): string =>
    spawnSync('redis-cli', ['-p', String(port), ...words], {
      env: { ...env, REDISCLI_AUTH: password },
      encoding: 'utf8',
    }).stdout.trim();
  await eventually(() => cli('ping') === 'PONG');
  assert.equal(
    spawnSync('redis-cli', ['-p', String(port), 'ping'], { env, encoding: 'utf8' }).stdout.includes('NOAUTH'),
    true,
  );
  assert.deepEqual(cli('config', 'get', 'appendonly').split('\n'), ['appendonly', 'yes']);
  assert.deepEqual(cli('config', 'get', 'maxmemory-policy').split('\n'), ['maxmemory-policy', 'noeviction']);
  if (existsSync(`/proc/${server.pid}/cmdline`))
    assert.doesNotMatch(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8'), /pass\/word/);
  server.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], 'the signal reaches the server');
});

test('the Dockerfile copies what is there, ends as a user without rights, and starts the program itself', () => {
  const instructions = DockerfileParser.parse(read('Dockerfile')).getInstructions();
  const of = (keyword: string) => instructions.filter((one) => one.getKeyword() === keyword);
  const text = (keyword: string) => of(keyword).map((one) => one.getArgumentsContent() ?? '');
  const manifest = JSON.parse(read('package.json')) as { bin: { filetao: string } };
  const ignored = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const copy of of('COPY')) {
    const words = copy.getArguments().map((argument) => argument.getValue());
    if (copy.toString().includes('--from=')) continue;
    for (const source of words.slice(0, -1)) {
      assert.ok(existsSync(join(root, source)), source);
      assert.ok(ignored.includes(source), `${source} is let through by .dockerignore`);
    }
  }
  const stages = text('FROM');
  assert.equal(stages.length, 3);
  for (const stage of stages) assert.match(stage, /^node:(20|22|24)-bookworm-slim( AS \w+)?$/);
  assert.deepEqual(text('USER'), ['node']);
  assert.deepEqual(JSON.parse(text('ENTRYPOINT')[0]!), ['node', `/app/${manifest.bin.filetao}`]);
  assert.ok(
    instructions.findIndex((one) => one.getKeyword() === 'USER') <
      instructions.findIndex((one) => one.getKeyword() === 'ENTRYPOINT'),
  );
});

test('systemd units start the roles with options they have, drain, and hold no more rights than needed', (t) => {
  assert.deepEqual(
    readdirSync(join(root, 'ops/systemd')).sort(),
    roles.map((role) => `filetao-${role}.service`).sort(),
  );
  for (const role of roles) {
    const unit = read(`ops/systemd/filetao-${role}.service`);
    const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
    const [program, ...words] = value('ExecStart').split(' ');
    assert.equal(program, '/usr/local/bin/filetao');
    assert.deepEqual(words.slice(0, 2), ['run', role]);
    for (const flag of words.slice(2)) assert.ok((optionsOf(role) as string[]).includes(flag.slice(2)), flag);
    assert.ok(
      Number(value('TimeoutStopSec')) > resolveConfig(role as Role, {}).values['shutdown.grace'] + 10,
    );
    for (const key of ['NoNewPrivileges', 'ProtectHome', 'PrivateTmp']) assert.equal(value(key), 'yes', key);
    assert.equal(value('ProtectSystem'), 'strict');
    assert.equal(value('User'), 'filetao');
  }
  const verified = spawnSync('systemd-analyze', ['--version']);
  if (verified.error !== undefined)
    return t.diagnostic('systemd-analyze is not here: units are not verified by it');
  for (const role of roles) {
    const { stderr } = spawnSync(
      'systemd-analyze',
      ['verify', join(root, `ops/systemd/filetao-${role}.service`)],
      { encoding: 'utf8' },
    );
    const said = stderr.split('\n').filter((line) => line.includes(`filetao-${role}.service`));
    // the program is installed elsewhere
    assert.deepEqual(
      said.filter((line) => !/not executable|No such file/.test(line)),
      [],
    );
  }
});

test('the pm2 file starts the program itself, waits until it is ready, and gives it time to drain', () => {
  const { apps } = createRequire(import.meta.url)(join(root, 'scripts/pm2/ecosystem.config.cjs')) as {
    apps: { name: string; script: string; args: string[]; kill_timeout: number; wait_ready: boolean }[];
  };
  assert.deepEqual(
    apps.map(({ name }) => name),
    roles.map((role) => `filetao-${role}`),
  );
  for (const [i, { script, args, kill_timeout, wait_ready }] of apps.entries()) {
    assert.ok(existsSync(script), script);
    assert.deepEqual([args, wait_ready], [['run', roles[i]], true]);
    assert.ok(kill_timeout > 1000 * (resolveConfig(roles[i]!, {}).values['shutdown.grace'] + 10));
  }
});

test('every variable these files name is an option', () => {
  const names = new Set(optionKeys.map(environmentNameOf));
  for (const path of ['compose.yaml', 'example.env', 'scripts/pm2/ecosystem.config.cjs', 'Dockerfile'])
    for (const [name] of read(path).matchAll(/FILETAO_[A-Z_]+[A-Z]/g))
      assert.ok(names.has(name), `${path}: ${name}`);
});
