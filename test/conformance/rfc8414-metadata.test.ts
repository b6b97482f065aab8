/*
 * Discovery: what the documents say, where they are, and that what they list is true.
 *
 * HTTP-02          addresses come from the configuration, never from headers       'the documents'
 * META-01, META-04 inserted forms for an issuer with a path                        'an issuer with a path'
 * META-02, META-07 what cannot be an issuer stops the start                        'an issuer that'
 * META-03          appended form                                                   'an issuer with a path'
 * META-05          issuer byte-identical to the configured one                     'the documents'
 * META-06          other metadata addresses are 404                                'an address that is not there'
 * META-08          200, JSON, no empty lists, no nulls                             'the documents'
 * META-09          lists whose defaults would be wrong                             'the documents'
 * META-14          cacheable, but short                                            'the documents'
 * F13              the OAuth and the OpenID address serve the same                 'the documents'
 * contract         lists exactly what works                                        'what is listed'
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { basic, decodeToken, expectOAuthError, FORM, send } from '../support/answers.ts';
import { ISSUER, MASTER_KEY, startTestServer, type TestServer } from '../support/server.ts';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

let server: TestServer;
let app: { id: string; secret: string };
let metadata: Record<string, string & string[]>;

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp();
  metadata = (await send(server, 'GET', OAUTH)).body;
});
afterAll(() => server.close());

/** The path of an address of ours. */
const pathOf = (address: string | undefined, issuer = ISSUER): string => {
  expect(address).toMatch(new RegExp(`^${issuer}/`));
  return new URL(address ?? '').pathname;
};

describe('the documents', () => {
  it('are the same to the byte at both addresses', async () => {
    const [oauth, openid] = [await send(server, 'GET', OAUTH), await send(server, 'GET', OPENID)];
    expect([oauth.status, openid.status]).toEqual([200, 200]);
    expect(openid.text).toBe(oauth.text);
  });

  it('name the configured issuer, whatever the request says of host and protocol', async () => {
    for (const path of [OAUTH, OPENID]) {
      const { text } = await send(server, 'GET', path, {
        host: 'evil.test',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '8443',
        'x-forwarded-prefix': '/evil',
        forwarded: 'host=evil.test;proto=https',
      });
      expect(JSON.parse(text)).toEqual(metadata);
      expect(text).not.toContain('evil');
    }
    expect(metadata.issuer).toBe(ISSUER);
    for (const [name, value] of Object.entries(metadata)) {
      if (/_(endpoint|uri)$/.test(name)) pathOf(value);
    }
  });

  it('are JSON that may be cached for a while, without empty lists and nulls', async () => {
    const { headers } = await send(server, 'GET', OAUTH);
    expect(headers['content-type']).toMatch(/^application\/json/);
    const [, seconds] = /^public, max-age=(\d+)$/.exec(String(headers['cache-control'])) ?? [];
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds)).toBeLessThanOrEqual(3600);
    for (const value of Object.values(metadata)) {
      expect(value).not.toBeNull();
      expect(value).not.toEqual([]);
    }
  });

  it('have the lists whose defaults would be wrong', () => {
    expect(metadata).toHaveProperty('grant_types_supported');
    expect(metadata).toHaveProperty('token_endpoint_auth_methods_supported');
    expect(metadata).toHaveProperty('revocation_endpoint_auth_methods_supported');
    expect(metadata).toHaveProperty('introspection_endpoint_auth_methods_supported');
    expect(metadata).toHaveProperty('introspection_signing_alg_values_supported');
  });

  it('answer GET and HEAD only', async () => {
    for (const path of [OAUTH, OPENID, '/.well-known/jwks.json']) {
      expect((await send(server, 'HEAD', path)).status).toBe(200);
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const response = await send(server, method, path, { 'content-type': 'text/plain' }, 'x');
        expectOAuthError(response, 405, 'invalid_request');
        expect(response.headers.allow).toBe('GET, HEAD, OPTIONS');
      }
    }
  });
});

