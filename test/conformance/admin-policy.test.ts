import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRedirectAllowed } from '../../src/oauth/redirect-hosts.ts';
import { adminCaller, type CallAdmin } from '../support/admin-caller.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
});
afterAll(() => server.close());

const policy = {
  enabled: true,
  max_apps: 3,
  surfaces: ['standard', 'app-secret'],
  grants: ['client_credentials'],
  scopes: ['orders:read'],
  redirect_hosts: ['app.example.com', '*.dev.example.com'],
  plan: null,
};

describe('what members may do by themselves', () => {
  it('is nothing until an operator says so', async () => {
    expect((await call('GET', '/developer-policy')).body).toEqual({
      enabled: false,
      max_apps: 5,
      surfaces: ['standard'],
      grants: ['client_credentials', 'authorization_code', 'refresh_token'],
      scopes: [],
      redirect_hosts: [],
      plan: null,
    });
  });

  it('is replaced as a whole, by somebody who has read it', async () => {
    await call('POST', '/plans', { name: 'members' });
    const { headers } = await call('GET', '/developer-policy');
    const match = { 'if-match': String(headers.etag) };
    const sent = {
      ...policy,
      plan: 'members',
      redirect_hosts: [' App.Example.com', '*.DEV.example.com', 'app.example.com'],
    };
    const replaced = await call('PUT', '/developer-policy', sent, match);
    expect(replaced.body).toEqual({ ...policy, plan: 'members' });
    expect((await call('PUT', '/developer-policy', policy, match)).status).toBe(412);
    const shown = await call('GET', '/developer-policy');
    expect(shown.body).toEqual(replaced.body);
    expect(shown.headers.etag).toBe(replaced.headers.etag);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        call('PUT', '/developer-policy', { ...policy, max_apps: i }, { 'if-match': String(shown.headers.etag) }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await call('PUT', '/developer-policy', policy)).body).toEqual(policy);
  });

  it('can only be what there is', async () => {
    const wrong: [object, number, string][] = [
      [{ surfaces: ['login'] }, 422, "no surface 'login'"],
      [{ surfaces: [] }, 422, 'need a surface'],
      [{ grants: ['password'] }, 422, "no grant 'password'"],
      [{ grants: [] }, 422, 'need a grant'],
      [{ scopes: ['a b'] }, 422, 'is not a scope'],
      [{ max_apps: 1001 }, 422, '0 to 1000'],
      [{ max_apps: 1.5 }, 422, '0 to 1000'],
      [{ max_apps: '5' }, 400, 'max_apps'],
      [{ plan: 'nowhere' }, 422, "no plan 'nowhere'"],
      [{ redirect_hosts: ['https://app.example.com'] }, 422, 'without scheme'],
      [{ redirect_hosts: ['app.example.com:8443'] }, 422, 'without scheme'],
      [{ redirect_hosts: ['*.com'] }, 422, 'two names behind it'],
      [{ redirect_hosts: ['*'] }, 422, 'two names behind it'],
      [{ redirect_hosts: ['app.*.com'] }, 422, 'is not a host'],
      [{ redirect_hosts: ['-a.example.com'] }, 422, 'is not a host'],
      [{ redirect_hosts: ['münchen.example'] }, 422, 'Punycode'],
      [{ redirect_hosts: [`${'a'.repeat(64)}.example.com`] }, 422, 'is not a host'],
      [{ redirect_hosts: Array.from({ length: 201 }, (_, i) => `h${i}.example.com`) }, 422, '200 entries'],
    ];
    for (const [part, status, words] of wrong) {
      const { body } = await call('PUT', '/developer-policy', { ...policy, ...part });
      expect(body, JSON.stringify(part)).toMatchObject({ status, detail: expect.stringContaining(words) });
    }
    const { plan: _plan, ...incomplete } = policy;
    expect((await call('PUT', '/developer-policy', incomplete)).body).toMatchObject({ status: 400 });
    expect((await call('GET', '/developer-policy')).body).toEqual(policy);
  });

  it('names only scopes that the default API offers, where it says', async () => {
    expect((await call('PUT', '/developer-policy', { ...policy, scopes: ['anything'] })).status).toBe(200);
    await call('PATCH', `/apis/${encodeURIComponent(ISSUER)}`, { scopes: ['orders:read'] });
    const refused = await call('PUT', '/developer-policy', { ...policy, scopes: ['anything'] });
    expect(refused.body).toMatchObject({ status: 422, detail: expect.stringContaining('It offers: orders:read') });
    expect((await call('PUT', '/developer-policy', policy)).status).toBe(200);
  });
});

describe('hosts to which apps of members may redirect', () => {
  const hosts = ['app.example.com', '*.dev.example.com'];

  it.each([
    'https://app.example.com/callback',
    'https://app.example.com:8443/callback',
    'https://APP.example.com/',
    'https://a.dev.example.com/',
    'https://a.b.dev.example.com/',
    'http://127.0.0.1/callback',
    'http://localhost:3000/callback',
    'http://[::1]:1/',
  ])('let %s pass', (uri) => {
    expect(isRedirectAllowed(uri, hosts)).toBe(true);
  });

  it.each([
    'https://example.com/',
    'https://dev.example.com/',
    'https://evildev.example.com/',
    'https://app.example.com.evil.test/',
    'https://evil.test/app.example.com',
    'https://evil.test/?https://app.example.com/',
    'https://app.example.com@evil.test/',
    'http://app.example.com/',
    'http://127.0.0.1.evil.test/',
    'com.example.app:/callback',
    'cursor://anysphere.cursor/callback',
    'not an address',
  ])('refuse %s', (uri) => {
    expect(isRedirectAllowed(uri, hosts)).toBe(false);
  });

  it('without any, let loopback addresses pass alone', () => {
    expect(isRedirectAllowed('https://app.example.com/', [])).toBe(false);
    expect(isRedirectAllowed('http://127.0.0.1:1/', [])).toBe(true);
  });
});
