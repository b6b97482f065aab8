/*
 * POST /token and POST /token-revoke, to the letter of their contract ("app-secret").
 *
 * success      {access_token, token_type, expires_in, expires_at}                          'success'
 * expiry       ISO 8601 in UTC, up to nine fractional digits; anything else is 400         'the expiry'
 * lifetime     60 minutes; longer needs the setting, and may be capped; shorter never      'asking for'
 * scopes       from the app's scopes and roles                                             'the scopes'
 * secrets      a deleted or regenerated one kills its own tokens, and no others            'a secret that is'
 * revocation   no body, 200 {revoked: true}, dead at once; 401 for what is not live        '/token-revoke'
 * ?token=      never on this server's own endpoints                                        '/token-revoke'
 * HTTP-04, -12, -17, -19, -20, RS-01, RS-02, RS-04 on this surface
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeToken,
  expectCommonHeaders,
  expectOAuthError,
  FORM,
  JSON_TYPE,
  send,
  visibleParts,
} from '../support/answers.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

type OwnApp = { id: string; secretId: string; secret: string };

let server: TestServer;
let app: OwnApp;
let extending: OwnApp;

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp({ scopes: ['read'] });
  extending = await server.createApp({ allowLifetimeExtension: true });
});
afterAll(() => server.close());

const ask = (of: OwnApp, changes: Record<string, unknown> = {}): Promise<TestResponse> =>
  server.postJson('/token', { app_id: of.id, secret: of.secret, ...changes });
const tokenOf = async (of: OwnApp): Promise<string> => (await ask(of)).body.access_token;
const now = (): number => server.clock.nowSeconds();
/** The ISO time of so many seconds from now. */
const inSeconds = (seconds: number, fraction = ''): string =>
  new Date((now() + seconds) * 1000).toISOString().replace('.000Z', `${fraction}Z`);
const isLive = async (token: string, of: OwnApp): Promise<boolean> => {
  const { status, body } = await server.postForm('/oauth/introspect', { token }, [of.id, of.secret]);
  expect(status).toBe(200);
  return body.active;
};

describe('success', () => {
  it('has exactly the members of the contract', async () => {
    const response = await ask(app);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 3600,
      expires_at: inSeconds(3600),
    });
    expectCommonHeaders(response);
  });

  it('says one and the same end in expires_in, expires_at and the token', async () => {
    for (const expiry of [undefined, inSeconds(1), inSeconds(1800, '.999999999'), inSeconds(3600)]) {
      const { access_token, expires_in, expires_at } = (await ask(app, { expiry })).body;
      const { claims } = decodeToken(access_token);
      expect(claims.exp - claims.iat).toBe(expires_in);
      expect(Date.parse(expires_at) / 1000).toBe(claims.exp);
      expect(expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
  });

  it('ignores grant_type and scope: the scopes come from the settings of the app', async () => {
    const response = await ask(app, { grant_type: 'password', scope: 'admin' });
    expect(decodeToken(response.body.access_token).claims.scope).toBe('read');
  });
});

describe('a missing or wrong parameter', () => {
  it.each(['app_id', 'secret'])('%s is named, whether it is absent, empty or null', async (name) => {
    for (const value of [undefined, '', null]) {
      const description = expectOAuthError(await ask(app, { [name]: value }), 400, 'invalid_request');
      expect(description).toBe(`The request is missing a required parameter: ${name}.`);
    }
  });

  it.each([
    ['app_id', 12345],
    ['secret', ['x']],
    ['secret', true],
    ['expiry', 1_900_000_000],
    ['expiry', {}],
  ])('%s must be a string, not %j', async (name, value) => {
    expect(expectOAuthError(await ask(app, { [name]: value }), 400, 'invalid_request')).toContain(name);
  });

  it('is refused in every broken body as RFC 6749 has errors', async () => {
    const bodies = ['{', '[]', 'null', '"x"', '1', '{"app_id":"a","app_id":"b"}', '{"\\u0061pp_id":"a","app_id":"b"}'];
    bodies.push('{"app_id":"\\u0000"}', '{"secret":"\\ud800"}', '['.repeat(60 * 1024), '');
    for (const body of bodies) {
      const response = await send(server, 'POST', '/token', { 'content-type': JSON_TYPE }, body);
      expectOAuthError(response, 400, 'invalid_request');
    }
    const big = await send(server, 'POST', '/token', { 'content-type': JSON_TYPE }, ' '.repeat(64 * 1024 + 1));
    expectOAuthError(big, 413, 'invalid_request');
    const form = await send(
      server,
      'POST',
      '/token',
      { 'content-type': FORM },
      `app_id=${app.id}&secret=${app.secret}`,
    );
    expect(expectOAuthError(form, 400, 'invalid_request')).toContain('application/json');
  });

  it('in the address does not count', async () => {
    const response = await server.postJson(`/token?app_id=${app.id}&secret=${app.secret}`, {});
    expectOAuthError(response, 400, 'invalid_request');
  });
});

