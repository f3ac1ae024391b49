// What every placement index must do with several processes at work, killed or closed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProgram } from '../../program.js';
import { openPlacementAt } from '../backends.js';
import { replica } from '../records.js';
import { type IndexBackend, killWriterUnderLoad } from '../writer-crash.js';
import { openedPlacement, refusedWith } from './opened.js';

const child = new URL('../child.js', import.meta.url);

export function placementWriters(backend: IndexBackend): void {
  describe(`placement index on ${backend.name}: writers`, () => {
    test('two processes advance one replica: no update is lost, no chain forks', {
      skip: backend.oneProcess ?? false,
    }, async (context) => {
      const [index, address] = await openedPlacement(backend, context);
      const rounds = 150;
      await index.addReplica(replica(1));
      const names = ['a', 'b'];
      const programs = names.map((name) =>
        startProgram(context, child, ['advance', address, name, String(rounds)]),
      );
      const claims: string[][] = await Promise.all(
        programs.map(async (program) => {
          const own: string[] = [];
          for await (const line of program.lines) own.push(line);
          await program.end();
          return own;
        }),
      );
      const byVersion = new Map<number, string>();
      for (const line of claims.flat()) {
        const [version, name] = line.split(' ') as [string, string];
        assert.ok(!byVersion.has(Number(version)), `version ${version} was claimed by both`);
        byVersion.set(Number(version), name);
      }
      let link = replica(1).link;
      for (let version = 2; version <= 1 + 2 * rounds; version++) {
        const name = byVersion.get(version);
        assert.ok(name, `version ${version} was claimed by nobody`);
        link = Uint8Array.from(link, (byte, i) => (byte * 31 + i + name.charCodeAt(0)) & 0xff);
      }
      const last = (await index.getReplica(replica(1)))!;
      assert.deepEqual([last.n, last.version], [2 * rounds, 1 + 2 * rounds]);
      assert.deepEqual(last.link, link, 'the chain is the acknowledged one');
      const switches = [...byVersion].sort(([a], [b]) => a - b).map(([, name]) => name);
      context.diagnostic(
        `the writer changed ${switches.filter((name, i) => i > 0 && name !== switches[i - 1]).length} times`,
      );
    });

    test(
      'kill -9 of a writer: what it acknowledged is there, and the others go on',
      {
        skip: backend.oneProcess ?? false,
      },
      (context) => killWriterUnderLoad(context, backend, 10),
    );

    test('a closed index refuses work, and closing waits for what is under way', async (context) => {
      const address = await backend.prepare(context);
      const index = await openPlacementAt(address);
      const underWay = index.addReplica(replica(1));
      await index.close();
      await index.close();
      assert.equal(await underWay, true);
      await assert.rejects(index.getReplica(replica(1)), refusedWith('internal'));
      await assert.rejects(index.addReplica(replica(2)), refusedWith('internal'));
      const [again, beside] = await Promise.all([openPlacementAt(address), openPlacementAt(address)]);
      assert.deepEqual(await again.getReplica(replica(1)), replica(1));
      await again.close();
      assert.equal(await beside.removeReplica(replica(1)), true, 'another handle stays open');
      await beside.close();
    });
  });
}
