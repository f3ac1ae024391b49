import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createLog, type LogOptions, silentLog } from '../../../src/adapters/observe/log.js';
import { isSecretName } from '../../../src/adapters/observe/redact.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'info', json: true, write: (line) => lines.push(line), ...options });
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('JSON: one object per line with level, ISO time, message, name and fields', () => {
  const { log, lines, records } = capture({ name: 'miner' });
  log.info({ root: 'ab', size: 3 }, 'stored');
  log.child({ peer: '5G' }).warn('late');
  log.debug('not shown');
  assert.equal(lines.length, 2);
  assert.ok(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1));
  const [first, second] = records();
  const { time, ...rest } = first!;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, { level: 'info', name: 'miner', root: 'ab', size: 3, msg: 'stored' });
  assert.deepEqual([second!.level, second!.peer, second!.msg], ['warn', '5G', 'late']);
});

test('secrets never get out: by name at any depth, in children, and age identities anywhere', () => {
  const identity = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`;
  const secret = 'hunter2';
  for (const json of [true, false]) {
    const { log, lines } = capture({ json, colour: false, level: 'debug' });
    const names = [
      'secretPhrase',
      'secret_seed',
      'privateKey',
      'PRIVATE',
      'phrase',
      'password',
      'redis_password',
      'seed',
      'mnemonic',
      'Authorization',
    ];
    for (const name of names) {
      assert.ok(isSecretName(name), name);
      log.info({ [name]: secret }, 'top');
      log.info({ deep: [{ er: { [name]: [secret] } }] }, 'deep');
      log.child({ [name]: secret, in: { [name]: secret } }).info('child');
      log.info({ map: new Map([[name, secret]]) }, 'map');
    }
    log.info(`text ${identity}`);
    log.error({ err: new Error(`failed with ${identity}`, { cause: { password: secret } }) }, identity);
    const all = lines.join('');
    assert.ok(!all.includes(secret), all);
    assert.ok(!all.includes('QQQ'));
    assert.ok(all.includes('[redacted]'));
  }
  for (const name of ['root', 'size', 'hotkey', 'publicKey', 'seeds', 'wallet', 'reason'])
    assert.ok(!isSecretName(name), name);
});

test('whatever is logged becomes a bounded line', () => {
  const { log, records } = capture();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const trap = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  let nested: unknown = 'end';
  for (let i = 0; i < 1000; i++) nested = { nested };
  log.info(
    {
      circle,
      trap,
      nested,
      big: 10n,
      key: new Uint8Array(32).fill(0xab),
      bulk: new Uint8Array(1e6),
      long: 'x'.repeat(1e6),
      many: Array(1e5).fill(1),
      none: undefined,
      at: new Date(0),
    },
    'strange',
  );
  const [record] = records();
  assert.ok(JSON.stringify(record).length < 20_000);
  assert.equal(record!.key, 'ab'.repeat(32));
  assert.equal(record!.bulk, '[1000000 bytes]');
  assert.equal(record!.big, '10');
  assert.deepEqual(record!.circle, { self: '[circular]' });
  assert.equal(record!.at, '1970-01-01T00:00:00.000Z');
});

test('errors keep code and message; stacks come with debug, and for unexpected errors always', () => {
  const error = new FileTaoError('full', 'the disk is full', { details: { needed: 5 } });
  const quiet = capture();
  quiet.log.error({ err: error }, 'store failed');
  assert.deepEqual(quiet.records()[0]!.err, {
    type: 'FileTaoError',
    message: 'the disk is full',
    code: 'full',
    details: { needed: 5 },
  });
  quiet.log.error({ err: new TypeError('a bug') }, 'crashed');
  assert.match(String((quiet.records()[1]!.err as { stack: string }).stack), /log\.test/);
  const loud = capture({ level: 'debug' });
  loud.log.error({ err: error }, 'store failed');
  assert.match(String((loud.records()[0]!.err as { stack: string }).stack), /log\.test/);
});

test('readable lines show time, level, name, message and fields', () => {
  const { log, lines } = capture({ json: false, colour: false, name: 'miner' });
  log.info({ root: 'ab'.repeat(32), size: 16777216, peer: 'a b' }, 'stored');
  log.warn({ err: new FileTaoError('full', 'the disk is full') }, 'refused');
  assert.match(
    lines[0]!,
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}miner: stored root=abababababab… size=16777216 peer="a b"\n$/,
  );
  assert.match(lines[1]!, /WARN {2}miner: refused err="full: the disk is full"\n$/);
  const coloured = capture({ json: false, colour: true });
  coloured.log.info('x');
  assert.ok(coloured.lines[0]!.includes('\u001b[32mINFO'));
});

test('a remote party cannot steer the terminal or forge a line', () => {
  const { log, lines } = capture({ json: false, colour: false });
  log.info(
    { name: 'a\nb', reason: '\u001b[2J\r\nFAKE', '\u202ekey': '\u009b' },
    'said: \u001b]0;title\u0007\nINFO fake',
  );
  assert.equal(lines[0]!.slice(0, -1).match(/[\p{Cc}\u202e]/u), null, JSON.stringify(lines[0]));
});

test('the silent log is silent', () => {
  silentLog().fatal('nothing');
  assert.equal(silentLog().level, 'silent');
});

test('goes to stderr, and the last words of a crash are there', () => {
  const module = new URL('../../../src/adapters/observe/log.js', import.meta.url).href;
  const script = `const { createLog } = await import(${JSON.stringify(module)});
    for (let i = 0; i < 1000; i++) createLog({ level: 'info', json: true }).info({ i }, 'line');
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { i: number });
  assert.deepEqual([lines.length, lines.at(-1)?.i], [1000, 999]);
});

test('the level changes for a log and all its children, and a file gets every record as JSON', () => {
  const file: string[] = [];
  const { log, lines } = capture({ json: false, colour: false, file: { write: (line) => file.push(line) } });
  const child = log.child({ peer: '5G' });
  child.debug('hidden');
  log.setLevel('debug');
  child.debug('shown');
  log.setLevel('silent');
  child.fatal('hidden');
  assert.equal(child.level, 'silent');
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^[\d:.]{12} DEBUG shown peer=5G\n$/);
  const { time, ...record } = JSON.parse(file[0]!) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-/);
  assert.deepEqual(record, { level: 'debug', peer: '5G', msg: 'shown' });
});