describe('what is listed', () => {
  it('is all there: every endpoint answers something else than 404', async () => {
    for (const name of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint']) {
      expect((await server.postForm(pathOf(metadata[name]), {})).status).not.toBe(404);
    }
    const jwks = await send(server, 'GET', pathOf(metadata.jwks_uri));
    expect(jwks.body.keys.length).toBeGreaterThan(0);
  });

  it('as a grant works, and what is not listed does not', async () => {
    const token = pathOf(metadata.token_endpoint);
    const others = [
      'authorization_code',
      'refresh_token',
      'password',
      'implicit',
      'urn:ietf:params:oauth:grant-type:device_code',
    ];
    for (const grantType of new Set([...(metadata.grant_types_supported ?? []), ...others])) {
      const { body } = await server.postForm(token, { grant_type: grantType }, [app.id, app.secret]);
      const listed = metadata.grant_types_supported?.includes(grantType);
      expect([grantType, body.error !== 'unsupported_grant_type']).toEqual([grantType, listed]);
    }
    expect(metadata.grant_types_supported).toContain('client_credentials');
  });

  it('as a way to authenticate works at its endpoint, and what is not listed does not', async () => {
    const open = await server.createApp({ isPublic: true, grants: ['refresh_token'] });
    const form = { grant_type: 'client_credentials', token: 'unknown' };
    const tries = {
      client_secret_basic: [{}, basic(app.id, app.secret)],
      client_secret_post: [{ client_id: app.id, client_secret: app.secret }, undefined],
      none: [{ client_id: open.id }, undefined],
      private_key_jwt: [
        {
          client_id: app.id,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: 'x.y.z',
        },
        undefined,
      ],
    } as const;
    for (const endpoint of ['token', 'revocation', 'introspection']) {
      for (const [method, [credentials, authorization]] of Object.entries(tries)) {
        const { status } = await send(
          server,
          'POST',
          pathOf(metadata[`${endpoint}_endpoint`]),
          { 'content-type': FORM, ...(authorization !== undefined && { authorization }) },
          new URLSearchParams({ ...form, ...credentials }).toString(),
        );
        const listed = metadata[`${endpoint}_endpoint_auth_methods_supported`]?.includes(method);
        // A public app that is known may still not use this grant.
        expect([endpoint, method, status !== 401]).toEqual([endpoint, method, listed]);
      }
    }
  });

  it('as an algorithm of signed answers is the one that signs them, and encryption is not listed', async () => {
    const headers = {
      'content-type': FORM,
      authorization: basic(app.id, app.secret),
      accept: 'application/token-introspection+jwt',
    };
    const answer = await send(server, 'POST', pathOf(metadata.introspection_endpoint), headers, 'token=unknown');
    expect([decodeToken(answer.text).header.alg]).toEqual(metadata.introspection_signing_alg_values_supported);
    expect(Object.keys(metadata).filter((name) => name.includes('encryption'))).toEqual([]);
  });

  it('is no endpoint that is not there yet', () => {
    for (const name of ['registration', 'userinfo', 'device_authorization', 'end_session']) {
      expect(metadata).not.toHaveProperty(`${name}_endpoint`);
    }
  });
});

describe('an address that is not there', () => {
  it.each([
    `${OAUTH}/unknown`,
    `${OPENID}/unknown`,
    `${OAUTH}/`,
    '/.well-known/oauth-protected-resource',
    '/.well-known/nothing',
    '/unknown/.well-known/openid-configuration',
  ])('such as %s is 404 in JSON, so that clients try the next', async (path) => {
    const response = await send(server, 'GET', path);
    expectOAuthError(response, 404, 'not_found');
  });
});

describe('an issuer with a path', () => {
  const issuer = 'http://localhost:3000/t1';
  let tenant: TestServer;

  beforeAll(async () => {
    tenant = await startTestServer({ ISSUER: issuer });
  });
  afterAll(() => tenant.close());

  it('is found at the inserted and the appended addresses, all with one document', async () => {
    const answers = await Promise.all(
      [`${OAUTH}/t1`, `${OPENID}/t1`, `/t1${OPENID}`, `/t1${OAUTH}`].map((path) => send(tenant, 'GET', path)),
    );
    for (const { status, text, body } of answers) {
      expect([status, body.issuer]).toEqual([200, issuer]);
      expect(text).toBe(answers[0]?.text);
    }
  });

  it('has its endpoints below its path', async () => {
    const { body } = await send(tenant, 'GET', `${OAUTH}/t1`);
    const client = await tenant.createApp();
    const path = pathOf(body.token_endpoint, issuer);
    expect(path).toBe('/t1/oauth/token');
    const form = { grant_type: 'client_credentials' };
    const issued = await tenant.postForm(path, form, [client.id, client.secret]);
    expect(issued.status).toBe(200);
    expect((await send(tenant, 'GET', pathOf(body.jwks_uri, issuer))).body.keys.length).toBeGreaterThan(0);
    const introspected = await tenant.postForm(
      pathOf(body.introspection_endpoint, issuer),
      { token: issued.body.access_token },
      [client.id, client.secret],
    );
    expect(introspected.body).toMatchObject({ active: true, iss: issuer, aud: issuer });
    // Behind a proxy that takes the path off.
    expect((await tenant.postForm('/oauth/token', form, [client.id, client.secret])).status).toBe(200);
  });

  it.each(['/t2/oauth/token', '/t1x/oauth/token', '/t1/t1/oauth/token', '/T1/oauth/token'])(
    'is not at %s',
    async (path) => {
      expectOAuthError(await tenant.postForm(path, {}), 404, 'not_found');
    },
  );

  it.each([`${OAUTH}/t2`, `${OAUTH}/t1/x`, `/t2${OPENID}`])('has no metadata at %s', async (path) => {
    expectOAuthError(await send(tenant, 'GET', path), 404, 'not_found');
  });
});

describe('an issuer that', () => {
  it.each([
    ['has a slash at its end', 'https://auth.example.com/'],
    ['has a path with a slash at its end', 'https://auth.example.com/t1/'],
    ['has a query', 'https://auth.example.com?x=1'],
    ['has a fragment', 'https://auth.example.com#x'],
    ['has a user name', 'https://user@auth.example.com'],
    ['is http and not loopback', 'http://auth.example.com'],
    ['is no address', 'auth.example.com'],
    ['has capitals, which clients compare', 'https://Auth.Example.com'],
    ['has the default port', 'https://auth.example.com:443'],
    ['is another protocol', 'ftp://auth.example.com'],
  ])('%s stops the start, and the message names ISSUER', (_what, issuer) => {
    const environment = { ISSUER: issuer, DATABASE_URL: 'postgres://localhost/x', MASTER_KEY };
    expect(() => loadConfig(environment)).toThrow(/ISSUER/);
  });
});
