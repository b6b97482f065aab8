/*
 * Signed answers of POST /oauth/introspect. Who may ask, and what, is rfc7662-introspection's; that a signed answer passes
 * as nothing else is jwt-hardening's.
 *
 * section 4   asked for by Accept                                 'asking'
 * section 5   media type and typ; iss, aud, iat, and the answer   'a signed answer'
 *             in token_introspection; neither sub nor exp
 *             active: false and nothing else                      'a signed answer'
 *             no answer for a caller who is unknown               'errors' (401, where the RFC has 400: INT-01)
 *             signed with a key of JWKS                           'a signed answer'
 * section 6   encrypted answers are not offered                   'the metadata'
 * section 7   the metadata names the algorithms                   'the metadata'
 * 9110 12.5.1 quality values of Accept                            'asking'
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, decodeToken, expectOAuthError, FORM, send } from '../support/answers.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const PATH = '/oauth/introspect';
const JWT_TYPE = 'application/token-introspection+jwt';
const API = 'https://api.example.com/v1';

let server: TestServer;
let app: { id: string; secret: string };
let apiSecret: string;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  // Its tokens are signed with another algorithm than the answers.
  await server.dependencies.apis.create(API, { name: 'API', algorithm: 'ES256' });
  apiSecret = (await server.dependencies.secrets.create({ apiIdentifier: API }, 'api-secret')).rawValue;
  app = await server.createApp({ apiIdentifier: API, scopes: ['read'] });
  token = await issue();
});
afterAll(() => server.close());

const issue = async (): Promise<string> =>
  (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, app.secret])).body.access_token;

const ask = (
  presented: string,
  accept: string | null = JWT_TYPE,
  [id, secret]: readonly [string, string] = [API, apiSecret],
): Promise<TestResponse> =>
  send(
    server,
    'POST',
    PATH,
    { 'content-type': FORM, authorization: basic(id, secret), ...(accept !== null && { accept }) },
    new URLSearchParams({ token: presented }).toString(),
  );

/** As the API would: with the published keys, and nothing but RS256. */
async function verify(response: TestResponse, audience: string) {
  const keys = createLocalJWKSet((await send(server, 'GET', '/.well-known/jwks.json')).body as JSONWebKeySet);
  return jwtVerify(response.text, keys, {
    issuer: ISSUER,
    audience,
    typ: 'token-introspection+jwt',
    algorithms: ['RS256'],
    currentDate: server.clock.now(),
  });
}

describe('a signed answer', () => {
  it('has the answer of RFC 7662 in a claim of its own, for the API that asked', async () => {
    const response = await ask(token);
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ 'content-type': JWT_TYPE, 'cache-control': 'no-store' });
    const { payload, protectedHeader } = await verify(response, API);
    expect(payload).toEqual({
      iss: ISSUER,
      aud: API,
      iat: server.clock.nowSeconds(),
      token_introspection: (await ask(token, 'application/json')).body,
    });
    expect(payload.token_introspection).toMatchObject({ active: true, sub: app.id, aud: API, scope: 'read' });
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'token-introspection+jwt', kid: expect.any(String) });
  });

  it('is for the app, when the app asked about its own token', async () => {
    const { payload } = await verify(await ask(token, JWT_TYPE, [app.id, app.secret]), app.id);
    expect(payload).toMatchObject({ aud: app.id, token_introspection: { active: true, client_id: app.id, aud: API } });
  });

  it('says when it was made, not when the token was', async () => {
    const presented = await issue();
    server.clock.advance(60);
    const { payload } = await verify(await ask(presented), API);
    expect(payload.iat).toBe(server.clock.nowSeconds());
    expect(payload).toMatchObject({ token_introspection: { iat: server.clock.nowSeconds() - 60 } });
  });

  it('about any token that is not live or not theirs has active: false, and nothing else', async () => {
    const revoked = await issue();
    await server.postForm('/oauth/revoke', { token: revoked }, [app.id, app.secret]);
    const other = await server.createApp();
    const asOther = [other.id, other.secret] as const;
    for (const [response, audience] of [
      [await ask('garbage'), API],
      [await ask(revoked), API],
      [await ask(token, JWT_TYPE, asOther), other.id],
    ] as const) {
      expect(response.headers['content-type']).toBe(JWT_TYPE);
      const { payload } = await verify(response, audience);
      expect(payload).toEqual({
        iss: ISSUER,
        aud: audience,
        iat: server.clock.nowSeconds(),
        token_introspection: { active: false },
      });
    }
  });

  it('may be kept as long as one in JSON', async () => {
    await server.dependencies.apis.update(API, { introspectionMaxAgeSeconds: 30 });
    for (const accept of [JWT_TYPE, 'application/json']) {
      const { headers } = await ask(token, accept);
      expect([headers['cache-control'], headers.vary]).toEqual(['private, max-age=30', 'Accept, Authorization']);
    }
    await server.dependencies.apis.update(API, { introspectionMaxAgeSeconds: 0 });
    expect((await ask(token)).headers['cache-control']).toBe('no-store');
  });

  it('made before the keys were rotated can be verified afterwards', async () => {
    const response = await ask(token);
    await server.dependencies.keyRing.rotate('RS256');
    server.clock.advance(3600);
    const next = await ask('garbage');
    expect(decodeToken(next.text).header.kid).not.toBe(decodeToken(response.text).header.kid);
    await verify(response, API);
    await verify(next, API);
    token = await issue();
  });
});

