import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HashRecord, HashRecords, walletsWithRecords } from '../../src/client/hash-records.js';
import { KeptManifests } from '../../src/client/kept-manifests.js';
import { isPlainName, outputName } from '../../src/client/output-name.js';
import { makeCid } from '../../src/domain/content/cid.js';
import { coded, testFolder } from './fixtures.js';

const record = (name: string, content = name): HashRecord => ({
  name,
  cid: makeCid(content),
  size: 1,
  storedAt: 2,
  expiry: 3,
  hotkeys: ['5x'],
});

test('records come back as they were added; the same name and CID is one record', async () => {
  const folder = join(testFolder(), 'new');
  const records = new HashRecords(folder, 'alice');
  assert.deepEqual(await records.list(), []);
  assert.deepEqual(await walletsWithRecords(folder), []);
  await records.add(record('a'), record('b'));
  await records.add({ ...record('a'), expiry: 99 }, record('a', 'another content'));
  assert.deepEqual(
    (await records.list()).map(({ name, expiry }) => [name, expiry]),
    [
      ['b', 3],
      ['a', 99],
      ['a', 3],
    ],
  );
  assert.equal((await records.find(makeCid('b')))?.name, 'b');
  assert.equal(await records.find(makeCid('unknown')), null);
  assert.deepEqual(await walletsWithRecords(folder), ['alice']);
  assert.deepEqual(readdirSync(folder), ['alice.json']);
});

test("the reference's file is read and turned into ours by the first put", async () => {
  const folder = testFolder();
  const reference = {
    'a.txt': makeCid('a'),
    'a.txt_hotkeys': ['5a', '5b'],
    b_hotkeys: makeCid('b'),
    b_hotkeys_hotkeys: [],
    version: makeCid('v'),
  };
  writeFileSync(join(folder, 'default.json'), JSON.stringify(reference));
  const records = new HashRecords(folder, 'default');
  const names = async (): Promise<unknown> =>
    (await records.list()).map(({ name, hotkeys }) => [name, hotkeys]);
  const expected = [
    ['a.txt', ['5a', '5b']],
    ['b_hotkeys', []],
    ['version', []],
  ];
  assert.deepEqual(await names(), expected);
  await records.add(record('new'));
  assert.deepEqual(await names(), [...expected, ['new', ['5x']]]);
});

test('a file that is no record is never overwritten', async () => {
  const folder = testFolder();
  for (const content of [
    '',
    '{',
    '[]',
    '{"version":1}',
    '{"version":2,"objects":[]}',
    '{"version":1,"objects":[{}]}',
  ]) {
    writeFileSync(join(folder, 'x.json'), content);
    const records = new HashRecords(folder, 'x');
    await assert.rejects(records.list(), coded('damaged'), content);
    await assert.rejects(records.add(record('a')), coded('damaged'));
    assert.equal(readFileSync(join(folder, 'x.json'), 'utf8'), content);
  }
  assert.deepEqual(readdirSync(folder), ['x.json']);
});

test('puts of several processes at once lose nothing, also after one died holding the lock', async () => {
  const folder = testFolder();
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => gone.once('exit', resolve));
  writeFileSync(join(folder, 'alice.json.lock'), `${gone.pid} dead\n`);
  const module = new URL('../../src/client/hash-records.js', import.meta.url).href;
  const script = (who: number): string => `
    const { HashRecords } = await import(${JSON.stringify(module)});
    const records = new HashRecords(${JSON.stringify(folder)}, 'alice');
    for (let i = 0; i < 12; i++)
      await records.add({ name: '${who}-' + i, cid: 'c' + i, size: 0, storedAt: 0, expiry: 0, hotkeys: [] });`;
  const codes = await Promise.all(
    [1, 2, 3].map(
      (who) =>
        new Promise((resolve) => {
          const child = spawn(process.execPath, ['--input-type=module', '-e', script(who)], {
            stdio: 'inherit',
          });
          child.once('exit', resolve);
        }),
    ),
  );
  assert.deepEqual(codes, [0, 0, 0]);
  assert.equal((await new HashRecords(folder, 'alice').list()).length, 36);
  assert.deepEqual(readdirSync(folder), ['alice.json']);
});

test('kept manifests are named by CIDs and nothing else', async () => {
  const manifests = new KeptManifests(testFolder());
  const cid = makeCid('m');
  assert.equal(await manifests.load(cid), undefined);
  await manifests.save(cid, Uint8Array.of(1, 2, 3));
  assert.deepEqual(new Uint8Array((await manifests.load(cid))!), Uint8Array.of(1, 2, 3));
  await assert.rejects(manifests.load('../../alice.json'), coded('bad-cid'));
});

test('a recorded name is used only when it is a plain file name', () => {
  for (const name of ['a', 'a b.txt', 'naïve – draft.tar.gz', '.profile', 'x'.repeat(240)]) {
    assert.ok(isPlainName(name), name);
  }
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    '/etc/passwd',
    'a\\b',
    'C:x',
    'a\0b',
    'a\nb',
    '\u001b[2J',
    '\u202egnp.exe',
    '-rf',
    '~',
    'nul',
    'COM1.txt',
    'x.',
    'x'.repeat(241),
    'é'.repeat(121),
  ];
  for (const name of bad) assert.equal(outputName(name, 'cid'), 'cid', JSON.stringify(name));
  assert.equal(outputName(null, 'cid'), 'cid');
  assert.equal(outputName('photos/2024/a.jpg', 'cid'), join('photos', '2024', 'a.jpg'));
});
