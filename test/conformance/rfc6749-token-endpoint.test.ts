/*
 * POST /oauth/token without client authentication's own rules, which client-authentication.test.ts has.
 *
 * HTTP-04  POST only, 405 with Allow             'takes nothing but POST'
 * HTTP-06  form-encoded UTF-8 only               'the body'
 * HTTP-07  a repeated parameter is an error      'refuses a repeated …'
 * HTTP-08  resource may repeat                   'the resource parameter'
 * HTTP-09  empty equals absent                   'treats an empty …'
 * HTTP-10  unknown parameters are ignored        'ignores parameters it does not know'
 * HTTP-12  no-store on every answer              expectCommonHeaders, everywhere
 * HTTP-17  alphabet of error texts               expectOAuthError, everywhere
 * HTTP-18  size limit, OAuth-shaped              'refuses a body over 64 KiB'
 * HTTP-19  NUL, invalid UTF-8, surrogates        'the body'
 * CLI-10   error vocabulary                      'the grant'
 * CLI-11   missing, retired and unknown grants   'the grant'
 * CC-01    confidential apps only                'lets no public app use client credentials'
 * CC-02    no refresh token                      'answers exactly …'
 * CC-04    scope outside the allowance           'the scope'
 * CODE-14  types of the success members          'answers exactly …'
 * F7       scope echoed in the order asked       'the scope'
 * RES-01, RES-02, RES-06  resource               'the resource parameter'
 * AT-07    short life                            'the lifetime'
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeToken, expectCommonHeaders, expectOAuthError, FORM, send } from '../support/answers.ts';
import { ISSUER, startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

let server: TestServer;
let app: { id: string; secret: string };
const API = 'https://api.example.com';

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp({ scopes: ['read', 'write', 'admin'] });
  await server.dependencies.apis.create(API, { name: 'API', accessTokenLifetimeSeconds: 77 });
});
afterAll(() => server.close());

const GRANT = { grant_type: 'client_credentials' };
const ask = (form: Record<string, string>, of = app): Promise<TestResponse> =>
  server.postForm('/oauth/token', form, [of.id, of.secret]);
/** The same as raw text, with credentials in the body. */
const askRaw = (text: string | Buffer, type = FORM): Promise<TestResponse> =>
  send(
    server,
    'POST',
    '/oauth/token',
    { 'content-type': type, authorization: `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}` },
    text,
  );

describe('success', () => {
  it('answers exactly what RFC 6749 section 5.1 names, and no refresh token', async () => {
    const response = await ask({ ...GRANT, scope: 'read' });
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'read',
    });
    expectCommonHeaders(response);
  });

  it('leaves scope out for an app that has none, rather than send an empty one', async () => {
    const bare = await server.createApp();
    const { body } = await ask(GRANT, bare);
    expect(body).not.toHaveProperty('scope');
    expect(decodeToken(body.access_token).claims).not.toHaveProperty('scope');
  });
});

describe('the method', () => {
  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE'])('takes no %s, and names POST', async (method) => {
    const url = `/oauth/token?grant_type=client_credentials&client_id=${app.id}&client_secret=${app.secret}`;
    const response = await send(server, method, url);
    expect(response.headers.allow).toBe('POST, OPTIONS');
    if (method === 'HEAD') expect([response.status, response.text]).toEqual([405, '']);
    else expectOAuthError(response, 405, 'invalid_request');
  });

  it('says 405 before it looks at the body', async () => {
    const response = await send(server, 'PUT', '/oauth/token', { 'content-type': 'text/plain' }, 'x'.repeat(100_000));
    expectOAuthError(response, 405, 'invalid_request');
  });
});