describe('a wrong secret', () => {
  it('cannot be told from an unknown app', async () => {
    const wrong = await ask({ ...app, secret: 'wrong' });
    expectOAuthError(wrong, 401, 'invalid_client');
    expect(visibleParts(await ask({ ...app, id: 'nobody' }))).toEqual(visibleParts(wrong));
  });
});

describe('the expiry', () => {
  it.each([
    ['', 100],
    ['.5', 100],
    ['.999999999', 100],
    ['.000000001', 100],
    ['.326809761', 100],
  ])('may have a fraction such as %j, and is cut to the second before, never after', async (fraction, seconds) => {
    const { expires_in, expires_at } = (await ask(app, { expiry: inSeconds(seconds, fraction) })).body;
    expect([expires_in, expires_at]).toEqual([seconds, inSeconds(seconds)]);
  });

  it.each(['', null])('%j counts as none', async (expiry) => {
    expect((await ask(app, { expiry })).body.expires_in).toBe(3600);
  });

  it.each([
    ['that of the contract, once it is past', '2020-05-08T10:49:37.326809761Z'],
    ['the year 0', '0000-01-01T00:00:00Z'],
    ['no Z', '2032-05-08T10:49:37'],
    ['a lower-case z', '2032-05-08T10:49:37z'],
    ['a lower-case t', '2032-05-08t10:49:37Z'],
    ['an offset', '2032-05-08T10:49:37+00:00'],
    ['another offset', '2032-05-08T10:49:37-05:00'],
    ['a blank for the T', '2032-05-08 10:49:37Z'],
    ['ten fractional digits', '2032-05-08T10:49:37.1234567890Z'],
    ['a fraction without digits', '2032-05-08T10:49:37.Z'],
    ['a comma for the point', '2032-05-08T10:49:37,5Z'],
    ['no seconds', '2032-05-08T10:49Z'],
    ['a date only', '2032-05-08'],
    ['30 February', '2032-02-30T00:00:00Z'],
    ['29 February of a year without', '2031-02-29T00:00:00Z'],
    ['31 June', '2032-06-31T00:00:00Z'],
    ['the month 13', '2032-13-01T00:00:00Z'],
    ['the month 0', '2032-00-01T00:00:00Z'],
    ['the hour 24', '2032-05-08T24:00:00Z'],
    ['the minute 60', '2032-05-08T10:60:00Z'],
    ['a second 60 that no leap second can be', '2032-05-08T10:49:60Z'],
    ['the second 61', '2032-12-31T23:59:61Z'],
    ['a year of five digits', '12032-05-08T10:49:37Z'],
    ['a signed year', '+002032-05-08T10:49:37Z'],
    ['the basic format', '20320508T104937Z'],
    ['a week date', '2032-W19-6T10:49:37Z'],
    ['epoch seconds', '1967540977'],
    ['blanks around it', ' 2032-05-08T10:49:37Z '],
    ['a line break', '2032-05-08T10:49:37Z\n'],
    ['other digits', '２０３２-05-08T10:49:37Z'],
    ['a word', 'tomorrow'],
  ])('is 400 when it is or has %s', async (_what, expiry) => {
    expectOAuthError(await ask(extending, { expiry }), 400, 'invalid_request');
  });

  it('is 400 when it is now or less than a second away', async () => {
    for (const expiry of [inSeconds(-1), inSeconds(0), inSeconds(0, '.999999999')]) {
      expectOAuthError(await ask(extending, { expiry }), 400, 'invalid_request');
    }
    expect((await ask(extending, { expiry: inSeconds(1) })).body.expires_in).toBe(1);
  });

  it('on 29 February of a leap year is a date', async () => {
    const { status, body } = await ask(extending, { expiry: '2096-02-29T12:00:00Z' });
    expect([status, body.expires_at]).toEqual([200, '2096-02-29T12:00:00Z']);
  });

  it.each(['2032-12-31T23:59:60Z', '2032-12-31T23:59:60.999999999Z', '2032-06-30T23:59:60Z'])(
    'in the leap second %s is the second after it',
    async (expiry) => {
      const { status, body } = await ask(extending, { expiry });
      expect(status).toBe(200);
      expect(body.expires_at).toBe(expiry.startsWith('2032-12') ? '2033-01-01T00:00:00Z' : '2032-07-01T00:00:00Z');
      expect(decodeToken(body.access_token).claims.exp).toBe(Date.parse(body.expires_at) / 1000);
    },
  );

  it.each(['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:60Z'])(
    'at the end of time, %s, works, and the answer keeps to years of four digits',
    async (expiry) => {
      const { status, body } = await ask(extending, { expiry });
      expect([status, body.expires_at]).toEqual([200, '9999-12-31T23:59:59Z']);
      expect(body.expires_in).toBe(253_402_300_799 - now());
      expect(await isLive(body.access_token, extending)).toBe(true);
    },
  );
});