describe('asking', () => {
  const UNLIKE = JWT_TYPE.replace('+', 'x');

  it.each([
    JWT_TYPE,
    'Application/Token-Introspection+JWT',
    `${JWT_TYPE};q=0.001`,
    `${JWT_TYPE}, application/json`,
    `application/json, ${JWT_TYPE}`,
    `application/json;q=0.9,${JWT_TYPE}`,
    `*/*, ${JWT_TYPE}`,
    `${JWT_TYPE};q=0.5, */*;q=0.1`,
    `text/html;level="1,2", ${JWT_TYPE};charset="a;q=0"`,
    `${JWT_TYPE} ; q=1.000`,
    // The more specific range counts for JSON.
    `${JWT_TYPE};q=0.5, application/json;q=0.4, */*;q=0.9`,
    `${JWT_TYPE};q=0.5, application/*;q=0.4, */*;q=0.9`,
    `${JWT_TYPE}, application/json;q=0`,
  ])('with Accept: %s is asking for a signed answer', async (accept) => {
    const response = await ask(token, accept);
    expect([response.status, response.headers['content-type']]).toEqual([200, JWT_TYPE]);
  });

  it.each([
    null,
    '',
    '*/*',
    'application/*',
    'application/json',
    'application/jwt',
    'text/html',
    UNLIKE,
    `x${JWT_TYPE}`,
    `${JWT_TYPE}x`,
    `${JWT_TYPE};q=0`,
    `${JWT_TYPE};q=0.000, text/html`,
    `${JWT_TYPE};q=0.9, application/json`,
    `${JWT_TYPE};q=0.9, application/*`,
    `${JWT_TYPE};q=0.9, */*`,
    `${JWT_TYPE};q=2`,
    `${JWT_TYPE};q=x`,
    `${JWT_TYPE};q=1.001`,
    `text/html;x="${JWT_TYPE}"`,
    `text/html;x="a, ${JWT_TYPE}`,
    `"${JWT_TYPE}`,
  ])('with Accept: %s is asking for JSON', async (accept) => {
    const response = await ask(token, accept);
    expect([response.status, response.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(response.body.active).toBe(true);
  });

  it('takes no time to speak of with a header that was made to be slow', async () => {
    const accept = `${JWT_TYPE};${'"\\'.repeat(3_000)},${';q'.repeat(3_000)}`;
    const before = performance.now();
    expect((await ask('x', accept)).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe('errors', () => {
  it('stay JSON, and a caller who is unknown gets no answer', async () => {
    const refused = await ask(token, JWT_TYPE, [API, 'wrong']);
    expectOAuthError(refused, 401, 'invalid_client');
    expect(refused.headers['www-authenticate']).toMatch(/^Basic /);
    const unnamed = await send(server, 'POST', PATH, { 'content-type': FORM, accept: JWT_TYPE }, `token=${token}`);
    expectOAuthError(unnamed, 401, 'invalid_client');
    const authorization = basic(API, apiSecret);
    const empty = await send(server, 'POST', PATH, { 'content-type': FORM, accept: JWT_TYPE, authorization }, 'x=y');
    expectOAuthError(empty, 400, 'invalid_request');
  });
});

describe('the metadata', () => {
  it('names the algorithm, and none of encryption', async () => {
    const { body } = await send(server, 'GET', '/.well-known/oauth-authorization-server');
    expect(body.introspection_signing_alg_values_supported).toEqual([decodeToken((await ask('x')).text).header.alg]);
    expect(Object.keys(body).filter((name) => name.startsWith('introspection_encryption'))).toEqual([]);
  });
});
