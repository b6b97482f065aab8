import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../src/oauth/errors.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import { createReplicaMemory, type ReplicaMemory } from '../../src/storage/replica-memory.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/process.ts';
import { createTestClock } from '../support/server.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const API = 'https://api.test';
const clock = createTestClock();
const NOW = clock.nowSeconds();

let testDatabase: TestDatabase;
let sql: pg.Client;
let proxy: TcpProxy;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  proxy = await startTcpProxy(testDatabase.url);
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('${API}', 'API');
    INSERT INTO roles (name, scopes) VALUES ('reader', '{read}');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier)
    SELECT 'app' || n, 'App', '{}', '{}', '${API}' FROM generate_series(1, 20) n;
    INSERT INTO users (id, email, email_key, name, password_hash) VALUES ('usr', 'a', 'a', 'a', 'a')`);
});
afterEach(async () => {
  proxy.restore();
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  await proxy.close();
  await sql.end();
  await testDatabase.drop();
});

async function follow({ cacheSize = 100 } = {}): Promise<{ memory: ReplicaMemory; database: Database }> {
  const { database } = openDatabase(proxy.url, 4);
  const memory = createReplicaMemory({ database, clock, cacheSize });
  closing.push(() => database.$disconnect(), memory.close);
  await memory.follow({ url: proxy.url, onKeysChanged: async () => undefined, onState: () => undefined });
  return { memory, database };
}

/** How many messages the pool sent to the database meanwhile. */
async function sent(work: () => Promise<unknown>): Promise<number> {
  const before = proxy.sentByPool();
  await work();
  return proxy.sentByPool() - before;
}

describe('remembering', () => {
  it('answers from memory what it has read once, present or absent', async () => {
    const { memory } = await follow();
    const { lookups } = memory;
    const read = async () => {
      expect(await lookups.findApp('app1')).toMatchObject({ id: 'app1', enabled: true });
      expect(await lookups.findApp('unknown')).toBeUndefined();
      expect(await lookups.findApi(API)).toMatchObject({ identifier: API });
      expect(await lookups.findUser('usr')).toMatchObject({ id: 'usr' });
      expect(await lookups.isRevoked('token', 'some token')).toBe(false);
    };
    expect(await sent(read)).toBeGreaterThan(0);
    expect(await sent(read)).toBe(0);
  });

  it('reads a row once for many who ask at the same time', async () => {
    const { memory } = await follow();
    const one = await sent(async () => memory.lookups.findApp('app2'));
    const many = await sent(() => Promise.all(Array.from({ length: 50 }, () => memory.lookups.findApp('app3'))));
    expect(many).toBeLessThanOrEqual(one * 2);
  });

  it('does not remember the absence of names that no app can have', async () => {
    const { memory } = await follow();
    const name = 'x'.repeat(50_000);
    await memory.lookups.findApp(name);
    expect(await sent(async () => memory.lookups.findApp(name))).toBeGreaterThan(0);
  });

  it.each([
    ['an app', "UPDATE apps SET name = 'New' WHERE id = 'app4'", 'app4', { name: 'New' }],
    [
      'a secret that was added',
      `INSERT INTO secrets (id, app_id, hash, last_four) VALUES ('s4', 'app4', 'x', 'abcd')`,
      'app4',
      { secrets: [{ id: 's4' }] },
    ],
    [
      'a role that was given to it',
      "INSERT INTO app_roles VALUES ('app4', 'reader')",
      'app4',
      { allowedScopes: ['read'] },
    ],
    [
      'what its role means',
      "UPDATE roles SET scopes = '{read,list}' WHERE name = 'reader'",
      'app4',
      { allowedScopes: ['read', 'list'] },
    ],
    [
      'its API',
      `UPDATE apis SET algorithm = 'ES256' WHERE identifier = '${API}'`,
      'app4',
      { api: { algorithm: 'ES256' } },
    ],
    [
      'a secret of its API',
      `INSERT INTO secrets (id, api_identifier, hash, last_four) VALUES ('s5', '${API}', 'x', 'abcd')`,
      'app4',
      { api: { secrets: [{ id: 's5' }] } },
    ],
    [
      'an app made after its absence was remembered',
      `INSERT INTO apps (id, name, grants, surfaces, api_identifier) VALUES ('late', 'Late', '{}', '{}', '${API}')`,
      'late',
      { name: 'Late' },
    ],
    ['its removal', "DELETE FROM apps WHERE id = 'late'", 'late', undefined],
    ['all secrets truncated', 'TRUNCATE secrets', 'app4', { secrets: [] }],
  ])('forgets %s when that changes by plain SQL', async (_name, statement, id, expected) => {
    const { memory } = await follow();
    await memory.lookups.findApp(id);
    await sql.query(statement);
    await memory.settled();
    const app = await memory.lookups.findApp(id);
    if (expected === undefined) expect(app).toBeUndefined();
    else expect(app).toMatchObject(expected);
  });

  it('never remembers a row that was read before a change and came after it', async () => {
    const { memory } = await follow();
    for (let round = 1; round <= 60; round++) {
      const name = `Round ${round}`;
      // Reads begin before, during and after the change.
      const reads = Promise.all(Array.from({ length: 4 }, async () => memory.lookups.findApp('app5')));
      const change = sql.query("UPDATE apps SET name = $1 WHERE id = 'app5'", [name]);
      await Promise.all([reads, change, memory.lookups.findApp('app5')]);
      await memory.settled();
      expect(await memory.lookups.findApp('app5')).toMatchObject({ name });
    }
  });

  it('keeps a bounded number of rows', async () => {
    const { memory } = await follow({ cacheSize: 10 });
    for (let i = 1; i <= 20; i++) await memory.lookups.findApp(`app${i}`);
    expect(await sent(async () => memory.lookups.findApp('app20'))).toBe(0);
    expect(await sent(async () => memory.lookups.findApp('app1'))).toBeGreaterThan(0);
  });
});

describe('revocations', () => {
  it('knows at once what was revoked here, and soon what was revoked elsewhere', async () => {
    const [{ memory: here }, { memory: there }] = [await follow(), await follow()];
    await here.revocations.revokeToken('a', NOW + 1000);
    expect(here.lookups.isRevoked('token', 'a')).toBe(true);
    await there.settled();
    expect(there.lookups.isRevoked('token', 'a')).toBe(true);
    expect(there.lookups.isRevoked('family', 'a')).toBe(false);
  });

  it('knows after a start every revocation there is, when they fill several pages', async () => {
    await sql.query(
      "INSERT INTO revocations (kind, id, expires_at) SELECT 'token', 'many' || n, $1 FROM generate_series(1, 120000) n",
      [new Date((NOW + 1000) * 1000)],
    );
    try {
      const { memory } = await follow();
      for (let n = 1; n <= 120_000; n++) {
        if (memory.lookups.isRevoked('token', `many${n}`) !== true) throw new Error(`many${n} is forgotten`);
      }
      expect(memory.lookups.isRevoked('token', 'many120001')).toBe(false);
    } finally {
      await sql.query("DELETE FROM revocations WHERE id LIKE 'many%'");
    }
  });

  it('takes a token revoked until the end of time for revoked', async () => {
    const { memory } = await follow();
    await memory.revocations.revokeToken('endless', 253_402_300_799);
    await memory.settled();
    expect(memory.lookups.isRevoked('token', 'endless')).toBe(true);
  });
});

describe('when the feed breaks', () => {
  it('asks the database for everything, and not any more once it has caught up', async () => {
    const { memory } = await follow();
    await memory.lookups.findApp('app6');
    proxy.breakOff('feed');
    await until('distrusted', () => !memory.trusted());
    await sql.query("UPDATE apps SET name = 'Unheard' WHERE id = 'app6'");
    await sql.query(
      "INSERT INTO revocations (kind, id, expires_at) VALUES ('token', 'unheard', now() + interval '1 hour')",
    );
    expect(await memory.lookups.findApp('app6')).toMatchObject({ name: 'Unheard' });
    expect(await memory.lookups.isRevoked('token', 'unheard')).toBe(true);

    await until('trusted', memory.trusted);
    expect(await memory.lookups.findApp('app6')).toMatchObject({ name: 'Unheard' });
    const again = async () => {
      await memory.lookups.findApp('app6');
      expect(memory.lookups.isRevoked('token', 'unheard')).toBe(true);
    };
    expect(await sent(again)).toBe(0);
  });

  it('says that storage is unavailable, rather than what it remembers, when the database is away altogether', async () => {
    const { memory } = await follow();
    await memory.lookups.findApp('app7');
    proxy.cut();
    await until('distrusted', () => !memory.trusted());
    for (const look of [
      async () => memory.lookups.findApp('app7'),
      async () => memory.lookups.findApi(API),
      async () => memory.lookups.findUser('usr'),
      async () => memory.lookups.isRevoked('token', 'any'),
      async () => memory.revocations.revokeToken('any', NOW + 1000),
    ]) {
      await expect(look()).rejects.toBeInstanceOf(StorageUnavailableError);
    }
    proxy.restore();
    await until('trusted', memory.trusted);
    expect(await memory.lookups.findApp('app7')).toMatchObject({ id: 'app7' });
  });
});
