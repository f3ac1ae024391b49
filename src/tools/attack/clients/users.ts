// Users who want more than they may have, against a real API node over loopback HTTP. A pass is a request the node
// gave in to; what users ask for must never count against a miner either.
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { blake3 } from '@noble/hashes/blake3.js';
import { systemClock } from '../../../adapters/system/clock.js';
import { cidOfDigest } from '../../../domain/content/cid.js';
import { type Manifest, manifestKind } from '../../../domain/content/manifest.js';
import { authorise, type RequestMethod } from '../../../domain/identity/request.js';
import { sealMessage } from '../../../domain/identity/sealed.js';
import { concatBytes, pieceIdOf, publicKeyOf, toHex, utf8 } from '../../../domain/model/bytes.js';
import { kibibyte, limits, mebibyte, requestLimits } from '../../../domain/model/constants.js';
import { unixSeconds } from '../../../domain/ports/clock.js';
import type { Signer } from '../../../domain/ports/signer.js';
import { startApi } from '../../../nodes/api/api.js';
import type { Arena, ArenaMiner, ArenaValidator } from '../arena.js';
import { overriding } from '../cheat.js';
import { Counter, type Strategy } from '../strategy.js';

const pieceSize = 4 * kibibyte;
const day = 24 * 3600;

interface Asking {
  readonly method: RequestMethod;
  readonly path: string;
  readonly body?: Uint8Array;
  /** Content signed; the body itself unless given. */
  readonly signed?: Uint8Array | 'named';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signer?: Signer | null;
  readonly receiver?: Uint8Array;
  readonly timeMs?: number;
  readonly authorization?: string;
}

interface Reply {
  readonly status: number;
  readonly code: string;
}

class Office {
  constructor(
    readonly arena: Arena,
    readonly validator: ArenaValidator,
    readonly miners: readonly ArenaMiner[],
    readonly port: number,
    readonly user: Signer,
    readonly victim: Signer,
  ) {}

  static async open(arena: Arena): Promise<Office> {
    const miners = [await arena.addMiner(), await arena.addMiner()];
    const validator = await arena.addValidator();
    const { context } = validator;
    const user = arena.signer();
    const victim = arena.signer();
    const node = await startApi({
      ...context,
      // The pool outlives the node: all strategies share it.
      prover: overriding(context.prover, { close: async () => {} }),
      // What the node does now and then in the background must not move the time that all share.
      clock: overriding(context.clock, { sleep: systemClock.sleep }),
      host: '127.0.0.1',
      port: 0,
      spoolDirectory: join(arena.folder, 'spool'),
      uploadDirectory: join(arena.folder, 'uploads'),
      uploadExpirySeconds: 3600,
      uploadBytesMax: 1e9,
      storeSeconds: 60,
      retrieveSeconds: 60,
      requestsPerMinute: 0,
      quotas: { objectBytesMax: 1e12, ownedBytesMax: 0, ownedObjectsMax: 0 },
      openAccess: false,
      whitelistedHotkeys: [user, victim].map(({ publicKey }) => publicKeyOf(publicKey)),
      blacklistedHotkeys: [],
      pieceSize,
      replicas: 2,
      version: 'attack',
    });
    arena.onClose(() => node.close());
    return new Office(arena, validator, miners, node.address.port, user, victim);
  }

  authorization(asking: Asking): string | null {
    if (asking.authorization !== undefined) return asking.authorization;
    if (asking.signer === null) return null;
    const { party } = this.validator.context;
    return authorise(
      { method: asking.method, path: asking.path, content: asking.signed ?? asking.body ?? new Uint8Array() },
      { genesis: party.genesis, netuid: party.netuid, receiver: asking.receiver ?? party.publicKey },
      asking.signer ?? this.user,
      this.arena.random,
      asking.timeMs ?? this.arena.clock.now(),
    );
  }