describe('asking for', () => {
  it('a shorter life is always allowed', async () => {
    for (const seconds of [1, 60, 3599, 3600]) {
      expect((await ask(app, { expiry: inSeconds(seconds) })).body.expires_in).toBe(seconds);
    }
  });

  it('a longer one without the setting is 403 and names the setting', async () => {
    for (const expiry of [inSeconds(3601), '9999-12-31T23:59:59Z']) {
      const description = expectOAuthError(await ask(app, { expiry }), 403, 'access_denied');
      expect(description.toLowerCase()).toContain('allow token lifetime extension');
    }
  });

  it('a longer one with the setting is granted', async () => {
    const { status, body } = await ask(extending, { expiry: inSeconds(86_400 * 400) });
    expect([status, body.expires_in]).toEqual([200, 86_400 * 400]);
  });

  it('a longer one is granted up to the cap, and 403 beyond, naming the cap', async () => {
    const capped = await server.createApp({ allowLifetimeExtension: true, maxTokenLifetimeSeconds: 7200 });
    expect((await ask(capped, { expiry: inSeconds(7200) })).body.expires_in).toBe(7200);
    const description = expectOAuthError(await ask(capped, { expiry: inSeconds(7201) }), 403, 'access_denied');
    expect(description).toContain('7200');
    expect(description).toContain('max_token_lifetime');
  });

  it('a longer one is not granted by a cap alone', async () => {
    const capped = await server.createApp({ maxTokenLifetimeSeconds: 7200 });
    const description = expectOAuthError(await ask(capped, { expiry: inSeconds(3601) }), 403, 'access_denied');
    expect(description.toLowerCase()).toContain('allow token lifetime extension');
  });

  it('more or less is measured by the lifetime of the app, where it has one', async () => {
    const brief = await server.createApp({ accessTokenLifetimeSeconds: 60 });
    expect((await ask(brief)).body.expires_in).toBe(60);
    expectOAuthError(await ask(brief, { expiry: inSeconds(61) }), 403, 'access_denied');
    const long = await server.createApp({ accessTokenLifetimeSeconds: 100_000 });
    expect((await ask(long, { expiry: inSeconds(99_999) })).body.expires_in).toBe(99_999);
  });

  it('a longer one with a wrong secret tells nothing of the settings', async () => {
    const response = await ask({ ...app, secret: 'wrong' }, { expiry: inSeconds(9999) });
    expectOAuthError(response, 401, 'invalid_client');
  });
});

describe('the scopes', () => {
  it('are those of the roles and the single ones, each once', async () => {
    await server.dependencies.roles.create({ name: 'clerk', scopes: ['orders:read', 'orders:write'] });
    await server.dependencies.roles.create({ name: 'auditor', scopes: ['orders:read', 'logs:read'] });
    const own = await server.createApp({ scopes: ['profile', 'logs:read'], roles: ['clerk', 'auditor'] });
    const scopes = decodeToken(await tokenOf(own)).claims.scope.split(' ');
    expect(scopes.toSorted()).toEqual(['logs:read', 'orders:read', 'orders:write', 'profile']);
  });

  it('follow a change of a role at once', async () => {
    await server.dependencies.roles.create({ name: 'changing', scopes: ['before'] });
    const own = await server.createApp({ roles: ['changing'] });
    expect(decodeToken(await tokenOf(own)).claims.scope).toBe('before');
    await server.dependencies.roles.update({ name: 'changing', scopes: ['after'] });
    expect(decodeToken(await tokenOf(own)).claims.scope).toBe('after');
    await server.dependencies.apps.update(own.id, { roles: [] });
    expect(decodeToken(await tokenOf(own)).claims).not.toHaveProperty('scope');
  });
});

