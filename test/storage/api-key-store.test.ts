import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKeyStore } from '../../src/oauth/registry-ports.ts';
import { createApiKeyStore } from '../../src/storage/api-key-store.ts';
import { type Database, guarded, openDatabase } from '../../src/storage/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const API = 'https://api.test';
const CREATED_AT = 1_800_000_000;

let testDatabase: TestDatabase;
let database: Database;
let sql: pg.Client;
let store: ApiKeyStore;
let heard: string[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ({ database } = openDatabase(testDatabase.url, 5));
  sql = new pg.Client(testDatabase.url);
  await sql.connect();
  await sql.query(`
    INSERT INTO apis (identifier, name) VALUES ('${API}', 'API');
    INSERT INTO users (id, email, email_key, name, password_hash) VALUES ('usr', 'a', 'a', 'a', 'a'), ('usr2', 'b', 'b', 'b', 'b');
    INSERT INTO apps (id, name, grants, surfaces, api_identifier, owner_id) VALUES ('app', 'App', '{}', '{}', '${API}', 'usr')`);
  store = createApiKeyStore(database, (hash) => heard.push(Buffer.from(hash).toString('hex')));
});
beforeEach(async () => {
  heard = [];
  await sql.query('DELETE FROM api_keys');
});
afterAll(async () => {
  await sql.end();
  await database.$disconnect();
  await testDatabase.drop();
});

const keyOf = (id: string, owner: { userId: string } | { appId: string } = { userId: 'usr' }) => ({
  id,
  hash: randomBytes(32),
  label: id,
  lastFour: 'abcd',
  owner,
  apiIdentifier: API,
  scopes: ['read'],
  createdAt: CREATED_AT,
  expiresAt: undefined,
});

describe('API keys in PostgreSQL', () => {
  it('tells at once of the hash of a key that was deleted, and of no other', async () => {
    const [first, second] = [keyOf('key_1'), keyOf('key_2', { appId: 'app' })];
    for (const key of [first, second]) expect(await store.create(key, 100)).toBe('created');
    expect(await store.delete('key_1', 'usr2')).toBe(false);
    expect(await store.delete('key_2', 'usr2')).toBe(false);
    expect(await store.delete('key_0')).toBe(false);
    expect(heard).toEqual([]);
    expect(await store.delete('key_1')).toBe(true);
    expect(await store.delete('key_2', 'usr')).toBe(true);
    expect(heard).toEqual([first, second].map(({ hash }) => hash.toString('hex')));
  });

  it('makes nothing for whoever is gone or disabled, at the limit, or under an id that there is', async () => {
    expect(await store.create(keyOf('key_1', { userId: 'nobody' }), 100)).toBe('owner_away');
    expect(await store.create(keyOf('key_1', { appId: 'nothing' }), 100)).toBe('owner_away');
    await sql.query("UPDATE apps SET disabled_at = now() WHERE id = 'app'");
    expect(await store.create(keyOf('key_1', { appId: 'app' }), 100)).toBe('owner_away');
    await sql.query("UPDATE apps SET disabled_at = NULL WHERE id = 'app'");
    expect(await store.create(keyOf('key_1'), 1)).toBe('created');
    expect(await store.create(keyOf('key_1'), 1)).toBe('repeated');
    expect(await store.create(keyOf('key_2'), 1)).toBe('too_many');
    expect(await store.create(keyOf('key_2', { appId: 'app' }), 1)).toBe('created');
    expect((await store.list({})).map(({ id }) => id)).toEqual(['key_1', 'key_2']);
  });

  it('says so when the API has just been deleted', async () => {
    const key = { ...keyOf('key_1'), apiIdentifier: 'https://gone.test' };
    await expect(store.create(key, 100)).rejects.toMatchObject({ name: 'RefusedError', code: 'not_found' });
  });

  it('notes when keys were last used, and never an earlier time', async () => {
    await store.create(keyOf('key_1'), 100);
    await store.create(keyOf('key_2'), 100);
    await store.recordUse(
      new Map([
        ['key_1', CREATED_AT + 60],
        ['key_0', CREATED_AT],
      ]),
    );
    await store.recordUse(new Map([['key_1', CREATED_AT + 30]]));
    const used = new Map((await store.list({})).map(({ id, lastUsedAt }) => [id, lastUsedAt]));
    expect(used).toEqual(
      new Map([
        ['key_1', CREATED_AT + 60],
        ['key_2', undefined],
      ]),
    );
  });

  it('says that the database is away, and nothing else, when that does not answer', async () => {
    const { database: away } = openDatabase('postgres://nobody@127.0.0.1:1/nothing', 1);
    const guardedStore = guarded(createApiKeyStore(away, () => undefined));
    for (const attempt of [
      () => guardedStore.create(keyOf('key_1'), 1),
      () => guardedStore.delete('key_1'),
      () => guardedStore.list({}),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    }
    await away.$disconnect();
  });

  it('finds a key by its hash', async () => {
    const key = keyOf('key_1');
    await store.create(key, 100);
    const { hash, ...rest } = key;
    expect(await store.findByHash(hash)).toEqual({ ...rest, lastUsedAt: undefined });
    expect(await store.findByHash(randomBytes(32))).toBeUndefined();
  });
});