  ask(asking: Asking): Promise<Reply> {
    const { method, path, body } = asking;
    const authorization = this.authorization(asking);
    return new Promise((resolve) => {
      const request = httpRequest({
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        agent: false,
        headers: {
          ...(authorization === null ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-length': String(body.length) }),
          ...asking.headers,
        },
      });
      request.on('error', () => resolve({ status: 0, code: 'connection closed' }));
      request.on('response', async (response) => {
        let text = '';
        try {
          for await (const part of response) text += String(part);
        } catch {
          // cut short: the status is what counts
        }
        const status = response.statusCode ?? 0;
        const code = /"code":"([a-z-]+)"/.exec(text)?.[1] ?? `status ${status}`;
        resolve({ status, code });
      });
      request.end(body);
    });
  }

  putPiece(data: Uint8Array, query = '', changes: Partial<Asking> = {}): Promise<Reply> {
    const path = `/pieces/${toHex(blake3(data))}${query}`;
    return this.ask({ method: 'PUT', path, body: data, signed: 'named', ...changes });
  }

  manifest(data: Uint8Array, changes: Partial<Manifest> = {}): Manifest {
    const { party } = this.validator.context;
    return {
      version: 1,
      genesis: party.genesis,
      netuid: party.netuid,
      cid: cidOfDigest(blake3(data)),
      size: data.length,
      pieceSize,
      pieceIds: [blake3(data)],
      redundancy: { scheme: 'replicate', copies: 2 },
      owner: this.user.publicKey,
      expiry: unixSeconds(this.arena.clock) + day,
      ...changes,
    } as Manifest;
  }

  putManifest(manifest: Manifest, signer: Signer, sender: Signer = signer): Promise<Reply> {
    const body = sealMessage(manifestKind, manifest, signer);
    return this.ask({ method: 'POST', path: '/objects', body, signer: sender });
  }

  data(): Uint8Array {
    return this.arena.random.bytes(pieceSize);
  }

  inDays(days: number): number {
    return unixSeconds(this.arena.clock) + Math.round(days * day);
  }

  /** What went wrong for an honest miner, if anything. */
  async harm(): Promise<string | null> {
    for (const { hotkey } of this.miners) {
      const { attempts, successes } = await this.validator.context.index.statistics(hotkey);
      const failed = attempts.store - successes.store;
      if (failed > 0) return `${failed} stores were counted against a miner`;
    }
    return null;
  }
}

type Demand = (office: Office) => Promise<Reply>;

function clientStrategy(
  name: string,
  what: string,
  demands: readonly Demand[],
  rounds = Math.max(20, 2 * demands.length),
): Strategy {
  return {
    name,
    what,
    who: 'client',
    rounds,
    async play(arena, played) {
      const office = await Office.open(arena);
      const counter = new Counter();
      for (let i = 0; i < played; i++) {
        const { status, code } = await demands[i % demands.length]!(office);
        counter.count(status >= 200 && status < 300 ? 'pass' : 'fail', code);
        counter.honest(await office.harm());
        if (i % 8 === 0) counter.honest(await served(office));
        arena.clock.advance(6_000);
      }
      return counter.tally(0);
    },
  };
}

/** An honest user is served meanwhile. */
async function served(office: Office): Promise<string | null> {
  const data = office.data();
  const piece = await office.putPiece(data, `?expiry=${office.inDays(1)}`);
  if (piece.status !== 200) return `an honest piece was refused: ${piece.code}`;
  const object = await office.putManifest(office.manifest(data), office.user);
  return object.status === 201 ? null : `an honest manifest was refused: ${object.code}`;
}

const info = (changes: Partial<Asking>): Demand => {
  return (office) => office.ask({ method: 'GET', path: '/objects/bafkreiaaaa/manifest', ...changes });
};

export const users: readonly Strategy[] = [
  clientStrategy(
    'bad-requests',
    'Unsigned, unlisted, stale, tampered, for another node or method, not in base64',
    [
      (office) => office.putPiece(office.data(), '', { signer: null }),
      (office) => office.putPiece(office.data(), '', { signer: office.arena.signer() }),
      (office) =>
        office.putPiece(office.data(), '', { timeMs: office.arena.clock.now() - requestLimits.windowMs - 1 }),
      (office) =>
        office.putPiece(office.data(), '', { timeMs: office.arena.clock.now() + requestLimits.windowMs + 1 }),
      (office) => office.putPiece(office.data(), '', { receiver: office.arena.random.bytes(32) }),
      (office) => office.putPiece(office.data(), '', { authorization: 'FileTAO !!!' }),
      (office) => office.putPiece(office.data(), '', { authorization: `FileTAO ${'A'.repeat(9000)}` }),
      (office) => {
        const data = office.data();
        const path = `/pieces/${toHex(blake3(data))}`;
        const authorization = office.authorization({ method: 'PUT', path, signed: 'named' })!;
        return office.putPiece(data, '?copies=1', { authorization });
      },
      (office) => {
        const data = office.data();
        const path = `/pieces/${toHex(blake3(data))}`;
        const authorization = office.authorization({ method: 'HEAD', path, signed: 'named' })!;
        return office.putPiece(data, '', { authorization });
      },
      (office) => {
        const data = office.data();
        const body = sealMessage(manifestKind, office.manifest(data), office.user);
        return office.ask({ method: 'POST', path: '/objects', body, signed: body.subarray(1) });
      },
      (office) => {
        const data = office.data();
        const body = sealMessage(manifestKind, office.manifest(data), office.user);
        return office.ask({ method: 'POST', path: '/objects', body, signed: 'named' });
      },
    ],
  ),
  clientStrategy('replayed-requests', 'Sends a request again that was carried out before', [
    async (office) => {
      const data = office.data();
      const path = `/pieces/${toHex(blake3(data))}`;
      const authorization = office.authorization({ method: 'PUT', path, signed: 'named' })!;
      const first = await office.putPiece(data, '', { authorization });
      if (first.status !== 200) return { status: 200, code: `the first was refused: ${first.code}` };
      return office.putPiece(data, '', { authorization });
    },
  ]),
  clientStrategy(
    'foreign-manifest',
    'Puts or signs a manifest in another owner’s name, deletes or renews another’s object',
    [
      (office) =>
        office.putManifest(office.manifest(office.data(), { owner: office.victim.publicKey }), office.user),
      async (office) => {
        const data = office.data();
        const piece = await office.putPiece(data, `?expiry=${office.inDays(1)}`);
        if (piece.status !== 200) return { status: 200, code: 'the piece was refused' };
        const manifest = office.manifest(data, { owner: office.victim.publicKey });
        return office.putManifest(manifest, office.victim, office.user);
      },
      ...(['DELETE', 'POST'] as const).map((method) => async (office: Office) => {
        const data = office.data();
        const piece = await office.putPiece(data, `?expiry=${office.inDays(1)}`);
        const owned = office.manifest(data, { owner: office.victim.publicKey });
        const object = await office.putManifest(owned, office.victim);
        if (piece.status !== 200 || object.status !== 201)
          return { status: 200, code: 'the owner was refused' };
        const path = `/objects/${owned.cid}`;
        if (method === 'DELETE') return office.ask({ method, path });
        const body = utf8(JSON.stringify({ expiry: office.inDays(2) }));
        return office.ask({ method, path: `${path}/renew`, body });
      }),
      (office) =>
        office.putManifest(
          office.manifest(office.data(), { genesis: office.arena.random.bytes(32) }),
          office.user,
        ),
    ],
  ),
  clientStrategy('unbacked-manifest', 'Manifests of pieces that are not there, of wrong counts and sizes', [
    (office) => office.putManifest(office.manifest(office.data()), office.user),
    (office) => office.putManifest(office.manifest(office.data(), { size: 100 * mebibyte }), office.user),
    (office) => office.putManifest(office.manifest(office.data(), { pieceIds: [] }), office.user),
    (office) => office.putManifest(office.manifest(office.data(), { cid: '../../etc/passwd' }), office.user),
    (office) =>
      office.putManifest(
        office.manifest(office.data(), { redundancy: { scheme: 'replicate', copies: 16 } }),
        office.user,
      ),
    (office) =>
      office.ask({
        method: 'POST',
        path: '/objects',
        body: concatBytes(new Uint8Array(64), office.arena.random.bytes(500)),
      }),
    (office) =>
      office.ask({
        method: 'POST',
        path: '/objects',
        headers: { 'content-length': String(limits.manifestBytesMax + 1) },
      }),
  ]),
  clientStrategy('wrong-piece-id', 'Sends bytes under an id they do not have, or an id that is a path', [
    (office) =>
      office.putPiece(office.data(), '', { path: `/pieces/${toHex(office.arena.random.bytes(32))}` }),
    (office) => office.putPiece(office.data(), '', { path: '/pieces/..%2f..%2fetc%2fpasswd' }),
    (office) => office.putPiece(office.data(), '', { path: `/pieces/${'A'.repeat(64)}` }),
    (office) => office.putPiece(office.data(), '', { path: `/pieces/${'a'.repeat(1900)}` }),
    (office) => office.putPiece(new Uint8Array(0)),
    info({ path: '/objects/..%2f..%2fwallet' }),
    info({ path: `/objects/${'b'.repeat(1500)}` }),
  ]),
  clientStrategy(
    'oversized-pieces',
    'Announces more than a piece may have, or sends more or less than announced',
    [
      (office) =>
        office.putPiece(office.data(), '', {
          headers: { 'content-length': String(limits.replicaSizeMax + 1) },
        }),
      (office) => office.putPiece(office.data(), '', { headers: { 'content-length': '9007199254740991' } }),
      (office) => office.putPiece(office.data(), '', { headers: { 'content-length': '100' } }),
      (office) => {
        const data = office.data();
        const path = `/pieces/${toHex(blake3(data))}`;
        return office.ask({
          method: 'PUT',
          path,
          signed: 'named',
          headers: { 'transfer-encoding': 'chunked' },
        });
      },
    ],
  ),
  clientStrategy('forged-expiry-and-copies', 'Asks for expiries and copies that no miner may be asked for', [
    (office) => office.putPiece(office.data(), `?expiry=${office.inDays(-1)}`),
    (office) => office.putPiece(office.data(), `?expiry=${unixSeconds(office.arena.clock) + 1}`),
    (office) => office.putPiece(office.data(), `?expiry=${office.inDays(365 * 5 + 1)}`),
    (office) => office.putPiece(office.data(), '?expiry=999999999999'),
    (office) => office.putPiece(office.data(), '?expiry=1e99'),
    (office) => office.putPiece(office.data(), '?expiry=-5'),
    (office) => office.putPiece(office.data(), '?copies=0'),
    (office) => office.putPiece(office.data(), '?copies=17'),
    (office) => office.putPiece(office.data(), '?copies=1000000000'),
    async (office) => {
      const data = office.data();
      await office.putPiece(data, `?expiry=${office.inDays(1)}`);
      const expiry = office.inDays(1000);
      const reply = await office.putManifest(office.manifest(data, { expiry }), office.user);
      // Accepted or not: no object may promise longer than its replicas last.
      const pieceId = pieceIdOf(blake3(data));
      const replicas = await office.validator.context.index.replicasOfPiece(pieceId);
      const backed = replicas.every((replica) => replica.expiry >= expiry);
      return backed ? { status: 409, code: 'replicas renewed' } : reply;
    },
  ]),
];
