/*
 * POST /oauth/introspect. That revocations of every kind show there is revocation's suite, that forgeries do not is
 * jwt-hardening's.
 *
 * INT-01   the caller must prove who it is                 'the caller'
 * INT-02   exactly {"active":false} for all that is not    'a token that is not live or not theirs'
 * INT-03   members of an active answer; only to its app    'a live token', 'an API'
 *          and to the API in its audience
 * INT-05   POST only, no-store, no CORS                    'the endpoint'
 * F5       sub in the answer for an app's token            'a live token'
 */
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
