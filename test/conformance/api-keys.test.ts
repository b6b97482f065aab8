/**
 * API keys, from outside: what introspection and revocation say of them, and what ends them.
 *
 * | rule | tests |
 * | --- | --- |
 * | RFC 7662 for keys: whom it is told to, and what | introspection |
 * | RFC 7009 and `/token-revoke` for keys | giving back |
 * | a key dies with its end, its row, its person, its app and its API, in the next request | lifecycle |
 * | garbage is refused without a look-up | garbage |
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiKeyInput, IssuedApiKey } from '../../src/oauth/api-key-registry.ts';
import { createIntrospector } from '../support/code-flow.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const API = 'https://orders.example.com';

let server: TestServer;
/** What the default API, and the API of the orders, hear of a token. */
let introspect: Awaited<ReturnType<typeof createIntrospector>>;
let introspectOrders: (token: string) => Promise<TestResponse['body']>;

beforeAll(async () => {
  server = await startTestServer();
  introspect = await createIntrospector(server);
  introspectOrders = await newApi(API);
});
afterAll(() => server.close());

async function newApi(identifier: string): Promise<(token: string) => Promise<TestResponse['body']>> {
  const { apis, secrets } = server.dependencies;
  await apis.create(identifier, { name: 'Orders', scopes: ['read', 'write'], allowApiKeys: true });
  const { rawValue } = await secrets.create({ apiIdentifier: identifier }, 'api-secret');
  return async (token) => {
    const answer = await server.postForm('/oauth/introspect', { token }, [encodeURIComponent(identifier), rawValue]);
    expect(answer.status).toBe(200);
    return answer.body;
  };
}

const create = (input: ApiKeyInput): Promise<IssuedApiKey> => server.dependencies.apiKeys.create(input);
const createPerson = () => server.createUser(`${randomUUID()}@example.com`);
const createApp = (id = `app-${randomUUID()}`) =>
  server.createApp({ id, apiIdentifier: API, scopes: ['read', 'write'] });

describe('introspection', () => {
  it('tells the API of the key whose it is and what it may; a person’s names no app', async () => {
    const { id, email } = await createPerson();
    const { key, rawValue } = await create({
      owner: { email },
      apiIdentifier: API,
      scopes: ['write', 'read'],
      expiresInSeconds: 600,
    });
    expect(await introspectOrders(rawValue)).toEqual({
      active: true,
      scope: 'write read',
      sub: id,
      aud: API,
      iss: ISSUER,
      iat: server.clock.nowSeconds(),
      exp: server.clock.nowSeconds() + 600,
      jti: key.id,
      token_type: 'Bearer',
    });
  });

  it('of a key without scopes and end says neither; an app’s names the app', async () => {
    const { id } = await createApp();
    const { rawValue } = await create({ owner: { appId: id } });
    const body = await introspectOrders(rawValue);
    expect(body).toMatchObject({ active: true, client_id: id, sub: id, aud: API });
    expect(Object.keys(body)).not.toContain('exp');
    expect(Object.keys(body)).not.toContain('scope');
  });

  it('tells the app its own keys, and neither another app nor another API anything', async () => {
    const [mine, other] = [await createApp(), await createApp()];
    const { email } = await createPerson();
    const ofApp = (await create({ owner: { appId: mine.id } })).rawValue;
    const ofPerson = (await create({ owner: { email }, apiIdentifier: API })).rawValue;
    const ask = async ({ id, secret }: typeof mine, token: string) =>
      (await server.postForm('/oauth/introspect', { token }, [id, secret])).body;
    expect((await ask(mine, ofApp)).active).toBe(true);
    for (const body of [
      await ask(other, ofApp),
      await ask(mine, ofPerson),
      await introspect(ofApp),
      await introspect(ofPerson),
    ]) {
      expect(body).toEqual({ active: false });
    }
  });

  it('takes no key for the credentials of who asks', async () => {
    const app = await createApp();
    const { rawValue } = await create({ owner: { appId: app.id } });
    const answer = await server.postForm('/oauth/introspect', { token: rawValue }, [app.id, rawValue]);
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });
});