describe('the body', () => {
  it('says to send a form when it is JSON', async () => {
    const json = JSON.stringify({ ...GRANT, client_id: app.id, client_secret: app.secret });
    const description = expectOAuthError(await askRaw(json, 'application/json'), 400, 'invalid_request');
    expect(description).toContain('application/x-www-form-urlencoded');
  });

  it.each(['multipart/form-data; boundary=x', 'text/plain', 'application/xml', 'nonsense', ''])(
    'refuses the media type %j',
    async (type) => {
      expectOAuthError(await askRaw('grant_type=client_credentials', type), 400, 'invalid_request');
    },
  );

  it('refuses a body without a media type', async () => {
    const body = Buffer.from('grant_type=client_credentials');
    const response = await server.app.inject({ method: 'POST', url: '/oauth/token', payload: body });
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toBe('invalid_request');
  });

  it.each([`${FORM}; charset=UTF-8`, `${FORM};charset=utf-8`, 'Application/X-WWW-Form-URLEncoded'])(
    'takes %s',
    async (type) => {
      expect((await askRaw('grant_type=client_credentials', type)).status).toBe(200);
    },
  );

  it('refuses a body over 64 KiB and takes one of exactly 64 KiB', async () => {
    const full = `grant_type=client_credentials&pad=`.padEnd(64 * 1024, 'x');
    expect((await askRaw(full)).status).toBe(200);
    expectOAuthError(await askRaw(`${full}x`), 413, 'invalid_request');
  });

  it.each([
    ['a NUL', 'scope=re%00ad'],
    ['a NUL in a name', 're%00ad=1'],
    ['a NUL in a parameter it does not know', 'extra=%00'],
    ['bytes that are no UTF-8', 'scope=%ff'],
    ['half a UTF-8 sequence', 'scope=%c3'],
    ['a lone surrogate in UTF-8', 'scope=%ed%a0%80'],
    ['an overlong encoding', 'scope=%c0%80'],
    ['a broken percent-encoding', 'scope=%zz'],
    ['a percent sign at the end', 'scope=read%'],
  ])('refuses %s', async (_what, parameter) => {
    expectOAuthError(await askRaw(`grant_type=client_credentials&${parameter}`), 400, 'invalid_request');
  });

  it('refuses raw bytes that are no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('grant_type=client_credentials&extra='), Buffer.from([0xff, 0xfe])]);
    expectOAuthError(await askRaw(body), 400, 'invalid_request');
  });

  it.each(['grant_type', 'scope', 'client_id', 'client_secret', 'extra'])('refuses a repeated %s', async (name) => {
    const form = new URLSearchParams(GRANT);
    if (name !== 'grant_type') form.append(name, 'client_credentials');
    form.append(name, 'client_credentials');
    expectOAuthError(await askRaw(form.toString()), 400, 'invalid_request');
  });

  it('refuses a repeated parameter though both are the same, or one is empty', async () => {
    expectOAuthError(await askRaw('grant_type=client_credentials&scope=read&scope=read'), 400, 'invalid_request');
    expectOAuthError(await askRaw('grant_type=client_credentials&scope=read&scope='), 400, 'invalid_request');
    expectOAuthError(await askRaw('grant_type=client_credentials&scope=read&sc%6Fpe=read'), 400, 'invalid_request');
  });

  it('ignores parameters it does not know, those of JavaScript objects among them', async () => {
    const response = await askRaw(
      'grant_type=client_credentials&extra=foobar&__proto__=x&constructor=y&toString=z&hasOwnProperty=q',
    );
    expect(response.status).toBe(200);
  });

  it.each(['scope', 'resource', 'client_secret', 'client_id', 'extra'])(
    'treats an empty %s as absent',
    async (name) => {
      const response = await ask({ ...GRANT, [name]: '' });
      expect([response.status, response.body.scope]).toEqual([200, 'read write admin']);
    },
  );

  it('treats an empty grant_type as absent', async () => {
    expectOAuthError(await ask({ grant_type: '' }), 400, 'invalid_request');
  });

  it('never uses grant or scope of the address', async () => {
    const url = '/oauth/token?grant_type=client_credentials&scope=read';
    expectOAuthError(await server.postForm(url, 'x=1', [app.id, app.secret]), 400, 'invalid_request');
    const response = await server.postForm('/oauth/token?scope=read&scope=x', GRANT, [app.id, app.secret]);
    expect(response.body.scope).toBe('read write admin');
  });
});

