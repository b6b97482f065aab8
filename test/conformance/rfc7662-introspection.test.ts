/*
 * POST /oauth/introspect. That revocations of every kind show there is revocation's suite, that forgeries do not is
 * jwt-hardening's.
 *
 * INT-01   the caller must prove who it is                 'the caller'
 * INT-02   exactly {"active":false} for all that is not    'a token that is not live or not theirs'
 * INT-03   members of an active answer; only to its app    'a live token', 'an API', 'an API key'
 *          and to the API in its audience
 * INT-05   POST only, no-store, no CORS                    'the endpoint'
 * P17      API keys, checked like tokens                   'an API key'
 * P29      answers may be kept as long as the API says     'keeping answers'
 * P52      nobody reads tokens of others                   'an API', 'an API key'
 * F5       sub in the answer for an app's token            'a live token'
 *
 * Signed answers are rfc9701-jwt-introspection's.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  basic,
  decodeToken,
  expectCommonHeaders,
  expectOAuthError,
  FORM,
  formEncode,
  send,
} from '../support/answers.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

type OwnApp = { id: string; secretId: string; secret: string };

const PATH = '/oauth/introspect';
const API = 'https://api.example.com/v1';
const CHALLENGE = /^Basic realm="[^"]+"/;

let server: TestServer;
let app: OwnApp;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp({ scopes: ['read', 'write'] });
  token = await tokenOf(app);
});
afterAll(() => server.close());

const tokenOf = async (of: OwnApp): Promise<string> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [of.id, of.secret])).body.access_token;
const introspect = (presented: string, by: OwnApp = app): Promise<TestResponse> =>
  server.postForm(PATH, { token: presented }, [by.id, by.secret]);

function expectUnauthenticated(response: TestResponse): void {
  expectOAuthError(response, 401, 'invalid_client');
  expect(response.headers['www-authenticate']).toMatch(CHALLENGE);
}
function expectInactive(response: TestResponse): void {
  expect([response.status, response.text]).toEqual([200, '{"active":false}']);
  expectCommonHeaders(response);
}

describe('a live token', () => {
  it('is told to its app with every member of RFC 7662 that applies', async () => {
    const response = await introspect(token);
    const now = server.clock.nowSeconds();
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      active: true,
      scope: 'read write',
      client_id: app.id,
      sub: app.id,
      aud: ISSUER,
      iss: ISSUER,
      exp: now + 900,
      iat: now,
      jti: decodeToken(token).claims.jti,
      token_type: 'Bearer',
    });
    expectCommonHeaders(response);
  });

  it('of an app without scopes has no scope member', async () => {
    const bare = await server.createApp();
    const { body } = await introspect(await tokenOf(bare), bare);
    expect(body.active).toBe(true);
    expect(body).not.toHaveProperty('scope');
  });

  it.each(['access_token', 'refresh_token', 'nonsense'])('is found whatever the hint: %s', async (hint) => {
    const form = { token, token_type_hint: hint };
    expect((await server.postForm(PATH, form, [app.id, app.secret])).body.active).toBe(true);
  });

  it('is told for any of the secrets of its app', async () => {
    const { rawValue } = await server.dependencies.secrets.create({ appId: app.id }, 'app-secret');
    expect((await introspect(token, { ...app, secret: rawValue })).body.active).toBe(true);
  });
});

describe('a token that is not live or not theirs', () => {
  it.each(['garbage', 'a.b.c', '..', 'é', 'x'.repeat(60_000), ' '])('is inactive: %.30j', async (presented) => {
    expectInactive(await introspect(presented));
  });

  it('is inactive to another app, and stays alive', async () => {
    const other = await server.createApp();
    expectInactive(await introspect(token, other));
    expect((await introspect(token)).body.active).toBe(true);
  });

  it('is inactive from the second of its expiry on', async () => {
    const brief = await server.createApp({ accessTokenLifetimeSeconds: 30 });
    const presented = await tokenOf(brief);
    server.clock.advance(29);
    expect((await introspect(presented, brief)).body.active).toBe(true);
    server.clock.advance(1);
    expectInactive(await introspect(presented, brief));
  });
});

describe('the caller', () => {
  it('must authenticate, and learns how', async () => {
    expectUnauthenticated(await server.postForm(PATH, { token }));
    expectUnauthenticated(await server.postForm(PATH, { token, client_id: app.id }));
    expectUnauthenticated(await server.postForm(PATH, { token, client_id: app.id, client_secret: 'wrong' }));
    expectUnauthenticated(await server.postForm(PATH, { token }, [app.id, 'wrong']));
    expectUnauthenticated(await server.postForm(PATH, { token }, ['nobody', app.secret]));
    const bearer = { 'content-type': FORM, authorization: `Bearer ${token}` };
    expectUnauthenticated(await send(server, 'POST', PATH, bearer, `token=${token}`));
  });

  it('may do so in the body', async () => {
    const form = { token, client_id: app.id, client_secret: app.secret };
    expect((await server.postForm(PATH, form)).body.active).toBe(true);
  });

  it('cannot be a public app', async () => {
    const open = await server.createApp({ isPublic: true, grants: ['refresh_token'] });
    expectUnauthenticated(await server.postForm(PATH, { token, client_id: open.id }));
    expectUnauthenticated(await server.postForm(PATH, { token, client_id: open.id, client_secret: 'x' }));
    expectUnauthenticated(await server.postForm(PATH, { token }, [open.id, '']));
  });

  it('cannot be an app that is switched off', async () => {
    const off = await server.createApp();
    const presented = await tokenOf(off);
    await server.dependencies.apps.setEnabled(off.id, false);
    expectUnauthenticated(await introspect(presented, off));
  });

  it('must send a token, once', async () => {
    expectOAuthError(await server.postForm(PATH, {}, [app.id, app.secret]), 400, 'invalid_request');
    expectOAuthError(await server.postForm(PATH, { token: '' }, [app.id, app.secret]), 400, 'invalid_request');
    expectOAuthError(await server.postForm(PATH, 'token=a&token=b', [app.id, app.secret]), 400, 'invalid_request');
  });

  it('never finds the token or the credentials in the address', async () => {
    const url = `${PATH}?token=${token}&client_id=${app.id}&client_secret=${app.secret}`;
    expect((await server.postForm(url, { token })).status).toBe(401);
    expectOAuthError(await server.postForm(url, {}, [app.id, app.secret]), 400, 'invalid_request');
  });
});

describe('an API', () => {
  let ofApi: OwnApp;
  let secret: string;
  const asApi = (presented: string, id = API, rawSecret = secret): Promise<TestResponse> =>
    send(
      server,
      'POST',
      PATH,
      { 'content-type': FORM, authorization: basic(formEncode(id), formEncode(rawSecret)) },
      new URLSearchParams({ token: presented }).toString(),
    );

  beforeAll(async () => {
    await server.dependencies.apis.create(API, { name: 'API' });
    secret = (await server.dependencies.secrets.create({ apiIdentifier: API }, 'api-secret')).rawValue;
    ofApi = await server.createApp({ apiIdentifier: API, scopes: ['read'] });
    expect((await asApi('x')).status).toBe(200);
  });

  it('sees the tokens meant for it, whichever app has them', async () => {
    const second = await server.createApp({ apiIdentifier: API });
    for (const own of [ofApi, second]) {
      const { body } = await asApi(await tokenOf(own));
      expect(body).toMatchObject({ active: true, aud: API, client_id: own.id, sub: own.id });
    }
  });

  it('may send its identifier as curl -u does, with the colon of https: as it stands', async () => {
    const { body } = await server.postForm(PATH, { token: await tokenOf(ofApi) }, [API, secret]);
    expect(body).toMatchObject({ active: true, aud: API });
  });

  it('sees no token of another audience', async () => {
    expectInactive(await asApi(token));
  });

  it('may authenticate in the body', async () => {
    const presented = await tokenOf(ofApi);
    const form = { token: presented, client_id: API, client_secret: secret };
    expect((await server.postForm(PATH, form)).body.active).toBe(true);
  });

  it('needs its own secret', async () => {
    const presented = await tokenOf(ofApi);
    expectUnauthenticated(await asApi(presented, API, app.secret));
    expectUnauthenticated(await asApi(presented, API, `${secret}x`));
    expectUnauthenticated(await asApi(presented, ISSUER));
    expectUnauthenticated(await asApi(presented, 'https://unknown.example.com'));
    expectUnauthenticated(await asApi(presented, app.id));
  });

  it('gets no token of its own with its credentials', async () => {
    const form = { grant_type: 'client_credentials', client_id: API, client_secret: secret };
    expectOAuthError(await server.postForm('/oauth/token', form), 401, 'invalid_client');
  });

  it('that is deleted sees nothing more', async () => {
    const gone = 'https://gone.example.com';
    await server.dependencies.apis.create(gone, { name: 'Gone' });
    const { rawValue } = await server.dependencies.secrets.create({ apiIdentifier: gone }, 'api-secret');
    expect((await asApi('x', gone, rawValue)).status).toBe(200);
    await server.dependencies.apis.delete(gone);
    expectUnauthenticated(await asApi('x', gone, rawValue));
  });
});

describe('an API key', () => {
  const KEYS_API = 'https://keys.example.com';
  let owner: OwnApp;
  let userId: string;
  let apiSecret: string;

  beforeAll(async () => {
    await server.dependencies.apis.create(KEYS_API, { name: 'Keys' });
    apiSecret = (await server.dependencies.secrets.create({ apiIdentifier: KEYS_API }, 'api-secret')).rawValue;
    owner = await server.createApp({ apiIdentifier: KEYS_API });
    userId = (await server.createUser('keys@example.com')).id;
  });

  /** A row as any way of making keys leaves it. */
  const createKey = async (
    key: { userId?: string; appId?: string; api?: string; scopes?: string[]; expiresAt?: number } = {},
  ): Promise<{ id: string; rawKey: string }> => {
    const { randomSecrets } = server.dependencies;
    const [id, rawKey] = [randomSecrets.newId('api-key'), randomSecrets.generate('api-key')];
    const { userId: user, appId, api = KEYS_API, scopes = [], expiresAt } = key;
    const client = new pg.Client(server.database.url);
    await client.connect();
    await client.query(
      `INSERT INTO api_keys (id, hash, last_four, user_id, app_id, api_identifier, scopes, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[id, Buffer.from(randomSecrets.hash(rawKey)), rawKey.slice(-4), user, appId, api, scopes],
        ...[server.clock.now(), expiresAt === undefined ? null : new Date(expiresAt * 1000)],
      ],
    );
    await client.end();
    return { id, rawKey };
  };
  const asApi = (presented: string): Promise<TestResponse> =>
    server.postForm(PATH, { token: presented }, [KEYS_API, apiSecret]);

  it('of a person is told to its API, without an app and without an end that it has not', async () => {
    const { id, rawKey } = await createKey({ userId, scopes: ['orders:read', 'orders:write'] });
    expect((await asApi(rawKey)).body).toEqual({
      active: true,
      scope: 'orders:read orders:write',
      sub: userId,
      aud: KEYS_API,
      iss: ISSUER,
      iat: server.clock.nowSeconds(),
      jti: id,
      token_type: 'Bearer',
    });
  });

  it('of an app is told to its API and to the app', async () => {
    const { rawKey } = await createKey({ appId: owner.id });
    for (const response of [await asApi(rawKey), await introspect(rawKey, owner)]) {
      expect(response.body).toMatchObject({ active: true, client_id: owner.id, sub: owner.id, aud: KEYS_API });
    }
  });

  it('is told to no other app and to no other API', async () => {
    const other = await server.createApp({ apiIdentifier: KEYS_API });
    const elsewhere = 'https://elsewhere.example.com';
    await server.dependencies.apis.create(elsewhere, { name: 'Elsewhere' });
    const { rawValue } = await server.dependencies.secrets.create({ apiIdentifier: elsewhere }, 'api-secret');
    for (const { rawKey } of [await createKey({ userId }), await createKey({ appId: owner.id })]) {
      expectInactive(await introspect(rawKey, other));
      expectInactive(await server.postForm(PATH, { token: rawKey }, [elsewhere, rawValue]));
    }
    expectInactive(await introspect((await createKey({ userId })).rawKey, owner));
    expectInactive(await asApi((await createKey({ userId, api: elsewhere })).rawKey));
  });

  it('is inactive from the second of its expiry on', async () => {
    const { rawKey } = await createKey({ userId, expiresAt: server.clock.nowSeconds() + 30 });
    server.clock.advance(29);
    expect((await asApi(rawKey)).body).toMatchObject({ active: true, exp: server.clock.nowSeconds() + 1 });
    server.clock.advance(1);
    expectInactive(await asApi(rawKey));
  });

  it('dies with its owner', async () => {
    const person = await server.createUser('leaver@example.com');
    const gone = await server.createApp({ apiIdentifier: KEYS_API });
    const [ofPerson, ofApp] = [await createKey({ userId: person.id }), await createKey({ appId: gone.id })];
    for (const { rawKey } of [ofPerson, ofApp]) expect((await asApi(rawKey)).body.active).toBe(true);
    await server.dependencies.users.setEnabled('leaver@example.com', false);
    await server.dependencies.apps.delete(gone.id);
    for (const { rawKey } of [ofPerson, ofApp]) expectInactive(await asApi(rawKey));
  });
});

describe('keeping answers', () => {
  const KEPT_API = 'https://kept.example.com';
  let ofApi: OwnApp;
  let secret: string;

  beforeAll(async () => {
    await server.dependencies.apis.create(KEPT_API, { name: 'Kept' });
    secret = (await server.dependencies.secrets.create({ apiIdentifier: KEPT_API }, 'api-secret')).rawValue;
    ofApi = await server.createApp({ apiIdentifier: KEPT_API, accessTokenLifetimeSeconds: 600 });
  });

  const allow = (introspectionMaxAgeSeconds: number): Promise<unknown> =>
    server.dependencies.apis.update(KEPT_API, { introspectionMaxAgeSeconds });
  const asApi = (presented: string): Promise<TestResponse> =>
    server.postForm(PATH, { token: presented }, [KEPT_API, secret]);
  const keeping = ({ headers }: TestResponse) => [headers['cache-control'], headers.vary];
  const NOT_AT_ALL = ['no-store', undefined];
  const forSeconds = (seconds: number) => [`private, max-age=${seconds}`, 'Accept, Authorization'];

  it('is not allowed unless the API says so', async () => {
    const presented = await tokenOf(ofApi);
    for (const response of [await asApi(presented), await introspect(presented, ofApi), await asApi('x')]) {
      expect(keeping(response)).toEqual(NOT_AT_ALL);
    }
  });

  it('is allowed for as long as the API says, to its own cache alone, and the next answer knows a change', async () => {
    const presented = await tokenOf(ofApi);
    for (const seconds of [1, 60, 599]) {
      await allow(seconds);
      expect(keeping(await asApi(presented))).toEqual(forSeconds(seconds));
      expect(keeping(await introspect(presented, ofApi))).toEqual(forSeconds(seconds));
    }
    await allow(0);
    expect(keeping(await asApi(presented))).toEqual(NOT_AT_ALL);
    expect(keeping(await introspect(presented, ofApi))).toEqual(NOT_AT_ALL);
  });

  it('ends with the token', async () => {
    await allow(300);
    const presented = await tokenOf(ofApi);
    server.clock.advance(300);
    expect(keeping(await asApi(presented))).toEqual(forSeconds(300));
    server.clock.advance(1);
    expect(keeping(await asApi(presented))).toEqual(forSeconds(299));
    server.clock.advance(298);
    expect(keeping(await asApi(presented))).toEqual(forSeconds(1));
  });

  it('goes for a token without an end, too', async () => {
    await allow(300);
    const { randomSecrets } = server.dependencies;
    const rawToken = randomSecrets.generate('connection-token');
    const { id: userId } = await server.createUser('connected@example.com');
    const client = new pg.Client(server.database.url);
    await client.connect();
    await client.query(
      `INSERT INTO connections (id, hash, app_id, user_id, api_identifier, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        ...[randomSecrets.newId('connection'), Buffer.from(randomSecrets.hash(rawToken)), ofApi.id, userId, KEPT_API],
        server.clock.now(),
      ],
    );
    await client.end();
    const response = await asApi(rawToken);
    expect(response.body).toMatchObject({ active: true, aud: KEPT_API });
    expect(response.body).not.toHaveProperty('exp');
    expect(keeping(response)).toEqual(forSeconds(300));
  });

  it('goes for inactive answers to the API for a minute at most, whatever the reason, which they do not tell', async () => {
    const revoked = await tokenOf(ofApi);
    await server.postForm('/oauth/revoke', { token: revoked }, [ofApi.id, ofApi.secret]);
    const ofOthers = await tokenOf(app);
    for (const [allowed, seconds] of [
      [3600, 60],
      [10, 10],
    ] as const) {
      await allow(allowed);
      for (const presented of ['garbage', 'a.b.c', `${revoked}x`, revoked, ofOthers]) {
        const response = await asApi(presented);
        expect([response.text, keeping(response)]).toEqual(['{"active":false}', forSeconds(seconds)]);
      }
    }
  });

  it('is never allowed to an app for a token that is not live or not its own', async () => {
    await allow(300);
    const presented = await tokenOf(ofApi);
    const other = await server.createApp({ apiIdentifier: KEPT_API });
    for (const response of [await introspect(presented, other), await introspect('garbage', ofApi)]) {
      expectInactive(response);
      expect(keeping(response)).toEqual(NOT_AT_ALL);
    }
  });

  it('is never allowed of errors', async () => {
    await allow(300);
    for (const response of [
      await server.postForm(PATH, {}, [KEPT_API, secret]),
      await server.postForm(PATH, { token: 'x' }, [KEPT_API, 'wrong']),
    ]) {
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(keeping(response)).toEqual(NOT_AT_ALL);
    }
  });
});

describe('the endpoint', () => {
  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    const authorization = basic(app.id, app.secret);
    const response = await send(server, method, `${PATH}?token=${token}`, { authorization, origin: 'https://x.test' });
    expectOAuthError(response, 405, 'invalid_request');
    expect(response.headers.allow).toBe('POST');
  });

  it('has no CORS: it is for servers', async () => {
    const headers = { 'content-type': FORM, authorization: basic(app.id, app.secret), origin: 'https://x.test' };
    const response = await send(server, 'POST', PATH, headers, `token=${token}`);
    expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('takes forms only', async () => {
    const headers = { authorization: basic(app.id, app.secret) };
    expectOAuthError(await server.postJson(PATH, { token }, headers), 400, 'invalid_request');
  });
});