describe('lifecycle', () => {
  it('ends at the second that was said, and not before', async () => {
    const { email } = await createPerson();
    const { rawValue } = await create({ owner: { email }, expiresInSeconds: 60 });
    server.clock.advance(59);
    expect((await introspect(rawValue)).active).toBe(true);
    server.clock.advance(1);
    expect(await introspect(rawValue)).toEqual({ active: false });
  });

  it('without an end lasts for years', async () => {
    const { email } = await createPerson();
    const { rawValue } = await create({ owner: { email } });
    server.clock.advance(5 * 365 * 86_400);
    expect((await introspect(rawValue)).active).toBe(true);
  });

  it('begins at once, also for a value that was asked for before it was there', async () => {
    const { email } = await createPerson();
    const secrets = server.dependencies.randomSecrets;
    const future = secrets.generate('api-key');
    expect((await introspect(future)).active).toBe(false);
    const { key } = await create({ owner: { email } });
    const sql = await connect();
    // The same value, by its hash: what was known not to be there is there now.
    await sql.query('UPDATE api_keys SET hash = $1 WHERE id = $2', [Buffer.from(secrets.hash(future)), key.id]);
    await sql.end();
    await expect.poll(async () => (await introspect(future)).active).toBe(true);
  });

  it('is over in the next request when the key is deleted', async () => {
    const { email } = await createPerson();
    const { key, rawValue } = await create({ owner: { email } });
    expect((await introspect(rawValue)).active).toBe(true);
    await server.dependencies.apiKeys.delete(key.id);
    expect(await introspect(rawValue)).toEqual({ active: false });
  });

  it('is over when the person is disabled, and stays so when they are enabled again', async () => {
    const { email } = await createPerson();
    const { rawValue } = await create({ owner: { email } });
    expect((await introspect(rawValue)).active).toBe(true);
    await server.dependencies.users.setEnabled(email, false);
    expect(await introspect(rawValue)).toEqual({ active: false });
    await server.dependencies.users.setEnabled(email, true);
    expect(await introspect(rawValue)).toEqual({ active: false });
  });

  it('goes on when the person changes their password, for programs use keys', async () => {
    const { email } = await createPerson();
    const { rawValue } = await create({ owner: { email } });
    await server.dependencies.users.setPassword(email, 'quite another password');
    expect((await introspect(rawValue)).active).toBe(true);
  });

  it('is interrupted while its app is disabled, and over when the app is deleted', async () => {
    const { id } = await createApp();
    const { rawValue } = await create({ owner: { appId: id } });
    expect((await introspectOrders(rawValue)).active).toBe(true);
    const { apps, apiKeys } = server.dependencies;
    await apps.setEnabled(id, false);
    expect(await introspectOrders(rawValue)).toEqual({ active: false });
    await apps.setEnabled(id, true);
    expect((await introspectOrders(rawValue)).active).toBe(true);
    await apps.delete(id);
    expect(await introspectOrders(rawValue)).toEqual({ active: false });
    await createApp(id);
    expect(await introspectOrders(rawValue)).toEqual({ active: false });
    expect(await apiKeys.list({ appId: id })).toEqual([]);
  });

  it('goes with its API', async () => {
    const identifier = 'https://gone.example.com';
    const ask = await newApi(identifier);
    const { email, id } = await createPerson();
    const { rawValue } = await create({ owner: { email }, apiIdentifier: identifier });
    expect((await ask(rawValue)).active).toBe(true);
    await server.dependencies.apis.delete(identifier);
    expect(await server.dependencies.core.accessTokens.inspect(rawValue)).toMatchObject({ live: false });
    expect(await server.dependencies.apiKeys.list({ userId: id })).toEqual([]);
  });

  it('of an app’s key never allows more than the app may have at that moment', async () => {
    const { id } = await createApp();
    const { rawValue } = await create({ owner: { appId: id }, scopes: ['read', 'write'] });
    const { apps } = server.dependencies;
    expect((await introspectOrders(rawValue)).scope).toBe('read write');
    await apps.update(id, { scopes: ['read'] });
    expect((await introspectOrders(rawValue)).scope).toBe('read');
    await apps.update(id, { grants: ['refresh_token'] });
    expect(await introspectOrders(rawValue)).toEqual({ active: false });
    await apps.update(id, { grants: ['client_credentials'], apiIdentifier: ISSUER });
    expect(await introspectOrders(rawValue)).toEqual({ active: false });
    expect(await introspect(rawValue)).toEqual({ active: false });
    await apps.update(id, { apiIdentifier: API });
    expect((await introspectOrders(rawValue)).scope).toBe('read');
  });

  it('leaves its mark: when it was last used is written, not in the request but when the server ends at the latest', async () => {
    const { email, id } = await createPerson();
    const { rawValue } = await create({ owner: { email } });
    const unused = await create({ owner: { email } });
    const { database, clock } = server;
    const replica = await startTestServer({}, { database, clock });
    const used = clock.nowSeconds();
    expect((await replica.dependencies.core.accessTokens.inspect(rawValue)).live).toBe(true);
    await replica.dependencies.core.accessTokens.inspect(`${rawValue}x`);
    await replica.close();
    const listed = await server.dependencies.apiKeys.list({ userId: id });
    expect(listed.find((key) => key.id === unused.key.id)?.lastUsedAt).toBeUndefined();
    expect(listed.find((key) => key.id !== unused.key.id)?.lastUsedAt).toBe(used);
  });
});