describe('the grant', () => {
  it('is required, and the error names it', async () => {
    expect(expectOAuthError(await ask({ scope: 'read' }), 400, 'invalid_request')).toContain('grant_type');
  });

  it.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'CLIENT_CREDENTIALS',
    'client_credentials ',
    '__proto__',
    'constructor',
    'é"\\',
  ])('%j is unsupported_grant_type', async (grantType) => {
    expectOAuthError(await ask({ grant_type: grantType }), 400, 'unsupported_grant_type');
  });

  it.each(['authorization_code', 'refresh_token'])(
    '%s is unauthorized_client for an app that was not registered for it',
    async (grantType) => {
      expectOAuthError(await ask({ grant_type: grantType }), 400, 'unauthorized_client');
    },
  );

  it('never takes a password, though the login surface knows the grant', async () => {
    const { email } = await server.createUser('ropc@example.com');
    const form = { grant_type: 'password', username: email, email, password: 'correct horse battery staple' };
    expectOAuthError(await ask(form), 400, 'unsupported_grant_type');
    expectOAuthError(
      await server.postForm('/oauth/token', { ...form, client_id: 'first-party' }),
      400,
      'unsupported_grant_type',
    );
  });

  it('is unauthorized_client for an app that is not registered for it', async () => {
    const other = await server.createApp({
      grants: ['authorization_code'],
      redirectUris: ['https://app.example.com/callback'],
    });
    expectOAuthError(await ask(GRANT, other), 400, 'unauthorized_client');
  });

  it('is unauthorized_client for an app that may not use this surface', async () => {
    const other = await server.createApp({ surfaces: ['enveloped'] });
    expectOAuthError(await ask(GRANT, other), 400, 'unauthorized_client');
  });

  it('lets no public app use client credentials', async () => {
    const open = await server.createApp({
      isPublic: true,
      grants: ['authorization_code'],
      redirectUris: ['http://127.0.0.1/callback'],
    });
    const response = await server.postForm('/oauth/token', { ...GRANT, client_id: open.id });
    expectOAuthError(response, 400, 'unauthorized_client');
  });

  it('cannot be client_credentials for a public app even by registration', async () => {
    await expect(server.createApp({ isPublic: true })).rejects.toThrow(/public/);
  });
});

