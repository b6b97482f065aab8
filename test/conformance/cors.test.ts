/*
 * Cross-origin requests: what scripts of any website may call, and what they must never reach.
 *
 * HTTP-14  none on authorize, pages, introspection and the other surfaces   'an address for apps and people'
 * HTTP-15  preflight of token, revocation, metadata and JWKS                'the preflight'
 * HTTP-16  response headers that scripts may read, on errors, too           'an answer', 'an error'
 * MCP-09   metadata answers a preflight for MCP-Protocol-Version            'the preflight'
 * contract a preflight is no request: it needs no body and changes nothing  'the preflight'
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, expectOAuthError, FORM, JSON_TYPE, send } from '../support/answers.ts';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.ts';

const ORIGIN = { origin: 'https://app.example.com' };
const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';
const JWKS = '/.well-known/jwks.json';

const OPEN = [
  ['/oauth/token', 'POST'],
  ['/oauth/revoke', 'POST'],
  [OAUTH, 'GET'],
  [OPENID, 'GET'],
  [JWKS, 'GET'],
] as const;

let server: TestServer;
let app: { id: string; secret: string };

beforeAll(async () => {
  server = await startTestServer();
  app = await server.createApp();
});
afterAll(() => server.close());

/** The CORS headers of an answer, all of them. */
function corsHeaders(response: TestResponse): Record<string, unknown> {
  return Object.fromEntries(Object.entries(response.headers).filter(([name]) => name.startsWith('access-control-')));
}

const words = (header: unknown): string[] =>
  String(header)
    .split(',')
    .map((word) => word.trim().toLowerCase());

function expectReadable(response: TestResponse): void {
  const headers = corsHeaders(response);
  expect(Object.keys(headers).sort()).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(headers['access-control-allow-origin']).toBe('*');
  expect(words(headers['access-control-expose-headers'])).toEqual([
    'www-authenticate',
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'dpop-nonce',
  ]);
}

const preflight = (path: string, method: string, headers = 'authorization,content-type'): Promise<TestResponse> =>
  send(server, 'OPTIONS', path, {
    ...ORIGIN,
    'access-control-request-method': method,
    'access-control-request-headers': headers,
  });

describe('the preflight', () => {
  it.each(OPEN)('of %s allows %s and the headers that clients send, and is remembered', async (path, method) => {
    const response = await preflight(path, method);
    expect([response.status, response.text]).toEqual([204, '']);
    expect(response.headers).not.toHaveProperty('content-type');
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(words(response.headers['access-control-allow-methods'])).toContain(method.toLowerCase());
    const allowed = words(response.headers['access-control-allow-headers']);
    expect(allowed).toEqual(['authorization', 'content-type', 'dpop', 'mcp-protocol-version']);
    expect(Number(response.headers['access-control-max-age'])).toBeGreaterThanOrEqual(600);
    expect(response.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(response.headers['x-request-id']).toMatch(/^[\w-]+$/);
  });

  it('is answered whatever it asks for, and never with more', async () => {
    const usual = corsHeaders(await preflight('/oauth/token', 'POST'));
    for (const headers of ['x-evil', '*', 'authorization, x-evil']) {
      const response = await preflight('/oauth/token', 'DELETE', headers);
      expect([response.status, corsHeaders(response)]).toEqual([204, usual]);
    }
    expect((await send(server, 'OPTIONS', '/oauth/token')).status).toBe(204);
    const withBody = await send(
      server,
      'OPTIONS',
      '/oauth/token',
      { 'content-type': 'text/plain' },
      'x'.repeat(70_000),
    );
    expect(withBody.status).toBe(204);
  });

  it('is no request: nothing is authenticated, issued or revoked by one', async () => {
    const issued = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [app.id, app.secret]);
    const form = new URLSearchParams({ token: issued.body.access_token }).toString();
    const headers = { ...ORIGIN, 'content-type': FORM, authorization: basic(app.id, app.secret) };
    expect((await send(server, 'OPTIONS', '/oauth/revoke', headers, form)).status).toBe(204);
    const body = 'grant_type=client_credentials';
    expect((await send(server, 'OPTIONS', '/oauth/token', headers, body)).text).toBe('');
    const { body: status } = await server.postForm('/oauth/introspect', { token: issued.body.access_token }, [
      app.id,
      app.secret,
    ]);
    expect(status.active).toBe(true);
  });

  it('leaves other methods refused, and Allow names all that there are', async () => {
    for (const [path, method] of OPEN) {
      const response = await send(server, 'PUT', path, ORIGIN);
      expect(response.status).toBe(405);
      expect(words(response.headers.allow)).toEqual(
        method === 'GET' ? ['get', 'head', 'options'] : ['post', 'options'],
      );
      expect(response.body.error_description).not.toContain('OPTIONS');
      expectReadable(response);
    }
  });
});

