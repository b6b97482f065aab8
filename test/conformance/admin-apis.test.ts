import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_API, adminCaller, type CallAdmin, readAll } from '../support/admin-caller.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let call: CallAdmin;

beforeAll(async () => {
  server = await startTestServer();
  call = await adminCaller(server);
});
afterAll(() => server.close());

const pathOf = (identifier: string): string => `/apis/${encodeURIComponent(identifier)}`;
const ORDERS = 'https://api.example.com/v1';

describe('an API over the admin API', () => {
  it('is made, shown, changed and deleted by its identifier, percent-encoded', async () => {
    const made = await call('POST', '/apis', {
      identifier: ORDERS,
      name: 'Orders',
      scopes: ['orders:read'],
      scope_descriptions: { 'orders:read': 'Read your orders' },
    });
    expect(made).toMatchObject({ status: 201, headers: { location: `/api/admin/v1${pathOf(ORDERS)}` } });
    const shown = await call('GET', pathOf(ORDERS));
    expect(shown.body).toEqual(made.body);
    expect(shown.body).toEqual({
      identifier: ORDERS,
      name: 'Orders',
      alg: 'RS256',
      scopes: ['orders:read'],
      scope_descriptions: { 'orders:read': 'Read your orders' },
      access_token_lifetime: null,
      allow_query_token: false,
      allow_api_keys: false,
      introspection_max_age: 0,
    });
    const settings = {
      name: 'Orders 2',
      alg: 'ES256',
      scopes: ['a'],
      scope_descriptions: { a: 'Do a' },
      access_token_lifetime: 60,
      allow_query_token: true,
      allow_api_keys: true,
      introspection_max_age: 30,
    };
    const changed = await call('PATCH', pathOf(ORDERS), settings, { 'if-match': String(shown.headers.etag) });
    expect(changed.body).toEqual({ identifier: ORDERS, ...settings });
    const stale = await call('PATCH', pathOf(ORDERS), { name: 'x' }, { 'if-match': String(shown.headers.etag) });
    expect(stale.status).toBe(412);
    const { name: _name, ...optional } = settings;
    const reset = await call(
      'PATCH',
      pathOf(ORDERS),
      Object.fromEntries(Object.keys(optional).map((key) => [key, null])),
    );
    expect(reset.body).toEqual({ ...shown.body, name: 'Orders 2', scopes: [], scope_descriptions: {} });
    expect((await call('DELETE', pathOf(ORDERS))).status).toBe(204);
    expect((await call('GET', pathOf(ORDERS))).status).toBe(404);
  });

  it.each([
    'urn:example:orders',
    'https://api.example.com/a%2Fb?x=1&y=%20',
    'https://api.example.com/100%25/é',
    `https://api.example.com/${'very-long/'.repeat(95)}`,
  ])('can be %s', async (identifier) => {
    expect((await call('POST', '/apis', { identifier, name: 'A' })).status).toBe(201);
    expect((await call('GET', pathOf(identifier))).body).toMatchObject({ identifier });
    expect((await call('PUT', `${pathOf(identifier)}/scopes/${encodeURIComponent('a/b')}`, {})).status).toBe(201);
    expect((await call('DELETE', pathOf(identifier))).status).toBe(204);
  });

  it('with HS256 shows its key once, and a new one when it is renewed', async () => {
    const identifier = 'https://hmac.example.com';
    const made = await call('POST', '/apis', { identifier, name: 'HMAC', alg: 'HS256' });
    expect(Buffer.from(made.body.key, 'base64url')).toHaveLength(32);
    const shown = await call('GET', pathOf(identifier));
    expect(shown.body).not.toHaveProperty('key');
    expect(shown.headers.etag).toBe(made.headers.etag);
    const renewed = await call(
      'POST',
      `${pathOf(identifier)}/renew-key`,
      {},
      { 'if-match': String(shown.headers.etag) },
    );
    expect(renewed.body.key).not.toBe(made.body.key);
    expect(Buffer.from(renewed.body.key, 'base64url')).toHaveLength(32);
    expect((await call('PATCH', pathOf(identifier), { name: 'Still' })).body).not.toHaveProperty('key');
    expect((await call('PATCH', pathOf(identifier), { alg: 'RS256' })).body).not.toHaveProperty('key');
    expect((await call('PATCH', pathOf(identifier), { alg: 'HS256' })).body).toHaveProperty('key');
    const refused = await call('POST', `${pathOf(ISSUER)}/renew-key`, {});
    expect(refused.body).toMatchObject({ status: 422, detail: expect.stringContaining('Only an HS256 API') });
  });

  it('is refused with the reason', async () => {
    const refusals: [Parameters<CallAdmin>, number, string][] = [
      [['POST', '/apis', { identifier: 'orders', name: 'x' }], 422, 'absolute URI'],
      [['POST', '/apis', { identifier: ISSUER, name: 'x' }], 409, 'already an API'],
      [['POST', '/apis', { identifier: 'urn:x:y', name: ' ' }], 422, 'needs a name'],
      [['POST', '/apis', { identifier: 'urn:x:y', name: 'x', alg: 'none' }], 400, 'alg'],
      [['POST', '/apis', { identifier: 'urn:x:y', name: 'x', scopes: ['a b'] }], 422, 'is not a scope'],
      [['POST', '/apis', { name: 'x' }], 400, 'identifier'],
      [['GET', '/apis/nowhere'], 404, 'list of APIs'],
      [['PATCH', '/apis/nowhere', { name: 'x' }], 404, 'list of APIs'],
      [['DELETE', '/apis/nowhere'], 404, 'list of APIs'],
      [['DELETE', pathOf(ISSUER)], 422, 'built in'],
      [['DELETE', pathOf(`${ISSUER}/first-party`)], 422, 'built in'],
      [['PATCH', pathOf(ISSUER), { introspection_max_age: 3601 }], 400, 'introspection_max_age'],
    ];
    for (const [request, status, words] of refusals) {
      const { body } = await call(...request);
      expect(body, String(request)).toMatchObject({ status, detail: expect.stringContaining(words) });
    }
    await call('POST', '/apis', { identifier: 'urn:used', name: 'Used' });
    await call('POST', '/apps', { id: 'user-of-it', name: 'x', grants: ['client_credentials'], api: 'urn:used' });
    const used = await call('DELETE', pathOf('urn:used'));
    expect(used.body).toMatchObject({ status: 409, detail: expect.stringContaining('list of apps') });
  });

  it('is listed part by part', async () => {
    const all = (await readAll(call, '/apis', 1)).map((api) => (api as { identifier: string }).identifier);
    expect(all).toEqual([...all].sort());
    expect(all).toEqual(expect.arrayContaining([ISSUER, ADMIN_API, `${ISSUER}/first-party`]));
    expect(new Set(all).size).toBe(all.length);
  });

  it('has secrets to ask for introspection with, which the list of APIs does not tell', async () => {
    const identifier = 'https://asking.example.com/';
    await call('POST', '/apis', { identifier, name: 'Asking' });
    const made = await call('POST', `${pathOf(identifier)}/secrets`, { label: 'gateway' });
    expect(made.status).toBe(201);
    const asked = () =>
      server.postForm('/oauth/introspect', { token: 'none' }, [encodeURIComponent(identifier), made.body.value]);
    expect((await asked()).status).toBe(200);
    for (const path of ['/apis', pathOf(identifier), `${pathOf(identifier)}/secrets`]) {
      const { text } = await call('GET', path);
      expect(text).not.toContain(made.body.value);
      expect(text).not.toMatch(/hash|sealed/i);
    }
    const secret = `${pathOf(identifier)}/secrets/${made.body.id}`;
    expect((await call('PATCH', secret, { label: 'edge' })).body.label).toBe('edge');
    expect((await call('POST', `${secret}/regenerate`, {})).body.value).not.toBe(made.body.value);
    expect((await asked()).status).toBe(401);
    expect((await call('DELETE', secret)).status).toBe(204);
    expect((await call('GET', secret)).status).toBe(404);
  });
});