describe('the scope', () => {
  it('defaults to all that the app may have', async () => {
    const { body } = await ask(GRANT);
    expect(body.scope).toBe('read write admin');
    expect(decodeToken(body.access_token).claims.scope).toBe('read write admin');
  });

  it('is granted as asked, in the order asked', async () => {
    const { body } = await ask({ ...GRANT, scope: 'write read' });
    expect(body.scope).toBe('write read');
    expect(decodeToken(body.access_token).claims.scope).toBe('write read');
  });

  it('counts a scope that is named twice once', async () => {
    expect((await ask({ ...GRANT, scope: 'write read write' })).body.scope).toBe('write read');
  });

  it.each(['delete', 'read delete', 'openid', 'offline_access', 'READ', 'read*', '*'])(
    '%j is invalid_scope when the app may not have it',
    async (scope) => {
      expectOAuthError(await ask({ ...GRANT, scope }), 400, 'invalid_scope');
    },
  );

  it.each([
    'read  write',
    ' read',
    'read ',
    ' ',
    'read\twrite',
    'read\nwrite',
    'read,"write"',
    'a\\b',
    'é',
    'é\\"\r\n',
  ])('%j is malformed and invalid_scope', async (scope) => {
    expectOAuthError(await ask({ ...GRANT, scope }), 400, 'invalid_scope');
  });

  it('names the scope that is not allowed', async () => {
    expect(expectOAuthError(await ask({ ...GRANT, scope: 'read nope' }), 400, 'invalid_scope')).toContain('nope');
  });

  it('is never more than the API offers', async () => {
    await server.dependencies.apis.create('https://small.example.com', { name: 'Small', scopes: ['read'] });
    await server.dependencies.roles.create({ name: 'wide', scopes: ['read', 'write'] });
    const wide = await server.createApp({ apiIdentifier: 'https://small.example.com', roles: ['wide'] });
    expect((await ask(GRANT, wide)).body.scope).toBe('read');
    expectOAuthError(await ask({ ...GRANT, scope: 'write' }, wide), 400, 'invalid_scope');
  });

  it('comes from roles, too, and a change of a role takes effect at once', async () => {
    await server.dependencies.roles.create({ name: 'reader', scopes: ['orders:read'] });
    const other = await server.createApp({ scopes: ['own'], roles: ['reader'] });
    expect((await ask(GRANT, other)).body.scope).toBe('own orders:read');
    await server.dependencies.roles.update({ name: 'reader', scopes: ['invoices:read'] });
    expect((await ask(GRANT, other)).body.scope).toBe('own invoices:read');
    expectOAuthError(await ask({ ...GRANT, scope: 'orders:read' }, other), 400, 'invalid_scope');
  });
});

describe('the resource parameter', () => {
  it('may name the API of the app, with or without the slash that URL parsers add', async () => {
    const other = await server.createApp({ apiIdentifier: API });
    for (const resource of [API, `${API}/`, 'HTTPS://API.Example.com']) {
      const { status, body } = await ask({ ...GRANT, resource }, other);
      expect(status).toBe(200);
      expect(decodeToken(body.access_token).claims.aud).toBe(API);
    }
  });

  it('may repeat', async () => {
    const twice = new URLSearchParams([...Object.entries(GRANT), ['resource', ISSUER], ['resource', ISSUER]]);
    expect((await askRaw(twice.toString())).status).toBe(200);
    const two = new URLSearchParams([...Object.entries(GRANT), ['resource', ISSUER], ['resource', API]]);
    expectOAuthError(await askRaw(two.toString()), 400, 'invalid_target');
  });

  it.each([API, 'https://unknown.example.com', 'not a uri', `${ISSUER}#fragment`, `${ISSUER}/path/`, `${ISSUER}?q=1`])(
    '%j is invalid_target when it is not the API of the app',
    async (resource) => {
      expectOAuthError(await ask({ ...GRANT, resource }), 400, 'invalid_target');
    },
  );
});

describe('the lifetime', () => {
  it('is that of the API, unless the app says otherwise', async () => {
    const ofApi = await server.createApp({ apiIdentifier: API });
    const own = await server.createApp({ apiIdentifier: API, accessTokenLifetimeSeconds: 33 });
    for (const [whose, seconds] of [
      [ofApi, 77],
      [own, 33],
    ] as const) {
      const { body } = await ask(GRANT, whose);
      const { claims } = decodeToken(body.access_token);
      expect(body.expires_in).toBe(seconds);
      expect([claims.iat, claims.exp]).toEqual([server.clock.nowSeconds(), server.clock.nowSeconds() + seconds]);
    }
  });

  it('cannot be chosen by the caller', async () => {
    expect((await ask({ ...GRANT, expiry: '9999-01-01T00:00:00Z', expires_in: '99999999' })).body.expires_in).toBe(900);
  });
});

describe('an app that was switched off', () => {
  it('is refused, and served again when it is switched on', async () => {
    const other = await server.createApp();
    await server.dependencies.apps.setEnabled(other.id, false);
    expectOAuthError(await ask(GRANT, other), 401, 'invalid_client');
    await server.dependencies.apps.setEnabled(other.id, true);
    expect((await ask(GRANT, other)).status).toBe(200);
  });
});
