/**
 * APIs, roles, plans and self-service in the panel, and what a typo, an empty field, a duplicate and a stale page get.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Page, readText } from '../support/browser-session.ts';
import {
  errorsIn,
  expectRefused,
  type Fields,
  formsIn,
  invalidIn,
  openPanel,
  type PanelSession,
  valueIn,
} from '../support/panel-session.ts';
import { ISSUER, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let panel: PanelSession;
let count = 0;

beforeAll(async () => {
  server = await startTestServer();
  panel = await openPanel(server);
});
afterAll(() => server.close());

const newName = (): string => `thing-${++count}`;
const named = (path: string, name: string): string => `${path}?name=${name}`;

describe('an API', () => {
  const NEW = '/admin/apis/new';
  const newIdentifier = (): string => `https://api-${++count}.example.com/v1`;
  const editPath = (identifier: string): string => `/admin/apis/edit?${new URLSearchParams({ identifier })}`;
  const at = (what: string, identifier: string): string => `/admin/apis/${what}?${new URLSearchParams({ identifier })}`;
  const apiOf = (identifier: string) => server.dependencies.apis.get(identifier);
  const create = async (input = {}): Promise<string> => {
    const identifier = newIdentifier();
    await server.dependencies.apis.create(identifier, { name: 'Orders', ...input });
    return identifier;
  };

  it('is made with its scopes in words, and all its settings', async () => {
    const identifier = newIdentifier();
    const made = await panel.send(await panel.open(NEW), NEW, {
      identifier,
      name: 'Orders',
      alg: 'ES256',
      scopes: 'orders:read = See your orders\norders:write=raw\n a=b = Say = twice \nplain',
      access_token_lifetime: '1800',
      introspection_max_age: '30',
      allow_api_keys: 'on',
      allow_query_token: 'on',
    });
    expect([made.status, errorsIn(made)]).toEqual([303, {}]);
    expect(await apiOf(identifier)).toMatchObject({
      name: 'Orders',
      algorithm: 'ES256',
      scopes: ['orders:read', 'orders:write=raw', 'a=b', 'plain'],
      scopeDescriptions: { 'orders:read': 'See your orders', 'a=b': 'Say = twice' },
      accessTokenLifetimeSeconds: 1800,
      introspectionMaxAgeSeconds: 30,
      allowApiKeys: true,
      allowQueryToken: true,
    });
    const page = await panel.open(made.location ?? '');
    expect(readText(page)).toContain('The API is made.');
    // Saved as it is shown, it stays as it is.
    const before = await apiOf(identifier);
    expect((await panel.send(page, editPath(identifier))).status).toBe(303);
    expect(await apiOf(identifier)).toEqual(before);
  });

  it('with HS256 has a key that is shown once; it is renewed once, and a reload does not renew it again', async () => {
    const identifier = newIdentifier();
    const fields = { identifier, name: 'Partner', alg: 'HS256' };
    const form = await panel.open(NEW);
    const made = await panel.send(form, NEW, fields);
    const key = valueIn(made);
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expectRefused(await panel.send(form, NEW, fields), 409);
    const page = await panel.open(editPath(identifier));
    expect(page.text).not.toContain(key);
    const { id, secret } = await server.createApp({ apiIdentifier: identifier });
    const { access_token } = (await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]))
      .body;
    const live = async () => (await server.dependencies.core.accessTokens.inspect(access_token)).live;
    expect(await live()).toBe(true);
    const renewed = await panel.send(page, at('renew-key', identifier));
    expect([valueIn(renewed).length, valueIn(renewed) === key, await live()]).toEqual([key.length, false, false]);
    const again = await panel.send(page, at('renew-key', identifier));
    expectRefused(again, 412);
    expect(valueIn(again)).toBe('');
    expect(server.logged()).not.toContain(key);
  });

  it('that becomes HS256 shows the key that it gets', async () => {
    const identifier = await create();
    const page = await panel.send(await panel.open(editPath(identifier)), editPath(identifier), { alg: 'HS256' });
    expect([page.status, valueIn(page)]).toEqual([200, expect.stringMatching(/^[\w-]{43}$/)]);
  });

  it('keeps what it says of scopes that the form does not show', async () => {
    const identifier = await create({ scopes: ['a'], scopeDescriptions: { a: 'One', b: 'Not offered now' } });
    await panel.send(await panel.open(editPath(identifier)), editPath(identifier), { scopes: 'a = Another' });
    expect((await apiOf(identifier)).scopeDescriptions).toEqual({ a: 'Another', b: 'Not offered now' });
  });

  it.each<[string, Fields, number, string]>([
    ['no identifier', { identifier: '' }, 400, 'identifier'],
    ['an identifier without a scheme', { identifier: 'api.example.com' }, 400, 'identifier'],
    ['an identifier that is taken', { identifier: ISSUER }, 409, 'identifier'],
    ['no name', { name: '' }, 400, 'name'],
    ['a scope with a quote', { scopes: 'a"b = Words' }, 400, 'scopes'],
    ['a scope twice', { scopes: 'a = One\na' }, 400, 'scopes'],
    ['a lifetime in words', { access_token_lifetime: 'an hour' }, 400, 'access_token_lifetime'],
    ['answers that are kept for a day', { introspection_max_age: '86400' }, 400, 'introspection_max_age'],
  ])('with %s comes back with what was typed', async (_what, fields, status, field) => {
    const typed = { identifier: newIdentifier(), name: 'Typed', alg: 'EdDSA', ...fields };
    const page = await panel.send(await panel.open(NEW), NEW, typed);
    expectRefused(page, status);
    expect(invalidIn(page)).toEqual([field]);
    expect(formsIn(page, NEW)[0]).toMatchObject({ ...typed, alg: ['EdDSA'] });
    if (field !== 'identifier') expect(await server.dependencies.apis.find(typed.identifier)).toBeUndefined();
  });

  it('is not changed by a stale page', async () => {
    const identifier = await create();
    const stale = await panel.open(editPath(identifier));
    await server.dependencies.apis.update(identifier, { name: 'By somebody else' });
    const page = await panel.send(stale, editPath(identifier), { name: 'Mine' });
    expectRefused(page, 412);
    expect(readText(page)).toContain('This is what you had entered: Name Mine');
    expect((await apiOf(identifier)).name).toBe('By somebody else');
    for (const what of ['delete']) expectRefused(await panel.send(stale, at(what, identifier)), 412);
  });

  it('has secrets for introspection, made, regenerated and deleted', async () => {
    const identifier = await create();
    const form = await panel.open(editPath(identifier));
    const page = await panel.send(form, at('secrets', identifier), { label: 'gateway', expiry: '90' });
    const value = valueIn(page);
    const introspects = async (secret: string) =>
      (await server.postForm('/oauth/introspect', { token: 'x' }, [encodeURIComponent(identifier), secret])).status;
    expect([value.startsWith('cs_api_'), await introspects(value)]).toEqual([true, 200]);
    expectRefused(await panel.send(form, at('secrets', identifier)), 412);
    const open = await panel.open(editPath(identifier));
    const regenerated = valueIn(await panel.send(open, at('secrets/regenerate', identifier)));
    expect([await introspects(value), await introspects(regenerated)]).toEqual([401, 200]);
    expectRefused(await panel.send(open, at('secrets/regenerate', identifier)), 412);
    const [secret] = (await server.dependencies.apis.get(identifier)).secrets;
    const edited = await panel.send(await panel.open(editPath(identifier)), at('secrets/update', identifier), {
      [`label-${secret?.id}`]: 'edge',
      [`expiry-${secret?.id}`]: 'never',
    });
    expect(edited.status).toBe(303);
    expect((await server.dependencies.apis.get(identifier)).secrets).toMatchObject([
      { label: 'edge', expiresAt: undefined },
    ]);
    const deleted = await panel.send(await panel.open(editPath(identifier)), at('secrets/delete', identifier));
    expect([deleted.status, await introspects(regenerated)]).toEqual([303, 401]);
    expect(deleted.location).toBe(`${editPath(identifier)}&notice=secret_deleted`);
  });

  it('is deleted when no app uses it, and not while it is built in', async () => {
    const identifier = await create();
    const { id } = await server.createApp({ apiIdentifier: identifier });
    const used = await panel.send(await panel.open(editPath(identifier)), at('delete', identifier));
    expectRefused(used, 409);
    expect(errorsIn(used)['']).toContain('Apps still use the API');
    await server.dependencies.apps.delete(id);
    const deleted = await panel.send(await panel.open(editPath(identifier)), at('delete', identifier));
    expect(deleted.location).toBe('/admin/apis?notice=deleted');
    expect((await panel.open(editPath(identifier))).status).toBe(404);
    for (const builtIn of [ISSUER, `${ISSUER}/admin`, `${ISSUER}/first-party`]) {
      const page = await panel.open(editPath(builtIn));
      expect([formsIn(page, at('delete', builtIn)), readText(page)]).toEqual([[], expect.stringContaining('built in')]);
      expect((await panel.send(page, editPath(builtIn))).status).toBe(303);
    }
  });

  it.each(['RS256', 'HS256'])('with %s is deleted with what the page says of its tokens', async (alg) => {
    const identifier = await create();
    await server.dependencies.apis.update(identifier, { algorithm: alg });
    const { id, secret } = await server.createApp({ apiIdentifier: identifier });
    const token = await server.postForm('/oauth/token', { grant_type: 'client_credentials' }, [id, secret]);
    await server.dependencies.apps.update(id, { apiIdentifier: ISSUER });
    const page = await panel.open(editPath(identifier));
    expect(readText(page)).toContain('Tokens that are out may live until they expire, but not those of an HS256 API');
    expect((await panel.send(page, at('delete', identifier))).status).toBe(303);
    const headers = { authorization: `Bearer ${token.body.access_token}` };
    const verified = await server.app.inject({ method: 'GET', url: '/verify', headers });
    expect(verified.statusCode).toBe(alg === 'RS256' ? 200 : 401);
  });

  it('is found by a part of its identifier or name', async () => {
    const identifier = await create({ name: 'Zephyr' });
    const found = await panel.open('/admin/apis?q=ZEPH');
    expect([found.text.includes(identifier), found.text.includes('Default API')]).toEqual([true, false]);
    expect(readText(await panel.open('/admin/apis?q=nothing-like-it'))).toContain('Nothing was found.');
  });
});

describe.each([
  ['role', '/admin/roles', { scopes: 'a\nb' }, { scopes: '' }, 'scopes'],
  ['plan', '/admin/plans', { requests_per_minute: '600' }, { requests_per_minute: 'many' }, 'requests_per_minute'],
] as const)('a %s', (kind, path, good, bad, field) => {
  const find = (name: string) =>
    kind === 'role' ? server.dependencies.roles.find(name) : server.dependencies.plans.find(name);
  const create = async (): Promise<string> => {
    const name = newName();
    const page = await panel.send(await panel.open(`${path}/new`), `${path}/new`, { name, ...good });
    expect([page.status, page.location]).toEqual([303, `${path}?notice=made`]);
    return name;
  };
  const edit = (name: string): Promise<Page> => panel.open(named(`${path}/edit`, name));

  it('is made, listed, changed and deleted', async () => {
    const name = await create();
    expect(readText(await panel.open(path))).toContain(name);
    const changed = kind === 'role' ? { scopes: 'c' } : { requests_per_minute: '', metered: 'on', token_cost: '3' };
    const saved = await panel.send(await edit(name), named(`${path}/edit`, name), changed);
    expect(saved.location).toBe(`${path}/edit?name=${name}&notice=saved`);
    expect(await find(name)).toEqual(
      kind === 'role' ? { name, scopes: ['c'] } : { name, requestsPerMinute: undefined, metered: true, tokenCost: 3 },
    );
    const unchanged = await find(name);
    await panel.send(await edit(name), named(`${path}/edit`, name));
    expect(await find(name)).toEqual(unchanged);
    const deleted = await panel.send(await edit(name), `${path}/delete`);
    expect([deleted.location, await find(name)]).toEqual([`${path}?notice=deleted`, undefined]);
  });

  it('with a bad name, a name that is taken, or a typo comes back with what was typed', async () => {
    const taken = await create();
    for (const [fields, status, marked] of [
      [{ name: '' }, 400, 'name'],
      [{ name: 'two words' }, 400, 'name'],
      [{ name: taken }, 409, 'name'],
      [{ name: newName(), ...bad }, 400, field],
    ] as const) {
      const page = await panel.send(await panel.open(`${path}/new`), `${path}/new`, { ...good, ...fields });
      expectRefused(page, status);
      expect(invalidIn(page)).toEqual([marked]);
      expect(formsIn(page, `${path}/new`)[0]?.name).toBe(fields.name);
    }
    const page = await panel.send(await edit(taken), named(`${path}/edit`, taken), bad);
    expectRefused(page, 400);
    expect([invalidIn(page), formsIn(page, named(`${path}/edit`, taken))[0]]).toEqual([
      [field],
      expect.objectContaining(bad),
    ]);
  });

  it('is neither changed nor deleted by a stale page', async () => {
    const name = await create();
    const stale = await edit(name);
    if (kind === 'role') await server.dependencies.roles.update({ name, scopes: ['other'] });
    else await server.dependencies.plans.update(name, { requestsPerMinute: 7 });
    const now = await find(name);
    const page = await panel.send(
      stale,
      named(`${path}/edit`, name),
      kind === 'role' ? { scopes: 'mine' } : { requests_per_minute: '8' },
    );
    expectRefused(page, 412);
    expect(readText(page)).toContain('This is what you had entered');
    expectRefused(await panel.send(stale, `${path}/delete`), 412);
    expect(await find(name)).toEqual(now);
  });

  it('that apps have is not deleted, and says who', async () => {
    const name = await create();
    const { id } = await server.createApp(kind === 'role' ? { roles: [name] } : { planName: name });
    const page = await panel.send(await edit(name), `${path}/delete`);
    expectRefused(page, 409);
    expect(await find(name)).toBeDefined();
    const apps = await panel.open(`/admin/apps?${kind}=${name}`);
    expect(apps.text).toContain(`/admin/apps/${id}"`);
  });
});

describe('self-service', () => {
  const PATH = '/admin/policy';
  const current = () => server.dependencies.policy.get();

  it('is switched on with what members may do, and stays as it is when saved as it is', async () => {
    await server.dependencies.plans.create('free', { requestsPerMinute: 60 });
    const saved = await panel.send(await panel.open(PATH), PATH, {
      enabled: 'on',
      max_apps: '3',
      surfaces: ['standard', 'connection'],
      grants: ['authorization_code'],
      scopes: 'read\nwrite',
      redirect_hosts: 'app.example.com\n*.example.org',
      plan: 'free',
    });
    expect([saved.status, errorsIn(saved)]).toEqual([303, {}]);
    const policy = {
      enabled: true,
      maxApps: 3,
      surfaces: ['standard', 'connection'],
      grants: ['authorization_code'],
      scopes: ['read', 'write'],
      redirectHosts: ['app.example.com', '*.example.org'],
      planName: 'free',
    };
    expect(await current()).toEqual(policy);
    expect((await panel.send(await panel.open(PATH), PATH)).status).toBe(303);
    expect(await current()).toEqual(policy);
  });

  it.each<[Fields, string]>([
    [{ max_apps: '' }, 'max_apps'],
    [{ max_apps: 'five' }, 'max_apps'],
    [{ max_apps: '1001' }, 'max_apps'],
    [{ surfaces: [] }, 'surfaces'],
    [{ grants: [] }, 'grants'],
    [{ scopes: 'a"b' }, 'scopes'],
    [{ redirect_hosts: 'https://app.example.com/callback' }, 'redirect_hosts'],
    [{ plan: 'gone' }, 'plan'],
  ])('with %j is not changed, and says so at the field', async (fields, field) => {
    const before = await current();
    const page = await panel.send(await panel.open(PATH), PATH, fields);
    expectRefused(page, 400);
    expect(Object.keys(errorsIn(page))).toContain(field);
    expect(await current()).toEqual(before);
  });

  it('is not changed by a stale page', async () => {
    const stale = await panel.open(PATH);
    await server.dependencies.policy.update({ maxApps: 9 });
    const page = await panel.send(stale, PATH, { max_apps: '4' });
    expectRefused(page, 412);
    expect(readText(page)).toContain('Apps a member may have 4');
    expect((await current()).maxApps).toBe(9);
  });
});