describe('a secret that is', () => {
  it('deleted kills its own tokens and no others', async () => {
    const own = await server.createApp();
    const second = await server.dependencies.secrets.create({ appId: own.id }, 'app-secret');
    const other = { ...own, secret: second.rawValue };
    expect((await ask(other)).status).toBe(200);
    const [ofFirst, ofSecond] = [await tokenOf(own), await tokenOf(other)];
    await server.dependencies.secrets.delete({ appId: own.id }, own.secretId);
    expect(await isLive(ofFirst, other)).toBe(false);
    expect(await isLive(ofSecond, other)).toBe(true);
    expectOAuthError(await ask(own), 401, 'invalid_client');
  });

  it('regenerated kills the tokens of its old value and no others', async () => {
    const own = await server.createApp();
    const second = await server.dependencies.secrets.create({ appId: own.id }, 'app-secret');
    const other = { ...own, secret: second.rawValue };
    expect((await ask(other)).status).toBe(200);
    const [before, ofSecond] = [await tokenOf(own), await tokenOf(other)];
    const renewed = await server.dependencies.secrets.regenerate({ appId: own.id }, 'app-secret', own.secretId);
    expect(renewed.id).toBe(own.secretId);
    expect(await isLive(before, other)).toBe(false);
    expect(await isLive(ofSecond, other)).toBe(true);
    expectOAuthError(await ask(own), 401, 'invalid_client');
    const after = await tokenOf({ ...own, secret: renewed.rawValue });
    expect(await isLive(after, other)).toBe(true);
  });
});

describe('/token-revoke', () => {
  const revoke = (headers: Record<string, string>, url = '/token-revoke', payload?: string): Promise<TestResponse> =>
    send(server, 'POST', url, headers, payload);

  it('kills the token it is called with, at once, and no other', async () => {
    const [token, other] = [await tokenOf(app), await tokenOf(app)];
    const response = await revoke({ authorization: `Bearer ${token}` });
    expect([response.status, response.body]).toEqual([200, { revoked: true }]);
    expectCommonHeaders(response);
    expect(await isLive(token, app)).toBe(false);
    expect(await isLive(other, app)).toBe(true);
  });

  it.each([
    ['no media type', {}],
    ['JSON', { 'content-type': JSON_TYPE }],
    ['a form, as curl and many libraries say by themselves', { 'content-type': FORM, 'content-length': '0' }],
    ['text', { 'content-type': 'text/plain' }],
  ])('needs no body: %s', async (_what, headers) => {
    const authorization = `Bearer ${await tokenOf(app)}`;
    expect((await revoke({ ...headers, authorization })).status).toBe(200);
  });

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('takes the scheme as %s', async (scheme) => {
    expect((await revoke({ authorization: `${scheme} ${await tokenOf(app)}` })).status).toBe(200);
  });

  it('is 401 with a challenge for a token that was revoked already', async () => {
    const authorization = `Bearer ${await tokenOf(app)}`;
    await revoke({ authorization });
    const response = await revoke({ authorization });
    expectOAuthError(response, 401, 'invalid_token');
    expect(response.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
  });

  it('is 401 for an expired token, from the second of its expiry on', async () => {
    const { access_token } = (await ask(app, { expiry: inSeconds(10) })).body;
    server.clock.advance(9);
    expect(await isLive(access_token, app)).toBe(true);
    server.clock.advance(1);
    expectOAuthError(await revoke({ authorization: `Bearer ${access_token}` }), 401, 'invalid_token');
  });

  it.each(['Bearer x', 'Bearer a.b.c', 'Bearer "quoted"', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(100_000)}`])(
    'is 401 invalid_token for %.40s',
    async (authorization) => {
      expectOAuthError(await revoke({ authorization }), 401, 'invalid_token');
    },
  );

  it('without a token is 401 with a challenge that names no error', async () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'JWT a.b.c' }]) {
      const response = await revoke(headers as Record<string, string>);
      expectOAuthError(response, 401, 'invalid_token');
      expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+"$/);
    }
  });

  it('never takes the token from the address or the body', async () => {
    const token = await tokenOf(app);
    for (const name of ['token', 'access_token']) {
      expectOAuthError(await revoke({}, `/token-revoke?${name}=${token}`), 401, 'invalid_token');
      const body = JSON.stringify({ [name]: token });
      expectOAuthError(await revoke({ 'content-type': JSON_TYPE }, '/token-revoke', body), 401, 'invalid_token');
    }
    expect(await isLive(token, app)).toBe(true);
    expect(server.logged()).not.toContain(token);
  });
});

describe('the method', () => {
  it.each(['/token', '/token-revoke'])('of %s is POST only', async (path) => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const response = await send(server, method, path);
      expectOAuthError(response, 405, 'invalid_request');
      expect(response.headers.allow).toBe('POST');
    }
  });
});