describe('an answer', () => {
  const post = (path: string, form: Record<string, string>) =>
    send(
      server,
      'POST',
      path,
      { ...ORIGIN, 'content-type': FORM, authorization: basic(app.id, app.secret) },
      new URLSearchParams(form).toString(),
    );

  it('can be read from every website: tokens, revocations, metadata, keys', async () => {
    const issued = await post('/oauth/token', { grant_type: 'client_credentials' });
    const answers = [
      issued,
      await post('/oauth/revoke', { token: issued.body.access_token }),
      ...(await Promise.all([OAUTH, OPENID, JWKS].map((path) => send(server, 'GET', path, ORIGIN)))),
      await send(server, 'HEAD', JWKS, ORIGIN),
    ];
    for (const response of answers) {
      expect(response.status).toBe(200);
      expectReadable(response);
    }
  });

  it('is the same for everybody, so that caches may keep one', async () => {
    for (const origin of [undefined, 'https://app.example.com', 'null', 'https://evil.example']) {
      const response = await send(server, 'GET', OAUTH, origin === undefined ? {} : { origin });
      expectReadable(response);
      expect(response.headers).not.toHaveProperty('vary');
    }
  });
});

describe('an error', () => {
  it.each([
    ['no app', 'POST', '/oauth/token', { 'content-type': FORM }, 'grant_type=client_credentials', 401],
    ['no grant', 'POST', '/oauth/token', { 'content-type': FORM }, 'client_id=x', 400],
    ['another media type', 'POST', '/oauth/token', { 'content-type': JSON_TYPE }, '{}', 400],
    ['a broken form', 'POST', '/oauth/token', { 'content-type': FORM }, 'a=%zz', 400],
    ['too much', 'POST', '/oauth/token', { 'content-type': FORM }, 'x'.repeat(70_000), 413],
    ['no app at the revocation', 'POST', '/oauth/revoke', { 'content-type': FORM }, 'token=x', 401],
    ['another method', 'DELETE', JWKS, {}, undefined, 405],
  ] as const)('can be read, too: %s', async (_what, method, path, headers, body, status) => {
    const response = await send(server, method, path, { ...ORIGIN, ...headers }, body);
    expectOAuthError(response, status, status === 401 ? 'invalid_client' : 'invalid_request');
    expectReadable(response);
  });

  it('tells scripts of its challenge', async () => {
    const headers = { ...ORIGIN, 'content-type': FORM, authorization: basic(app.id, 'wrong') };
    const response = await send(server, 'POST', '/oauth/token', headers, 'grant_type=client_credentials');
    expect([response.status, response.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
    expectReadable(response);
  });
});

describe('an address for apps and people', () => {
  const closed = [
    '/oauth/authorize',
    '/sign-in',
    '/sign-out',
    '/consent',
    '/account',
    '/oauth/introspect',
    '/api/auth/login',
    '/api/auth/refresh',
    '/api/auth/logout',
    '/api/oauth/token',
    '/token',
    '/token-revoke',
    '/auth/token',
    '/disconnect',
    '/healthz',
    '/readyz',
    '/nothing/here',
  ];

  it.each(closed)('%s has no CORS header on any method', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']) {
      const response = await send(server, method, path, {
        ...ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      });
      expect(corsHeaders(response), method).toEqual({});
      if (method === 'OPTIONS') expect([404, 405]).toContain(response.status);
      expect(response.status, method).toBeLessThan(500);
    }
  });
});

describe('an issuer with a path', () => {
  it('has its metadata readable at every address', async () => {
    const tenant = await startTestServer({ ISSUER: 'http://localhost:3000/t1' });
    try {
      for (const path of [`${OAUTH}/t1`, `${OPENID}/t1`, `/t1${OPENID}`, `/t1${OAUTH}`, `/t1${JWKS}`]) {
        const asked = await send(tenant, 'OPTIONS', path, { ...ORIGIN, 'access-control-request-method': 'GET' });
        expect([path, asked.status]).toEqual([path, 204]);
        expectReadable(await send(tenant, 'GET', path, { ...ORIGIN, 'mcp-protocol-version': '2025-11-25' }));
      }
    } finally {
      await tenant.close();
    }
  });
});
