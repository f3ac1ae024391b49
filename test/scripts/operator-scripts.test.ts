// The operator's scripts for Redis and data directories, on temporary files and servers: they do what they say,
// again does nothing, a dry run changes nothing, and exit codes are honest.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../adapters/index/redis-server.js';
import { temporaryFolder } from '../adapters/temporary-folder.js';

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url));

function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const { REDIS_PASSWORD: _, ...clean } = process.env;
  const { status, stdout, stderr } = spawnSync('bash', [join(scripts, script), ...args], {
    encoding: 'utf8',
    env: { ...clean, ...env },
  });
  return { status, said: stdout + stderr };
}

function passes(script: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { status, said } = run(script, args, env);
  assert.equal(status, 0, `${script}: ${said}`);
  return said;
}

function failsWith(
  code: number,
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): string {
  const { status, said } = run(script, args, env);
  assert.equal(status, code, `${script}: ${said}`);
  return said;
}

const conf = `# a comment with requirepass in it
port 0
# requirepass foobared
appendonly no
appendfsync no
save 900 1
save 300 10
`;

async function confFile(context: TestContext, content = conf): Promise<{ folder: string; file: string }> {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'redis.conf');
  await writeFile(file, content, { mode: 0o640 });
  return { folder, file };
}

test('settings are changed once, with a backup, and a dry run changes nothing', async (context) => {
  const { folder, file } = await confFile(context);
  const changing: [string, readonly string[], RegExp][] = [
    ['redis/set_redis_password.sh', [], /^requirepass [0-9a-f]{64}$/m],
    ['redis/enable_persistence.sh', [], /^appendonly yes$/m],
    ['redis/disable_rdb.sh', [], /^save ""$/m],
  ];
  let backups = 0;
  for (const [script, own, expected] of changing) {
    const before = await readFile(file, 'utf8');
    assert.match(passes(script, ['--conf', file, '--no-restart', '--dry-run', ...own]), /would set/);
    assert.equal(await readFile(file, 'utf8'), before, 'a dry run');
    passes(script, ['--conf', file, '--no-restart', ...own]);
    const after = await readFile(file, 'utf8');
    assert.match(after, expected);
    const saved = (await readdir(folder)).filter((name) => name.endsWith('.bak'));
    assert.equal(saved.length, ++backups);
    const contents = await Promise.all(saved.map((name) => readFile(join(folder, name), 'utf8')));
    assert.ok(contents.includes(before), 'the backup is what was there');
    passes(script, ['--no-restart', file, ...own]);
    assert.equal(await readFile(file, 'utf8'), after, 'again');
  }
  const settled = await readFile(file, 'utf8');
  assert.equal(settled.match(/^save/gm)!.length, 1, 'every save line but the empty one is gone');
  assert.match(settled, /^appendfsync everysec$/m);
  assert.match(settled, /^# a comment with requirepass in it$/m);
  assert.equal((await stat(file)).mode & 0o777, 0o640);

  const password = settled.match(/^requirepass (.*)$/m)![1]!;
  const said = passes('redis/set_redis_password.sh', ['--conf', file, '--no-restart', '--new']);
  assert.notEqual((await readFile(file, 'utf8')).match(/^requirepass (.*)$/m)![1], password);
  assert.ok(!said.includes((await readFile(file, 'utf8')).match(/^requirepass (.*)$/m)![1]!), 'not shown');
  const chosen = join(folder, 'password');
  await writeFile(chosen, 'with/slashes+and=signs.~_-1\n');
  passes('redis/set_redis_password.sh', ['--password-file', chosen, '--conf', file, '--no-restart']);
  assert.match(await readFile(file, 'utf8'), /^requirepass with\/slashes\+and=signs\.~_-1$/m);
  await writeFile(chosen, 'short\n');
  failsWith(1, 'redis/set_redis_password.sh', ['--password-file', chosen, '--conf', file]);
});

test('wrong usage is 2, what cannot be done is 1', async (context) => {
  const { folder, file } = await confFile(context);
  for (const script of [
    'set_redis_password',
    'enable_persistence',
    'disable_rdb',
    'test_persistence',
    'test_redis_require_pass',
  ]) {
    failsWith(1, `redis/${script}.sh`, ['--conf', join(folder, 'none.conf')]);
    failsWith(2, `redis/${script}.sh`, ['--conf', file, '--nonsense']);
  }
  failsWith(2, 'migrate_database_directory.sh', [folder]);
  failsWith(1, 'migrate_database_directory.sh', [join(folder, 'none'), folder]);
});

test('a running server takes persistence over, and the tests of it tell the truth', async (context) => {
  const redis = await startRedis(context);
  await writeFile(redis.configFile, `${await readFile(redis.configFile, 'utf8')}port ${redis.port}\n`);
  const at = ['--conf', redis.configFile];
  assert.match(failsWith(1, 'redis/test_persistence.sh', at), /appendonly is off/);
  passes('redis/enable_persistence.sh', at);
  assert.match(redis.cli('config', 'get', 'appendonly'), /yes/);
  assert.match(passes('redis/test_persistence.sh', at), /is in its append-only file/);
  assert.equal(redis.cli('dbsize'), '0', 'nothing is left behind');
  redis.cli('config', 'set', 'save', '900 1');
  passes('redis/disable_rdb.sh', at);
  assert.equal(redis.cli('config', 'get', 'save'), 'save');

  assert.match(failsWith(1, 'redis/test_redis_require_pass.sh', at), /without a password/);
  passes('redis/set_redis_password.sh', [...at, '--no-restart']);
  const password = (await readFile(redis.configFile, 'utf8')).match(/^requirepass (.*)$/m)![1]!;
  redis.cli('config', 'set', 'requirepass', password);
  passes('redis/test_redis_require_pass.sh', at);
  failsWith(1, 'redis/test_redis_require_pass.sh', at, { REDIS_PASSWORD: 'wrong' });
  passes('redis/test_persistence.sh', at);
  await redis.kill();
  failsWith(1, 'redis/test_redis_require_pass.sh', at);
  failsWith(1, 'redis/test_persistence.sh', at);
  assert.match(passes('redis/install_redis.sh', []), /is installed/);
});

test('the firewall never turns itself on, and allows SSH before it does', async (context) => {
  const { folder, file } = await confFile(context, 'port 7777\n');
  const said = join(folder, 'said');
  const ufw = join(folder, 'ufw');
  await writeFile(
    ufw,
    `#!/bin/sh\n[ "$1" = status ] && { echo "Status: inactive"; exit 0; }\necho "$*" >> ${said}\n`,
  );
  await chmod(ufw, 0o755);
  const env = { UFW: ufw };
  assert.match(
    passes('redis/create_redis_firewall.sh', ['--dry-run', '--conf', file], env),
    /would run: ufw deny 7777\/tcp/,
  );
  if (process.getuid?.() !== 0) return;
  assert.match(failsWith(1, 'redis/create_redis_firewall.sh', ['--conf', file], env), /ufw is off/);
  passes('redis/create_redis_firewall.sh', ['--enable', '--conf', file], env);
  const rules = (await readFile(said, 'utf8')).trim().split('\n');
  assert.deepEqual(rules, [
    'allow from 127.0.0.1 to any port 7777 proto tcp',
    'deny 7777/tcp',
    'allow OpenSSH',
    '--force enable',
    'reload',
  ]);
});

test('a data directory is moved whole, compared, and only then removed', async (context) => {
  const folder = await temporaryFolder(context);
  const [from, to] = [join(folder, 'old place'), join(folder, 'new place')];
  await mkdir(join(from, 'replicas', 'ab'), { recursive: true });
  await writeFile(join(from, 'replicas', 'ab', 'one'), 'one');
  await writeFile(join(from, 'with space'), 'two');
  await symlink('with space', join(from, 'link'));
  const script = 'migrate_database_directory.sh';
  passes(script, ['--dry-run', from, to]);
  await assert.rejects(stat(to));
  if (existsSync('/proc/self/fd')) {
    const node = await open(join(from, 'with space'));
    assert.match(failsWith(1, script, [from, to]), new RegExp(`a node is at work in .* ${process.pid}`, 'u'));
    await node.close();
    await assert.rejects(stat(to));
  }
  assert.match(failsWith(1, script, [from, join(from, 'inside')]), /lies in/);
  assert.match(passes(script, [from, to, '0']), /all 2 files are in/);
  assert.equal(await readFile(join(to, 'replicas', 'ab', 'one'), 'utf8'), 'one');
  assert.equal(await readFile(join(from, 'with space'), 'utf8'), 'two', 'the source stays');
  await writeFile(join(from, 'later'), 'three');
  passes(script, ['--remove-source', from, to]);
  assert.equal(await readFile(join(to, 'later'), 'utf8'), 'three', 'a later run goes on');
  await assert.rejects(stat(from));
  failsWith(2, script, ['--remove-source', to, 'user@host:/x']);
  // A remote move goes through rsync; where it is missing that is said.
  const log = join(folder, 'rsync-said');
  const rsync = join(folder, 'rsync');
  await writeFile(rsync, `#!/bin/sh\necho "$*" >> "${log}"\n`);
  await chmod(rsync, 0o755);
  passes(script, [to, 'user@host:/srv/filetao'], { RSYNC: rsync });
  assert.match(
    await readFile(log, 'utf8'),
    /-a --checksum --dry-run --itemize-changes .*user@host:\/srv\/filetao\//,
  );
  assert.match(
    failsWith(1, script, [to, 'user@host:/x'], { RSYNC: join(folder, 'none') }),
    /rsync is needed/,
  );
});