describe('scopes over the admin API', () => {
  const path = `${pathOf('https://scopes.example.com')}/scopes`;

  beforeAll(() => call('POST', '/apis', { identifier: 'https://scopes.example.com', name: 'Scopes' }));

  it('are added, described anew and removed one by one', async () => {
    const made = await call('PUT', `${path}/orders%3Aread`, { description: 'Read your orders' });
    expect(made).toMatchObject({ status: 201, headers: { location: `/api/admin/v1${path}/orders%3Aread` } });
    expect(made.body).toEqual({
      scope: 'orders:read',
      api: 'https://scopes.example.com',
      description: 'Read your orders',
    });
    const shown = await call('GET', `${path}/orders%3Aread`);
    expect(shown.body).toEqual(made.body);
    expect((await call('PUT', `${path}/orders%3Aread`, {})).body.description).toBe('Read your orders');
    const match = { 'if-match': String(shown.headers.etag) };
    expect((await call('PUT', `${path}/orders%3Aread`, { description: 'See orders' }, match)).status).toBe(200);
    expect((await call('PUT', `${path}/orders%3Aread`, { description: 'x' }, match)).status).toBe(412);
    expect((await call('PUT', `${path}/orders%3Aread`, { description: null })).body.description).toBeNull();

    const last = await call('DELETE', `${path}/orders%3Aread`);
    expect(last.body).toMatchObject({ status: 422, detail: expect.stringContaining('last scope') });
    await call('PUT', `${path}/constructor`, {});
    expect((await call('GET', `${path}/constructor`)).body.description).toBeNull();
    expect((await readAll(call, path, 1)).map((each) => (each as { scope: string }).scope)).toEqual([
      'constructor',
      'orders:read',
    ]);
    expect((await call('DELETE', `${path}/orders%3Aread`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      const gone = await call(method, `${path}/orders%3Aread`);
      expect(gone.body).toMatchObject({ status: 404, detail: expect.stringContaining('It offers: constructor') });
    }
    // What is wrong is in no member of the body.
    for (const refused of [call('PUT', `${path}/a%20b`, {}), call('PUT', `${path}/ok`, { description: ' ' })]) {
      expect((await refused).body).toMatchObject({ status: 422 });
      expect((await refused).body.errors).toBeUndefined();
    }
    const described = await call('PATCH', pathOf('https://scopes.example.com'), { scope_descriptions: { a: ' ' } });
    expect(described.body).toMatchObject({ status: 422, errors: [{ in: 'body', name: 'scope_descriptions' }] });
    expect((await call('GET', '/apis/nowhere/scopes')).status).toBe(404);
  });

  it('of six who add one at once, all are there', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => call('PUT', `${path}/at-once-${i}`, {})));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    const { scopes } = (await call('GET', pathOf('https://scopes.example.com'))).body;
    expect(scopes).toEqual(expect.arrayContaining(Array.from({ length: 6 }, (_, i) => `at-once-${i}`)));
  });

  it('that an API no longer offers are not granted any more', async () => {
    await call('PUT', `${path}/going`, {});
    const { body } = await call('POST', '/apps', {
      id: 'scoped',
      name: 'Scoped',
      grants: ['client_credentials'],
      api: 'https://scopes.example.com',
      scopes: ['going', 'constructor'],
    });
    const granted = async () => {
      const form = { grant_type: 'client_credentials' };
      return (await server.postForm('/oauth/token', form, ['scoped', body.secret.value])).body.scope.split(' ').sort();
    };
    expect(await granted()).toEqual(['constructor', 'going']);
    await call('DELETE', `${path}/going`);
    expect(await granted()).toEqual(['constructor']);
  });

  it('are listed over all APIs with the apps and roles that have them', async () => {
    await call('POST', '/apis', { identifier: 'urn:one', name: 'One', scopes: ['shared', 'lonely'] });
    await call('POST', '/apis', {
      identifier: 'urn:two',
      name: 'Two',
      scopes: ['shared'],
      scope_descriptions: { shared: 'Share it' },
    });
    await call('POST', '/roles', { name: 'sharers', scopes: ['shared'] });
    for (let i = 0; i < 22; i++) {
      const id = `sharer-${String(i).padStart(2, '0')}`;
      await server.createApp({ id, apiIdentifier: 'urn:one', scopes: ['shared'] });
    }
    await server.createApp({ id: 'other-sharer', apiIdentifier: 'urn:two', scopes: ['shared'] });
    const found = (await readAll(call, '/scopes', 3)) as { api: string; scope: string }[];
    const of = (api: string, scope: string) => found.find((each) => each.api === api && each.scope === scope);
    expect(of('urn:one', 'shared')).toEqual({
      scope: 'shared',
      api: 'urn:one',
      description: null,
      app_count: 22,
      apps: Array.from({ length: 20 }, (_, i) => `sharer-${String(i).padStart(2, '0')}`),
      roles: ['sharers'],
    });
    expect(of('urn:two', 'shared')).toMatchObject({ app_count: 1, apps: ['other-sharer'], description: 'Share it' });
    expect(of('urn:one', 'lonely')).toMatchObject({ app_count: 0, apps: [], roles: [] });
    expect(of(ADMIN_API, 'admin:*')).toMatchObject({ app_count: 1 });
    expect((await call('GET', '/scopes?api=urn%3Aone&q=LONE')).body.items).toMatchObject([{ scope: 'lonely' }]);
    expect((await call('GET', '/scopes?q=share%20it')).body.items).toMatchObject([{ api: 'urn:two' }]);
    expect((await call('GET', '/scopes?api=urn%3Anone')).body.items).toEqual([]);
  });

  it('are listed part by part, however long the identifier of their API is', async () => {
    const identifier = `urn:${'a'.repeat(996)}`;
    await call('POST', '/apis', { identifier, name: 'Long', scopes: ['first', 'second', 'third'] });
    expect(await readAll(call, `/scopes?api=${identifier}`, 1)).toHaveLength(3);
  });
});