describe('giving back', () => {
  const keyOf = async (input: ApiKeyInput) => {
    const { key, rawValue } = await create(input);
    return { id: key.id, rawValue };
  };
  const isLive = async (rawValue: string) => (await server.dependencies.core.accessTokens.inspect(rawValue)).live;
  const rowsWith = async (id: string) => {
    const sql = await connect();
    const { rows } = await sql.query(
      "SELECT 'key' AS kind FROM api_keys WHERE id = $1 UNION ALL SELECT 'revocation' FROM revocations WHERE id = $1",
      [id],
    );
    await sql.end();
    return rows.map(({ kind }) => kind);
  };

  it.each([undefined, 600])('by the app at /oauth/revoke deletes its key (end: %s)', async (expiresInSeconds) => {
    const app = await createApp();
    const { id, rawValue } = await keyOf({ owner: { appId: app.id }, expiresInSeconds });
    const answer = await server.postForm('/oauth/revoke', { token: rawValue }, [app.id, app.secret]);
    expect(answer.status).toBe(200);
    expect(await isLive(rawValue)).toBe(false);
    expect(await rowsWith(id)).toEqual([]);
    expect((await server.postForm('/oauth/revoke', { token: rawValue }, [app.id, app.secret])).status).toBe(200);
  });

  it('is refused to an app for another app’s key and for a person’s, which live on', async () => {
    const [app, other] = [await createApp(), await createApp()];
    const { email } = await createPerson();
    for (const { id, rawValue } of [await keyOf({ owner: { appId: other.id } }), await keyOf({ owner: { email } })]) {
      const answer = await server.postForm('/oauth/revoke', { token: rawValue }, [app.id, app.secret]);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
      expect(await isLive(rawValue)).toBe(true);
      expect(await rowsWith(id)).toEqual(['key']);
    }
  });

  it.each([undefined, 600])('by its bearer at /token-revoke deletes it (end: %s)', async (expiresInSeconds) => {
    const { email } = await createPerson();
    const { id, rawValue } = await keyOf({ owner: { email }, expiresInSeconds });
    const authorization = `Bearer ${rawValue}`;
    const answer = await server.postJson('/token-revoke', {}, { authorization });
    expect([answer.status, answer.body]).toEqual([200, { revoked: true }]);
    expect(await isLive(rawValue)).toBe(false);
    expect(await rowsWith(id)).toEqual([]);
    expect((await server.postJson('/token-revoke', {}, { authorization })).status).toBe(401);
  });

  it('at /disconnect is refused, for a key is no connection', async () => {
    const app = await createApp();
    const { email } = await createPerson();
    for (const owner of [{ email }, { appId: app.id }]) {
      const { rawValue } = await keyOf({ owner });
      const answer = await server.postJson('/disconnect', {}, { authorization: `Bearer ${rawValue}` });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
      expect(await isLive(rawValue)).toBe(true);
    }
  });
});

describe('garbage', () => {
  it('that looks like a key is dead, whatever it is, and no server error', async () => {
    const { email } = await createPerson();
    const { rawValue } = await create({ owner: { email } });
    const position = fc.nat(rawValue.length - 1);
    const mutations = fc.oneof(
      position.map((at) => rawValue.slice(0, at)),
      fc.tuple(position, fc.constantFrom('A', 'b', '-', '0')).map(([at, letter]) => {
        const other = rawValue[at] === letter ? '_' : letter;
        return rawValue.slice(0, at) + other + rawValue.slice(at + 1);
      }),
      fc.string({ maxLength: 80 }).map((text) => `cs_key_${text}`),
      fc
        .string({ unit: 'binary', maxLength: 80 })
        .map((text) => rawValue + text)
        .filter((text) => text !== rawValue),
      fc.constantFrom(
        rawValue.toUpperCase(),
        ` ${rawValue}`,
        rawValue.replace('cs_key_', 'cs_con_'),
        rawValue.repeat(40),
      ),
    );
    await fc.assert(
      fc.asyncProperty(mutations, async (token) => {
        const status = await server.dependencies.core.accessTokens.inspect(token);
        expect(status.live).toBe(false);
        const bearer = await server.postJson('/token-revoke', {}, { authorization: `Bearer ${encodeURI(token)}` });
        expect([400, 401]).toContain(bearer.status);
      }),
      { numRuns: 300 },
    );
    expect((await introspect(rawValue)).active).toBe(true);
    expect(server.logged()).not.toContain(rawValue);
  });
});

async function connect(): Promise<pg.Client> {
  const sql = new pg.Client(server.database.url);
  await sql.connect();
  return sql;
}
